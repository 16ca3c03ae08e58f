// Known topics, partitions and leaders. One request at a time, for all topics in use; a topic's error is its own.
import { TransportError } from '../errors.ts'
import { backoff } from '../time/backoff.ts'
import { type Clock, elapsedSince, type Moment, moment, sleep } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { topicFailureCode, transportError } from '../transport/error-codes.ts'
import type { KafkaClient, PartitionMetadata, TopicMetadata } from '../transport/kafka-client.ts'

const REQUEST_MS = 5000
/** A topic that got no record for this long is no longer requested (Java: `metadata.max.idle.ms`). */
const TOPIC_IDLE_MS = 300_000
/** After this many answers in a row with an older epoch or fewer partitions, the topic counts as recreated. */
const BELIEVE_AFTER = 5

/** A topic without leaders delays requests for the other topics as much as this many failures do, and no more. */
const UNHEALTHY_FAILURES = 2

interface CachedTopic {
  lastUse: Moment
  error: string | null
  count: number
  contradicted: number
  readonly partitions: Map<number, PartitionMetadata>
}

export interface MetadataOptions {
  readonly maxAgeMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly clock: Clock
  /** Called after every request: the Sender looks for batches that can leave now. */
  readonly onChange: () => void
  /** Records wait for an answer. Without them a failed request is not repeated. */
  readonly isWanted: () => boolean
}

export class ProducerMetadata {
  readonly #client: KafkaClient
  readonly #options: MetadataOptions
  readonly #topics = new Map<string, CachedTopic>()
  readonly #waiters = new Set<() => void>()
  #requested = 0
  #answered = 0
  #request: Promise<void> | undefined
  #failures = 0
  #requestedAt = Number.NEGATIVE_INFINITY
  #lastError: TransportError | undefined
  #answeredAt: Moment | undefined
  #closed = false
  refreshes = 0
  #clusterId: string | null = null

  constructor(client: KafkaClient, options: MetadataOptions) {
    this.#client = client
    this.#options = options
  }

  /** Of the cluster that answered last; null where no broker said. */
  get clusterId(): string | null {
    return this.#clusterId
  }

  leader(topic: string, partition: number): number | undefined {
    const leader = this.#topics.get(topic)?.partitions.get(partition)?.leader
    return leader === undefined || leader < 0 ? undefined : leader
  }

  /** @returns a ticket: `isAsNewAs(ticket)` is true once a request made after this call is answered */
  requestRefresh(): number {
    this.#requested = Math.max(this.#requested, this.#answered + (this.#request ? 2 : 1))
    this.#startRequest()
    return this.#requested
  }

  /** Repeats the request if the last one did not answer what was requested. */
  pursue(): void {
    this.#startRequest()
  }

  isAsNewAs(ticket: number): boolean {
    return this.#answered >= ticket
  }

