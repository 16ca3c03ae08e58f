// Serializers of a registry with Confluent's API, as Java's KafkaAvroSerializer, KafkaProtobufSerializer and
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
 * Writes values, or keys, in Avro by a schema of the registry: the id, then Avro's binary form. Data is what the schema
 * says, as plain JSON or as Avro's JSON encoding (docs/schemas.md).
 *
 * With a schema of its own it registers it (`autoRegisterSchemas`, as Java does), or takes the latest version
 * (`useLatestVersion`); without one it takes the latest version. Later records find the schema here.
 */
export class ConfluentAvroSerializer<T = unknown> implements Serializer<T> {
  readonly #serializer: RegistrySerializer

  /** @throws ConfigError with every problem at once */
  constructor(options: ConfluentSerializerOptions = {}) {
    this.#serializer = confluent('ConfluentAvroSerializer', 'AVRO', options)
  }

  /**
   * @throws SerializationError: `invalid-record` where the data does not fit the schema, with pointers; otherwise
   * `delivery-failure`; the promise rejects with one
   */
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData> {
    return this.#serializer.serialize(data, context)
  }
}

/**
 * Writes values, or keys, in Protobuf by a schema of the registry: the id, which message of the file it is, then the
 * message. Data is Protobuf's JSON form (docs/schemas.md). For schemas it does what ConfluentAvroSerializer does.
 */
export class ConfluentProtobufSerializer<T = unknown> implements Serializer<T> {
  readonly #serializer: RegistrySerializer

  /** @throws ConfigError with every problem at once */
  constructor(options: ConfluentProtobufSerializerOptions = {}) {
    this.#serializer = confluent('ConfluentProtobufSerializer', 'PROTOBUF', options)
  }

  /** As that of ConfluentAvroSerializer. */
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData> {
    return this.#serializer.serialize(data, context)
  }
}

/**
 * Writes values, or keys, as JSON that the registry's JSON Schema allows: the id, then JSON.stringify's text. Data that
 * the schema does not allow is an invalid record. For schemas it does what ConfluentAvroSerializer does.
 */
export class ConfluentJsonSchemaSerializer<T = unknown> implements Serializer<T> {
  readonly #serializer: RegistrySerializer

  /** @throws ConfigError with every problem at once */
  constructor(options: ConfluentSerializerOptions = {}) {
    this.#serializer = confluent('ConfluentJsonSchemaSerializer', 'JSON', options)
  }

  /** As that of ConfluentAvroSerializer. */
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
