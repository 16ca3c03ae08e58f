// Reads the logical type of a schema. As the specification requires, a logical type that is unknown or does not fit its
// underlying type is ignored.
import type { JsonObject } from '../../record/json-object.ts'
import type { LogicalType } from './avro-type.ts'

const TEMPORAL: ReadonlyMap<string, LogicalType> = new Map([
  ['int/date', { name: 'date', digits: 0 }],
  ['int/time-millis', { name: 'time', digits: 3 }],
  ['long/time-micros', { name: 'time', digits: 6 }],
  ['long/timestamp-millis', { name: 'timestamp', digits: 3 }],
  ['long/timestamp-micros', { name: 'timestamp', digits: 6 }],
  ['long/timestamp-nanos', { name: 'timestamp', digits: 9 }],
  ['long/local-timestamp-millis', { name: 'local-timestamp', digits: 3 }],
  ['long/local-timestamp-micros', { name: 'local-timestamp', digits: 6 }],
  ['long/local-timestamp-nanos', { name: 'local-timestamp', digits: 9 }],
])

const UUID_BYTES = 16
const DURATION_BYTES = 12
/** The highest precision: a short text such as 1e999999 would otherwise need any number of digits. */
const MAX_DIGITS = 100_000

/** @param size of a `fixed`, bytes */
export function logicalTypeOf(schema: JsonObject, kind: string, size?: number): LogicalType | undefined {
  const name = schema.logicalType
  if (name === 'decimal') return kind === 'bytes' || kind === 'fixed' ? decimalOf(schema, size) : undefined
  if (name === 'uuid') return kind === 'string' || size === UUID_BYTES ? { name } : undefined
  if (name === 'duration') return size === DURATION_BYTES ? { name } : undefined
  return typeof name === 'string' ? TEMPORAL.get(`${kind}/${name}`) : undefined
}

function decimalOf({ precision, scale = 0 }: JsonObject, size: number | undefined): LogicalType | undefined {
  if (!isCount(precision) || !isCount(scale) || precision === 0 || scale > precision) return undefined
  if (size !== undefined && precision > maxPrecision(size)) return undefined
  return { name: 'decimal', precision: Math.min(precision, MAX_DIGITS), scale }
}

/** Returns how many digits always fit into this number of bytes. */
function maxPrecision(size: number): number {
  return Math.floor(Math.log10(2) * (8 * size - 1))
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
