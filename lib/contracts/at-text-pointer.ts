import { deepJsonText, isContainer } from '../record/json-object.ts'
import { type JsonOutline, type JsonShape, outlineJson } from '../record/json-outline.ts'
import { JsonText, NumberText } from '../record/json-text.ts'
import { parseExactly } from './exact-json.ts'
import { atPointer, pointerParts } from './pointer.ts'

const ANY: JsonShape = {}

/**
 * Returns the part of a JSON text at a JSON pointer: a number as it is written; an object or a list that contains a
 * number which a double can't hold as a JsonText; any other value as it is parsed.
 */
export function atTextPointer({ text, parsed }: JsonText, pointer: string): unknown {
  const value = atPointer(parsed, pointer)
  if (typeof value !== 'number' && !isContainer(value)) return value
  const parts = pointerParts(pointer)
  const shape = parts.reduceRight<JsonShape>((inner, part) => ({ fields: new Map([[part, inner]]) }), ANY)
  let at: JsonOutline = outlineJson(text, shape, Number.POSITIVE_INFINITY).root
  for (const part of parts) at = at.fields?.get(part) ?? at
  const partText = text.slice(at.start, at.end)
  if (typeof value === 'number') return new NumberText(partText)
  const exact = parseExactly(new JsonText(partText, value))
  // Normalized, so that equal keys have equal bytes however they are written.
  return exact === value ? value : new JsonText(deepJsonText(exact), value)
}
