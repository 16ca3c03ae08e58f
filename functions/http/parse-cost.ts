// What a body costs to parse depends on what it says: 5 MiB of different names, or of brackets, keep JSON.parse busy
// for a second or more, 5 MiB of text for milliseconds.

/** A smaller body can't cost much. */
const FREE_CHARACTERS = 1024 * 1024
const MAX_NAMES = 50_000
const MAX_CONTAINERS = 500_000

export const PARSE_COST_EXPECTED =
  `at most ${MAX_NAMES} different names, as many names with escapes, and ${MAX_CONTAINERS} objects and lists in a ` +
  `body of more than ${FREE_CHARACTERS} characters`

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const OPEN_OBJECT = 0x7b
const SPACE = 0x20

/** Counts in one pass, which ends where there is too much. Text that is not JSON may be counted in any way. */
export function isCostlyToParse(text: Pick<string, 'length' | 'charCodeAt' | 'slice'>): boolean {
  if (text.length <= FREE_CHARACTERS) return false
  const names = new Set<string>()
  let escapedNames = 0
  let containers = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (++containers > MAX_CONTAINERS) return true
    } else if (code === QUOTE) {
      const start = at
      let isEscaped = false
      for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++)
        if (text.charCodeAt(at) === BACKSLASH) {
          isEscaped = true
          at++
        }
      let next = at + 1
      while (text.charCodeAt(next) <= SPACE) next++
      if (text.charCodeAt(next) !== COLON) continue
      names.add(text.slice(start, at))
      if (isEscaped) escapedNames++
      if (names.size > MAX_NAMES || escapedNames > MAX_NAMES) return true
    }
  }
  return false
}
