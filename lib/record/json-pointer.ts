/** The longest pointer, in characters. */
export const MAX_POINTER = 256

/** Escapes a name or an index as one part of a JSON pointer (RFC 6901), in which "/" separates parts. */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** @returns the pointer to a place, cut at `MAX_POINTER` characters; of a long name, only that many are read */
export function cutPointer(names: Iterable<string | number>): string {
  let pointer = ''
  for (const name of names) {
    pointer += `/${pointerPart(String(name).slice(0, MAX_POINTER))}`
    if (pointer.length >= MAX_POINTER) break
  }
  return pointer.slice(0, MAX_POINTER)
}
