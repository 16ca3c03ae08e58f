// The schemas of one codec that are compiled: one per subject and configuration, for the container's life.
import type { ProducerConfig } from '../config/settings.ts'
import { SerializationError } from '../errors.ts'
import type { CodecContext } from '../serialize/value-codec.ts'
import { noFaultOfTheRecord } from './no-fault-of-the-record.ts'
import { registryOf } from './registries.ts'
import type { ReadySchema } from './registry-codec.ts'
import type { RegistryCodecParts } from './registry-codec-options.ts'
import type { SchemaEncoder } from './schema-format.ts'
import type { RegisteredSchema, SchemaSelection } from './schema-registry.ts'

type Ready = Map<string, ReadySchema>

export class ReadySchemas {
  readonly #parts: RegistryCodecParts
  readonly #message: string | undefined
  readonly #byConfig = new WeakMap<ProducerConfig, Ready>()
  #pinned: ReadySchema | undefined
  #loadingPinned: Promise<ReadySchema> | undefined
  /** By the schema that the client keeps. A schema that can't be compiled is not compiled again. */
  readonly #compiling = new WeakMap<RegisteredSchema, Promise<ReadySchema>>()

  constructor(parts: RegistryCodecParts, message: string | undefined) {
    this.#parts = parts
    this.#message = message
  }

  /** @returns undefined for one that has to be found first */
  get(subject: string, config: ProducerConfig | undefined): ReadySchema | undefined {
    return this.#pinned ?? (config && this.#byConfig.get(config)?.get(subject))
  }

  /** @throws SerializationError of the kind `delivery-failure`, by rejection */
  async find(selection: SchemaSelection, { config, signal }: CodecContext): Promise<ReadySchema> {
    if (this.#parts.pinned) return this.#loadPinned()
    if (!config) throw noRegistry()
    const registry = await registryOf(config, this.#parts.open)
    const schema = await registry.find(selection, signal).catch(noFaultOfTheRecord('schema-registry'))
    const ready = await this.#compile(schema)
    const ofConfig: Ready = this.#byConfig.get(config) ?? new Map()
    ofConfig.set(selection.subject, ready)
    this.#byConfig.set(config, ofConfig)
    return ready
  }

  async #loadPinned(): Promise<ReadySchema> {
    const { pinned } = this.#parts
    if (!pinned) throw new Error('Expected a pinned schema.')
    this.#loadingPinned ??= loaded(async () => ({ id: pinned.id, encoder: await pinned.load() })).catch(error => {
      this.#loadingPinned = undefined
      throw error
    })
    this.#pinned = await this.#loadingPinned
    return this.#pinned
  }

  #compile(schema: RegisteredSchema): Promise<ReadySchema> {
    let compiling = this.#compiling.get(schema)
    if (!compiling) {
      compiling = loaded(async () => ({ id: schema.id, encoder: await this.#encoderOf(schema) }))
      this.#compiling.set(schema, compiling)
    }
    return compiling
  }

  async #encoderOf(schema: RegisteredSchema): Promise<SchemaEncoder> {
    const parts = this.#parts
    if (parts.pinned) throw new Error('Expected a schema that is not pinned.')
    const format = await parts.loadFormat()
    if (format.type !== schema.type)
      throw new SerializationError('delivery-failure', `schema: expected ${format.type}, got ${schema.type}`, {
        code: 'schema-unusable',
        retriable: false,
      })
    return format.compile(schema, { message: this.#message })
  }
}

/** Code that can't be loaded, e.g. of a package that is not installed, is no fault of the record. */
async function loaded<T>(load: () => Promise<T>): Promise<T> {
  return load().catch(noFaultOfTheRecord('schema-unusable'))
}

function noRegistry(): SerializationError {
  return new SerializationError(
    'delivery-failure',
    'schema registry: expected the configuration that says where it is, got none',
    { code: 'schema-registry', retriable: false },
  )
}
