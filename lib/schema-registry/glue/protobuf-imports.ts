// Which imports a Protobuf schema of Glue may have: readers have the files of google/protobuf/ built in, and no others.
import { protoOutline } from '../protobuf/proto-outline.ts'
import type { SchemaDefinition } from '../schema-registry.ts'

/** @returns the path of an import that a reader can't resolve */
export function foreignImport({ type, text }: SchemaDefinition): string | undefined {
  if (type !== 'PROTOBUF') return undefined
  return protoOutline(text).imports.find(path => !path.startsWith('google/protobuf/'))
}
