import { BuiltInSerializer, expected, type Serializer } from './serializer.ts'

export interface JsonSerializerOptions {
  /** Replaces each BigInt by the value it returns. Without it a BigInt is refused. */
  readonly bigint?: (value: bigint) => unknown
}

/**
 * JSON. Refuses what JSON can't express: undefined, a cycle, NaN, an infinity, a BigInt without `bigint`. Leaves out
 * fields that are undefined.
 */
export function jsonSerializer({ bigint }: JsonSerializerOptions = {}): Serializer {
  return new BuiltInSerializer(data => Buffer.from(toJson(data, bigint)))
}

export function toJson(data: unknown, bigint?: (value: bigint) => unknown): string {
  const rule = bigint && ((_name: string, value: unknown) => (typeof value === 'bigint' ? bigint(value) : value))
  let text: string | undefined
  try {
    text = JSON.stringify(data, rule)
  } catch {
    // A cycle or a BigInt. The message of JSON.stringify quotes field names of the value.
    expected('something JSON can express', data)
  }
  if (text === undefined) expected('something JSON can express', data)
  // JSON.stringify writes null for what it can't express, so only a text with null needs a closer look.
  if (text.includes('null')) JSON.stringify(data, refuseChanged)
  return text
}

function refuseChanged(this: unknown, _name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) expected('finite numbers', value)
  if (Array.isArray(this) && (value === undefined || typeof value === 'function' || typeof value === 'symbol'))
    expected('lists without undefined', value)
  return typeof value === 'bigint' ? 0 : value
}
