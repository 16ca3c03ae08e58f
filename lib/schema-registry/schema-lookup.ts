// One look-up of a schema, shared by all callers that need the schema at the same time.
import { isInstance, SerializationError } from '../errors.ts'
import { abortableSleep } from '../time/abortable-sleep.ts'
import { backoff } from '../time/backoff.ts'
import type { Clock } from '../time/clock.ts'
import type { RegisteredSchema } from './schema-registry.ts'

const BACKOFF_MS = 50
const BACKOFF_MAX_MS = 2000

export interface SchemaLookupOptions {
  readonly clock: Clock
  readonly random: () => number
  onFound(schema: RegisteredSchema): void
  /** Called with the failure that ends the look-up, but not if all callers have stopped waiting. */
  onFailed(error: unknown): void
  /** Called once, before the callers get the result: a later caller needs a new look-up. */
  onEnd(): void
}

export class SchemaLookup {
  readonly #options: SchemaLookupOptions
  readonly #controller = new AbortController()
  readonly #answer: Promise<RegisteredSchema>
  #waiting = 0
  #isDone = false
  #lastFailure: SerializationError | undefined

  /** @param attempt as in SchemaCache.find */
  constructor(attempt: (signal: AbortSignal) => Promise<RegisteredSchema>, options: SchemaLookupOptions) {
    this.#options = options
    // Starts in a later microtask: the callbacks must not be called before the caller has this object.
    this.#answer = Promise.resolve().then(() => this.#run(attempt))
    // Prevents an unhandled rejection if no caller waits any more.
    this.#answer.catch(() => undefined)
  }

  /** @throws SerializationError if `signal` is aborted first; the error of the last attempt, if one failed */
  wait(signal: AbortSignal): Promise<RegisteredSchema> {
    this.#waiting++
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting--
        reject(this.#lastFailure ?? noAnswer())
        if (this.#waiting === 0) this.#abandon()
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      this.#answer.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject)
    })
  }

  /** Aborts the running request when no caller waits, so that no request outlives its invocation. */
  #abandon(): void {
    if (this.#isDone) return
    this.#end()
    this.#controller.abort()
  }

  #end(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#options.onEnd()
  }

  async #run(attempt: (signal: AbortSignal) => Promise<RegisteredSchema>): Promise<RegisteredSchema> {
    const { clock, random, onFound, onFailed } = this.#options
    const { signal } = this.#controller
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted()
      try {
        const schema = await attempt(signal)
        onFound(schema)
        this.#end()
        return schema
      } catch (error) {
        if (signal.aborted) throw error
        if (!isInstance(error, SerializationError) || !error.retriable) {
          onFailed(error)
          this.#end()
          throw error
        }
        this.#lastFailure = error
        await abortableSleep(clock, backoff(failures, BACKOFF_MS, BACKOFF_MAX_MS, random), signal)
      }
    }
  }
}

function noAnswer(): SerializationError {
  return new SerializationError(
    'delivery-failure',
    'The schema registry did not answer before the record’s deadline.',
    {
      code: 'schema-registry',
    },
  )
}
