/** A name or an index as a part of an RFC 6901 JSON pointer, which "/" separates. */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
