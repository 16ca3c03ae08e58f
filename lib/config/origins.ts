// Origins of web pages, as browsers write them in the header Origin.

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#,*]+$/

/** @returns the origins in lower case, each once, or what was expected */
export function readOrigins(input: unknown): readonly string[] | { readonly expected: string } {
  const origins = (Array.isArray(input) ? input : String(input).split(','))
    .map(origin => String(origin).trim().toLowerCase())
    .filter(origin => origin !== '')
  const isAny = origins.length === 1 && origins[0] === '*'
  if (origins.length > 0 && (isAny || origins.every(origin => ORIGIN.test(origin))))
    return Object.freeze([...new Set(origins)])
  return {
    expected: '* alone, or origins such as https://app.example.com (no path, no slash at the end) separated by commas',
  }
}
