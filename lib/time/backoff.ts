/**
 * Returns a random pause between `base` and the exponentially growing limit, ms ("full jitter": AWS Architecture Blog,
 * "Exponential Backoff And Jitter").
 */
export function backoff(failures: number, base: number, max: number, random: () => number = Math.random): number {
  const cap = Math.max(base, Math.min(max, base * 2 ** Math.min(failures, 30)))
  return base + random() * (cap - base)
}
