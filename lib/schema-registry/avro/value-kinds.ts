// Classifies a caller's value for Avro.
import { NumberText } from '../../record/json-text.ts'
import { isObject } from '../program-values.ts'
import type { ValueKind } from './avro-type.ts'

/** Returns the value as JSON.stringify sees it, i.e. after toJSON; dates and bytes are unchanged. */
export function written(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (!('toJSON' in value) || value instanceof Date || ArrayBuffer.isView(value)) return value
  return typeof value.toJSON === 'function' ? value.toJSON('') : value
}

/** Returns undefined for a value that no type accepts. */
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

/** Returns the name of the only field of an object. */
export function onlyName(value: unknown): string | undefined {
  if (!isObject(value)) return undefined
  const names = Object.keys(value)
  return names.length === 1 ? names[0] : undefined
}
