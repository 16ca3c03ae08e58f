// Classifies values from code that JSON does not have. Values that JSON would change or lose are refused: a Set, a
// promise, an error.
import type { JsonObject } from '../record/json-object.ts'
import { NumberText } from '../record/json-text.ts'
import { hasHiddenParts } from '../serialize/strict-json.ts'
import { isThenable } from '../time/thenable.ts'

/** Whether its own fields contain all of its data. */
export function isObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberText) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  if (Object.prototype.toString.call(value) !== '[object Object]') return false
  if (isThenable(value)) return false
  return Object.keys(value).length > 0 || !hasHiddenParts(value)
}

/** Returns the entries of an object, or of a Map with text keys, without undefined values, like JSON.stringify. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (!(value instanceof Map)) return isObject(value) ? Object.entries(value).filter(isThere) : undefined
  const entries: [unknown, unknown][] = [...value].filter(isThere)
  return entries.every(hasName) ? entries : undefined
}

function isThere([, value]: readonly [unknown, unknown]): boolean {
  return value !== undefined
}

function hasName(entry: readonly [unknown, unknown]): entry is [string, unknown] {
  return typeof entry[0] === 'string'
}
