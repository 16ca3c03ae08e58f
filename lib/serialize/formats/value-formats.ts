// The registry of value formats. Each format is a file of this folder and a row of this table.
import type { ValueFormat } from '../value-codec.ts'
import { base64Format } from './base64.ts'
import { jsonFormat } from './json.ts'
import { textFormat } from './text.ts'

export type ValueFormatName = 'json' | 'text' | 'base64'

export const VALUE_FORMATS: Readonly<Record<ValueFormatName, ValueFormat>> = {
  json: jsonFormat,
  text: textFormat,
  base64: base64Format,
}
