// Reads the options of registry serializers: settings and schema.

import { readFileSync } from 'node:fs'
import { checkConfig, checkOptions, kindOf, type OptionKind } from '../check-options.ts'
import { parseConfig } from '../config/parse-config.ts'
import type { CommonOptions } from '../config/producer-options.ts'
import { BASIC_AUTH, BEARER_AUTH, BESIDE_TOKEN, TLS } from '../config/registry-clients.ts'
import { labelOf, type OptionName, type ProducerConfig, SETTINGS } from '../config/settings.ts'
import { ConfigError } from '../errors.ts'
import { type PackageUserName, requirePackages } from '../optional-packages.ts'
import { emitWarning } from '../warn.ts'
import { checkedRegistry } from './checked-registry.ts'
import type {
  SchemaDefinition,
  SchemaReference,
  SchemaRegistry,
  SchemaSelection,
  SchemaType,
} from './schema-registry.ts'

/** The schema of a serializer, and its registry. */
export interface SerializerSchemaOptions {
  /** The text of the schema. Default: the latest version of the subject when the serializer first asks. */
  readonly schema?: string | undefined
  /** The schema as a file, read when the serializer is created. */
  readonly schemaFile?: string | URL | undefined
  /** Schemas of the registry that the schema imports. Default: none. */
  readonly references?: readonly SchemaReference[] | undefined
  /**
   * A configuration from `parseConfig` or `loadConfig`, instead of settings here. Serializers with the same
   * configuration share a client of the registry. Default: the settings here, then those of the environment (KAFKA_…).
   */
  readonly config?: ProducerConfig | undefined
  /** A client to use instead of the one from the settings, e.g. in tests. */
  readonly registry?: SchemaRegistry | undefined
}

const SCHEMA_KINDS: Readonly<Record<keyof SerializerSchemaOptions, OptionKind>> = {
  schema: 'text',
  schemaFile: 'any',
  references: 'object',
  config: 'any',
  registry: 'object',
}

const SHARED_SETTINGS = [
  'autoRegisterSchemas',
  'useLatestVersion',
  'schemaRegistryRequestTimeoutMs',
] as const satisfies readonly OptionName[]

const CONFLUENT_SETTINGS = [
  ...SHARED_SETTINGS,
  'schemaRegistryUrl',
  ...BASIC_AUTH,
  ...BEARER_AUTH,
  ...BESIDE_TOKEN,
  ...TLS,
  'normalizeSchemas',
  'keySubjectNameStrategy',
  'valueSubjectNameStrategy',
  'keySchemaIdSerializer',
  'valueSchemaIdSerializer',
  'secretArn',
  'oauthAllowHttp',
] as const satisfies readonly OptionName[]

const GLUE_SETTINGS = [
  ...SHARED_SETTINGS,
  'glueRegion',
  'glueRegistryName',
  'glueEndpoint',
  'glueCompression',
  'glueDataFormat',
  'glueSchemaName',
] as const satisfies readonly OptionName[]

/** Settings of Confluent's serializers, under their option names (docs/settings.md). */
export type ConfluentSettings = Pick<CommonOptions, (typeof CONFLUENT_SETTINGS)[number]>
/** Settings of Glue's serializer, under their option names (docs/settings.md). */
export type GlueSettings = Pick<CommonOptions, (typeof GLUE_SETTINGS)[number]>

export interface ConfluentSerializerOptions extends SerializerSchemaOptions, ConfluentSettings {}

/** Options of a serializer whose schemas may be Protobuf. */
export interface MessageOptions {
  /** Protobuf: the full name of the message, e.g. `shop.Order`. Default: the first one of the file. */
  readonly message?: string | undefined
}

export interface ConfluentProtobufSerializerOptions extends ConfluentSerializerOptions, MessageOptions {}
export interface GlueSerializerOptions extends SerializerSchemaOptions, MessageOptions, GlueSettings {}

export interface ReadOptions {
  readonly config: ProducerConfig
  /** The caller's schema; undefined to use the registry's. */
  readonly definition: Omit<SchemaDefinition, 'type'> | undefined
  readonly message: string | undefined
  readonly registry: SchemaRegistry | undefined
}

/**
 * @param where the class, for messages
 * @throws ConfigError with every problem at once
 */
