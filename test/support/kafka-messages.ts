// Encodes and decodes Kafka's requests and answers by the message definitions in Kafka's own jar, so that the tests
// of the wire format do not rest on the code that they test. https://kafka.apache.org/protocol
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

export interface Field {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly flexibleVersions?: string
  readonly fields?: readonly Field[]
}

export interface Message {
  readonly name: string
  readonly apiKey?: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly Field[]
}

type Value = unknown
export type Struct = { [name: string]: Value }

/** @returns a function that reads one definition, e.g. `ProduceRequest`, from kafka-clients' jar in the folder */
export function messagesOf(jars: string): (name: string) => Message {
  const jar = readdirSync(jars).find(file => /^kafka-clients-[\d.]+\.jar$/.test(file))
  if (!jar) throw new Error(`Expected kafka-clients in ${jars}.`)
  const zip = readFileSync(join(jars, jar))
  return name => {
    const text = zipEntry(zip, `common/message/${name}.json`).toString()
    return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '').replace(/,(\s*[\]}])/g, '$1')) as Message
  }
}

function zipEntry(zip: Buffer, name: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = zip.readUInt32LE(end + 16)
  for (let entry = zip.readUInt16LE(end + 10); entry > 0; entry--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map(offset => zip.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ]
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const header = zip.readUInt32LE(at + 42)
      const from = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
      const bytes = zip.subarray(from, from + zip.readUInt32LE(at + 20))
      return zip.readUInt16LE(at + 10) === 0 ? bytes : inflateRawSync(bytes)
    }
    at += 46 + nameLength + extraLength + commentLength
  }
  throw new Error(`Expected ${name} in Kafka's jar.`)
}

/** @param versions e.g. `8`, `3-13`, `9+`, `none` */
export function includes(versions: string | undefined, version: number): boolean {
  if (versions === undefined || versions === 'none') return false
  const [, from, more] = versions.match(/^(\d+)(\+|-\d+)?$/) ?? []
  const least = Number(from)
  const most = more === undefined ? least : more === '+' ? Number.POSITIVE_INFINITY : Number(more.slice(1))
  return version >= least && version <= most
}

export function encodeMessage(message: Message, version: number, value: Struct): Buffer {
  const writer = new Writer()
  writeStruct(writer, message.fields, value, version, includes(message.flexibleVersions, version))
  return Buffer.concat(writer.parts)
}

/** @throws Error when the bytes are not exactly one message of this version */
export function decodeMessage(message: Message, version: number, bytes: Buffer): Struct {
  const reader = new Reader(bytes)
  const struct = readStruct(reader, message.fields, version, includes(message.flexibleVersions, version))
  if (reader.at !== bytes.length)
    throw new Error(`${message.name} v${version}: ${bytes.length - reader.at} bytes left.`)
  return struct
}

class Writer {
  readonly parts: Buffer[] = []

  int(size: 1 | 2 | 4 | 8, value: number | bigint): void {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(value))
    this.parts.push(bytes.subarray(8 - size))
  }

  varint(value: number): void {
    const bytes = []
    for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
    this.parts.push(Buffer.from([...bytes, value]))
  }

  /** A length in the form of the version; null is -1, or 0 in the compact form. */
  length(length: number | null, size: 2 | 4, isCompact: boolean): void {
    if (isCompact) this.varint(length === null ? 0 : length + 1)
    else this.int(size, length ?? -1)
  }
}

class Reader {
  at = 0
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  take(length: number): Buffer {
    if (length < 0 || this.at + length > this.bytes.length)
      throw new Error(`${length} bytes at ${this.at} are missing.`)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  int(size: 1 | 2 | 4 | 8): bigint {
    return BigInt.asIntN(size * 8, BigInt(`0x${this.take(size).toString('hex')}`))
  }

  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.take(1)[0] as number
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }

  length(size: 2 | 4, isCompact: boolean): number | null {
    const length = isCompact ? this.varint() - 1 : Number(this.int(size))
    return length < 0 ? null : length
  }
}

