// Encodes a caller's value in Avro's binary form, and checks it in the same pass.
import { MAX_VIOLATIONS } from '../../contracts/violations.ts'
import { SerializationError, type Violation } from '../../errors.ts'
import { MAX_DEPTH } from '../../record/json-object.ts'
import { cutPointer } from '../../record/json-pointer.ts'
import { entriesOf, isObject } from '../program-values.ts'
import type { AvroFixed, AvroPrimitive, AvroRecord, AvroType, AvroUnion } from './avro-type.ts'
import type { ByteWriter } from './byte-writer.ts'
import { expectedOf, expectedOfUnion } from './expected.ts'
import { toBytes, toDouble, toFloat, toInt, toLogicalBytes, toLong, toRaw } from './scalars.ts'
import { kindOf, onlyName, written } from './value-kinds.ts'

type Values = Readonly<Record<string, unknown>>

/**
 * The limit for defaults and long decimals, because a short text may require a million of them. Everything else grows
 * with the text.
 */
const MAX_EXTRA = 2 ** 24
/** The bytes of a decimal that are not counted, enough for 150 digits. */
const SHORT_DECIMAL = 64
/** A byte of a decimal costs more time than a byte of a default, which is only copied. */
const DECIMAL_COST = 4

/** Encodes one value. */
export class ValueWriter {
  readonly #to: ByteWriter
  readonly #isText: boolean
  readonly #violations: Violation[] = []
  readonly #path: (string | number)[] = []
  /** The cost so far: the bytes of defaults plus one for each, and the bytes of long decimals times DECIMAL_COST. */
  #extra = 0

  /** @param isText true if the value was parsed from a JSON text, false if it comes from code */
  constructor(to: ByteWriter, isText: boolean) {
    this.#to = to
    this.#isText = isText
  }

  /** @throws SerializationError `schema` */
  encode(type: AvroType, value: unknown): Buffer {
    this.#write(type, value)
    if (this.#violations.length === 0) return this.#to.take()
    const violations = this.#violations.slice(0, MAX_VIOLATIONS)
    throw new SerializationError('invalid-record', `${violations.length} violation(s) of the Avro schema.`, {
      code: 'schema',
      violations,
      truncated: this.#isFull,
    })
  }

  /** No more violations are listed, so encoding may stop. */
  get #isFull(): boolean {
    return this.#violations.length > MAX_VIOLATIONS
  }

