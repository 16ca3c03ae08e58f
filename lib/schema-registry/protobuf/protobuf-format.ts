// The format of a registry's Protobuf schemas.
import type { SchemaFormat } from '../schema-format.ts'
import { descriptorsOf } from './descriptors-of.ts'
import { createProtobufEncoder } from './protobuf-encoder.ts'

export const protobufFormat: SchemaFormat = {
  type: 'PROTOBUF',
  async compile(schema, { message } = {}) {
    return createProtobufEncoder(await descriptorsOf(schema), message)
  },
}
