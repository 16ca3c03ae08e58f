// The producer id (InitProducerId): one per producer. It is requested once, and again only if its epochs are used up or
// the brokers are those of another cluster.
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
  /** Called when a broker is not of the cluster that metadata named, so that metadata has to be requested again. */
  readonly onOtherCluster: () => void
  /** Whether records wait for the id. If not, a failed request is not repeated. */
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
  /** The number of ids received. More than one: the epochs of an id were used up, or the cluster was another one. */
  count = 0

  constructor(client: KafkaClient, options: IdentityOptions) {
    this.#client = client
    this.#options = options
  }

  get current(): ProducerIdAndEpoch | undefined {
    return this.#current
  }

  /** Returns an error that a retry would not fix (authorization, an old broker), once; requests then start again. */
  takeFatal(): TransportError | undefined {
    const failure = this.#failure
    this.#failure = undefined
    return failure
  }

  /** Call it when a partition has used up the id's epochs: partitions that then need an id get a new one. */
  retire(): void {
    this.#current = undefined
  }

  /** Call it when the brokers are those of another cluster, where ids of the former one are unknown. */
  leaveCluster(): void {
    this.#cluster++
    this.#current = undefined
  }

  /** Requests an id, unless a request is in progress. Never rejects. */
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
            : transportError('UNREACHABLE', 'No broker returned a producer id.', { retriable: true, cause: error })
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