export function readOptions(
  where: string,
  kind: 'confluent' | 'glue',
  options: SerializerSchemaOptions & MessageOptions & CommonOptions,
  hasMessages: boolean,
): ReadOptions {
  const names: readonly OptionName[] = kind === 'glue' ? GLUE_SETTINGS : CONFLUENT_SETTINGS
  const kinds = {
    ...SCHEMA_KINDS,
    ...(hasMessages ? { message: 'text' as const } : {}),
    ...Object.fromEntries(names.map(name => [name, 'any' as const])),
  }
  checkOptions(where, options as object, kinds as Readonly<Record<string, OptionKind>>, problem =>
    checkSchema(options, names, problem),
  )
  const { schema, schemaFile, references = [], registry, message, config: parsed, ...settings } = options
  const text = schemaFile === undefined ? schema : readSchema(where, schemaFile)
  const config = parsed ?? parseConfig(settings, process.env, warnOfRegistries, undefined, false)
  if (kind === 'confluent' && config.schemaRegistryUrl === undefined && registry === undefined)
    throw new ConfigError([
      `${where}: ${labelOf(SETTINGS.schemaRegistryUrl)}: expected the address of the registry, got nothing.`,
    ])
  return {
    config,
    definition: text === undefined ? undefined : { text, references },
    message,
    registry: registry && checkedRegistry(registry, kind),
  }
}

/**
 * Decides which schema a serializer uses.
 * @param registerByDefault the default of `auto.register.schemas`
 * @throws ConfigError
 */
export function selectionOf(
  where: string,
  type: SchemaType,
  { config, definition }: ReadOptions,
  registerByDefault: boolean,
): (subject: string) => SchemaSelection {
  const { autoRegisterSchemas, useLatestVersion, normalizeSchemas: normalize } = config
  const label = `${where}: ${labelOf(SETTINGS.autoRegisterSchemas)} (true)`
  if (autoRegisterSchemas === true && definition === undefined)
    throw new ConfigError([
      `${label}: expected a schema to register (schema or schemaFile), or false: then records use the ` +
        'latest version of the subject.',
    ])
  if (autoRegisterSchemas === true && useLatestVersion)
    throw new ConfigError([`${label}: expected false with use.latest.version, whose version is not the schema here.`])
  if (definition === undefined || useLatestVersion) return subject => ({ by: 'version', subject, version: 'latest' })
  const complete: SchemaDefinition = { type, ...definition }
  const register = autoRegisterSchemas ?? registerByDefault
  return subject => ({ by: 'definition', subject, definition: complete, register, normalize })
}

function checkSchema(
  { schema, schemaFile, references, config, ...others }: SerializerSchemaOptions,
  names: readonly OptionName[],
  problem: (text: string) => void,
): void {
  if (schema !== undefined && schemaFile !== undefined)
    problem('schema and schemaFile: expected one of them, got both.')
  if (references !== undefined && schema === undefined && schemaFile === undefined)
    problem('references: takes effect only with schema or schemaFile; expected it unset.')
  if (schemaFile !== undefined && typeof schemaFile !== 'string' && !(schemaFile instanceof URL))
    problem(`schemaFile: expected the path of a file, got ${kindOf(schemaFile)}.`)
  if (references !== undefined && !isReferenceList(references))
    problem('references: expected a list of { name, subject, version }, got something else.')
  if (config === undefined) return
  checkConfig(config, problem)
  const beside = names.filter(name => (others as Readonly<Record<string, unknown>>)[name] !== undefined)
  if (beside.length > 0) problem(`${beside.join(', ')}: expected in the configuration, got it beside config.`)
}

function isReferenceList(references: unknown): boolean {
  return (
    Array.isArray(references) &&
    references.every(
      reference =>
        typeof reference?.name === 'string' &&
        typeof reference.subject === 'string' &&
        Number.isSafeInteger(reference.version),
    )
  )
}

function readSchema(where: string, file: string | URL): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError([
      `${where}: schemaFile: the file can't be read (${(error as NodeJS.ErrnoException).code ?? 'Error'}).`,
    ])
  }
}

const PACKAGES: Readonly<Record<SchemaType, PackageUserName | undefined>> = {
  AVRO: undefined,
  PROTOBUF: 'protobuf',
  JSON: 'contracts',
}

/**
 * Checks at creation that packages are installed, so that no record fails later.
 * @throws ConfigError naming the packages that are not installed
 */
export function requirePackagesOf(type: SchemaType, registry: 'confluent' | 'glue'): void {
  const user = PACKAGES[type]
  if (user) requirePackages(user)
  if (registry === 'glue') requirePackages('glue')
}

/** Warns only about settings of registries: the producer itself warns about the others. */
function warnOfRegistries(text: string): void {
  if (text.startsWith('schema.registry.')) emitWarning(text)
}
