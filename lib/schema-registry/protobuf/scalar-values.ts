// Converts JSON values and values from code for scalar fields: https://protobuf.dev/programming-guides/json/ Stricter
// than the package, which accepts '' and '0x10' as integers.

import { NumberText } from '../../record/json-text.ts'

/**
 * @param isParsed true if the value was parsed from JSON, with a NumberText for numbers that a double can't hold
 * @returns canonical JSON; undefined for a value that does not fit
 */
type ScalarReader = (value: unknown, isParsed: boolean) => unknown

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** The most digits to read; no integer type has as many. */
const MAX_DIGITS = 40
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const MAX_FLOAT = 3.4028234663852886e38
const NOT_FINITE: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity'])

const [MIN_INT32, MAX_INT32, MAX_UINT32] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1]
const [MIN_INT64, MAX_INT64, MAX_UINT64] = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n]

/** Scalar types by their numbers in descriptors. */
export const SCALARS: ReadonlyMap<number, { readonly name: string; readonly read: ScalarReader }> = new Map(
  (
    [
      [1, 'double', decimal(Number.MAX_VALUE)],
      [2, 'float', decimal(MAX_FLOAT)],
      [3, 'int64', int64(MIN_INT64, MAX_INT64)],
      [4, 'uint64', int64(0n, MAX_UINT64)],
      [5, 'int32', int32(MIN_INT32, MAX_INT32)],
      [6, 'fixed64', int64(0n, MAX_UINT64)],
      [7, 'fixed32', int32(0, MAX_UINT32)],
      [8, 'bool', value => (typeof value === 'boolean' ? value : undefined)],
      [9, 'string', value => (typeof value === 'string' && value.isWellFormed() ? value : undefined)],
      [12, 'bytes', bytes],
      [13, 'uint32', int32(0, MAX_UINT32)],
      [15, 'sfixed32', int32(MIN_INT32, MAX_INT32)],
      [16, 'sfixed64', int64(MIN_INT64, MAX_INT64)],
      [17, 'sint32', int32(MIN_INT32, MAX_INT32)],
      [18, 'sint64', int64(MIN_INT64, MAX_INT64)],
    ] satisfies [number, string, ScalarReader][]
  ).map(([type, name, read]) => [type, { name, read }]),
)

/** Whether the text is a key of this type. Only canonical texts are accepted, so that each key has one form. */
export function isMapKey(type: number, key: string): boolean {
  if (type === 9) return key.isWellFormed()
  if (type === 8) return key === 'true' || key === 'false'
  return /^(?:0|-?[1-9]\d*)$/.test(key) && SCALARS.get(type)?.read(key, true) !== undefined
}

function int32(min: number, max: number): ScalarReader {
  return value => {
    const number = numberOf(value)
    const isWhole = typeof number === 'bigint' || Number.isInteger(number)
    return isWhole && (number as number) >= min && (number as number) <= max ? Number(number) : undefined
  }
}

function int64(min: bigint, max: bigint): ScalarReader {
  return value => {
    // The common case: a safe integer, whose text is exact.
    if (Number.isSafeInteger(value) && (min < 0n || (value as number) >= 0)) return value
    const text = value instanceof NumberText ? value.text : value
    const exact = typeof text === 'string' ? wholeText(text) : text
    if (typeof exact !== 'string' && typeof exact !== 'bigint' && !Number.isInteger(exact)) return undefined
    const number = BigInt(exact as string | number | bigint)
    return number >= min && number <= max ? String(number) : undefined
  }
}

function numberOf(value: unknown): unknown {
  if (value instanceof NumberText) return Number(value.text)
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value
}

/**
 * Returns the integer digits of numbers such as 12e3, 12000.0 and 120e-1; undefined for a fraction, or for too many
 * digits.
 */
function wholeText(number: string): string | undefined {
  const parts = PARTS.exec(number)
  if (!parts) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  const leadingZeros = whole.length + fraction.length - digits.length
  const length = whole.length - leadingZeros + Number(exponent)
  if (length <= 0 || length > MAX_DIGITS || /[1-9]/.test(digits.slice(length))) return undefined
  return sign + digits.slice(0, length).padEnd(length, '0')
}

function decimal(max: number): ScalarReader {
  return (value, isParsed) => {
    // JSON.parse returns Infinity for numbers that are too large.
    if (typeof value === 'number' && !Number.isFinite(value)) return isParsed ? undefined : String(value)
    if (NOT_FINITE.has(value)) return value
    const number = numberOf(value)
    return typeof number === 'number' && Math.abs(number) <= max ? number : undefined
  }
}

function bytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value !== 'string' || !BASE64.test(value)) return undefined
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0
  const isWhole = padding > 0 ? value.length % 4 === 0 : value.length % 4 !== 1
  return isWhole ? value : undefined
}
