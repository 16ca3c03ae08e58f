// Look-up tables for fields and enums, created once per type.
import type { DescEnum, DescExtension, DescField, DescMessage, Registry } from '@bufbuild/protobuf'

const LEGACY_REQUIRED = 3

interface Fields {
  /** Fields by name and by JSON name. */
  readonly byName: ReadonlyMap<string, DescField>
  readonly required: readonly DescField[]
}

export class TypeTables {
  readonly #registry: Registry
  readonly #fields = new Map<DescMessage, Fields>()
  /** The names of the values and their numbers. */
  readonly #values = new Map<DescEnum, ReadonlySet<unknown>>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  fieldsOf(message: DescMessage): Fields {
    let fields = this.#fields.get(message)
    if (!fields) {
      fields = {
        byName: new Map(message.fields.flatMap(field => [field.name, field.jsonName].map(name => [name, field]))),
        required: message.fields.filter(({ presence }) => (presence as number) === LEGACY_REQUIRED),
      }
      this.#fields.set(message, fields)
    }
    return fields
  }

  isEnumValue(type: DescEnum, value: unknown): boolean {
    let values = this.#values.get(type)
    if (!values) {
      values = new Set(type.values.flatMap(({ name, jsonName, number }) => [name, jsonName, number]))
      this.#values.set(type, values)
    }
    return values.has(value) || (type.open && typeof value === 'number' && (value | 0) === value)
  }

  /** @param name such as `[com.example.extension]` */
  extensionOf(message: DescMessage, name: string): DescExtension | undefined {
    const extension = /^\[.*\]$/s.test(name) ? this.#registry.getExtension(name.slice(1, -1)) : undefined
    return extension?.extendee.typeName === message.typeName ? extension : undefined
  }

  messageOf(typeName: string): DescMessage | undefined {
    return this.#registry.getMessage(typeName)
  }
}
