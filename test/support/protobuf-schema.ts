import type { RegisteredSchema } from '../../lib/schema-registry/schema-registry.ts'

/** @param imports by path, each after those that it imports */
export function protobufSchema(text: string, imports: Readonly<Record<string, string>> = {}): RegisteredSchema {
  return {
    type: 'PROTOBUF',
    text,
    references: [],
    imports: new Map(Object.entries(imports)),
    id: { registry: 'confluent', id: 1, guid: undefined },
    version: 1,
  }
}
