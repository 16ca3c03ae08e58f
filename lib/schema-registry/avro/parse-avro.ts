// Parses the text of an Avro schema into the type tree for encoding and descriptions.
import { parseExactly } from '../../contracts/exact-json.ts'
import { isJsonObject, type JsonObject } from '../../record/json-object.ts'
import { JsonText } from '../../record/json-text.ts'
import { unusableSchema } from '../unusable-schema.ts'
import {
  type AvroField,
  type AvroNamedType,
  type AvroPrimitive,
  type AvroRecord,
  type AvroType,
  PRIMITIVES,
} from './avro-type.ts'
import { DefaultReader } from './default-bytes.ts'
import { logicalTypeOf } from './logical-types.ts'
import { quoted } from './quoted.ts'
import { unionOf } from './union-branches.ts'

/** The deepest nesting of types; deeper ones could overflow the stack. In the text, each record adds three levels. */
const MAX_NESTED_TYPES = 200
/** The largest `fixed`, bytes. */
const MAX_FIXED_SIZE = 2 ** 31 - 1

const PLAIN_PRIMITIVES: ReadonlyMap<string, AvroPrimitive> = new Map(
  PRIMITIVES.map(kind => [kind, { kind, logical: undefined }]),
)

export interface AvroSchemaText {
  readonly text: string
  /** The texts of references by name, each after those that it refers to. */
  readonly imports: ReadonlyMap<string, string>
}

/** @throws SerializationError `schema-unusable` */
export function parseAvroSchema({ text, imports }: AvroSchemaText): AvroType {
  const parser = new AvroParser()
  // One text may define types for several names, so each text is parsed once.
  for (const imported of new Set(imports.values())) parser.parse(imported)
  const type = parser.parse(text)
  parser.readDefaults()
  return type
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

class AvroParser {
  readonly #named = new Map<string, AvroNamedType>()
  /** In the order in which definitions end: the fields of nested types usually come first. */
  readonly #fields: Writable<AvroField>[] = []
  #depth = 0

  parse(text: string): AvroType {
    // Parsed exactly, because a default may have more digits than a double holds.
    const schema = parseExactly(new JsonText(text))
    if (schema === undefined) throw unusableSchema('expected JSON, got something else')
    return this.#type(schema, '')
  }

  readDefaults(): void {
    const reader = new DefaultReader()
    for (const field of this.#fields) reader.read(field)
  }

  #type(schema: unknown, namespace: string): AvroType {
    if (typeof schema === 'string') return PLAIN_PRIMITIVES.get(schema) ?? this.#reference(schema, namespace)
    if (++this.#depth > MAX_NESTED_TYPES)
      throw unusableSchema(`expected at most ${MAX_NESTED_TYPES} types within each other`)
    const type = Array.isArray(schema)
      ? unionOf(schema.map(branch => this.#type(branch, namespace)))
      : this.#definition(schema, namespace)
    this.#depth--
    return type
  }

  #reference(name: string, namespace: string): AvroType {
    // Like Java, also tries the name without the namespace (org.apache.avro.Schema.Names).
    const type = this.#named.get(qualified(name, namespace)) ?? this.#named.get(name)
    if (!type) throw unusableSchema(`expected a definition of ${quoted(name)} before its use, got none`)
    return type
  }

  #definition(schema: unknown, namespace: string): AvroType {
    if (!isJsonObject(schema)) throw unusableSchema('expected a type: a name, an object or a list')
    const kind = schema.type
    switch (kind) {
      case 'record':
      case 'error':
        return this.#record(schema, namespace)
      case 'enum':
        return this.#enum(schema, namespace)
      case 'fixed':
        return this.#fixed(schema, namespace)
      case 'array':
        return { kind, items: this.#type(schema.items, namespace) }
      case 'map':
        return { kind, values: this.#type(schema.values, namespace) }
      default: {
        const primitive = typeof kind === 'string' ? PLAIN_PRIMITIVES.get(kind) : undefined
        const logical = primitive && logicalTypeOf(schema, primitive.kind)
        if (logical) return { kind: primitive.kind, logical }
        return primitive ?? this.#type(kind, namespace)
      }
    }
  }

  #record(schema: JsonObject, namespace: string): AvroType {
    const { name, inner } = this.#nameOf(schema, namespace)
    const fields: AvroField[] = []
    const fieldNames = new Set<string>()
    const record: AvroRecord = { kind: 'record', name, doc: docOf(schema), fields, fieldNames }
    this.#define(record)
    const definitions = schema.fields
    if (!Array.isArray(definitions)) throw unusableSchema(`expected a list "fields" of the record ${quoted(name)}`)
    for (const definition of definitions) {
      const field = this.#field(definition, name, inner)
      if (fieldNames.has(field.name))
        throw unusableSchema(`expected each field of ${quoted(name)} once, got ${quoted(field.name)} again`)
      fieldNames.add(field.name)
      fields.push(field)
    }
    return record
  }

  #field(schema: unknown, record: string, namespace: string): AvroField {
    const name = isJsonObject(schema) ? schema.name : undefined
    if (!isJsonObject(schema) || typeof name !== 'string')
      throw unusableSchema(`expected a field with a name and a type in ${quoted(record)}`)
    const type = this.#type(schema.type, namespace)
    const byDefault = Object.hasOwn(schema, 'default') ? schema.default : undefined
    const field = { name, doc: docOf(schema), type, default: byDefault, defaultBytes: undefined }
    this.#fields.push(field)
    return field
  }

  #enum(schema: JsonObject, namespace: string): AvroType {
    const { name } = this.#nameOf(schema, namespace)
    const symbols: unknown = schema.symbols
    if (!Array.isArray(symbols) || !symbols.every(symbol => typeof symbol === 'string'))
      throw unusableSchema(`expected a list "symbols" of the enum ${quoted(name)}`)
    const numbers = new Map(symbols.map((symbol, number) => [symbol, number]))
    if (numbers.size < symbols.length) throw unusableSchema(`expected each symbol of ${quoted(name)} once`)
    return this.#define({ kind: 'enum', name, doc: docOf(schema), symbols: numbers })
  }

  #fixed(schema: JsonObject, namespace: string): AvroType {
    const { name } = this.#nameOf(schema, namespace)
    const size = schema.size
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > MAX_FIXED_SIZE)
      throw unusableSchema(`expected a whole number "size" of the fixed ${quoted(name)}`)
    return this.#define({ kind: 'fixed', name, size, logical: logicalTypeOf(schema, 'fixed', size) })
  }

  #define(type: AvroNamedType): AvroType {
    if (PLAIN_PRIMITIVES.has(type.name) || this.#named.has(type.name))
      throw unusableSchema(`expected one definition of ${quoted(type.name)}, got another`)
    this.#named.set(type.name, type)
    return type
  }

  /** @returns the full name, and the namespace of types that are defined inside */
  #nameOf(schema: JsonObject, around: string): { name: string; inner: string } {
    const { name, namespace } = schema
    if (typeof name !== 'string' || name === '') throw unusableSchema(`expected a name of the ${String(schema.type)}`)
    const full = qualified(name, typeof namespace === 'string' ? namespace : around)
    return { name: full, inner: full.slice(0, Math.max(0, full.lastIndexOf('.'))) }
  }
}

/** A name with a dot is a full name, whatever the namespace. */
function qualified(name: string, namespace: string): string {
  return namespace === '' || name.includes('.') ? name : `${namespace}.${name}`
}

function docOf({ doc }: JsonObject): string | undefined {
  return typeof doc === 'string' ? doc : undefined
}
