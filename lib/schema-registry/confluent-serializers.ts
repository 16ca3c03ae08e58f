// Serializers of a registry with Confluent's API, equivalent to Java's KafkaAvroSerializer, KafkaProtobufSerializer and
// KafkaJsonSchemaSerializer.
import { labelOf, SETTINGS } from '../config/settings.ts'
import type { SerializedData, Serializer, SerializerContext } from '../serialize/serializer.ts'
import { openConfluent } from './clients.ts'
import { FORMATS } from './formats.ts'
import { recordName } from './record-name.ts'
import { RegistrySerializer } from './registry-serializer.ts'
import type { SchemaType } from './schema-registry.ts'
import {
  type ConfluentProtobufSerializerOptions,
  type ConfluentSerializerOptions,
  type ReadOptions,
  readOptions,
  requirePackagesOf,
  selectionOf,
} from './serializer-options.ts'
import { unusableSchema } from './unusable-schema.ts'

/**
 * Serializes values or keys with an Avro schema of the registry: the schema id, then Avro's binary form. Data must
 * match the schema, as plain JSON or in Avro's JSON encoding (docs/schemas.md).
 *
 * With its own schema, it registers that schema (`autoRegisterSchemas`, like Java) or uses the latest version
 * (`useLatestVersion`); without one it uses the latest version. The schema is cached for later records.
 */
export class ConfluentAvroSerializer<T = unknown> implements Serializer<T> {
  readonly #serializer: RegistrySerializer

  /** @throws ConfigError with every problem at once */
  constructor(options: ConfluentSerializerOptions = {}) {
    this.#serializer = confluent('ConfluentAvroSerializer', 'AVRO', options)
  }

  /**
   * @throws SerializationError: of the kind `invalid-record` with pointers if the data does not fit the schema,
   * otherwise `delivery-failure`; a returned promise rejects with the same
   */
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData> {
    return this.#serializer.serialize(data, context)
  }
}

/**
 * Serializes values or keys with a Protobuf schema of the registry: the schema id, the index of the message in its
 * file, then the message. Data has Protobuf's JSON form (docs/schemas.md). Schemas are found as by
 * ConfluentAvroSerializer.
 */
export class ConfluentProtobufSerializer<T = unknown> implements Serializer<T> {
  readonly #serializer: RegistrySerializer

  /** @throws ConfigError with every problem at once */
  constructor(options: ConfluentProtobufSerializerOptions = {}) {
    this.#serializer = confluent('ConfluentProtobufSerializer', 'PROTOBUF', options)
  }

  /** Behaves as `serialize` of ConfluentAvroSerializer. */
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData> {
    return this.#serializer.serialize(data, context)
  }
}

/**
 * Serializes values or keys as JSON with a JSON Schema of the registry: the schema id, then the text of JSON.stringify.
 * Data that violates the schema is an invalid record. Schemas are found as by ConfluentAvroSerializer.
 */
export class ConfluentJsonSchemaSerializer<T = unknown> implements Serializer<T> {
  readonly #serializer: RegistrySerializer

  /** @throws ConfigError with every problem at once */
  constructor(options: ConfluentSerializerOptions = {}) {
    this.#serializer = confluent('ConfluentJsonSchemaSerializer', 'JSON', options)
  }

  /** Behaves as `serialize` of ConfluentAvroSerializer. */
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData> {
    return this.#serializer.serialize(data, context)
  }
}

function confluent(where: string, type: SchemaType, options: ConfluentProtobufSerializerOptions): RegistrySerializer {
  const read = readOptions(where, 'confluent', options, type === 'PROTOBUF')
  const { config, registry, message } = read
  requirePackagesOf(type, 'confluent')
  return new RegistrySerializer({
    config,
    parts: { loadFormat: FORMATS[type], open: registry ? async () => registry : openConfluent },
    message,
    selectionOf: selectionOf(where, type, read, true),
    subjectOf: subjectNames(type, read),
    framingOf: isKey => ({ isKey, idIn: isKey ? config.keySchemaIdSerializer : config.valueSchemaIdSerializer }),
  })
}

/** Java: TopicNameStrategy, RecordNameStrategy, TopicRecordNameStrategy. */
function subjectNames(
  type: SchemaType,
  { config, definition, message }: ReadOptions,
): (topic: string, isKey: boolean) => string {
  const name = message ?? (definition && recordName(type, definition.text))
  return (topic, isKey) => {
    const option = isKey ? 'keySubjectNameStrategy' : 'valueSubjectNameStrategy'
    const strategy = config[option]
    if (strategy === 'TopicName') return `${topic}-${isKey ? 'key' : 'value'}`
    if (name === undefined)
      throw unusableSchema(
        `${labelOf(SETTINGS[option])} (${strategy}): expected a serializer that was created with its schema, which ` +
          'has a name; got none',
      )
    return strategy === 'RecordName' ? name : `${topic}-${name}`
  }
}
