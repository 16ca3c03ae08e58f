// Writes JSON as JSON.stringify does, but refuses values that JSON.stringify would change.
import { SerializationError } from '../errors.ts'
import { cutPointer } from '../record/json-pointer.ts'
import { isThenable } from '../time/thenable.ts'

/** What is wrong with a value, without the value itself. */
interface Change {
  readonly expected: string
  readonly got: string
}

const WITH_FORM = 'a value with a JSON form'

/** Values that JSON.stringify would change, by the tag of Object.prototype.toString. */
const CHANGED: Readonly<Record<string, Change>> = {
  '[object Map]': { expected: 'an object or a list', got: 'a Map' },
  '[object Set]': { expected: 'a list', got: 'a Set' },
  '[object WeakMap]': { expected: WITH_FORM, got: 'a WeakMap' },
  '[object WeakSet]': { expected: WITH_FORM, got: 'a WeakSet' },
  '[object Error]': { expected: WITH_FORM, got: 'an Error' },
  '[object RegExp]': { expected: WITH_FORM, got: 'a RegExp' },
  '[object Arguments]': { expected: 'a list', got: 'the arguments of a function' },
}
const BOXED: ReadonlySet<string> = new Set(['[object Number]', '[object String]', '[object Boolean]'])

/**
 * Writes JSON.
 * @param bigint returns the value that replaces a BigInt
 * @throws SerializationError `invalid-record` with the place of the first value that JSON would change
 */
export function strictJson(data: unknown, bigint?: (value: bigint) => unknown): string {
  const path = new Path()
  function check(this: unknown, name: string, written: unknown): unknown {
    path.moveTo(this, name)
    const original = (this as Record<string, unknown>)[name]
    const value = typeof written === 'bigint' && bigint ? bigint(written) : written
    const change = changeBefore(original) ?? changeOf(value, path.isField)
    if (change) throw changed(change, path.pointer)
    if (typeof value === 'object' && value !== null && !path.enter(value))
      throw changed({ expected: 'no cycle', got: 'one' }, path.pointer)
    return value
  }
  try {
    return JSON.stringify(data, check)
  } catch (error) {
    if (error instanceof SerializationError) throw error
    // A getter or a toJSON threw, or the nesting is too deep.
    throw changed({ expected: 'something JSON can express', got: typeof data }, path.pointer, error)
  }
}

/** Tracks where JSON.stringify is. It calls its replacer with the object that holds the value. */
class Path {
  readonly #holders: unknown[] = []
  readonly #names: string[] = []
  #name = ''

  /** Whether the value is a field of an object, and not an item of a list or the whole value. */
  get isField(): boolean {
    return this.#holders.length > 0 && !Array.isArray(this.#holders.at(-1))
  }

  get pointer(): string {
    // JSON.stringify puts the whole value into an object of its own, so the first name is not part of the place.
    return cutPointer(this.#holders.length === 0 ? [] : [...this.#names.slice(1), this.#name])
  }

  moveTo(holder: unknown, name: string): void {
    while (this.#holders.length > 0 && this.#holders.at(-1) !== holder) {
      this.#holders.pop()
      this.#names.pop()
    }
    this.#name = name
  }

  /** @returns false if the object contains itself */
  enter(value: object): boolean {
    if (this.#holders.includes(value)) return false
    this.#holders.push(value)
    this.#names.push(this.#name)
    return true
  }
}

/** Checks a value before its toJSON is called, if the result would hide what it is. */
function changeBefore(original: unknown): Change | undefined {
  if (typeof original !== 'object' || original === null) return undefined
  if (ArrayBuffer.isView(original)) return { expected: 'text, such as base64', got: 'bytes' }
  if (tagOf(original) === '[object Date]' && Number.isNaN(Number(original)))
    return { expected: 'a valid date', got: 'an invalid one' }
  return undefined
}

/**
 * Checks a value.
 * @param isField whether it is a field, which JSON leaves out if it is undefined
 */
function changeOf(value: unknown, isField: boolean): Change | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : { expected: 'a finite number', got: 'NaN or an infinity' }
    case 'undefined':
      return isField ? undefined : { expected: 'a value', got: 'undefined' }
    case 'bigint':
      return { expected: 'a number, or a serializer with the option bigint', got: 'a BigInt' }
    case 'function':
    case 'symbol':
      return { expected: WITH_FORM, got: `a ${typeof value}` }
    case 'object':
      return value === null || Array.isArray(value) ? undefined : changeOfObject(value)
    default:
      return undefined
  }
}

function changeOfObject(value: object): Change | undefined {
  if (isThenable(value)) return { expected: 'an awaited value', got: 'a promise' }
  // The result of a toJSON; bytes that the caller passed were refused before.
  if (ArrayBuffer.isView(value)) return { expected: 'text, such as base64', got: 'bytes' }
  const tag = tagOf(value)
  if (BOXED.has(tag)) return changeOf(value.valueOf(), true)
  const isEmpty = Object.keys(value).length === 0 && (tag !== '[object Object]' || hasHiddenParts(value))
  return CHANGED[tag] ?? (isEmpty ? { expected: WITH_FORM, got: 'an object that JSON writes as {}' } : undefined)
}

/** Whether the class of an object has accessors or methods, so that an empty form would hide the object's content. */
export function hasHiddenParts(value: object): boolean {
  let parent: object | null = Object.getPrototypeOf(value)
  // The last prototype in the chain is Object.prototype, of whichever realm.
  for (; parent !== null && Object.getPrototypeOf(parent) !== null; parent = Object.getPrototypeOf(parent))
    if (Object.getOwnPropertyNames(parent).some(name => name !== 'constructor')) return true
  return false
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value)
}

function changed({ expected, got }: Change, pointer: string, cause?: unknown): SerializationError {
  return new SerializationError('invalid-record', `expected ${expected}, got ${got}`, {
    violations: [{ pointer, rule: 'json', expected }],
    ...(cause === undefined ? {} : { cause }),
  })
}
