// The schemas of one codec that are compiled: one per subject and configuration, for the container's life. Of too
// many, those used longest ago go, and are compiled again when they are needed.
import type { ProducerConfig } from '../config/settings.ts'
import { SerializationError } from '../errors.ts'
import type { CodecContext } from '../serialize/value-codec.ts'
import { noFaultOfTheRecord } from './no-fault-of-the-record.ts'
import { RecentlyUsed } from './recently-used.ts'
import { registryOf } from './registries.ts'
import type { ReadySchema } from './registry-codec.ts'
import type { RegistryCodecParts } from './registry-codec-options.ts'
import type { SchemaEncoder } from './schema-format.ts'
import { type RegisteredSchema, type SchemaSelection, type SchemaType, textLength } from './schema-registry.ts'

/** Bytes of the compiled schemas that are kept per configuration, about. */
const MAX_KEPT = 64 * 1024 * 1024
/** About what the formats keep, measured: bytes of each schema, and per character of it. */
const KEPT_BYTES: Readonly<Record<SchemaType, { readonly each: number; readonly perCharacter: number }>> = {
  AVRO: { each: 3_000, perCharacter: 5 },
  PROTOBUF: { each: 10_000, perCharacter: 35 },
  JSON: { each: 40_000, perCharacter: 200 },
}

interface Compiled {
  readonly schema: RegisteredSchema
  /** Rejects for a schema that can't be compiled, which is not compiled again. */
  readonly compiling: Promise<ReadySchema>
  ready: ReadySchema | undefined
}

export class ReadySchemas {
  readonly #parts: RegistryCodecParts
  readonly #message: string | undefined
  readonly #maxKept: number
  readonly #byConfig = new WeakMap<ProducerConfig, RecentlyUsed<Compiled>>()
  #pinned: ReadySchema | undefined
  #loadingPinned: Promise<ReadySchema> | undefined

  /** @param maxKept bytes of the compiled schemas per configuration, about. Default: 64 MiB */
  constructor(parts: RegistryCodecParts, message: string | undefined, maxKept = MAX_KEPT) {
    this.#parts = parts
    this.#message = message
    this.#maxKept = maxKept
  }

  /** @returns undefined for one that has to be found first */
  get(subject: string, config: ProducerConfig | undefined): ReadySchema | undefined {
    return this.#pinned ?? (config && this.#byConfig.get(config)?.get(subject)?.ready)
  }

  /** @throws SerializationError of the kind `delivery-failure`, by rejection */
  async find(selection: SchemaSelection, { config, signal }: CodecContext): Promise<ReadySchema> {
    if (this.#parts.pinned) return this.#loadPinned()
    if (!config) throw noRegistry()
    const registry = await registryOf(config, this.#parts.open)
    const schema = await registry.find(selection, signal).catch(noFaultOfTheRecord('schema-registry'))
    const ofConfig = this.#byConfig.get(config) ?? new RecentlyUsed<Compiled>(this.#maxKept)
    this.#byConfig.set(config, ofConfig)
    const kept = ofConfig.get(selection.subject)
    if (kept?.schema === schema) return kept.compiling
    const compiled = this.#compile(schema)
    ofConfig.set(selection.subject, compiled, sizeOf(schema))
    return compiled.compiling
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

  #compile(schema: RegisteredSchema): Compiled {
    const compiling = loaded(async () => ({ id: schema.id, encoder: await this.#encoderOf(schema) }))
    const compiled: Compiled = { schema, compiling, ready: undefined }
    const onReady = (ready: ReadySchema) => {
      compiled.ready = ready
    }
    // Whoever waits for it gets the error.
    compiling.then(onReady, () => undefined)
    return compiled
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

function sizeOf(schema: RegisteredSchema): number {
  const { each, perCharacter } = KEPT_BYTES[schema.type]
  return each + perCharacter * textLength(schema)
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
