// The producer id (InitProducerId): one per producer, requested once and again only when its epochs are used up, or of
// another cluster.
import { TransportError } from '../errors.ts'
import { backoff } from '../time/backoff.ts'
import { type Clock, sleep } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { transportError } from '../transport/error-codes.ts'
import type { KafkaClient, ProducerIdAndEpoch } from '../transport/kafka-client.ts'

export interface IdentityOptions {
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly clock: Clock
  /** Called when a request for an id has ended. */
  readonly onChange: () => void
  /** Called when a broker is not one of the cluster that metadata named: metadata has to be requested again. */
  readonly onOtherCluster: () => void
  /** Records wait for the id. Without them a failed request is not repeated. */
  readonly isWanted: () => boolean
}

export class ProducerIdentity {
  readonly #client: KafkaClient
  readonly #options: IdentityOptions
  #current: ProducerIdAndEpoch | undefined
  #request: Promise<void> | undefined
  #failure: TransportError | undefined
  /** Counts the clusters. */
  #cluster = 0
  /** Ids received. More than one: the epochs of an id were used up. */
  count = 0

  constructor(client: KafkaClient, options: IdentityOptions) {
    this.#client = client
    this.#options = options
  }

  get current(): ProducerIdAndEpoch | undefined {
    return this.#current
  }

  /** Returns an error that a retry would not fix (authorization, an old broker), once. Requests then start again. */
  takeFatal(): TransportError | undefined {
    const failure = this.#failure
    this.#failure = undefined
    return failure
  }

  /** A partition has used up the id's epochs: partitions that need an id from now on get a new one. */
  retire(): void {
    this.#current = undefined
  }

  /** The brokers are another cluster: ids of the former one mean nothing there. */
  leaveCluster(): void {
    this.#cluster++
    this.#current = undefined
  }

  /** Requests an id, unless a request is under way. Never rejects. */
  request(): Promise<void> {
    this.#request ??= this.#requestWithRetries().finally(() => {
      this.#request = undefined
      this.#options.onChange()
    })
    return this.#request
  }

  async #requestWithRetries(): Promise<void> {
    const { clock, requestTimeoutMs, connectTimeoutMs, retryBackoffMs, retryBackoffMaxMs } = this.#options
    for (let failures = 0; ; failures++) {
      try {
        const cluster = this.#cluster
        const id = await this.#client.initProducerId(Deadline.after(clock, connectTimeoutMs + requestTimeoutMs))
        if (cluster !== this.#cluster) continue
        this.#current = id
        this.count++
        return
      } catch (error) {
        const failure =
          error instanceof TransportError
            ? error
            : transportError('UNREACHABLE', 'No broker gave a producer id.', { retriable: true, cause: error })
        if (!failure.retriable) {
          this.#failure = failure
          return
        }
        if (failure.causeCode === 'OTHER_CLUSTER') this.#options.onOtherCluster()
        await sleep(clock, backoff(failures, retryBackoffMs, retryBackoffMaxMs))
        if (!this.#options.isWanted()) return
      }
    }
  }
}
