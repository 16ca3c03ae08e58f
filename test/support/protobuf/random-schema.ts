// .proto files that use every part of the language, with what is needed to write values of their messages.

export type Random = () => number

/** mulberry32: the same numbers for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T
}

interface RandomEnum {
  readonly name: string
  readonly fullName: string
  readonly values: readonly (readonly [name: string, number: number])[]
}

export interface RandomMessage {
  readonly name: string
  readonly fullName: string
  readonly parent: RandomMessage | undefined
  readonly messages: RandomMessage[]
  readonly enums: RandomEnum[]
  readonly fields: RandomField[]
  isGroup: boolean
}

export type RandomType =
  | { readonly scalar: string }
  | { readonly wellKnown: string }
  | { readonly message: RandomMessage }
  | { readonly enum: RandomEnum }

export interface RandomField {
  readonly name: string
  readonly jsonName: string
  readonly shape: 'single' | 'list' | 'map'
  readonly type: RandomType
  readonly mapKey: string
  readonly isRequired: boolean
  readonly oneof: string | undefined
  /** Its statement in the file. */
  readonly text: string
}

export interface RandomSchema {
  readonly text: string
  /** Without maps, whose order is free. */
  readonly isOrdered: boolean
  readonly messages: readonly RandomMessage[]
}

const SCALARS = [
  ...['double', 'float', 'int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64'],
  ...['sfixed32', 'sfixed64', 'bool', 'string', 'bytes'],
]
const MAP_KEYS = SCALARS.filter(name => !['double', 'float', 'bytes'].includes(name))
const WRAPPERS = ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes']
const WELL_KNOWN: readonly (readonly [type: string, file: string, hasMaps: boolean])[] = [
  ['Any', 'any', false],
  ['Timestamp', 'timestamp', false],
  ['Duration', 'duration', false],
  ['FieldMask', 'field_mask', false],
  ['Empty', 'empty', false],
  ['Struct', 'struct', true],
  ['Value', 'struct', true],
  ['ListValue', 'struct', true],
  ...WRAPPERS.map(name => [`${name}Value`, 'wrappers', false] as const),
]
const NAMES = ['field_', 'camelCase', '_lead', 'UPPER_', 'with__two', 'x_1y']

type Syntax = 'proto2' | 'proto3' | 'editions'

/** @param packageName no other schema has it */
export function randomSchema(random: Random, packageName: string): RandomSchema {
  return new Generator(random, packageName).generate()
}

class Generator {
  readonly #random: Random
  readonly #package: string
  readonly #syntax: Syntax
  readonly #isOrdered: boolean
  readonly #all: RandomMessage[] = []
  readonly #enums: RandomEnum[] = []
  readonly #imports = new Set<string>()
  #count = 0

  constructor(random: Random, packageName: string) {
    this.#random = random
    this.#package = packageName
    this.#syntax = pick(random, ['proto2', 'proto3', 'proto3', 'editions'])
    this.#isOrdered = random() < 0.6
  }

