// Copies a program's value that is encoded after the call has returned, because the caller may change it meanwhile.
import { SerializationError } from '../errors.ts'
import { JsonText, NumberText } from '../record/json-text.ts'

/**
 * Copies what an encoder reads: objects, lists, Maps, dates and bytes. An object with `toJSON` is replaced by the
 * result of that; of a class instance, its own fields are copied. Values that no encoder accepts stay as they are.
 * @throws SerializationError `bad-value` if a getter or a `toJSON` throws
 */
export function snapshot(value: unknown): unknown {
  try {
    return new Copier().copy(value, '')
  } catch (cause) {
    const message = 'expected a value that can be read, but it threw an error.'
    throw new SerializationError('invalid-record', message, { code: 'bad-value', cause })
  }
}

class Copier {
  /**
   * Object → its copy. Keeps cycles, and copies an object that occurs twice only once, so that the copy is not larger.
   */
  readonly #copies = new Map<object, unknown>()

  /** @param name of the field, which `toJSON` gets */
  copy(value: unknown, name: string): unknown {
    if (typeof value !== 'object' || value === null || value instanceof JsonText || value instanceof NumberText)
      return value
    if (value instanceof Uint8Array) return Buffer.from(value)
    if (value instanceof Date && value.toJSON === Date.prototype.toJSON) return new Date(value.getTime())
    if (this.#copies.has(value)) return this.#copies.get(value)
    if (Array.isArray(value)) return this.#list(value)
    const hasForm = 'toJSON' in value && typeof value.toJSON === 'function'
    if (!hasForm) return value instanceof Map ? this.#map(value) : this.#object(value)
    const form: unknown = (value as { toJSON(name: string): unknown }).toJSON(name)
    // With its own class the copy would be asked for its toJSON again.
    const isSame = typeof form === 'object' && form !== null && 'toJSON' in form && !(form instanceof Date)
    const copy = isSame ? this.#object(form) : this.copy(form, name)
    this.#copies.set(value, copy)
    return copy
  }

  #list(list: readonly unknown[]): unknown[] {
    const copy: unknown[] = new Array(list.length)
    this.#copies.set(list, copy)
    // A hole in a list stays a hole.
    for (let at = 0; at < list.length; at++) if (at in list) copy[at] = this.copy(list[at], String(at))
    return copy
  }

  #map(map: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>()
    this.#copies.set(map, copy)
    for (const [name, entry] of map) copy.set(name, this.copy(entry, String(name)))
    return copy
  }

  #object(value: object): object {
    if (Object.prototype.toString.call(value) !== '[object Object]') return value
    const copy: object = Object.create(Object.getPrototypeOf(value))
    this.#copies.set(value, copy)
    for (const name of Object.getOwnPropertyNames(value)) {
      const field = this.copy((value as Readonly<Record<string, unknown>>)[name], name)
      const enumerable = Object.prototype.propertyIsEnumerable.call(value, name)
      // defineProperty, because a field may have the name __proto__.
      Object.defineProperty(copy, name, { value: field, enumerable, writable: true, configurable: true })
    }
    return copy
  }
}
