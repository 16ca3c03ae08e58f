// What the brokers said of one topic. They learn of changes at different times, so an answer that contradicts what is
// known counts only when several in a row agree. An id that the topic never had is no contradiction: the topic was
// created anew.
import { TransportError } from '../errors.ts'
import type { TopicPartitions } from '../partition/partitioner.ts'
import type { Moment } from '../time/clock.ts'
import { topicFailureCode } from '../transport/error-codes.ts'
import type { CurrentLeader, PartitionMetadata, TopicMetadata } from '../transport/kafka-client.ts'
import type { LeaderPreference } from './leader-preference.ts'
import { MetadataSubject } from './metadata-requests.ts'

/** After this many answers in a row with an older epoch, with fewer partitions or without the topic, they are right. */
const BELIEVE_AFTER = 5

export class KnownTopic extends MetadataSubject {
  readonly name: string
  lastUse: Moment
  /** When a record was first for a partition beyond the count (monotonic), while the topic has not grown since. */
  beyondSince: number | undefined
  /** Kafka's name of the error in the last answer, or null. */
  error: string | null = null
  readonly #onNewLogs: () => void
  readonly #partitions = new Map<number, PartitionMetadata>()
  #topicId: string | null = null
  /** The ids that the topic had before: only brokers that are behind still name them. */
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

  /** The number of partitions; 0 while the topic is not known. */
  get count(): number {
    return this.#count
  }

  /** A view for partitioners, made once per change: many partitions may change before somebody looks. */
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

  /** The last answer contradicts what is known. */
  get isContradicted(): boolean {
    return this.#contradictions > 0
  }

  /** Undefined while the partition has no leader. */
  leader(partition: number): PartitionMetadata | undefined {
    const known = this.#partitions.get(partition)
    return known && known.leader >= 0 ? known : undefined
  }

  /** The topic exists, but without this partition: it was created anew with fewer. */
  isGone(partition: number): boolean {
    return this.#count > 0 && partition >= this.#count
  }

  /** @returns whether the answer says something new: a newer leader, another count, or that the topic is not there */
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
   * A broker that does not lead the partition named its leader (KIP-951).
   * @returns whether this is newer than what is known
   */
  learnLeader(partition: number, { leader, leaderEpoch }: CurrentLeader): boolean {
    const known = this.#partitions.get(partition)
    if (!known || leader < 0 || leaderEpoch <= known.leaderEpoch) return false
    this.#partitions.set(partition, { ...known, leader, leaderEpoch })
    this.#view = undefined
    return true
  }

  /**
   * @param lastError why the last request failed, if it did
   * @param maxBlockMs how long the wait may have been
   */
  whyUnknown(lastError: TransportError | undefined, maxBlockMs: number): TransportError {
    const { name, error } = this
    if (error === 'TOPIC_AUTHORIZATION_FAILED')
      return new TransportError(
        topicFailureCode(error),
        `The producer may not describe the topic ${name}: expected an ACL for WRITE on it ` +
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
    const known = this.#partitions.get(partition)
    return leader >= 0 && (known === undefined || leaderEpoch > known.leaderEpoch || leader !== known.leader)
  }

  /** @returns whether the topic had another id so far */
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

  /** Counts a contradiction; forgets what is known if there were enough. */
  #isBelieved(): boolean {
    this.#contradictions++
    if (this.#contradictions < BELIEVE_AFTER) return false
    this.forget()
    return true
  }

  /** The topic of another cluster only has the same name. */
  leaveCluster(): void {
    this.#topicId = null
    this.#formerIds.clear()
    this.error = null
    this.forget()
  }

  /** The topic is another one, or may be. */
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
