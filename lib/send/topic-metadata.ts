// What the brokers reported about one topic. Brokers learn of changes at different times, so an answer that contradicts
// what is known only counts when several in a row agree. An id that the topic never had counts at once: the topic was
// created anew.
import { TransportError } from '../errors.ts'
import type { TopicPartitions } from '../partition/partitioner.ts'
import type { Moment } from '../time/clock.ts'
import { topicFailureCode } from '../transport/error-codes.ts'
import type { CurrentLeader, PartitionMetadata, TopicMetadata } from '../transport/kafka-client.ts'
import type { LeaderPreference } from './leader-preference.ts'
import { MetadataSubject } from './metadata-requests.ts'

/**
 * After this many answers in a row with an older epoch, with fewer partitions or without the topic, the answers are
 * believed.
 */
const BELIEVE_AFTER = 5

export class KnownTopic extends MetadataSubject {
  readonly name: string
  lastUse: Moment
  /**
   * When a record first named a partition beyond the count (monotonic clock), if the topic has not grown since.
   */
  beyondSince: number | undefined
  /** Kafka's name of the error in the last answer; null if there was none. */
  error: string | null = null
  readonly #onNewLogs: () => void
  readonly #partitions = new Map<number, PartitionMetadata>()
  #topicId: string | null = null
  /** The ids that the topic had before. Only brokers that are behind still report them. */
  readonly #formerIds = new Set<string>()
  #count = 0
  #contradictions = 0
  readonly #preference: LeaderPreference
  #view: TopicPartitions | undefined
  #viewVersion = 0

  /** @param onNewLogs called when the topic turns out to be another one, whose logs begin anew */
  constructor(name: string, lastUse: Moment, preference: LeaderPreference, onNewLogs: () => void) {
    super()
    this.name = name
    this.lastUse = lastUse
    this.#preference = preference
    this.#onNewLogs = onNewLogs
  }

  /** The number of partitions; 0 while the topic is unknown. */
  get count(): number {
    return this.#count
  }

  /** A view for partitioners, created once per change, because many partitions may change before somebody reads it. */
  get partitions(): TopicPartitions {
    const { version } = this.#preference
    if (this.#view && this.#viewVersion === version) return this.#view
    const led = [...this.#partitions.values()].filter(({ leader }) => leader >= 0)
    const preferred = this.#preference.among(led)
    const available = led.map(numberOf)
    this.#view = {
      count: this.#count,
      available,
      preferred: preferred === led ? available : preferred.map(numberOf),
    }
    this.#viewVersion = version
    return this.#view
  }

  /** Whether the last answer contradicts what is known. */
  get isContradicted(): boolean {
    return this.#contradictions > 0
  }

  /** Undefined while the partition has no leader. */
  leader(partition: number): PartitionMetadata | undefined {
    const metadata = this.#partitions.get(partition)
    return metadata && metadata.leader >= 0 ? metadata : undefined
  }

  /** Whether the topic exists without this partition, because it was created anew with fewer partitions. */
  isGone(partition: number): boolean {
    return this.#count > 0 && partition >= this.#count
  }

  /**
   * Takes over a metadata answer.
   * @returns whether it says something new: a newer leader, another count, or that the topic does not exist
   */
  learn({ topicId = null, error, partitions }: TopicMetadata): boolean {
    this.error = error
    if (error !== null) return error === 'UNKNOWN_TOPIC_OR_PARTITION' && this.#count > 0 && this.#isBelieved()
    const isFormer = topicId !== null && this.#formerIds.has(topicId)
    if (isFormer && !this.#isBelieved()) return false
    const hasOtherId = this.#adopt(topicId)
    const isContradiction = partitions.length < this.#count || partitions.some(answer => this.#isOlder(answer))
    const isRecreated = (isContradiction && this.#isBelieved()) || isFormer || hasOtherId
    if (!isContradiction) this.#contradictions = 0
    const isGrown = partitions.length > this.#count
    if (isGrown) {
      this.#count = partitions.length
      this.beyondSince = undefined
    }
    let isNewer = false
    for (const answer of partitions) {
      if (this.#isOlder(answer)) continue
      isNewer ||= this.#isNewer(answer)
      this.#partitions.set(answer.partition, answer)
    }
    this.#view = undefined
    return isRecreated || isGrown || isNewer
  }

  /**
   * Takes over the leader that a broker named because it does not lead the partition itself (KIP-951).
   * @returns whether this leader is newer than the known one
   */
  learnLeader(partition: number, { leader, leaderEpoch }: CurrentLeader): boolean {
    const metadata = this.#partitions.get(partition)
    if (!metadata || leader < 0 || leaderEpoch <= metadata.leaderEpoch) return false
    this.#partitions.set(partition, { ...metadata, leader, leaderEpoch })
    this.#view = undefined
    return true
  }

  /**
   * Returns why the topic is unknown.
   * @param lastError why the last request failed, if it did
   * @param maxBlockMs how long the call may have waited
   */
  whyUnknown(lastError: TransportError | undefined, maxBlockMs: number): TransportError {
    const { name, error } = this
    if (error === 'TOPIC_AUTHORIZATION_FAILED')
      return new TransportError(
        topicFailureCode(error),
        `The brokers refuse to describe topic ${name}: expected an ACL for WRITE on it ` +
          '(MSK: kafka-cluster:DescribeTopic and WriteData).',
        { causeCode: error },
      )
    if (error !== null)
      return new TransportError(topicFailureCode(error), `The cluster has no topic ${name} (${error}).`, {
        causeCode: error,
        retriable: true,
      })
    const isUnasked = maxBlockMs === 0 && lastError === undefined
    return new TransportError(
      isUnasked ? 'deadline' : 'unreachable',
      `No broker returned metadata for the topic within ${maxBlockMs} ms (max.block.ms), or before the deadline.` +
        (lastError ? ` ${lastError.message}` : ''),
      { causeCode: lastError?.causeCode ?? null, retriable: true, cause: lastError },
    )
  }

  #isOlder({ partition, leaderEpoch }: PartitionMetadata): boolean {
    return leaderEpoch < (this.#partitions.get(partition)?.leaderEpoch ?? -1)
  }

  #isNewer({ partition, leader, leaderEpoch }: PartitionMetadata): boolean {
    const metadata = this.#partitions.get(partition)
    return leader >= 0 && (metadata === undefined || leaderEpoch > metadata.leaderEpoch || leader !== metadata.leader)
  }

  /**
   * Takes over the topic's id.
   * @returns whether the topic had another id before
   */
  #adopt(topicId: string | null): boolean {
    const former = this.#topicId
    if (topicId === null || topicId === former) return false
    this.#topicId = topicId
    this.#formerIds.delete(topicId)
    if (former === null) return false
    this.#formerIds.add(former)
    this.forget()
    return true
  }

  /**
   * Counts a contradiction. After enough of them in a row, forgets what is known.
   * @returns whether the answer is now believed
   */
  #isBelieved(): boolean {
    this.#contradictions++
    if (this.#contradictions < BELIEVE_AFTER) return false
    this.forget()
    return true
  }

  /** Forgets everything: on another cluster, only the name of the topic is the same. */
  leaveCluster(): void {
    this.#topicId = null
    this.#formerIds.clear()
    this.error = null
    this.forget()
  }

  /** Forgets the partitions, because the topic is, or may be, another one. */
  forget(): void {
    this.#contradictions = 0
    this.#partitions.clear()
    this.#count = 0
    this.#view = undefined
    this.#onNewLogs()
  }
}

function numberOf({ partition }: PartitionMetadata): number {
  return partition
}
