/** Controls, line separators, marks that change the direction of text, and characters without a glyph. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/**
 * Whether it is text that anybody can see. A name with a line break would split lines wherever headers are shown; one
 * with a bidirectional control shows another name than it has.
 */
export function isHeaderName(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && !INVISIBLE.test(name)
}
