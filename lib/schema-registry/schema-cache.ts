// The cache that the clients of all registries use: a schema is kept for the container's life, concurrent calls for the
// same one share a look-up, and a look-up is retried as long as a caller waits for it.
import { isInstance, SerializationError } from '../errors.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { LruCache } from './lru-cache.ts'
import { SchemaLookup } from './schema-lookup.ts'
import { type RegisteredSchema, type SchemaSelection, textLength } from './schema-registry.ts'
import { selectionKey } from './selection-key.ts'

/**
 * The most characters of cached schemas, about 10,000 schemas of the usual size. The least recently used is dropped
 * first.
 */
const MAX_KEPT = 32 * 1024 * 1024
/** The size of an entry in addition to its texts, in characters. */
const ENTRY_SIZE = 512
/** How long a permanent failure is cached, ms: the next record would get the same response. */
const FAILURE_MS = 5000
const MAX_FAILURES = 1000

export interface SchemaCacheOptions {
  readonly clock?: Clock | undefined
  /** Default: `Math.random`. */
  readonly random?: (() => number) | undefined
  /** The most characters of cached schemas. Default: 32 Mi */
  readonly maxKept?: number | undefined
}

interface Failure {
  readonly error: SerializationError
  readonly until: number
}

export class SchemaCache {
  readonly #schemas: LruCache<RegisteredSchema>
  readonly #failures = new LruCache<Failure>(MAX_FAILURES)
  readonly #lookups = new Map<string, SchemaLookup>()
  readonly #clock: Clock
  readonly #random: () => number

  constructor({ clock = systemClock, random = Math.random, maxKept = MAX_KEPT }: SchemaCacheOptions = {}) {
    this.#clock = clock
    this.#random = random
    this.#schemas = new LruCache(maxKept)
  }

  /**
   * @param signal ends the wait of this caller; when no caller waits any more, the signal of `attempt` is aborted
   * @param attempt sends one request to the registry. After a `retriable` SerializationError it is called again, with a
   * back-off with full jitter
   * @throws SerializationError the error of `attempt`, by rejection; `schema-registry` if `signal` is aborted first
   */
  async find(
    selection: SchemaSelection,
    signal: AbortSignal,
    attempt: (signal: AbortSignal) => Promise<RegisteredSchema>,
  ): Promise<RegisteredSchema> {
    const key = selectionKey(selection)
    const schema = this.#schemas.get(key)
    if (schema) return schema
    const failure = this.#failures.get(key)
    if (failure && this.#clock.now() < failure.until) throw failure.error
    return (this.#lookups.get(key) ?? this.#lookUp(key, attempt)).wait(signal)
  }

  #lookUp(key: string, attempt: (signal: AbortSignal) => Promise<RegisteredSchema>): SchemaLookup {
    const lookup = new SchemaLookup(attempt, {
      clock: this.#clock,
      random: this.#random,
      onFound: schema => this.#keep(key, schema),
      onFailed: error => this.#keepFailure(key, error),
      onEnd: () => this.#lookups.delete(key),
    })
    this.#lookups.set(key, lookup)
    return lookup
  }

  #keep(key: string, schema: RegisteredSchema): void {
    this.#failures.delete(key)
    this.#schemas.set(key, schema, sizeOf(schema))
  }

  #keepFailure(key: string, error: unknown): void {
    if (!isInstance(error, SerializationError)) return
    this.#failures.set(key, { error, until: this.#clock.now() + FAILURE_MS }, 1)
  }
}

function sizeOf(schema: RegisteredSchema): number {
  return ENTRY_SIZE + textLength(schema)
}
