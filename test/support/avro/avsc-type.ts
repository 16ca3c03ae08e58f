// Uses avsc, an independent library, to read what this library wrote.
import avsc from 'avsc'

const bigintLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (one: bigint, other: bigint) => (one < other ? -1 : one > other ? 1 : 0),
})

export function avscLong(value: bigint): string {
  return bigintLong.toBuffer(value).toString('hex')
}

/** @returns what reads bytes by the schema: BigInt for long, bytes, `{ "<branch>": value }`, no logical types */
export function avscReader(schema: unknown): (bytes: Uint8Array) => unknown {
  const type = avsc.Type.forSchema(schema as avsc.Schema, {
    wrapUnions: true,
    // A long that is an object is not looked up in the registry (github.com/mtth/avsc/issues/485).
    typeHook: part => (part === 'long' || (part as { type?: unknown }).type === 'long' ? bigintLong : undefined),
  })
  return bytes => plain(type.fromBuffer(Buffer.from(bytes)))
}

/** Without the classes of records and branches. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}
