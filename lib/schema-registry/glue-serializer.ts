// The serializer of the AWS Glue Schema Registry, as AWS's GlueSchemaRegistryKafkaSerializer for Java.
import { labelOf, SETTINGS } from '../config/settings.ts'
import { ConfigError } from '../errors.ts'
import type { SerializedData, Serializer, SerializerContext } from '../serialize/serializer.ts'
import { openGlue } from './clients.ts'
import { FORMATS } from './formats.ts'
import { RegistrySerializer } from './registry-serializer.ts'
import { type GlueSerializerOptions, readOptions, requirePackagesOf, selectionOf } from './serializer-options.ts'

const WHERE = 'GlueSchemaRegistrySerializer'

/**
 * Writes values, or keys, in Avro, Protobuf or JSON (`glueDataFormat`) by a schema of an AWS Glue registry: the id of
 * its version, then the data, compressed with `glueCompression`. The schema's name is `glueSchemaName`, else the topic.
 *
 * With a schema of its own it looks its version up, and registers it with `autoRegisterSchemas`; without one, or with
 * `useLatestVersion`, it takes the latest version. Later records find the schema here.
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
   * @throws SerializationError: `invalid-record` where the data does not fit the schema, with pointers; otherwise
   * `delivery-failure`; the promise rejects with one
   */
  serialize(data: T, context: SerializerContext): SerializedData | Promise<SerializedData> {
    return this.#serializer.serialize(data, context)
  }
}
