// Builds a cache key for the selection of a schema.
import { createHash } from 'node:crypto'
import type { SchemaDefinition, SchemaSelection } from './schema-registry.ts'

/** Programs pass the same definition object with every record, so its text is hashed only once. */
const hashes = new WeakMap<SchemaDefinition, string>()

export function selectionKey(selection: SchemaSelection): string {
  const { by, subject } = selection
  if (by === 'version') return JSON.stringify([by, subject, selection.version])
  const { definition, register, normalize } = selection
  return JSON.stringify([by, subject, hashOf(definition), register, normalize])
}

function hashOf(definition: SchemaDefinition): string {
  let hash = hashes.get(definition)
  if (hash === undefined) {
    const { type, text, references } = definition
    const imports = references.map(({ name, subject, version }) => [name, subject, version])
    hash = createHash('sha256')
      .update(JSON.stringify([type, text, imports]))
      .digest('base64')
    hashes.set(definition, hash)
  }
  return hash
}
