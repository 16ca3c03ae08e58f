// The value format base64: text is the base64 of the bytes; bytes stay as they are.
import { InvalidRecordError } from '../../errors.ts'
import { isBase64 } from '../../record/base64.ts'
import type { JsonText } from '../../record/json-text.ts'
import { expected } from '../serializer.ts'
import type { ValueCodec, ValueFormat, ValueSource } from '../value-codec.ts'
import { withoutSchema } from './without-schema.ts'

export const base64Format: ValueFormat = {
  fields: ['schema'],
  isJson: false,
  parse: (fields, problem) => {
    withoutSchema(fields, problem)
    return () => base64Codec
  },
}

const base64Codec: ValueCodec = {
  format: 'base64',
  isJson: false,
  shape: { isDepthRoot: true },
  keepsText: false,
  keepsBytes: true,
  serializers: ['bytes'],
  // Decoded here, so that the dead letter of a record that never reaches `encode` has the bytes as well.
  fromText: ({ text }: JsonText) => (isBase64(text) ? Buffer.from(text, 'base64') : text),
  read: value => value,
  check: content => {
    if (typeof content === 'string' && !isBase64(content))
      throw new InvalidRecordError('bad-value', 'value: expected base64, got something else.')
  },
  encode: ({ value }: ValueSource) => {
    if (value instanceof Uint8Array) return Buffer.from(value)
    return typeof value === 'string'
      ? Buffer.from(value, 'base64')
      : expected('bytes, text or null (format base64)', value)
  },
}
