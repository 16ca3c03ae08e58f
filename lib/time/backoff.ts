/**
 * Returns a random pause, ms: at least `base`, at most a limit that doubles with each failure, up to `max`. Like "full
 * jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter"), which begins at 0.
 */
export function backoff(failures: number, base: number, max: number, random: () => number = Math.random): number {
  const cap = Math.max(base, Math.min(max, base * 2 ** Math.min(failures, 30)))
  return base + random() * (cap - base)
}
