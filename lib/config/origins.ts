// Parses the origins of web pages, in the form that browsers send in the header `Origin`.

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#,*@]+$/
const EXPECTED =
  '* alone, or origins such as https://app.example.com (no path, no slash at the end) separated by commas'

/**
 * @returns the distinct origins as browsers write them (lower case, no default port, hosts in ASCII); or, for invalid
 * input, the expected form and the number of the wrong entry, counted from 1 (0: the input has no entry)
 */
export function readOrigins(input: unknown): readonly string[] | { readonly expected: string; readonly entry: number } {
  const entries = (Array.isArray(input) ? input : String(input).split(','))
    .map(origin => String(origin).trim().toLowerCase())
    .filter(origin => origin !== '')
  if (entries.length === 1 && entries[0] === '*') return Object.freeze(entries)
  const origins = entries.map(asBrowsersWriteIt)
  const wrong = origins.indexOf(undefined)
  if (entries.length === 0 || wrong >= 0) return { expected: EXPECTED, entry: wrong + 1 }
  return Object.freeze([...new Set(origins as string[])])
}

function asBrowsersWriteIt(text: string): string | undefined {
  if (!ORIGIN.test(text) || !URL.canParse(text)) return undefined
  // `URL` reports the origin of other schemes, such as a browser extension's, as the text "null".
  const { origin } = new URL(text)
  return origin === 'null' ? text : origin
}
