// The options of a registry codec, as in a contract, and the parts that a codec is built from.
import type { ProducerConfig } from '../config/settings.ts'
import type { SchemaEncoder, SchemaFormat } from './schema-format.ts'
import type { SchemaId, SchemaReference, SchemaRegistry, SchemaType } from './schema-registry.ts'

export type RegistryFormatName = 'avro' | 'protobuf' | 'json-schema'
export type RegistryName = 'confluent' | 'glue'

export const SCHEMA_TYPES: Readonly<Record<RegistryFormatName, SchemaType>> = {
  avro: 'AVRO',
  protobuf: 'PROTOBUF',
  'json-schema': 'JSON',
}

export interface RegistryCodecOptions {
  readonly format: RegistryFormatName
  readonly registry: RegistryName
  /** The subject; for Glue the schema's name. Default: `<topic>-value` or `<topic>-key`; for Glue the topic's name. */
  readonly subject?: string | undefined
  /**
   * `latest` (the latest version when a container first asks), a version number, or the schema itself: its text and
   * references. Default: `latest`.
   */
  readonly version?:
    | 'latest'
    | number
    | { readonly schema: string; readonly references?: readonly SchemaReference[] }
    | undefined
  /** Registers the schema if the subject does not have it. Only with a schema as `version`. Default: false. */
  readonly autoRegister?: boolean | undefined
  /** Only for Confluent, with a schema as `version`. Default: `normalize.schemas` of the settings. */
  readonly normalize?: boolean | undefined
  /** For Protobuf: the full name of the message. Default: the first one in the file. */
  readonly message?: string | undefined
  /** Only for Confluent. Default: `key.` or `value.schema.id.serializer` of the settings. */
  readonly schemaIdIn?: 'prefix' | 'header' | undefined
  /** Only for Glue. Default: `glueCompression` of the settings. */
  readonly compression?: 'none' | 'zlib' | undefined
}

/** Creates the client of a registry. @throws ConfigError */
export type OpenRegistry = (config: ProducerConfig) => Promise<SchemaRegistry>

/** A schema whose id was looked up at build time. */
export interface PinnedSchema {
  readonly id: SchemaId
  readonly load: () => SchemaEncoder | Promise<SchemaEncoder>
}

/** The parts of a codec that uses its registry at run time. */
export interface AskingParts {
  readonly loadFormat: () => Promise<SchemaFormat>
  readonly open: OpenRegistry
  readonly pinned?: undefined
}

/** The code that a codec needs; a bundle contains no other. */
export type RegistryCodecParts = AskingParts | { readonly pinned: PinnedSchema }
