import { type JsonShape, outlineJson } from '../record/json-outline.ts'
import { type JsonText, NumberText } from '../record/json-text.ts'
import { atPointer, pointerParts } from './pointer.ts'

const ANY: JsonShape = {}

/** What a text has at a JSON pointer: a number as it is written, any other value as it is parsed. */
export function atTextPointer({ text, parsed }: JsonText, pointer: string): unknown {
  const value = atPointer(parsed, pointer)
  if (typeof value !== 'number') return value
  const parts = pointerParts(pointer)
  const shape = parts.reduceRight<JsonShape>((inner, part) => ({ fields: new Map([[part, inner]]) }), ANY)
  let at = outlineJson(text, shape, Number.POSITIVE_INFINITY).root
  for (const part of parts) at = at.fields?.get(part) ?? at
  return new NumberText(text.slice(at.start, at.end))
}