  #write(type: AvroType, data: unknown): void {
    const value = written(data)
    switch (type.kind) {
      case 'null':
        return value === null ? undefined : this.#refuse('type', 'null')
      case 'enum': {
        const index = type.symbols.get(value as string)
        return index === undefined ? this.#refuse('enum', expectedOf(type)) : this.#to.long(index)
      }
      case 'fixed':
        return this.#fixed(type, value)
      case 'array':
        return Array.isArray(value) ? this.#list(type.items, value) : this.#refuse('type', 'a list')
      case 'map':
        return this.#map(type.values, value)
      case 'record':
        return isObject(value) ? this.#record(type, value as Values) : this.#refuse('type', expectedOf(type))
      case 'union':
        return this.#union(type, value)
      default:
        return this.#primitive(type, value)
    }
  }

  #primitive(type: AvroPrimitive, value: unknown): void {
    const raw = type.logical ? toRaw(type.logical, value) : value
    switch (type.kind) {
      case 'boolean':
        return typeof value === 'boolean' ? this.#to.byte(value ? 1 : 0) : this.#refuse('type', 'boolean')
      case 'int':
        return this.#number(type, toInt(raw, this.#isText))
      case 'long':
        return this.#number(type, toLong(raw, this.#isText))
      case 'float': {
        const float = toFloat(value)
        return float === undefined ? this.#refuse('type', expectedOf(type)) : this.#to.float(float)
      }
      case 'double': {
        const double = toDouble(value)
        return double === undefined ? this.#refuse('type', expectedOf(type)) : this.#to.double(double)
      }
      case 'bytes': {
        const { logical } = type
        const bytes = logical ? toLogicalBytes(logical, value, this.#isText, undefined) : toBytes(value)
        if (logical?.name === 'decimal' && bytes) this.#countDecimal(bytes.length)
        return bytes ? this.#to.bytes(bytes) : this.#refuse(logical?.name ?? 'type', expectedOf(type))
      }
      default:
        if (typeof raw !== 'string') return this.#refuse(type.logical?.name ?? 'type', expectedOf(type))
        return this.#text(raw)
    }
  }

  #number(type: AvroPrimitive, number: number | bigint | undefined): void {
    if (number === undefined) this.#refuse(type.logical?.name ?? 'type', expectedOf(type))
    else this.#to.long(number)
  }

  #text(text: string): void {
    if (text.isWellFormed()) this.#to.text(text)
    else this.#refuse('utf-8', 'text without lone surrogates')
  }

  #fixed(type: AvroFixed, value: unknown): void {
    const { logical, size } = type
    if (logical?.name === 'decimal') this.#countDecimal(size)
    const bytes = logical ? toLogicalBytes(logical, value, this.#isText, size) : toBytes(value)
    if (bytes?.length === size) this.#to.fixed(bytes)
    else this.#refuse(logical?.name ?? 'type', expectedOf(type))
  }

  #list(items: AvroType, values: readonly unknown[]): void {
    if (values.length > 0) this.#to.long(values.length)
    // A missing item is null, as in JSON.stringify.
    for (let at = 0; at < values.length && !this.#isFull; at++) this.#inside(at, items, values[at] ?? null)
    this.#to.long(0)
  }

  #map(type: AvroType, value: unknown): void {
    const entries = entriesOf(value)
    if (!entries) return this.#refuse('type', 'an object')
    if (entries.length > 0) this.#to.long(entries.length)
    for (const [name, entry] of entries) {
      if (this.#isFull) return
      this.#text(name)
      this.#inside(name, type, entry)
    }
    this.#to.long(0)
  }

  #record(type: AvroRecord, value: Values): void {
    let count = 0
    for (const field of type.fields) {
      const entry = Object.hasOwn(value, field.name) ? value[field.name] : undefined
      if (entry !== undefined) {
        count++
        this.#inside(field.name, field.type, entry)
      } else if (field.defaultBytes) this.#default(field.defaultBytes)
      else this.#refuse('required', field.name)
      if (this.#isFull) return
    }
    const names = Object.keys(value)
    if (names.length === count) return
    // The name of the field is left out, because a caller's data must not appear in a response or a log.
    if (names.some(name => !type.fieldNames.has(name) && value[name] !== undefined))
      this.#refuse('unknown-field', `only fields of ${type.name}`)
  }

  #default(bytes: Uint8Array): void {
    this.#count(1 + bytes.length)
    this.#to.fixed(bytes)
  }

  #countDecimal(size: number): void {
    if (size > SHORT_DECIMAL) this.#count(DECIMAL_COST * size)
  }

  #count(bytes: number): void {
    this.#extra += bytes
    if (this.#extra <= MAX_EXTRA) return
    throw new SerializationError(
      'invalid-record',
      `expected defaults and decimals that take at most ${MAX_EXTRA} bytes, got more.`,
      { code: 'record-too-large' },
    )
  }

  #union(type: AvroUnion, value: unknown): void {
    const name = onlyName(value)
    const named = name === undefined ? undefined : type.names.get(name)
    if (name !== undefined && named !== undefined) {
      this.#to.long(named)
      return this.#inside(name, type.branches[named] as AvroType, (value as Values)[name])
    }
    const kind = kindOf(value)
    const index = kind && type.plain.get(kind)
    if (typeof index !== 'number') return this.#refuse('union', expectedOfUnion(type, kind))
    this.#to.long(index)
    this.#write(type.branches[index] as AvroType, value)
  }

  #inside(name: string | number, type: AvroType, value: unknown): void {
    if (this.#path.length === MAX_DEPTH) return this.#refuse('depth', `at most ${MAX_DEPTH} levels`)
    this.#path.push(name)
    this.#write(type, value)
    this.#path.pop()
  }

  #refuse(rule: string, expected: string): void {
    if (this.#isFull) return
    this.#violations.push({ pointer: cutPointer(this.#path), rule, expected })
  }
}