  generate(): RandomSchema {
    const messages = this.#times(1, 3, () => this.#message(this.#package, undefined, 0))
    const enums = this.#times(0, 2, () => this.#enum(this.#package))
    for (const message of [...this.#all]) this.#addFields(message)
    const syntax = this.#syntax === 'editions' ? 'edition = "2023";' : `syntax = "${this.#syntax}";`
    const imports = [...this.#imports].map(file => `import "google/protobuf/${file}.proto";`)
    const types = [...messages.map(message => this.#messageText(message)), ...enums.map(one => this.#enumText(one))]
    const text = [syntax, `package ${this.#package};`, ...imports, ...types].join('\n')
    return { text, isOrdered: this.#isOrdered, messages: this.#all.filter(({ isGroup }) => !isGroup) }
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #times<T>(min: number, max: number, make: () => T): T[] {
    return Array.from({ length: min + Math.floor(this.#random() * (max - min + 1)) }, make)
  }

  #message(scope: string, parent: RandomMessage | undefined, depth: number): RandomMessage {
    const name = `M${this.#count++}`
    const fullName = `${scope}.${name}`
    const message: RandomMessage = { name, fullName, parent, messages: [], enums: [], fields: [], isGroup: false }
    this.#all.push(message)
    if (depth < 2) message.messages.push(...this.#times(0, 2, () => this.#message(fullName, message, depth + 1)))
    message.enums.push(...this.#times(0, 1, () => this.#enum(fullName)))
    return message
  }

  #enum(scope: string): RandomEnum {
    const name = `E${this.#count++}`
    const first = this.#syntax === 'proto2' ? pick(this.#random, [0, 1, -1]) : 0
    const numbers = new Set([first, ...this.#times(0, 4, () => Math.floor(this.#random() * 2 ** 32) - 2 ** 31), 5])
    const values = [...numbers].map((number, index) => [`${name}_V${index}`, number] as const)
    const result = { name, fullName: `${scope}.${name}`, values }
    this.#enums.push(result)
    return result
  }

  #addFields(message: RandomMessage): void {
    const numbers = new Set(this.#times(8, 8, () => this.#number()))
    let oneof: string | undefined
    for (const number of numbers) {
      if (this.#chance(0.2)) continue
      if (this.#chance(0.25)) oneof = oneof === undefined ? `one_${this.#count++}` : undefined
      message.fields.push(this.#field(message, number, oneof))
    }
  }

  #number(): number {
    const number = pick(this.#random, [15, 16, 100, 2047, 2048, 18_999, 2 ** 29 - 1])
    return 1 + Math.floor(this.#random() * number)
  }

  #field(message: RandomMessage, wanted: number, oneof: string | undefined): RandomField {
    const number = wanted >= 19_000 && wanted <= 19_999 ? wanted + 1000 : wanted
    const name = `${pick(this.#random, NAMES)}${this.#count++}`
    if (this.#syntax === 'proto2' && this.#chance(0.1)) return this.#group(message, number, oneof)
    const isMap = oneof === undefined && !this.#isOrdered && this.#chance(0.25)
    const shape = isMap ? 'map' : oneof === undefined && this.#chance(0.35) ? 'list' : 'single'
    const type = this.#type(shape)
    const isScalar = 'scalar' in type
    const isRequired = shape === 'single' && oneof === undefined && isScalar && this.#chance(0.15)
    const mapKey = pick(this.#random, MAP_KEYS)
    const { label, options } = this.#labelAndOptions(shape, type, oneof !== undefined, isRequired)
    const custom = this.#chance(0.1) ? `custom ${number}` : undefined
    if (custom !== undefined) options.push(`json_name = "${custom}"`)
    const typeText = this.#typeText(type, message)
    const written = shape === 'map' ? `map<${mapKey}, ${typeText}>` : label + typeText
    const list = options.length > 0 ? ` [${options.join(', ')}]` : ''
    return {
      ...{ name, shape, type, mapKey, oneof, jsonName: custom ?? jsonName(name) },
      isRequired: isRequired && this.#syntax !== 'proto3',
      text: `${written} ${name} = ${number}${list};`,
    }
  }

  #group(message: RandomMessage, number: number, oneof: string | undefined): RandomField {
    const group = this.#message(message.fullName, message, 2)
    group.isGroup = true
    group.fields.push(this.#field(group, 1, undefined))
    const isList = oneof === undefined && this.#chance(0.3)
    const label = oneof === undefined ? (isList ? 'repeated ' : 'optional ') : ''
    const name = group.name.toLowerCase()
    return {
      ...{ name, jsonName: name, shape: isList ? 'list' : 'single', type: { message: group } },
      ...{ mapKey: '', isRequired: false, oneof },
      text: `${label}group ${group.name} = ${number} {\n${this.#body(group)}\n}`,
    }
  }

  #type(shape: RandomField['shape']): RandomType {
    const kind = this.#random()
    if (kind < 0.55) return { scalar: pick(this.#random, SCALARS) }
    // The default value of a map's enum is 0.
    const enums = this.#enums.filter(({ values }) => shape !== 'map' || values[0]?.[1] === 0)
    if (kind < 0.7 && enums.length > 0) return { enum: pick(this.#random, enums) }
    if (kind < 0.85)
      return {
        message: pick(
          this.#random,
          this.#all.filter(({ isGroup }) => !isGroup),
        ),
      }
    const [type, file] = pick(
      this.#random,
      this.#isOrdered ? WELL_KNOWN.filter(([, , hasMaps]) => !hasMaps) : WELL_KNOWN,
    )
    this.#imports.add(file)
    return { wellKnown: type }
  }

  #labelAndOptions(
    shape: RandomField['shape'],
    type: RandomType,
    isInOneof: boolean,
    isRequired: boolean,
  ): { label: string; options: string[] } {
    const options: string[] = []
    const isPackable = 'enum' in type || ('scalar' in type && !['string', 'bytes'].includes(type.scalar))
    const isEdition = this.#syntax === 'editions'
    if (shape === 'list' && isPackable && this.#chance(0.5))
      options.push(
        isEdition
          ? `features.repeated_field_encoding = ${pick(this.#random, ['PACKED', 'EXPANDED'])}`
          : `packed = ${pick(this.#random, ['true', 'false'])}`,
      )
    if (isEdition && shape === 'single' && !isInOneof && 'scalar' in type && (isRequired || this.#chance(0.5)))
      options.push(`features.field_presence = ${isRequired ? 'LEGACY_REQUIRED' : 'IMPLICIT'}`)
    if (isEdition && shape !== 'map' && 'message' in type && this.#chance(0.3))
      options.push('features.message_encoding = DELIMITED')
    if (shape === 'list') return { label: 'repeated ', options }
    if (isInOneof || isEdition || shape === 'map') return { label: '', options }
    if (this.#syntax === 'proto3') return { label: this.#chance(0.3) ? 'optional ' : '', options }
    return { label: isRequired ? 'required ' : 'optional ', options }
  }

  #typeText(type: RandomType, user: RandomMessage): string {
    if ('scalar' in type) return type.scalar
    if ('wellKnown' in type) return `${pick(this.#random, ['.', ''])}google.protobuf.${type.wellKnown}`
    const { fullName } = 'message' in type ? type.message : type.enum
    const inner = fullName.startsWith(`${user.fullName}.`) ? [fullName.slice(user.fullName.length + 1)] : []
    return pick(this.#random, [`.${fullName}`, fullName, fullName.slice(this.#package.length + 1), ...inner])
  }

  #messageText(message: RandomMessage): string {
    return `message ${message.name} {\n${this.#body(message)}\n}`
  }

  #body({ messages, enums, fields }: RandomMessage): string {
    const nested = messages.filter(({ isGroup }) => !isGroup).map(one => this.#messageText(one))
    const lines: string[] = []
    for (let at = 0; at < fields.length; at++) {
      const { oneof, text } = fields[at] as RandomField
      if (oneof === undefined) lines.push(text)
      else {
        const last = fields.findLastIndex(field => field.oneof === oneof)
        lines.push(
          `oneof ${oneof} { ${fields
            .slice(at, last + 1)
            .map(field => field.text)
            .join(' ')} }`,
        )
        at = last
      }
    }
    const middle = Math.floor(this.#random() * (lines.length + 1))
    return [
      ...lines.slice(0, middle),
      ...nested,
      ...enums.map(one => this.#enumText(one)),
      ...lines.slice(middle),
    ].join('\n')
  }

  #enumText({ name, values }: RandomEnum): string {
    return `enum ${name} { ${values.map(([value, number]) => `${value} = ${number};`).join(' ')} }`
  }
}

function jsonName(name: string): string {
  let result = ''
  for (let at = 0; at < name.length; at++) {
    if (name[at] === '_') continue
    result += name[at - 1] === '_' ? name[at]?.toUpperCase() : name[at]
  }
  return result
}
