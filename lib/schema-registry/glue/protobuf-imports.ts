// Which imports a Protobuf schema of Glue may have: readers have the files of google/protobuf/ built in, and no others.
import type { SchemaDefinition } from '../schema-registry.ts'

/** Comments and texts are passed over as a whole, so that what stands in them is no import. */
const PARTS = [
  String.raw`\/\/[^\n]*`,
  String.raw`\/\*[\s\S]*?\*\/`,
  String.raw`\bimport\s+(?:public\s+|weak\s+)?(["'])(?<path>[^"'\n]*)\1`,
  String.raw`"(?:[^"\\\n]|\\.)*"`,
  String.raw`'(?:[^'\\\n]|\\.)*'`,
]
const PART = new RegExp(PARTS.join('|'), 'g')

/** @returns the path of an import that a reader can't resolve */
export function foreignImport({ type, text }: SchemaDefinition): string | undefined {
  if (type !== 'PROTOBUF') return undefined
  for (const { groups } of text.matchAll(PART)) {
    const path = groups?.path
    if (path !== undefined && !path.startsWith('google/protobuf/')) return path
  }
  return undefined
}
