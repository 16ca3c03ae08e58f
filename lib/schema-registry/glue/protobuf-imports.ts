// Checks the imports of a Protobuf schema for Glue: readers have only the files of google/protobuf/ built in.
import { protoOutline } from '../protobuf/proto-outline.ts'
import type { SchemaDefinition } from '../schema-registry.ts'

/** @returns the path of an import that a reader can't resolve */
export function foreignImport({ type, text }: SchemaDefinition): string | undefined {
  if (type !== 'PROTOBUF') return undefined
  return protoOutline(text).imports.find(path => !path.startsWith('google/protobuf/'))
}
