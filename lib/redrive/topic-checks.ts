// Checks the topics that records go to: whether they would keep a record, how many partitions they have, and whether
// this run has stopped sending there.
import { type DeadLetter, recordOf } from '../dead-letter/dead-letter.ts'
import { KafkaProducerError } from '../errors.ts'
import { murmur2 } from '../partition/murmur2.ts'
import type { Candidate } from './candidate.ts'
import { olderOfTheirKeys } from './compacted-keys.ts'
import type { RedriveOptions } from './redrive-options.ts'
import { timeOf, topicInDoubt } from './retried-dead-letter.ts'
import { StoppedTopics } from './stopped-topics.ts'
import { TopicFactsCache } from './topic-facts.ts'

export class TopicChecks {
  readonly stoppedTopics = new StoppedTopics()
  readonly #options: RedriveOptions
  readonly #facts: TopicFactsCache | undefined
  /** A promise per topic, so that concurrent look-ups share one request. */
  readonly #partitionCounts = new Map<string, Promise<number | undefined>>()

  constructor(options: RedriveOptions) {
    this.#options = options
    this.#facts = options.log && new TopicFactsCache(options.log)
  }

  /** Loads the settings of a window's topics. @returns the error if no broker answered */
  async load(window: readonly Candidate[]): Promise<KafkaProducerError | undefined> {
    // Records in doubt are looked up where they were sent: that topic may be deleted.
    const topics = window
      .filter(({ keptFor }) => keptFor === undefined)
      .flatMap(({ topic, deadLetter }) =>
        deadLetter.inDoubt === null ? [topic] : [topic, topicInDoubt(deadLetter) as string],
      )
    return this.#facts?.load(topics)
  }

  /** @returns the dead letters with their partitions, and with reasons to keep those that their topics would delete */
  async check(window: readonly Candidate[]): Promise<readonly Candidate[]> {
    const fitting = window.map(candidate => ({ ...candidate, keptFor: candidate.keptFor ?? this.#misfit(candidate) }))
    const checked = this.#newestOfKeys(fitting)
    return this.#options.log ? Promise.all(checked.map(candidate => this.#place(candidate))) : checked
  }

  isMissing(topic: string): boolean {
    return this.#facts?.of(topic).kind === 'missing'
  }

  /** Undefined for a topic that is not compacted. */
  tombstonesKeptMs(topic: string): number | undefined {
    const facts = this.#facts?.of(topic)
    return facts?.kind === 'known' && facts.isCompacted ? facts.tombstonesKeptMs : undefined
  }

  isCompacted(topic: string): boolean {
    const facts = this.#facts?.of(topic)
    return facts?.kind === 'known' && facts.isCompacted
  }

  /** Returns why the topic would not keep the record, or why that is unknown. */
  #misfit({ deadLetter, topic }: Candidate): string | undefined {
    if (!this.#facts) return undefined
    const { assumeRetained, timestamp } = this.#options
    const facts = this.#facts.of(topic)
    if (facts.kind === 'missing') this.stoppedTopics.stop(topic, 'topic-not-on-cluster')
    if (facts.kind === 'unknown') return assumeRetained ? undefined : 'retention-unknown'
    const isTooOld = facts.kind === 'known' && timestamp !== 'now' && isOlder(deadLetter, facts.retentionMs)
    return isTooOld ? 'too-old' : undefined
  }

  /** In compacted topics, keeps the older dead letters of a key: sending one after the newest would replace it. */
  #newestOfKeys(candidates: readonly Candidate[]): readonly Candidate[] {
    if (this.#options.overwrite) return candidates
    const inCompacted = candidates.filter(({ topic, keptFor }) => keptFor === undefined && this.isCompacted(topic))
    const older = olderOfTheirKeys(inCompacted)
    return candidates.map(candidate => (older.has(candidate) ? { ...candidate, keptFor: 'superseded' } : candidate))
  }

  async #place(candidate: Candidate): Promise<Candidate> {
    const { topic, deadLetter, keptFor } = candidate
    if (keptFor !== undefined) return candidate
    const { partition, key } = recordOf(deadLetter)
    // For another topic the partitioner chooses, because the partitions differ.
    if (partition !== null && this.#options.to === undefined) return { ...candidate, partition }
    if (key === null) return candidate
    const count = await this.#partitionCount(topic)
    return count === undefined ? candidate : { ...candidate, partition: (murmur2(key) & 0x7fffffff) % count }
  }

  #partitionCount(topic: string): Promise<number | undefined> | undefined {
    if (this.stoppedTopics.codeOf(topic) !== undefined) return undefined
    const count = this.#partitionCounts.get(topic) ?? this.#askPartitionCount(topic)
    this.#partitionCounts.set(topic, count)
    return count
  }

  async #askPartitionCount(topic: string): Promise<number | undefined> {
    try {
      return await this.#options.log?.partitions(topic)
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      return undefined
    }
  }
}

function isOlder(deadLetter: DeadLetter, retentionMs: number | undefined): boolean {
  return retentionMs !== undefined && Date.now() - timeOf(deadLetter) > retentionMs
}
