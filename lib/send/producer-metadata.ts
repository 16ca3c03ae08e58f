// Known topics, partitions and leaders, and the calls that wait for them (Java: ProducerMetadata).
import { TransportError } from '../errors.ts'
import type { TopicPartitions } from '../partition/partitioner.ts'
import { type Clock, elapsedSince, type Moment, moment } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { transportError } from '../transport/error-codes.ts'
import type { Cluster, CurrentLeader, KafkaClient, PartitionMetadata } from '../transport/kafka-client.ts'
import { AnswerWaiters } from './answer-waiters.ts'
import type { LeaderPreference } from './leader-preference.ts'
import { MetadataRequests, type MetadataSubject } from './metadata-requests.ts'
import { KnownTopic } from './topic-metadata.ts'

/** A topic that got no record for this long is no longer requested, ms (Java: `metadata.max.idle.ms`). */
const TOPIC_IDLE_MS = 300_000

export interface MetadataOptions {
  readonly maxAgeMs: number
  /** How long records wait for a partition that the topic may get (`max.block.ms`). */
  readonly maxBlockMs: number
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly clock: Clock
  readonly preference: LeaderPreference
  /** Called after every request, so that the Sender checks which batches can be sent now. */
  readonly onChange: () => void
  /** Called when the brokers turn out to be those of another cluster. `clusterId` is then still the former one. */
  readonly onOtherCluster: () => void
  /**
   * Called when a topic's partitions may have other logs than before, because it was created anew or not requested for
   * long.
   */
  readonly onNewLogs: (topic: string) => void
  /** Whether records of the topic wait. It is then in use, however long ago its last call was. */
  readonly hasRecords: (topic: string) => boolean
}

export class ProducerMetadata {
  readonly #options: MetadataOptions
  readonly #requests: MetadataRequests<KnownTopic>
  readonly #topics = new Map<string, KnownTopic>()
  readonly #waiters: AnswerWaiters
  /** When all topics were last requested. */
  #refreshedAt: Moment | undefined
  /** When all topics were requested before the refresh that is in progress. */
  #refreshedBefore: Moment | undefined
  #isClosed = false
  #clusterId: string | null = null

