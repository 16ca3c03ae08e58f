/** Full jitter between `base` and the exponential cap (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
export function backoff(failures: number, base: number, max: number, random: () => number = Math.random): number {
  const cap = Math.max(base, Math.min(max, base * 2 ** Math.min(failures, 30)))
  return base + random() * (cap - base)
}
