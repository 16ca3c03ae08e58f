// Reads how long a topic keeps records, and whether it is compacted.
import { KafkaProducerError } from '../errors.ts'

/** Reads the settings of topics. */
export interface TopicSettings {
  /** Returns one entry per topic with a response: its settings, or the brokers' error. */
  settings(
    topics: readonly string[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string | null> | KafkaProducerError>>
}

export type TopicFacts =
  | {
      readonly kind: 'known'
      readonly isCompacted: boolean
      readonly retentionMs: number | undefined
      /** How long a compacted topic keeps tombstones, ms. */
      readonly tombstonesKeptMs: number
    }
  /** There is no permission to read the settings, or no response. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'missing' }

const RETENTION = 'retention.ms'
const TIMESTAMP_TYPE = 'message.timestamp.type'
const CLEANUP = 'cleanup.policy'
const TOMBSTONES = 'delete.retention.ms'
/** Kafka's default, used if the brokers don't return the setting, ms. */
const TOMBSTONES_KEPT_MS = 86_400_000

/** Reads the settings of each topic once. */
export class TopicFactsCache {
  readonly #source: TopicSettings
  readonly #facts = new Map<string, TopicFacts>()

  constructor(source: TopicSettings) {
    this.#source = source
  }

  /**
   * Reads the settings of topics that are not in the cache.
   * @returns the error if no broker answered
   */
  async load(topics: Iterable<string>): Promise<KafkaProducerError | undefined> {
    const unasked = [...new Set(topics)].filter(topic => !this.#facts.has(topic))
    if (unasked.length === 0) return undefined
    try {
      const answers = await this.#source.settings(unasked, [RETENTION, TIMESTAMP_TYPE, CLEANUP, TOMBSTONES])
      for (const topic of unasked) this.#facts.set(topic, factsOf(answers.get(topic)))
      return undefined
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      for (const topic of unasked) this.#facts.set(topic, { kind: 'unknown' })
      return error
    }
  }

  of(topic: string): TopicFacts {
    return this.#facts.get(topic) ?? { kind: 'unknown' }
  }
}

function factsOf(answer: ReadonlyMap<string, string | null> | KafkaProducerError | undefined): TopicFacts {
  if (answer instanceof KafkaProducerError)
    return { kind: answer.code === 'topic-not-on-cluster' ? 'missing' : 'unknown' }
  const retention = Number(answer?.get(RETENTION) ?? Number.NaN)
  const policies = answer?.get(CLEANUP)?.split(',')
  if (!answer || !policies || Number.isNaN(retention)) return { kind: 'unknown' }
  // Retention uses the record's timestamp; with LogAppendTime every record is new. -1 keeps records forever.
  const isByAge = policies.includes('delete') && answer.get(TIMESTAMP_TYPE) !== 'LogAppendTime' && retention >= 0
  return {
    kind: 'known',
    isCompacted: policies.includes('compact'),
    retentionMs: isByAge ? retention : undefined,
    tombstonesKeptMs: Number(answer.get(TOMBSTONES) ?? TOMBSTONES_KEPT_MS),
  }
}
