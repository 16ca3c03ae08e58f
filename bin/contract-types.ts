// contracts types: prints a TypeScript type per topic, derived from the schema of its values.
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contract } from '../lib/contracts/contract.ts'
import { loadContracts, readContractFiles } from '../lib/contracts/load-contracts.ts'
import { isJsonObject, parseJson } from '../lib/record/json-object.ts'
import { avroToTypeScript } from '../lib/schema-registry/avro/avro-to-typescript.ts'
import { codecParts } from '../lib/schema-registry/codec-parts.ts'
import { protobufToTypeScript } from '../lib/schema-registry/protobuf/protobuf-to-typescript.ts'
import { registryOf } from '../lib/schema-registry/registries.ts'
import { RegistryCodec } from '../lib/schema-registry/registry-codec.ts'
import { type RegistryFormatName, SCHEMA_TYPES } from '../lib/schema-registry/registry-codec-options.ts'
import type { RegisteredSchema } from '../lib/schema-registry/schema-registry.ts'
import { configuration, environment, exportAwsVariables } from './environment.ts'

/** Milliseconds for the schema of one topic. */
const FIND_MS = 15_000

type SchemaText = Pick<RegisteredSchema, 'text' | 'imports'>

/**
 * Prints the types.
 * @throws ConfigError, SerializationError for a schema that its registry does not have or that can't be read
 */
export async function printContractTypes(folder: string): Promise<void> {
  const contracts = await loadContracts(folder)
  for (const { topic, json } of readContractFiles(folder)) {
    const name = topic.replaceAll(/(?:^|[^A-Za-z0-9]+)(.)/g, (_, next: string) => next.toUpperCase())
    const { codec } = (contracts.get(topic) as Contract).value
    const text =
      codec instanceof RegistryCodec
        ? await OF_FORMAT[codec.options.format](name, topic, await schemaOf(codec, topic), codec.options.message)
        : await ofJsonSchema(name, topic, json.value?.schema)
    process.stdout.write(`${text}\n`)
  }
}

type TypeOf = (name: string, topic: string, schema: SchemaText, message?: string) => Promise<string> | string

const OF_FORMAT: Readonly<Record<RegistryFormatName, TypeOf>> = {
  avro: (name, topic, schema) => `${banner(topic)}\n${avroToTypeScript(schema, name)}`,
  'json-schema': (name, topic, { text, imports }) =>
    ofJsonSchema(name, topic, imports.size === 0 ? parseJson(text) : undefined),
  protobuf: async (name, topic, schema, message) =>
    `${banner(topic)}\n${await protobufToTypeScript(schema, name, message)}`,
}

async function ofJsonSchema(name: string, topic: string, schema: unknown): Promise<string> {
  if (!isJsonObject(schema)) return unknownType(name)
  const { compile } = await import('json-schema-to-typescript').catch(() => {
    throw new Error(
      'contracts types needs the package json-schema-to-typescript: npm install json-schema-to-typescript',
    )
  })
  const options = { bannerComment: banner(topic), additionalProperties: true }
  return compile({ ...schema, title: name }, name, options)
}

function unknownType(name: string): string {
  return `export type ${name} = unknown\n`
}

function banner(topic: string): string {
  return `/** Topic ${topic}. */`
}

/** Returns the schema of the contract's file, or the one that the registry has; it registers none. */
async function schemaOf(codec: RegistryCodec, topic: string): Promise<SchemaText> {
  const { version } = codec.options
  if (typeof version === 'object' && !version.references?.length) return { text: version.schema, imports: new Map() }
  config ??= await readConfiguration()
  const registry = await registryOf(config, codecParts(codec.options).open)
  const selection = codec.selection({ topic, isKey: false, config })
  const asking = selection.by === 'definition' ? { ...selection, register: false } : selection
  const schema = await registry.find(asking, AbortSignal.timeout(FIND_MS))
  if (schema.type === SCHEMA_TYPES[codec.options.format]) return schema
  throw new Error(`contracts/${topic}.json: expected a schema of ${codec.options.format}, got ${schema.type}.`)
}

let config: ProducerConfig | undefined

function readConfiguration(): Promise<ProducerConfig> {
  const env = environment()
  exportAwsVariables(env)
  return configuration(env, false)
}
