// A regular expression for the whole numbers in a range, because JSON Schema can't compare numbers in texts.

/**
 * Returns the expression.
 * @param min at least 0
 * @returns alternatives without anchors, for decimal numbers without leading zeros
 */
export function wholeNumberPattern(min: number, max: number): string {
  const alternatives: string[] = []
  for (let from = min; from <= max; ) {
    const [to, pattern] = widestBlock(from, max)
    alternatives.push(pattern)
    from = to + 1
  }
  return alternatives.join('|')
}

/**
 * Returns the largest block of numbers from `from` on of which the last digits are arbitrary and the digit in front of
 * them is in a range, e.g. 300 to 799 as `[3-7]\d{2}`.
 */
function widestBlock(from: number, max: number): [number, string] {
  let free = 0
  while (from % 10 ** (free + 1) === 0 && from > 0 && from + 10 ** (free + 1) - 1 <= max) free++
  const size = 10 ** free
  const digit = Math.floor(from / size) % 10
  const lastDigit = Math.min(9, digit + Math.floor((max - from + 1) / size) - 1)
  const head = Math.floor(from / size / 10)
  const digits = digit === lastDigit ? String(digit) : `[${digit}-${lastDigit}]`
  const arbitrary = free === 0 ? '' : `\\d{${free}}`
  return [from + (lastDigit - digit + 1) * size - 1, `${head || ''}${digits}${arbitrary}`]
}
