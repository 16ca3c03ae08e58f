// Converts a Protobuf message to the TypeScript type of the values that it accepts.
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import type { RegisteredSchema } from '../schema-registry.ts'
import { comment, declaration, property, TypeNames } from '../type-declarations.ts'
import { descriptorsOf } from './descriptors-of.ts'
import { readMessageType } from './message-type.ts'
import { loadProtobuf } from './protobuf-package.ts'
import { SCALARS } from './scalar-values.ts'
import { isWrapper } from './text-types.ts'

const LEGACY_REQUIRED = 3
const NOT_FINITE = '"NaN" | "Infinity" | "-Infinity"'
const INT64 = 'number | bigint | string'
const DECIMAL = `number | ${NOT_FINITE}`

const SCALAR_TEXTS: Readonly<Record<string, string>> = {
  double: DECIMAL,
  float: DECIMAL,
  int64: INT64,
  uint64: INT64,
  fixed64: INT64,
  sfixed64: INT64,
  sint64: INT64,
  bool: 'boolean',
  string: 'string',
  bytes: 'string | Uint8Array',
}

const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  ['google.protobuf.Any', '{ readonly "@type": string; readonly [name: string]: unknown }'],
  ['google.protobuf.Timestamp', 'string | Date'],
  ['google.protobuf.Duration', 'string'],
  ['google.protobuf.FieldMask', 'string'],
  ['google.protobuf.Struct', '{ readonly [name: string]: unknown }'],
  ['google.protobuf.Value', 'unknown'],
  ['google.protobuf.ListValue', 'readonly unknown[]'],
])

/**
 * Returns declarations: `export type <name> = …` for the message, and one for each message and enum that it uses, whose
 * name begins with `name` too.
 * @param name a TypeScript name, such as `Orders`
 * @param message the full name of the message. Default: the file's first one
 * @throws SerializationError `schema-unusable`, by rejection
 */
export async function protobufToTypeScript(
  schema: Pick<RegisteredSchema, 'text' | 'imports'>,
  name: string,
  message?: string,
): Promise<string> {
  const { type } = readMessageType(await loadProtobuf(), await descriptorsOf(schema), message)
  return new TypeWriter(name).write(type)
}

class TypeWriter {
  readonly #name: string
  readonly #freeNames: TypeNames
  readonly #names = new Map<DescMessage | DescEnum, string>()
  readonly #declarations: string[] = []

  constructor(name: string) {
    this.#name = name
    this.#freeNames = new TypeNames(name)
  }

  write(root: DescMessage): string {
    const text = wellKnownText(root)
    if (text === undefined) this.#declare(root, this.#name)
    else this.#declarations.push(declaration(this.#name, text, undefined))
    return this.#declarations.join('\n\n').concat('\n')
  }

  #nameOf(type: DescMessage | DescEnum): string {
    const earlier = this.#names.get(type)
    if (earlier !== undefined) return earlier
    const name = this.#freeNames.take(type.typeName)
    this.#declare(type, name)
    return name
  }

  #declare(type: DescMessage | DescEnum, name: string): void {
    this.#names.set(type, name)
    const place = this.#declarations.push('') - 1
    const text = type.kind === 'enum' ? enumText(type) : this.#objectOf(type)
    this.#declarations[place] = declaration(name, text, undefined)
  }

  #objectOf({ fields }: DescMessage): string {
    if (fields.length === 0) return '{ readonly [name: string]: never }'
    return `{\n${fields.map(field => this.#fieldOf(field)).join('')}}`
  }

  #fieldOf(field: DescField): string {
    const doc = field.oneof && `At most one field of ${field.oneof.name} has a value.`
    const isRequired = (field.presence as number) === LEGACY_REQUIRED
    const value = isRequired ? `: ${this.#typeOf(field)}` : `?: ${this.#typeOf(field)} | null | undefined`
    return `${comment(doc, '  ')}  readonly ${property(field.jsonName)}${value}\n`
  }

  #typeOf(field: DescField): string {
    const text = field.message
      ? (wellKnownText(field.message) ?? this.#nameOf(field.message))
      : field.enum
        ? this.#enumOf(field.enum)
        : scalarText(field.scalar ?? 0)
    if (field.fieldKind === 'list') return `readonly (${text})[]`
    return field.fieldKind === 'map' ? `{ readonly [key: string]: ${text} }` : text
  }

  #enumOf(type: DescEnum): string {
    return type.typeName === 'google.protobuf.NullValue' ? 'null' : this.#nameOf(type)
  }
}

/** @returns undefined for a message whose JSON is an object of its fields */
function wellKnownText({ typeName, fields: [field] }: DescMessage): string | undefined {
  const wrapped = isWrapper(typeName) && field?.fieldKind === 'scalar' ? scalarText(field.scalar) : undefined
  return WELL_KNOWN.get(typeName) ?? wrapped
}

function scalarText(type: number): string {
  return SCALAR_TEXTS[SCALARS.get(type)?.name ?? ''] ?? 'number'
}

/** Open enums also accept numbers without a name. */
function enumText({ values, open }: DescEnum): string {
  const names = values.map(({ name }) => JSON.stringify(name))
  const numbers = open ? ['number'] : values.map(({ number }) => String(number))
  return [...names, ...new Set(numbers)].join(' | ')
}
