/** The value at an RFC 6901 JSON pointer; undefined where there is none. Only own properties count. */
export function atPointer(document: unknown, pointer: string): unknown {
  if (pointer === '') return document
  let at = document
  for (const part of pointer.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}
