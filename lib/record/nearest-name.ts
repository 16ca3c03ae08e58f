// Guesses which name a misspelled name stands for.

/** @returns the name that most likely was meant, if one or two letters differ */
export function nearestTo(name: string, names: readonly string[]): string | undefined {
  const distances = names.map(candidate => distance(candidate, name))
  const least = Math.min(...distances)
  return least <= 2 ? names[distances.indexOf(least)] : undefined
}

/** The Levenshtein distance. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      )
    row = next
  }
  return row[b.length] as number
}