  refreshIfOld(): void {
    if (this.#answeredAt && elapsedSince(this.#options.clock, this.#answeredAt) > this.#options.maxAgeMs)
      this.requestRefresh()
  }

  /**
   * The topic's partition count and its partitions with a leader; waits for them until the deadline (`max.block.ms`).
   * @throws TransportError `topic-not-on-cluster`, or what kept every broker from answering
   */
  async forTopic(
    topic: string,
    deadline: Deadline,
    atLeast = 0,
  ): Promise<{ count: number; available: readonly number[] }> {
    const { clock } = this.#options
    const cached = this.#use(topic)
    while (cached.count === 0 || !this.isAsNewAs(atLeast)) {
      if (this.#closed) throw new TransportError('unavailable', 'The producer is closed.')
      if (deadline.passed) throw this.#whyUnknown(topic, cached)
      this.requestRefresh()
      await this.#nextAnswer(clock, deadline)
      // Waiting does not fix this.
      if (cached.count === 0 && cached.error === 'TOPIC_AUTHORIZATION_FAILED') throw this.#whyUnknown(topic, cached)
      if (cached.count === 0) this.#throwIfFatal()
    }
    return {
      count: cached.count,
      available: [...cached.partitions.values()].filter(p => p.leader >= 0).map(p => p.partition),
    }
  }

  /** Resolves once any broker has answered. @throws TransportError why none did before the deadline */
  async reach(deadline: Deadline): Promise<void> {
    const ticket = this.requestRefresh()
    while (!this.isAsNewAs(ticket)) {
      if (deadline.passed)
        throw (
          this.#lastError ??
          transportError('UNREACHABLE', 'No broker answered before the deadline.', { retriable: true })
        )
      await this.#nextAnswer(this.#options.clock, deadline)
      this.#throwIfFatal()
    }
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  #throwIfFatal(): void {
    if (this.#lastError && !this.#lastError.retriable) throw this.#lastError
  }

  #use(topic: string): CachedTopic {
    let cached = this.#topics.get(topic)
    if (!cached) {
      cached = { lastUse: moment(this.#options.clock), error: null, count: 0, contradicted: 0, partitions: new Map() }
      this.#topics.set(topic, cached)
    }
    cached.lastUse = moment(this.#options.clock)
    return cached
  }

  #whyUnknown(topic: string, cached: CachedTopic): TransportError {
    if (cached.error === 'TOPIC_AUTHORIZATION_FAILED')
      return new TransportError(
        topicFailureCode(cached.error),
        `The producer may not describe the topic ${topic}: expected an ACL for WRITE on it ` +
          '(MSK: kafka-cluster:DescribeTopic and WriteData).',
        { causeCode: cached.error },
      )
    if (cached.error !== null)
      return new TransportError(
        topicFailureCode(cached.error),
        `The cluster has no topic ${topic} (${cached.error}).`,
        {
          causeCode: cached.error,
          retriable: true,
        },
      )
    return new TransportError('unreachable', 'No broker returned metadata for the topic before the deadline.', {
      causeCode: this.#lastError?.causeCode ?? null,
      retriable: true,
      cause: this.#lastError,
    })
  }

  #startRequest(): void {
    if (this.#request || this.#closed || this.#answered >= this.#requested) return
    this.#request = this.#requestOnce().finally(() => {
      this.#request = undefined
      this.#wake()
      this.#options.onChange()
      if (this.#waiters.size > 0 || this.#options.isWanted()) this.#startRequest()
    })
  }

  async #requestOnce(): Promise<void> {
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#options
    const sinceLast = clock.now() - this.#requestedAt
    const interval = this.#failures > 0 ? backoff(this.#failures, retryBackoffMs, retryBackoffMaxMs) : 0
    if (sinceLast < interval) await sleep(clock, interval - sinceLast)
    if (this.#closed) return
    this.#requestedAt = clock.now()
    const topics = this.#topicsInUse()
    this.refreshes++
    try {
      const cluster = await this.#client.metadata(topics, Deadline.after(clock, REQUEST_MS))
      if (cluster.clusterId) this.#clusterId = cluster.clusterId
      for (const topic of cluster.topics) this.#learn(topic)
      const healthy = topics.every(name => this.#isHealthy(name))
      this.#failures = healthy ? 0 : Math.min(this.#failures + 1, UNHEALTHY_FAILURES)
      this.#answeredAt = moment(clock)
      this.#lastError = undefined
      this.#answered++
    } catch (error) {
      this.#failures++
      this.#lastError =
        error instanceof TransportError
          ? error
          : transportError('UNREACHABLE', 'No broker answered a metadata request.', { retriable: true, cause: error })
    }
  }

  /** Every partition has a leader: another request soon would gain nothing. */
  #isHealthy(name: string): boolean {
    const cached = this.#topics.get(name)
    return cached !== undefined && cached.count > 0 && [...cached.partitions.values()].every(p => p.leader >= 0)
  }

  #topicsInUse(): string[] {
    for (const [name, { lastUse }] of this.#topics)
      if (elapsedSince(this.#options.clock, lastUse) > TOPIC_IDLE_MS) this.#topics.delete(name)
    return [...this.#topics.keys()]
  }

  #learn(answer: TopicMetadata): void {
    const cached = this.#topics.get(answer.topic)
    if (!cached) return
    cached.error = answer.error
    if (answer.error !== null) return
    const older = answer.partitions.some(p => p.leaderEpoch < (cached.partitions.get(p.partition)?.leaderEpoch ?? -1))
    const fewer = answer.partitions.length < cached.count
    cached.contradicted = older || fewer ? cached.contradicted + 1 : 0
    if (cached.contradicted >= BELIEVE_AFTER) {
      cached.partitions.clear()
      cached.count = 0
      cached.contradicted = 0
    }
    cached.count = Math.max(cached.count, answer.partitions.length)
    for (const p of answer.partitions)
      if (p.leaderEpoch >= (cached.partitions.get(p.partition)?.leaderEpoch ?? -1))
        cached.partitions.set(p.partition, p)
  }

  #nextAnswer(clock: Clock, deadline: Deadline): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        clock.clearTimeout(timer)
        this.#waiters.delete(done)
        resolve()
      }
      const timer = clock.setTimeout(done, Math.max(1, deadline.remaining))
      this.#waiters.add(done)
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake()
  }
}
