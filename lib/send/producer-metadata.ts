// Known topics, partitions and leaders, and the calls that wait for them. Java: ProducerMetadata.
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

/** A topic that got no record for this long is no longer requested (Java: `metadata.max.idle.ms`). */
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
  /** Called after every request: the Sender looks for batches that can leave now. */
  readonly onChange: () => void
  /** Called when the brokers turn out to be another cluster; `clusterId` is still the former one. */
  readonly onOtherCluster: () => void
  /** Called when a topic's partitions may have other logs than before: it was created anew, or not asked about. */
  readonly onNewLogs: (topic: string) => void
  /** Whether records of the topic wait: then it is in use, however long ago its last call was. */
  readonly hasRecords: (topic: string) => boolean
}

export class ProducerMetadata {
  readonly #options: MetadataOptions
  readonly #requests: MetadataRequests<KnownTopic>
  readonly #topics = new Map<string, KnownTopic>()
  readonly #waiters: AnswerWaiters
  /** When all topics were last requested. */
  #refreshedAt: Moment | undefined
  /** The same before the refresh that is under way. */
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

  /** Of the cluster that answered last; null where no broker said. */
  get clusterId(): string | null {
    return this.#clusterId
  }

  /** Metadata requests so far. */
  get refreshes(): number {
    return this.#requests.count
  }

  leader(topic: string, partition: number): PartitionMetadata | undefined {
    return this.#topics.get(topic)?.leader(partition)
  }

  /** The topic was created anew with fewer partitions, so this one does not exist any more. */
  isGone(topic: string, partition: number): boolean {
    return this.#topics.get(topic)?.isGone(partition) === true
  }

  /** Whether the last answer says that the cluster does not have the topic. */
  isMissing(topic: string): boolean {
    return this.#topics.get(topic)?.error === 'UNKNOWN_TOPIC_OR_PARTITION'
  }

  /** @returns whether the leader that a broker named instead of itself is newer than what is known (KIP-951) */
  learnLeader(topic: string, partition: number, leader: CurrentLeader): boolean {
    return this.#topics.get(topic)?.learnLeader(partition, leader) === true
  }

  /** @returns a ticket: `isAsNewAs(topic, ticket)` is true once a request that begins after this call is answered */
  requestRefresh(topic: string): number {
    return this.#requests.need(this.#known(topic))
  }

  /** Repeats the request if the last one did not answer what the ticket stands for. */
  pursue(topic: string, ticket: number): void {
    this.#requests.pursue(this.#known(topic), ticket)
  }

  isAsNewAs(topic: string, ticket: number): boolean {
    return ticket === 0 || this.#known(topic).answered >= ticket
  }

  /** Requests all topics in use. */
  refresh(): void {
    this.#requests.refresh()
  }

  /** Call it while records wait. */
  refreshIfOld(): void {
    const { clock, maxAgeMs } = this.#options
    if (!this.#refreshedAt || elapsedSince(clock, this.#refreshedAt) <= maxAgeMs) return
    this.#refreshedBefore = this.#refreshedAt
    this.#refreshedAt = moment(clock)
    this.#requests.refresh()
  }

  /** What is known of the topic's partitions now; the count is 0 where nothing is. The topic is in use from now on. */
  partitionsOf(topic: string): TopicPartitions {
    return this.#use(topic).partitions
  }

  /**
   * The topic's partition count and its partitions with a leader; waits for them until the deadline (`max.block.ms`).
   * @throws TransportError `topic-not-on-cluster`, or what kept every broker from answering
   */
  async forTopic(topic: string, deadline: Deadline): Promise<TopicPartitions> {
    const known = this.#use(topic)
    if (known.count > 0) return known.partitions
    await this.#waitFor(known, () => known.count > 0 || known.error === 'TOPIC_AUTHORIZATION_FAILED', deadline)
    if (known.count === 0) throw known.whyUnknown(this.#requests.lastError, this.#options.maxBlockMs)
    return known.partitions
  }

  /**
   * The topic's partitions, for a record of a partition beyond the known count: the topic may just have got it. Waits
   * for it until the deadline, but only once per topic and `metadata.max.age.ms`: meanwhile one answer decides.
   * @throws TransportError when no broker answered
   */
  async withPartition(topic: string, partition: number, deadline: Deadline): Promise<TopicPartitions> {
    const known = this.#use(topic)
    const ticket = this.requestRefresh(topic)
    const until = this.#growthDeadline(known, deadline)
    const isAnswered = () => known.answered >= ticket
    await this.#waitFor(known, () => partition < known.count || (isAnswered() && until.passed), deadline, until)
    if (!isAnswered() && partition >= known.count)
      throw known.whyUnknown(this.#requests.lastError, this.#options.maxBlockMs)
    return known.partitions
  }

  /** Resolves once any broker has answered. @throws TransportError why none did before the deadline */
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

  #known(name: string): KnownTopic {
    let known = this.#topics.get(name)
    if (!known) {
      known = new KnownTopic(name, moment(this.#options.clock), this.#options.preference, () =>
        this.#options.onNewLogs(name),
      )
      this.#topics.set(name, known)
    }
    return known
  }

  #use(name: string): KnownTopic {
    const known = this.#known(name)
    known.lastUse = moment(this.#options.clock)
    return known
  }

  *#topicsInUse(): Iterable<KnownTopic> {
    for (const known of this.#topics.values())
      if (this.#isInUse(known)) yield known
      else {
        this.#topics.delete(known.name)
        known.needed = known.answered
        known.forget()
      }
  }

  #isInUse({ name, lastUse, waiting }: KnownTopic): boolean {
    const { clock, hasRecords } = this.#options
    return elapsedSince(clock, lastUse) <= TOPIC_IDLE_MS || waiting > 0 || hasRecords(name)
  }

  /** When the wait for more partitions ends. All calls share one; the next begins after `metadata.max.age.ms`. */
  #growthDeadline(known: KnownTopic, deadline: Deadline): Deadline {
    const { clock, maxBlockMs, maxAgeMs } = this.#options
    const now = clock.now()
    if (known.beyondSince === undefined || now - known.beyondSince > maxBlockMs + maxAgeMs) known.beyondSince = now
    return deadline.limitedTo(known.beyondSince + maxBlockMs - now)
  }

  /**
   * Returns when `isDone`, or at the deadline; requests metadata meanwhile.
   * @param until a moment at which `isDone` changes without an answer
   * @throws TransportError when waiting does not help: the producer is closed, or the brokers refuse it
   */
  async #waitFor(subject: MetadataSubject, isDone: () => boolean, deadline: Deadline, until = deadline): Promise<void> {
    subject.waiting++
    try {
      while (!isDone() && !deadline.passed) {
        if (this.#isClosed) throw new TransportError('unavailable', 'The producer is closed.')
        // A request that is under way will do; where it will not, the caller has asked for a later one.
        if (!subject.isRequested && subject.needed <= subject.answered) this.#requests.need(subject)
        await this.#waiters.wait(until.passed ? deadline : until)
        const { lastError } = this.#requests
        if (lastError && !lastError.retriable && !isDone()) throw lastError
      }
    } finally {
      subject.waiting--
    }
  }

  /** Without an id an answer says nothing about the cluster. */
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
