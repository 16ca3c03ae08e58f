// What a contract says about the schema of its values or keys, and what a codec is made of.
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
  /** Of Glue: the schema's name. Default: `<topic>-value` or `<topic>-key`; of Glue the topic's name. */
  readonly subject?: string | undefined
  /**
   * The latest version when a container asks first, a version, or the schema itself: its text, with what it imports.
   * Default: `latest`.
   */
  readonly version?:
    | 'latest'
    | number
    | { readonly schema: string; readonly references?: readonly SchemaReference[] }
    | undefined
  /** Registers the schema where the subject does not have it. Only with a schema as `version`. Default: false. */
  readonly autoRegister?: boolean | undefined
  /** Of Confluent, with a schema as `version`. Default: `normalize.schemas` of the settings. */
  readonly normalize?: boolean | undefined
  /** Of Protobuf: the full name of the message. Default: the file's first one. */
  readonly message?: string | undefined
  /** Of Confluent. Default: `key.` or `value.schema.id.serializer` of the settings. */
  readonly schemaIdIn?: 'prefix' | 'header' | undefined
  /** Of Glue. Default: `compression` of the settings. */
  readonly compression?: 'none' | 'zlib' | undefined
}

/** Creates the client of a registry. @throws ConfigError */
export type OpenRegistry = (config: ProducerConfig) => Promise<SchemaRegistry>

/** A schema whose id the build has asked for. */
export interface PinnedSchema {
  readonly id: SchemaId
  readonly load: () => SchemaEncoder | Promise<SchemaEncoder>
}

/** Of a codec that asks its registry. */
export interface AskingParts {
  readonly loadFormat: () => Promise<SchemaFormat>
  readonly open: OpenRegistry
  readonly pinned?: undefined
}

/** The code that a codec needs; a bundle has no other. */
export type RegistryCodecParts = AskingParts | { readonly pinned: PinnedSchema }
