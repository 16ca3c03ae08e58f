// Checks a value against a message and finds every violation. The package's own errors quote values and don't say where
// they are. https://protobuf.dev/programming-guides/json/
import type { DescEnum, DescExtension, DescField, DescMessage } from '@bufbuild/protobuf'
import { MAX_VIOLATIONS } from '../../contracts/violations.ts'
import type { Violation } from '../../errors.ts'
import { isContainer, type JsonObject } from '../../record/json-object.ts'
import { cutPointer } from '../../record/json-pointer.ts'
import { NumberText } from '../../record/json-text.ts'
import { entriesOf, isObject } from '../program-values.ts'
import { changedOf, copyOf, type ReadField } from './object-copies.ts'
import { isMapKey, SCALARS } from './scalar-values.ts'
import { isWrapper, readTextType } from './text-types.ts'
import type { TypeTables } from './type-tables.ts'

/** Java and Python refuse messages that are nested deeper; an entry of a map counts as a message. */
const MAX_NESTED_MESSAGES = 100
const ANY_PREFIX = 'type.googleapis.com/'
/** How many messages a JSON value adds on the wire: an object is a Value, a Struct and a map entry. */
const [LEVELS_OF_OBJECT, LEVELS_OF_ARRAY] = [3, 2]

type Field = DescField | DescExtension

/** The type of a single value: of a field, an item of a list, or a value of a map. */
interface Singular {
  readonly message?: DescMessage | undefined
  readonly enum?: DescEnum | undefined
  readonly scalar?: number | undefined
}

/** Replaces an invalid value, so that the others are still checked. */
const WRONG = undefined

export interface JsonReaderOptions {
  readonly tables: TypeTables
  /**
   * True if the value was parsed from JSON, with a NumberText for numbers that a double can't hold; false if it comes
   * from code.
   */
  readonly isParsed: boolean
}

/** Checks and converts one value. */
export class JsonReader {
  /** Holds at most one more than the list may have. */
  readonly violations: Violation[] = []
  readonly #options: JsonReaderOptions
  readonly #path: (string | number)[] = []

  constructor(options: JsonReaderOptions) {
    this.#options = options
  }

  /**
   * @returns canonical JSON that the package can convert, if there are no violations. The value itself is not changed
   */
  read(message: DescMessage, value: unknown): unknown {
    return this.#readMessage(message, value, 0)
  }

