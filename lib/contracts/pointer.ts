/** Splits an RFC 6901 JSON pointer into names and indices. The pointer of a whole document has none. */
export function pointerParts(pointer: string): string[] {
  if (pointer === '') return []
  const parts = pointer.slice(1).split('/')
  return pointer.includes('~') ? parts.map(unescaped) : parts
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

const INDEX = /^(?:0|[1-9]\d*)$/

/** The value at an RFC 6901 JSON pointer; undefined where there is none. Only own properties count. */
export function atPointer(document: unknown, pointer: string): unknown {
  let at = document
  for (const name of pointerParts(pointer)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    if (Array.isArray(at) && !INDEX.test(name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}
