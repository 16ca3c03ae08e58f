// Encodes canonical JSON as a Protobuf message with known descriptors.
import type { DescMessage, Registry } from '@bufbuild/protobuf'
import { parseExactly } from '../../contracts/exact-json.ts'
import { listViolations } from '../../contracts/violations.ts'
import { SerializationError, type Violation } from '../../errors.ts'
import { JsonText } from '../../record/json-text.ts'
import type { SchemaEncoder } from '../schema-format.ts'
import { JsonReader } from './json-reader.ts'
import { readMessageType } from './message-type.ts'
import { loadProtobuf, type ProtobufPackage } from './protobuf-package.ts'
import { TypeTables } from './type-tables.ts'

/** High enough, because JsonReader has a lower limit of its own. */
const RECURSION_LIMIT = 1000

/**
 * @param descriptors the result of `descriptorsOf`
 * @param name the full name of the message. Default: the file's first one
 * @throws SerializationError `schema-unusable`, by rejection
 */
export async function createProtobufEncoder(descriptors: Uint8Array, name: string | undefined): Promise<SchemaEncoder> {
  const protobuf = await loadProtobuf()
  const { registry, type, position } = readMessageType(protobuf, descriptors, name)
  return new ProtobufEncoder(protobuf, registry, type, position)
}

class ProtobufEncoder implements SchemaEncoder {
  readonly message: NonNullable<SchemaEncoder['message']>
  readonly #protobuf: ProtobufPackage['protobuf']
  readonly #registry: Registry
  readonly #type: DescMessage
  readonly #tables: TypeTables

  constructor(
    { protobuf }: ProtobufPackage,
    registry: Registry,
    type: DescMessage,
    position: NonNullable<SchemaEncoder['message']>,
  ) {
    this.#protobuf = protobuf
    this.#registry = registry
    this.#tables = new TypeTables(registry)
    this.#type = type
    this.message = position
  }

  encode(data: unknown): Uint8Array {
    const isParsed = data instanceof JsonText
    const reader = new JsonReader({ tables: this.#tables, isParsed })
    const json = reader.read(this.#type, isParsed ? parseExactly(data) : data)
    if (reader.violations.length > 0) throw this.#invalid(reader.violations)
    return this.#convert(json)
  }

  #convert(json: unknown): Uint8Array {
    const { fromJson, toBinary } = this.#protobuf
    try {
      const options = { registry: this.#registry, recursionLimit: RECURSION_LIMIT }
      return toBinary(this.#type, fromJson(this.#type, json as Parameters<typeof fromJson>[1], options))
    } catch {
      // The package's error is dropped, because its message quotes the value.
      throw this.#invalid([{ pointer: '', rule: 'message', expected: this.#type.typeName }])
    }
  }

  #invalid(found: readonly Violation[]): SerializationError {
    const { violations, truncated } = listViolations(found, violation => violation)
    const text = `${violations.length} violation(s) of the Protobuf message ${this.#type.typeName}.`
    return new SerializationError('invalid-record', text, { code: 'schema', violations, truncated })
  }
}
