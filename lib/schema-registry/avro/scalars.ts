// Converts a caller's scalar to the value that Avro writes; undefined if it does not fit. Numbers are exact or refused;
// only float and double use the nearest value.

import { NumberText } from '../../record/json-text.ts'
import { isUuid } from '../../record/uuid.ts'
import type { DecimalType, LogicalType } from './avro-type.ts'
import { twosComplement, unscaledValue } from './decimals.ts'
import { fromDate, fromIsoText } from './iso-times.ts'

const MAX_INT = 2 ** 31 - 1
const MAX_LONG = 2n ** 63n - 1n
const LONG_DIGITS = 19
const NOT_FINITE: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity'])

/** @param isText the number is from a JSON text, and its double represents it exactly */
export function toLong(value: unknown, isText: boolean): number | bigint | undefined {
  if (Number.isSafeInteger(value)) return value as number
  if (typeof value === 'bigint') return value >= -MAX_LONG - 1n && value <= MAX_LONG ? value : undefined
  const digits = numberText(value, isText)
  return digits === undefined ? undefined : inLong(unscaledValue(digits, 0, LONG_DIGITS))
}

export function toInt(value: unknown, isText: boolean): number | undefined {
  const long = toLong(value, isText)
  return long !== undefined && long >= -MAX_INT - 1 && long <= MAX_INT ? Number(long) : undefined
}

/** Refuses a finite number that is too large for a double, including one from a text. */
export function toDouble(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return NOT_FINITE.has(value) ? Number(value) : undefined
  if (!(value instanceof NumberText) && typeof value !== 'bigint') return undefined
  const double = Number(value instanceof NumberText ? value.text : value)
  return Number.isFinite(double) ? double : undefined
}

export function toFloat(value: unknown): number | undefined {
  const double = toDouble(value)
  if (double === undefined) return undefined
  return Number.isFinite(Math.fround(double)) || !Number.isFinite(double) ? double : undefined
}

/** In Avro's JSON encoding, bytes are text of the characters U+0000 to U+00FF. */
export function toBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' && isLatin1(value) ? Buffer.from(value, 'latin1') : undefined
}

/** Converts a value of a logical type to the whole number or text that Avro writes for it (int, long or string). */
export function toRaw(logical: LogicalType, value: unknown): unknown {
  if (logical.name === 'uuid') return isUuid(value) ? value : undefined
  if (logical.name === 'decimal' || logical.name === 'duration') return value
  if (typeof value === 'string') return fromIsoText(logical, value)
  return value instanceof Date ? fromDate(logical, value) : value
}

/** Converts a value of a logical type to bytes. @param size of a fixed; undefined for bytes */
export function toLogicalBytes(
  logical: LogicalType,
  value: unknown,
  isText: boolean,
  size: number | undefined,
): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  if (logical.name === 'decimal') return toDecimal(logical, value, isText, size)
  if (logical.name === 'uuid' && isUuid(value)) return Buffer.from(value.replaceAll('-', ''), 'hex')
  return logical.name === 'duration' && typeof value === 'object' ? toDuration(value, isText) : toBytes(value)
}

/** Text is always read as a number, never as characters for bytes, because "12" could be either. */
function toDecimal(
  { scale, precision }: DecimalType,
  value: unknown,
  isText: boolean,
  size: number | undefined,
): Uint8Array | undefined {
  const text = typeof value === 'string' ? value : typeof value === 'bigint' ? `${value}` : numberText(value, isText)
  const unscaled = text === undefined ? undefined : unscaledValue(text, scale, precision)
  return unscaled === undefined ? undefined : twosComplement(unscaled, size)
}

const PARTS = ['months', 'days', 'millis'] as const
const MAX_PART = 2 ** 32 - 1

/** Encodes three unsigned 32-bit numbers, little-endian. */
function toDuration(value: object | null, isText: boolean): Uint8Array | undefined {
  const names = Object.keys(value ?? {})
  if (names.length !== PARTS.length) return undefined
  const bytes = Buffer.alloc(4 * PARTS.length)
  for (const [index, name] of PARTS.entries()) {
    const part = toLong((value as Record<string, unknown>)[name], isText)
    if (part === undefined || part < 0 || part > MAX_PART) return undefined
    bytes.writeUInt32LE(Number(part), index * 4)
  }
  return bytes
}

/**
 * Returns the decimal digits of a number. For a double these are the shortest digits that identify it. A number from
 * code beyond 2^53 may have lost digits, so it is refused.
 */
function numberText(value: unknown, isText: boolean): string | undefined {
  if (value instanceof NumberText) return value.text
  if (typeof value !== 'number') return undefined
  return isText || Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value) : undefined
}

function inLong(value: bigint | undefined): bigint | undefined {
  return value !== undefined && value >= -MAX_LONG - 1n && value <= MAX_LONG ? value : undefined
}

function isLatin1(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false
  return true
}
