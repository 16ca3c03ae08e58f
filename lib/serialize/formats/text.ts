// The value format text: UTF-8.
import type { JsonText } from '../../record/json-text.ts'
import { expected } from '../serializer.ts'
import type { ValueCodec, ValueFormat, ValueSource } from '../value-codec.ts'
import { withoutSchema } from './without-schema.ts'

export const textFormat: ValueFormat = {
  fields: ['schema'],
  isJson: false,
  parse: (fields, problem) => {
    withoutSchema(fields, problem)
    return () => textCodec
  },
}

const textCodec: ValueCodec = {
  format: 'text',
  isJson: false,
  shape: { isDepthRoot: true },
  keepsText: true,
  keepsBytes: true,
  serializers: ['string'],
  fromText: ({ text }: JsonText) => text,
  read: value => value,
  check: () => {},
  encode: ({ value }: ValueSource) =>
    typeof value === 'string' || value instanceof Uint8Array
      ? Buffer.from(value)
      : expected('bytes, text or null (format text)', value),
}