  constructor(client: KafkaClient, options: MetadataOptions) {
    this.#options = options
    this.#waiters = new AnswerWaiters(options.clock)
    this.#requests = new MetadataRequests(client, {
      ...options,
      requestMs: options.connectTimeoutMs + options.requestTimeoutMs,
      topics: () => this.#topicsInUse(),
      isInUse: topic => this.#isInUse(topic),
      isWanted: topic => topic.waiting > 0 || options.hasRecords(topic.name),
      onAnswer: cluster => this.#onAnswer(cluster),
      onEnd: cluster => this.#onEnd(cluster),
    })
  }

  /** The id of the cluster that answered last; null if no broker reported one. */
  get clusterId(): string | null {
    return this.#clusterId
  }

  /** The number of metadata requests so far. */
  get refreshes(): number {
    return this.#requests.count
  }

  leader(topic: string, partition: number): PartitionMetadata | undefined {
    return this.#topics.get(topic)?.leader(partition)
  }

  /** Whether the partition no longer exists, because the topic was created anew with fewer partitions. */
  isGone(topic: string, partition: number): boolean {
    return this.#topics.get(topic)?.isGone(partition) === true
  }

  /** Whether the cluster does not have the topic, according to the last answer. */
  isMissing(topic: string): boolean {
    return this.#topics.get(topic)?.error === 'UNKNOWN_TOPIC_OR_PARTITION'
  }

  /** @returns whether the leader that a broker named instead of itself is newer than the known one (KIP-951) */
  learnLeader(topic: string, partition: number, leader: CurrentLeader): boolean {
    return this.#topics.get(topic)?.learnLeader(partition, leader) === true
  }

  /**
   * Requests metadata.
   * @returns a ticket: `isAsNewAs(topic, ticket)` is true once a request that begins after this call is answered
   */
  requestRefresh(topic: string): number {
    return this.#requests.need(this.#topicNamed(topic))
  }

  /** Requests metadata again if the ticket has no answer yet. */
  pursue(topic: string, ticket: number): void {
    this.#requests.pursue(this.#topicNamed(topic), ticket)
  }

  isAsNewAs(topic: string, ticket: number): boolean {
    return ticket === 0 || this.#topicNamed(topic).answered >= ticket
  }

  /** Requests all topics in use. */
  refresh(): void {
    this.#requests.refresh()
  }

  /** Requests all topics in use after `metadata.max.age.ms`. Call it while records wait. */
  refreshIfOld(): void {
    const { clock, maxAgeMs } = this.#options
    if (!this.#refreshedAt || elapsedSince(clock, this.#refreshedAt) <= maxAgeMs) return
    this.#refreshedBefore = this.#refreshedAt
    this.#refreshedAt = moment(clock)
    this.#requests.refresh()
  }

  /**
   * Returns the topic's partitions as known now, with the count 0 if they are unknown. The topic counts as in use from
   * now on.
   */
  partitionsOf(topic: string): TopicPartitions {
    return this.#use(topic).partitions
  }

  /**
   * Returns the topic's partition count and its partitions with a leader, and waits for them until the deadline
   * (`max.block.ms`).
   * @throws TransportError `topic-not-on-cluster`, or what kept every broker from answering
   */
  async forTopic(topic: string, deadline: Deadline): Promise<TopicPartitions> {
    const knownTopic = this.#use(topic)
    await this.#waitFor(
      knownTopic,
      () => knownTopic.count > 0 || knownTopic.error === 'TOPIC_AUTHORIZATION_FAILED',
      deadline,
    )
    if (knownTopic.count === 0) throw knownTopic.whyUnknown(this.#requests.lastError, this.#options.maxBlockMs)
    return knownTopic.partitions
  }

  /**
   * Returns the topic's partitions for a record of a partition beyond the known count, because the topic may just have
   * got it. Waits for it until the deadline, but only once per topic and `metadata.max.age.ms`; in between, one answer
   * decides.
   * @throws TransportError if no broker answered
   */
  async withPartition(topic: string, partition: number, deadline: Deadline): Promise<TopicPartitions> {
    const knownTopic = this.#use(topic)
    const ticket = this.requestRefresh(topic)
    const until = this.#growthDeadline(knownTopic, deadline)
    const isAnswered = () => knownTopic.answered >= ticket
    await this.#waitFor(
      knownTopic,
      () => partition < knownTopic.count || (isAnswered() && until.passed),
      deadline,
      until,
    )
    if (!isAnswered() && partition >= knownTopic.count)
      throw knownTopic.whyUnknown(this.#requests.lastError, this.#options.maxBlockMs)
    return knownTopic.partitions
  }

  /**
   * Resolves once any broker has answered.
   * @throws TransportError that says why none did before the deadline
   */
  async reach(deadline: Deadline): Promise<void> {
    const { anyBroker } = this.#requests
    const ticket = anyBroker.waiting > 0 ? anyBroker.needed : this.#requests.need(anyBroker)
    await this.#waitFor(anyBroker, () => anyBroker.answered >= ticket, deadline)
    if (anyBroker.answered < ticket)
      throw (
        this.#requests.lastError ??
        transportError('UNREACHABLE', 'No broker answered before the deadline.', { retriable: true })
      )
  }

  close(): void {
    this.#isClosed = true
    this.#requests.close()
    this.#waiters.wake()
  }

  #topicNamed(name: string): KnownTopic {
    let knownTopic = this.#topics.get(name)
    if (!knownTopic) {
      knownTopic = new KnownTopic(name, moment(this.#options.clock), this.#options.preference, () =>
        this.#options.onNewLogs(name),
      )
      this.#topics.set(name, knownTopic)
    }
    return knownTopic
  }

  #use(name: string): KnownTopic {
    const knownTopic = this.#topicNamed(name)
    knownTopic.lastUse = moment(this.#options.clock)
    return knownTopic
  }

  *#topicsInUse(): Iterable<KnownTopic> {
    for (const knownTopic of this.#topics.values())
      if (this.#isInUse(knownTopic)) yield knownTopic
      else {
        this.#topics.delete(knownTopic.name)
        knownTopic.needed = knownTopic.answered
        knownTopic.forget()
      }
  }

  #isInUse({ name, lastUse, waiting }: KnownTopic): boolean {
    const { clock, hasRecords } = this.#options
    return elapsedSince(clock, lastUse) <= TOPIC_IDLE_MS || waiting > 0 || hasRecords(name)
  }

  /**
   * Returns when the wait for more partitions ends. All calls share one wait; the next one begins after
   * `metadata.max.age.ms`.
   */
  #growthDeadline(knownTopic: KnownTopic, deadline: Deadline): Deadline {
    const { clock, maxBlockMs, maxAgeMs } = this.#options
    const now = clock.now()
    if (knownTopic.beyondSince === undefined || now - knownTopic.beyondSince > maxBlockMs + maxAgeMs)
      knownTopic.beyondSince = now
    return deadline.limitedTo(knownTopic.beyondSince + maxBlockMs - now)
  }

  /**
   * Waits until `isDone`, or the deadline, and requests metadata meanwhile.
   * @param until a moment at which `isDone` changes without an answer
   * @throws TransportError if waiting does not help, because the producer is closed or the brokers refuse it
   */
  async #waitFor(subject: MetadataSubject, isDone: () => boolean, deadline: Deadline, until = deadline): Promise<void> {
    subject.waiting++
    try {
      while (!isDone() && !deadline.passed) {
        if (this.#isClosed) throw new TransportError('unavailable', 'The producer is closed.')
        // A request in progress is enough; if a caller needs a later one, it has requested that.
        if (!subject.isRequested && subject.needed <= subject.answered) this.#requests.need(subject)
        await this.#waiters.wait(until.passed ? deadline : until)
        const { lastError } = this.#requests
        if (lastError && !lastError.retriable && !isDone()) throw lastError
      }
    } finally {
      subject.waiting--
    }
  }

  /** Checks whether the brokers are those of another cluster. An answer without an id does not say. */
  #onAnswer({ clusterId, racks }: Cluster): void {
    this.#options.preference.learnRacks(racks)
    if (!clusterId || clusterId === this.#clusterId) return
    if (this.#clusterId !== null) {
      this.#options.onOtherCluster()
      for (const topic of this.#topics.values()) topic.leaveCluster()
    }
    this.#clusterId = clusterId
  }

  #onEnd(cluster: Cluster | undefined): void {
    if (cluster) this.#refreshedAt ??= moment(this.#options.clock)
    else this.#refreshedAt = this.#refreshedBefore ?? this.#refreshedAt
    this.#refreshedBefore = undefined
    this.#waiters.wake()
    this.#options.onChange()
  }
}
