// Converts an Avro schema to the TypeScript type of the values that it accepts.

import { comment, declaration, property, TypeNames } from '../type-declarations.ts'
import type { AvroField, AvroNamedType, AvroRecord, AvroType, LogicalType, ValueKind } from './avro-type.ts'
import { type AvroSchemaText, parseAvroSchema } from './parse-avro.ts'
import { branchName } from './union-branches.ts'

/**
 * Returns declarations: `export type <name> = …` for the whole schema, and one for each named type of it, whose name
 * begins with `name` too.
 * @param name a TypeScript name, such as `Orders`
 * @throws SerializationError `schema-unusable`
 */
export function avroToTypeScript(schema: AvroSchemaText, name: string): string {
  return new TypeWriter(name).write(parseAvroSchema(schema))
}

/** The TypeScript type of each kind of value. */
type Kinds = readonly (readonly [ValueKind, string])[]

class TypeWriter {
  readonly #name: string
  readonly #names = new Map<AvroNamedType, string>()
  readonly #freeNames: TypeNames
  readonly #declarations: string[] = []

  constructor(name: string) {
    this.#name = name
    this.#freeNames = new TypeNames(name)
  }

  write(root: AvroType): string {
    if ('name' in root && root.kind !== 'fixed') this.#declare(root, this.#name)
    else this.#declarations.unshift(declaration(this.#name, this.#typeOf(root), undefined))
    return this.#declarations.join('\n\n').concat('\n')
  }

  #typeOf(type: AvroType): string {
    if (type.kind !== 'union')
      return this.#kindsOf(type)
        .map(([, text]) => text)
        .join(' | ')
    const parts = new Set<string>()
    for (const [index, branch] of type.branches.entries()) {
      for (const [kind, text] of this.#kindsOf(branch)) if (type.plain.get(kind) === index) parts.add(text)
      if (branch.kind !== 'null') parts.add(`{ readonly ${property(branchName(branch))}: ${this.#typeOf(branch)} }`)
    }
    return [...parts].join(' | ') || 'never'
  }

  #kindsOf(type: AvroType): Kinds {
    switch (type.kind) {
      case 'null':
      case 'boolean':
        return [[type.kind, type.kind]]
      case 'int':
      case 'long':
        return [['number', type.kind === 'int' ? 'number' : 'number | bigint'], ...temporalKinds(type.logical)]
      case 'float':
      case 'double':
        return [
          ['number', 'number'],
          ['text', '"NaN" | "Infinity" | "-Infinity"'],
        ]
      case 'string':
        return TEXT
      case 'bytes':
      case 'fixed':
        return [...TEXT, ...bytesKinds(type.logical)]
      case 'enum':
        return [['text', this.#nameOf(type)]]
      case 'array':
        return [['list', `readonly (${this.#typeOf(type.items)})[]`]]
      case 'map':
        return [['object', `{ readonly [name: string]: ${this.#typeOf(type.values)} }`]]
      case 'record':
        return [['object', this.#nameOf(type)]]
      default:
        return []
    }
  }

  #nameOf(type: Exclude<AvroNamedType, { kind: 'fixed' }>): string {
    const earlier = this.#names.get(type)
    if (earlier !== undefined) return earlier
    const name = this.#freeNames.take(type.name)
    this.#declare(type, name)
    return name
  }

  #declare(type: Exclude<AvroNamedType, { kind: 'fixed' }>, name: string): void {
    this.#names.set(type, name)
    const place = this.#declarations.push('') - 1
    const symbols = type.kind === 'enum' && [...type.symbols.keys()].map(symbol => JSON.stringify(symbol)).join(' | ')
    const text = type.kind === 'enum' ? symbols || 'never' : this.#objectOf(type)
    this.#declarations[place] = declaration(name, text, type.doc)
  }

  #objectOf({ fields }: AvroRecord): string {
    if (fields.length === 0) return '{ readonly [name: string]: never }'
    return `{\n${fields.map(field => this.#fieldOf(field)).join('')}}`
  }

  #fieldOf({ name, doc, type, defaultBytes }: AvroField): string {
    const text = this.#typeOf(type)
    const value = defaultBytes ? `?: ${text} | undefined` : `: ${text}`
    return `${comment(doc, '  ')}  readonly ${property(name)}${value}\n`
  }
}

const TEXT: Kinds = [['text', 'string']]

function temporalKinds(logical: LogicalType | undefined): Kinds {
  if (!logical) return []
  const hasDate = logical.name === 'date' || logical.name === 'timestamp'
  return hasDate ? [...TEXT, ['date', 'Date']] : TEXT
}

function bytesKinds(logical: LogicalType | undefined): Kinds {
  const bytes = ['bytes', 'Uint8Array'] as const
  if (logical?.name === 'decimal') return [['number', 'number | bigint'], bytes]
  const parts = '{ readonly months: number; readonly days: number; readonly millis: number }'
  return logical?.name === 'duration' ? [bytes, ['object', parts]] : [bytes]
}
