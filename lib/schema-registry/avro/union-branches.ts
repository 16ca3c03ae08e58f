// Decides which branch of a union a kind of value belongs to. The decision depends only on the schema and not on the
// data, so a kind of value that works once always works.

import { unusableSchema } from '../unusable-schema.ts'
import type { AvroType, AvroUnion, ValueKind } from './avro-type.ts'
import { quoted } from './quoted.ts'

/** @throws SerializationError `schema-unusable` for a union in a union, and for two branches of the same name */
export function unionOf(branches: readonly AvroType[]): AvroUnion {
  const names = new Map<string, number>()
  const plain = new Map<ValueKind, number | 'ambiguous'>()
  for (const [index, branch] of branches.entries()) {
    if (branch.kind === 'union') throw unusableSchema('expected no union directly in a union')
    const name = branchName(branch)
    if (names.has(name)) throw unusableSchema(`expected each branch of a union once, got ${quoted(name)} again`)
    names.set(name, index)
    for (const kind of kindsOf(branch)) plain.set(kind, plain.has(kind) ? 'ambiguous' : index)
  }
  addNotANumber(branches, plain)
  names.delete('null')
  return { kind: 'union', branches, names, plain }
}

export function branchName(branch: AvroType): string {
  return 'name' in branch ? branch.name : branch.kind
}

/** Returns the kinds of values that a type accepts without the name of its branch. */
function kindsOf(type: AvroType): readonly ValueKind[] {
  switch (type.kind) {
    case 'null':
    case 'boolean':
      return [type.kind]
    case 'int':
    case 'long':
      return type.logical ? TEMPORAL_KINDS[type.logical.name as keyof typeof TEMPORAL_KINDS] : ['number']
    case 'float':
    case 'double':
      return ['number']
    case 'string':
    case 'enum':
      return ['text']
    case 'bytes':
    case 'fixed':
      if (type.logical?.name === 'decimal') return ['text', 'number', 'bytes']
      return type.logical?.name === 'duration' ? ['text', 'bytes', 'object'] : ['text', 'bytes']
    case 'array':
      return ['list']
    default:
      return ['object']
  }
}

const TEMPORAL_KINDS = {
  date: ['number', 'text', 'date'],
  time: ['number', 'text'],
  timestamp: ['number', 'text', 'date'],
  'local-timestamp': ['number', 'text'],
} as const satisfies Record<string, readonly ValueKind[]>

/** "NaN" means a float or double only if no other branch accepts text. */
function addNotANumber(branches: readonly AvroType[], plain: Map<ValueKind, number | 'ambiguous'>): void {
  if (plain.has('text')) return
  for (const [index, { kind }] of branches.entries())
    if (kind === 'float' || kind === 'double') plain.set('text', plain.has('text') ? 'ambiguous' : index)
}
