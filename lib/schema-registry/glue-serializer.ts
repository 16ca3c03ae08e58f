// The serializer for the AWS Glue Schema Registry, equivalent to AWS's GlueSchemaRegistryKafkaSerializer for Java.
import { labelOf, SETTINGS } from '../config/settings.ts'
import { ConfigError } from '../errors.ts'
import type { SerializedData, Serializer, SerializerContext } from '../serialize/serializer.ts'
import { openGlue } from './clients.ts'
import { FORMATS } from './formats.ts'
import { RegistrySerializer } from './registry-serializer.ts'
import { type GlueSerializerOptions, readOptions, requirePackagesOf, selectionOf } from './serializer-options.ts'

const WHERE = 'GlueSchemaRegistrySerializer'

/**
 * Serializes values or keys in Avro, Protobuf or JSON (`glueDataFormat`) with a schema of an AWS Glue registry: the id
 * of the schema version, then the data, compressed with `glueCompression`. The schema's name is `glueSchemaName`, else
 * the topic.
 *
 * With its own schema, it looks the version up and, with `autoRegisterSchemas`, registers it. Without one, or with
 * `useLatestVersion`, it uses the latest version. The schema is cached for later records.
 */
export class GlueSchemaRegistrySerializer<T = unknown> implements Serializer<T> {
  readonly #serializer: RegistrySerializer

  /** @throws ConfigError with every problem at once */
  constructor(options: GlueSerializerOptions = {}) {
    const read = readOptions(WHERE, 'glue', options, true)
    const { config, registry, message } = read
    const { glueDataFormat: type, glueSchemaName: schemaName, glueCompression: compression } = config
    if (type === undefined)
      throw new ConfigError([
        `${WHERE}: ${labelOf(SETTINGS.glueDataFormat)}: expected AVRO, JSON or PROTOBUF, got nothing.`,
      ])
    if (message !== undefined && type !== 'PROTOBUF')
      throw new ConfigError([`${WHERE}: message: takes effect only with PROTOBUF; expected it unset.`])
    requirePackagesOf(type, 'glue')
    this.#serializer = new RegistrySerializer({
      config,
      parts: { loadFormat: FORMATS[type], open: registry ? async () => registry : openGlue },
      message,
      selectionOf: selectionOf(WHERE, type, read, false),
      subjectOf: topic => schemaName ?? topic,
      framingOf: isKey => ({ isKey, compression }),
    })
  }

  /**
   * @throws SerializationError: of the kind `invalid-record` with pointers if the data does not fit the schema,
   * otherwise `delivery-failure`; a returned promise rejects with the same
   */
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData> {
    return this.#serializer.serialize(data, context)
  }
}