  /** Further violations are not listed, so checking can stop. */
  get #isFull(): boolean {
    return this.violations.length > MAX_VIOLATIONS
  }

  #wrong(rule: string, expected: string): undefined {
    if (!this.#isFull) this.violations.push({ pointer: cutPointer(this.#path), rule, expected })
    return WRONG
  }

  #at(part: string | number, read: () => unknown): unknown {
    if (this.#isFull) return WRONG
    this.#path.push(part)
    const result = read()
    this.#path.pop()
    return result
  }

  #copyOf(object: JsonObject, read: ReadField): JsonObject {
    return this.#options.isParsed ? changedOf(object, read) : copyOf(object, read)
  }

  #readSingular(type: Singular, value: unknown, level: number): unknown {
    if (type.message) return this.#readMessage(type.message, value, level + 1)
    return type.enum ? this.#readEnum(type.enum, value) : this.#readScalar(type.scalar ?? 0, value)
  }

  #readScalar(type: number, value: unknown): unknown {
    const scalar = SCALARS.get(type)
    return scalar?.read(value, this.#options.isParsed) ?? this.#wrong('type', scalar?.name ?? 'a known type')
  }

  #readEnum(type: DescEnum, value: unknown): unknown {
    if (type.typeName === 'google.protobuf.NullValue' && value === null) return value
    const isValid = this.#options.tables.isEnumValue(type, value)
    return isValid ? value : this.#wrong('enum', `a name of ${type.typeName}`)
  }

  #readMessage(message: DescMessage, value: unknown, level: number): unknown {
    if (level > MAX_NESTED_MESSAGES) return this.#tooDeep()
    const json = this.#options.isParsed ? value : jsonOf(value)
    const { typeName } = message
    if (typeName.startsWith('google.protobuf.')) {
      const text = readTextType(typeName, json)
      if (text !== undefined) return text.isValid ? json : this.#wrong('format', text.expected)
      if (typeName === 'google.protobuf.Any') return this.#readAny(json)
      if (typeName === 'google.protobuf.Value') return this.#readValue(json, level)
      if (typeName === 'google.protobuf.Struct')
        return isObject(json) ? this.#readValue(json, level - 1) : this.#wrong('type', 'object')
      if (typeName === 'google.protobuf.ListValue')
        return Array.isArray(json) ? this.#readValue(json, level - 1) : this.#wrong('type', 'array')
      const [wrapped] = message.fields
      if (isWrapper(typeName) && wrapped?.fieldKind === 'scalar') return this.#readScalar(wrapped.scalar, json)
    }
    if (!isObject(json)) return this.#wrong('type', 'object')
    return this.#readFields(message, json, level)
  }

  #tooDeep(): undefined {
    return this.#wrong('depth', `at most ${MAX_NESTED_MESSAGES} nested messages`)
  }

  #readFields(message: DescMessage, json: JsonObject, level: number): JsonObject {
    const { tables } = this.#options
    const { byName, required } = tables.fieldsOf(message)
    const seen = new Set<unknown>()
    const result = this.#copyOf(json, (name, value) => {
      const field = byName.get(name) ?? tables.extensionOf(message, name)
      if (!field) return this.#wrong('additionalProperties', 'no other properties')
      if (value === undefined || (value === null && !takesNull(field))) return undefined
      return this.#at(name, () => (this.#takePlace(field, seen) ? this.#readField(field, value, level) : WRONG))
    })
    for (const field of required) if (!seen.has(field)) this.#wrong('required', field.jsonName)
    return result
  }

  /** @param seen the fields and oneofs of the message that have a value */
  #takePlace(field: Field, seen: Set<unknown>): boolean {
    if (seen.has(field)) this.#wrong('duplicate', 'one value of the field')
    else if (field.oneof && seen.has(field.oneof)) this.#wrong('oneof', `one field of ${field.oneof.name}`)
    else {
      seen.add(field)
      if (field.oneof) seen.add(field.oneof)
      return true
    }
    return false
  }

  #readField(field: Field, value: unknown, level: number): unknown {
    if (field.fieldKind === 'list') return this.#readList(field, value, level)
    if (field.fieldKind === 'map') return this.#readMap(field, value, level)
    return this.#readSingular(field, value, level)
  }

  #readList(item: Singular, value: unknown, level: number): unknown {
    if (!Array.isArray(value)) return this.#wrong('type', 'array')
    const items: readonly unknown[] = value
    // Array.from also visits missing items of a sparse array.
    const read = Array.from(items, (one, index) => this.#at(index, () => this.#readSingular(item, one, level)))
    return read.every((one, index) => one === items[index]) ? items : read
  }

  #readMap(field: Field & { fieldKind: 'map' }, value: unknown, level: number): unknown {
    const object = value instanceof Map ? objectOf(value) : value
    if (!isObject(object)) return this.#wrong('type', 'object')
    return this.#copyOf(object, (key, one) => {
      if (one === undefined && !this.#options.isParsed) return undefined
      return this.#at(key, () => {
        if (!isMapKey(field.mapKey, key)) return this.#wrong('key', SCALARS.get(field.mapKey)?.name ?? 'a key')
        return this.#readSingular(field, one, level + 1)
      })
    })
  }

  /** Readers see the packed message as bytes, so its depth is counted from zero. */
  #readAny(json: unknown): unknown {
    if (!isObject(json)) return this.#wrong('type', 'object')
    const { '@type': url, ...rest } = json
    if (url === undefined && Object.keys(rest).length === 0) return json
    // Only this prefix is accepted, because the package would replace any other one.
    const name = typeof url === 'string' && url.startsWith(ANY_PREFIX) ? url.slice(ANY_PREFIX.length) : ''
    const message = this.#options.tables.messageOf(name)
    if (!message)
      return this.#at('@type', () => this.#wrong('type', `${ANY_PREFIX} and a message of the schema or its imports`))
    if (!hasValue(name)) return { '@type': url, ...this.#readFields(message, rest, 0) }
    if (Object.keys(rest).some(key => key !== 'value'))
      return this.#wrong('additionalProperties', 'no other properties')
    const value = this.#at('value', () => this.#readMessage(message, rest.value, 0))
    return { '@type': url, value }
  }

  #readValue(value: unknown, level: number): unknown {
    if (level > MAX_NESTED_MESSAGES) return this.#tooDeep()
    const json = this.#options.isParsed ? value : jsonOf(value)
    if (json === null || typeof json === 'boolean') return json
    if (typeof json === 'string') return json.isWellFormed() ? json : this.#wrong('type', 'text in UTF-8')
    if (json instanceof NumberText) return this.#readValue(Number(json.text), level)
    if (typeof json === 'number') return Number.isFinite(json) ? json : this.#wrong('type', 'a finite number')
    if (Array.isArray(json)) {
      const items: readonly unknown[] = json
      return Array.from(items, (one, index) => this.#at(index, () => this.#readValue(one, level + LEVELS_OF_ARRAY)))
    }
    if (!isObject(json)) return this.#wrong('type', 'JSON')
    return this.#copyOf(json, (name, one) => {
      if (one === undefined) return undefined
      return this.#at(name, () =>
        name.isWellFormed() ? this.#readValue(one, level + LEVELS_OF_OBJECT) : this.#wrong('key', 'text in UTF-8'),
      )
    })
  }
}

/** Whether an Any has the message's JSON in a field `value`, because that JSON is not just an object of its fields. */
function hasValue(typeName: string): boolean {
  return (
    isWrapper(typeName) ||
    readTextType(typeName, '') !== undefined ||
    /^google\.protobuf\.(?:Any|Struct|(?:List)?Value)$/.test(typeName)
  )
}

/** Whether null is a value of the field's type; for all others null means that the field is not set. */
function takesNull(field: Field): boolean {
  return (
    field.fieldKind !== 'list' &&
    field.fieldKind !== 'map' &&
    (field.message?.typeName === 'google.protobuf.Value' || field.enum?.typeName === 'google.protobuf.NullValue')
  )
}

/** Returns the value that JSON.stringify would write. */
function jsonOf(value: unknown): unknown {
  if (!isContainer(value) || ArrayBuffer.isView(value)) return value
  // JSON has null for an invalid date, so it is not converted.
  const hasForm = typeof value.toJSON === 'function' && !(value instanceof Date && Number.isNaN(Number(value)))
  return hasForm ? (value.toJSON as () => unknown)() : value
}

/** @returns undefined if a key is not text */
function objectOf(map: Map<unknown, unknown>): JsonObject | undefined {
  const entries = entriesOf(map)
  return entries && Object.fromEntries(entries)
}
