import { JsonText } from '../../../lib/record/json-text.ts'
import { avroFormat } from '../../../lib/schema-registry/avro/avro-format.ts'
import type { SchemaEncoder } from '../../../lib/schema-registry/schema-format.ts'
import type { SchemaId } from '../../../lib/schema-registry/schema-registry.ts'

const NO_IMPORTS: ReadonlyMap<string, string> = new Map()
/** Confluent's serializers write a schema that is nothing but bytes in another way. */
const GLUE = { registry: 'glue', versionId: '00000000-0000-0000-0000-000000000000' } as const

/** @param schema its text, or what the text says */
export function avroEncoder(schema: unknown, imports = NO_IMPORTS, id: SchemaId = GLUE): SchemaEncoder {
  const text = typeof schema === 'string' && /^[{["]/.test(schema) ? schema : JSON.stringify(schema)
  return avroFormat.compile({ id, type: 'AVRO', text, version: 1, references: [], imports }) as SchemaEncoder
}

/** @returns hexadecimal digits. @param value a program's, or a JsonText */
export function encodeAvro(schema: unknown, value: unknown): string {
  return Buffer.from(avroEncoder(schema).encode(value)).toString('hex')
}

/** As a source sends it: read already, with its text. */
export function jsonText(text: string): JsonText {
  return new JsonText(text, JSON.parse(text))
}
