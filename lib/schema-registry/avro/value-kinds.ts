// What a caller's value is. What JSON would change or lose is nothing of Avro's either: a Set, a promise, an error.
import { NumberText } from '../../record/json-text.ts'
import { hasHiddenParts } from '../../serialize/strict-json.ts'
import type { ValueKind } from './avro-type.ts'

/** The value as JSON.stringify takes it; dates and bytes stay what they are. */
export function written(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (!('toJSON' in value) || value instanceof Date || ArrayBuffer.isView(value)) return value
  return typeof value.toJSON === 'function' ? value.toJSON('') : value
}

/** Undefined: a value that no type takes. */
export function kindOf(value: unknown): ValueKind | undefined {
  switch (typeof value) {
    case 'string':
      return 'text'
    case 'number':
    case 'bigint':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'object':
      return value === null ? 'null' : kindOfObject(value)
    default:
      return undefined
  }
}

function kindOfObject(value: object): ValueKind | undefined {
  if (Array.isArray(value)) return 'list'
  if (value instanceof NumberText) return 'number'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Date) return 'date'
  return value instanceof Map || isObject(value) ? 'object' : undefined
}

/** Whether its own fields say all that is in it. */
export function isObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberText) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  if (Object.prototype.toString.call(value) !== '[object Object]') return false
  return Object.keys(value).length > 0 || !hasHiddenParts(value)
}

/** Of an object or a Map with text as keys, without what is undefined, as JSON.stringify has it. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (!(value instanceof Map)) return isObject(value) ? Object.entries(value).filter(isThere) : undefined
  const entries: [unknown, unknown][] = [...value].filter(isThere)
  return entries.every(hasName) ? entries : undefined
}

/** The name of the only field of an object. */
export function onlyName(value: unknown): string | undefined {
  if (!isObject(value)) return undefined
  const names = Object.keys(value)
  return names.length === 1 ? names[0] : undefined
}

function isThere([, value]: readonly [unknown, unknown]): boolean {
  return value !== undefined
}

function hasName(entry: readonly [unknown, unknown]): entry is [string, unknown] {
  return typeof entry[0] === 'string'
}
