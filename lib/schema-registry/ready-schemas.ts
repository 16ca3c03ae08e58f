// Caches the compiled schemas of one codec, one per subject and configuration, for the container's life. The least
// recently used are dropped above a limit, and compiled again when needed.
import type { ProducerConfig } from '../config/settings.ts'
import { SerializationError } from '../errors.ts'
import type { CodecContext } from '../serialize/value-codec.ts'
import { LruCache } from './lru-cache.ts'
import { registryOf } from './registries.ts'
import type { ReadySchema } from './registry-codec.ts'
import type { RegistryCodecParts } from './registry-codec-options.ts'
import type { SchemaEncoder } from './schema-format.ts'
import { type RegisteredSchema, type SchemaSelection, type SchemaType, textLength } from './schema-registry.ts'
import { toDeliveryFailure } from './to-delivery-failure.ts'

/** The approximate memory of compiled schemas per configuration, bytes. */
const MAX_KEPT = 64 * 1024 * 1024
/** Measured memory of a compiled schema by format: bytes per schema, and per character of its text. */
const KEPT_BYTES: Readonly<Record<SchemaType, { readonly each: number; readonly perCharacter: number }>> = {
  AVRO: { each: 3_000, perCharacter: 5 },
  PROTOBUF: { each: 10_000, perCharacter: 35 },
  JSON: { each: 40_000, perCharacter: 200 },
}

interface Compiled {
  readonly schema: RegisteredSchema
  /** Rejects if the schema can't be compiled; it is not compiled again. */
  readonly compiling: Promise<ReadySchema>
  ready: ReadySchema | undefined
}

export class ReadySchemas {
  readonly #parts: RegistryCodecParts
  readonly #message: string | undefined
  readonly #maxKept: number
  readonly #byConfig = new WeakMap<ProducerConfig, LruCache<Compiled>>()
  #pinned: ReadySchema | undefined
  #loadingPinned: Promise<ReadySchema> | undefined

  /** @param maxKept the approximate memory of compiled schemas per configuration, bytes. Default: 64 MiB */
  constructor(parts: RegistryCodecParts, message: string | undefined, maxKept = MAX_KEPT) {
    this.#parts = parts
    this.#message = message
    this.#maxKept = maxKept
  }

  /** @returns undefined if the schema has to be found first */
  get(subject: string, config: ProducerConfig | undefined): ReadySchema | undefined {
    return this.#pinned ?? (config && this.#byConfig.get(config)?.get(subject)?.ready)
  }

  /** @throws SerializationError of the kind `delivery-failure`, by rejection */
  async find(selection: SchemaSelection, { config, signal }: CodecContext): Promise<ReadySchema> {
    if (this.#parts.pinned) return this.#loadPinned()
    if (!config) throw noRegistry()
    const registry = await registryOf(config, this.#parts.open)
    const schema = await registry.find(selection, signal).catch(toDeliveryFailure('schema-registry'))
    const ofConfig = this.#byConfig.get(config) ?? new LruCache<Compiled>(this.#maxKept)
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
    // The error is ignored here, because callers that wait for it get it.
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

/**
 * If code can't be loaded, e.g. because a package is not installed, the record is not invalid: it is a delivery
 * failure.
 */
async function loaded<T>(load: () => Promise<T>): Promise<T> {
  return load().catch(toDeliveryFailure('schema-unusable'))
}

function noRegistry(): SerializationError {
  return new SerializationError(
    'delivery-failure',
    'schema registry: expected the configuration that says where it is, got none',
    { code: 'schema-registry', retriable: false },
  )
}
