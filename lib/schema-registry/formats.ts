// Imports the schema formats (Avro, JSON Schema, Protobuf) and their packages on first use.
import type { SchemaFormat } from './schema-format.ts'
import type { SchemaType } from './schema-registry.ts'

export const FORMATS: Readonly<Record<SchemaType, () => Promise<SchemaFormat>>> = {
  AVRO: async () => (await import('./avro/avro-format.ts')).avroFormat,
  PROTOBUF: async () => (await import('./protobuf/protobuf-format.ts')).protobufFormat,
  JSON: async () => (await import('./json-schema/json-schema-format.ts')).jsonSchemaFormat,
}
