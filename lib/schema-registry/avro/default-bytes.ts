// Encodes the defaults of fields once per schema. Unlike a caller's values, defaults have no names of branches and no
// texts for logical types.
import { isJsonObject, type JsonObject } from '../../record/json-object.ts'
import type { AvroEnum, AvroField, AvroFixed, AvroPrimitive, AvroRecord, AvroType, AvroUnion } from './avro-type.ts'
import { ByteWriter } from './byte-writer.ts'
import { toBytes, toDouble, toFloat, toInt, toLong } from './scalars.ts'

/** The most bytes of all defaults: a default that contains other defaults can double the size at each level. */
const MAX_DEFAULT_BYTES = 1_048_576

type Field = { -readonly [Name in keyof AvroField]: AvroField[Name] }

export class DefaultReader {
  /** Fields whose default was tried. A default that contains itself is endless and counts as one that does not fit. */
  readonly #tried = new Set<Field>()

  /** Sets `defaultBytes` if the default fits the type. */
  read(field: Field): Uint8Array | undefined {
    if (field.default === undefined || this.#tried.has(field)) return field.defaultBytes
    this.#tried.add(field)
    const bytes = new ByteWriter()
    if (this.#write(field.type, field.default, bytes)) field.defaultBytes = bytes.take()
    return field.defaultBytes
  }

  /** @returns whether the value fits */
  #write(type: AvroType, value: unknown, to: ByteWriter): boolean {
    switch (type.kind) {
      case 'array':
        return Array.isArray(value) && this.#writeList(type.items, value, to)
      case 'map':
        return isJsonObject(value) && this.#writeMap(type.values, Object.entries(value), to)
      case 'record':
        return isJsonObject(value) && this.#writeRecord(type, value, to)
      case 'union':
        return this.#writeUnion(type, value, to)
      default:
        return to.length <= MAX_DEFAULT_BYTES && writeScalar(type, value, to)
    }
  }

  #writeList(type: AvroType, items: readonly unknown[], to: ByteWriter): boolean {
    if (items.length > 0) to.long(items.length)
    const fits = items.every(item => this.#write(type, item, to))
    to.long(0)
    return fits
  }

  #writeMap(type: AvroType, entries: readonly [string, unknown][], to: ByteWriter): boolean {
    if (entries.length > 0) to.long(entries.length)
    const fits = entries.every(([name, value]) => writeText(name, to) && this.#write(type, value, to))
    to.long(0)
    return fits
  }

  #writeRecord(type: AvroRecord, value: JsonObject, to: ByteWriter): boolean {
    const fits = type.fields.every(field =>
      Object.hasOwn(value, field.name)
        ? this.#write(field.type, value[field.name], to)
        : use(this.read(field), bytes => to.fixed(bytes)),
    )
    return fits && to.length <= MAX_DEFAULT_BYTES
  }

  /** Uses the first branch that fits this kind of value. Until 1.11 the specification allowed only the first branch. */
  #writeUnion({ branches }: AvroUnion, value: unknown, to: ByteWriter): boolean {
    const index = branches.findIndex(branch => isOfKind(branch, value))
    const branch = branches[index]
    if (!branch) return false
    to.long(index)
    return this.#write(branch, value, to)
  }
}

function writeScalar(type: AvroPrimitive | AvroFixed | AvroEnum, value: unknown, to: ByteWriter): boolean {
  switch (type.kind) {
    case 'null':
      return value === null
    case 'boolean':
      return use(typeof value === 'boolean' ? Number(value) : undefined, byte => to.byte(byte))
    case 'int':
      return use(toInt(value, true), int => to.long(int))
    case 'long':
      return use(toLong(value, true), long => to.long(long))
    case 'float':
      return use(toFloat(value), float => to.float(float))
    case 'double':
      return use(toDouble(value), double => to.double(double))
    case 'bytes':
      return use(toBytes(value), bytes => to.bytes(bytes))
    case 'fixed': {
      const bytes = toBytes(value)
      return use(bytes?.length === type.size ? bytes : undefined, fixed => to.fixed(fixed))
    }
    case 'enum':
      return use(type.symbols.get(value as string), index => to.long(index))
    default:
      return writeText(value, to)
  }
}

function writeText(value: unknown, to: ByteWriter): boolean {
  return use(typeof value === 'string' && value.isWellFormed() ? value : undefined, text => to.text(text))
}

/** Looks only at the kind of the value and not inside it, so that nested unions stay cheap. */
function isOfKind(type: AvroType, value: unknown): boolean {
  if (type.kind === 'array') return Array.isArray(value)
  if (type.kind === 'map' || type.kind === 'record') return isJsonObject(value)
  probe.clear()
  return type.kind !== 'union' && writeScalar(type, value, probe)
}

const probe = new ByteWriter()

/** @returns whether there is a value */
function use<T>(value: T | undefined, writeIt: (value: T) => void): boolean {
  if (value === undefined) return false
  writeIt(value)
  return true
}
