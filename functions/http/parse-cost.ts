// Estimates what a body costs to parse, which depends on its content: 5 MiB of different names, or of brackets, keep
// JSON.parse busy for a second or more, 5 MiB of text for milliseconds.

/** A smaller body can't cost much, so it is not counted. */
const FREE_CHARACTERS = 256 * 1024
const MAX_COST_MS = 300
/**
 * Costs in ns, about twice what a CPU core of 2025 needs (test/functions/http-cost.test.ts prints the CPU time of
 * bodies).
 */
const COST_NS = {
  character: 20,
  container: 300,
  name: 1000,
  nameWithEscape: 1400,
  /** A name that keeps an escape, such as `\n`, is replaced by a stand-in while it is parsed. */
  standIn: 5000,
} as const

export const PARSE_COST_EXPECTED =
  `less to parse: above ${FREE_CHARACTERS / 1024} KiB at most about 200,000 different names, 150,000 names with ` +
  'escapes, or 800,000 objects and lists'

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const OPEN_OBJECT = 0x7b
const SPACE = 0x20
/**
 * An escape that a name keeps: of a control character or a surrogate, or one without `u`. Other characters need no
 * escape.
 */
const KEPT_ESCAPE = /\\(?:u(?:00|d[89a-f])|[^u])/i

/**
 * Whether a text costs too much to parse. Counts in one pass and stops at the limit. Text that is not JSON may be
 * counted in any way, because parsing it fails early.
 */
export function isCostlyToParse(text: Pick<string, 'length' | 'charCodeAt' | 'slice'>): boolean {
  if (text.length <= FREE_CHARACTERS) return false
  const names = new Set<string>()
  let leftNs = MAX_COST_MS * 1e6 - text.length * COST_NS.character
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === OPEN_OBJECT || code === OPEN_LIST) leftNs -= COST_NS.container
    else if (code === QUOTE) {
      const start = at
      let hasEscape = false
      for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++)
        if (text.charCodeAt(at) === BACKSLASH) {
          hasEscape = true
          at++
        }
      let next = at + 1
      while (text.charCodeAt(next) <= SPACE) next++
      if (text.charCodeAt(next) !== COLON) continue
      if (hasEscape) leftNs -= COST_NS.nameWithEscape
      const name = text.slice(start, at)
      if (!names.has(name)) {
        names.add(name)
        leftNs -= COST_NS.name + (hasEscape && KEPT_ESCAPE.test(name) ? COST_NS.standIn : 0)
      }
    } else continue
    if (leftNs < 0) return true
  }
  return false
}
