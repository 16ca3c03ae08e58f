/** Characters. */
export const MAX_POINTER = 256

/** A name or an index as a part of an RFC 6901 JSON pointer, which "/" separates. */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** @returns the pointer of a place, cut at `MAX_POINTER` characters; of a long name, no more is looked at */
export function cutPointer(names: Iterable<string | number>): string {
  let pointer = ''
  for (const name of names) {
    pointer += `/${pointerPart(String(name).slice(0, MAX_POINTER))}`
    if (pointer.length >= MAX_POINTER) break
  }
  return pointer.slice(0, MAX_POINTER)
}