const INTS: Record<string, 1 | 2 | 4 | 8> = { bool: 1, int8: 1, int16: 2, int32: 4, int64: 8 }

function fieldsOf(fields: readonly Field[], version: number, isFlexible: boolean) {
  const present = fields.filter(field => includes(field.versions, version))
  const tagged = isFlexible ? present.filter(field => includes(field.taggedVersions, version)) : []
  return { plain: present.filter(field => !tagged.includes(field)), tagged }
}

function writeStruct(
  writer: Writer,
  fields: readonly Field[],
  value: Struct,
  version: number,
  isFlexible: boolean,
): void {
  const { plain, tagged } = fieldsOf(fields, version, isFlexible)
  for (const field of plain) writeField(writer, field, value[field.name], version, isFlexible)
  if (!isFlexible) return
  const set = tagged.filter(field => value[field.name] !== undefined)
  writer.varint(set.length)
  for (const field of set) {
    const inner = new Writer()
    writeField(inner, field, value[field.name], version, isFlexible)
    const bytes = Buffer.concat(inner.parts)
    writer.varint(field.tag as number)
    writer.varint(bytes.length)
    writer.parts.push(bytes)
  }
}

function writeField(writer: Writer, field: Field, value: Value, version: number, isFlexible: boolean): void {
  const { type } = field
  const isCompact = isFlexible && field.flexibleVersions !== 'none'
  const size = INTS[type]
  if (type.startsWith('[]')) {
    const items = value as readonly Value[] | null
    writer.length(items === null ? null : items.length, 4, isCompact)
    for (const item of items ?? []) writeField(writer, { ...field, type: type.slice(2) }, item, version, isFlexible)
  } else if (size) writer.int(size, BigInt(value as number | bigint | boolean))
  else if (type === 'uuid') writer.parts.push(value as Buffer)
  else if (type === 'string' || type === 'bytes' || type === 'records') {
    const bytes = value === null ? null : Buffer.from(value as string)
    writer.length(bytes === null ? null : bytes.length, type === 'string' ? 2 : 4, isCompact)
    if (bytes) writer.parts.push(bytes)
  } else if (field.fields) writeStruct(writer, field.fields, value as Struct, version, isFlexible)
  else throw new Error(`The type ${type} of ${field.name} is not known.`)
}

function readStruct(reader: Reader, fields: readonly Field[], version: number, isFlexible: boolean): Struct {
  const { plain, tagged } = fieldsOf(fields, version, isFlexible)
  const struct: Struct = Object.fromEntries(
    plain.map(field => [field.name, readField(reader, field, version, isFlexible)]),
  )
  if (!isFlexible) return struct
  for (let count = reader.varint(); count > 0; count--) {
    const tag = reader.varint()
    const inner = new Reader(reader.take(reader.varint()))
    const field = tagged.find(candidate => candidate.tag === tag)
    if (!field) throw new Error(`The tag ${tag} is not known.`)
    struct[field.name] = readField(inner, field, version, isFlexible)
  }
  return struct
}

function readField(reader: Reader, field: Field, version: number, isFlexible: boolean): Value {
  const { type } = field
  const isCompact = isFlexible && field.flexibleVersions !== 'none'
  const size = INTS[type]
  if (type.startsWith('[]')) {
    const length = reader.length(4, isCompact)
    const item = { ...field, type: type.slice(2) }
    return length === null ? null : Array.from({ length }, () => readField(reader, item, version, isFlexible))
  }
  if (size) {
    const value = reader.int(size)
    return type === 'bool' ? value !== 0n : size === 8 ? value : Number(value)
  }
  if (type === 'uuid') return reader.take(16)
  if (type === 'string' || type === 'bytes' || type === 'records') {
    const length = reader.length(type === 'string' ? 2 : 4, isCompact)
    const bytes = length === null ? null : reader.take(length)
    return type === 'string' ? (bytes?.toString() ?? null) : bytes
  }
  if (field.fields) return readStruct(reader, field.fields, version, isFlexible)
  throw new Error(`The type ${type} of ${field.name} is not known.`)
}
