/** Control characters, line separators, characters that change the text direction, and characters without a glyph. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/**
 * Whether a header name is text that is visible as it is. A line break in a name would split lines wherever headers are
 * shown, and a bidirectional control would make it look like another name.
 */
export function isHeaderName(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && !INVISIBLE.test(name)
}
