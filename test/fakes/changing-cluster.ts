// A cluster in memory whose topics and leaders the test changes.
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import type { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import type { Deadline } from '../../lib/time/deadline.ts'
import type {
  Cluster,
  CurrentLeader,
  EncodedBatch,
  MetadataRequestOptions,
  ProduceOutcome,
  ProduceRequest,
} from '../../lib/transport/kafka-client.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'

export const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION'
/** Logs exist also for partitions that a topic gets later. */
const LOGS = 12
const ANSWER_MS = 2

export interface ChangingTopic {
  error?: string
  /** Undefined: the brokers report none, as before Kafka 2.8. */
  topicId?: string
  leaders: number[]
  leaderEpoch: number
}

/** A batch for a broker that does not lead is refused. */
export class ChangingCluster extends ScriptedKafkaClient {
  readonly clock: VirtualClock
  readonly topics: Record<string, ChangingTopic>
  readonly requests: { at: number; topics: readonly string[]; isElsewhere: boolean }[] = []
  /** How long the answer to the n-th metadata request takes, ms. */
  answerMs: (request: number) => number = () => ANSWER_MS
  /** Returns the metadata that the broker has for a topic; it may throw. */
  view: (topic: string, isElsewhere: boolean) => ChangingTopic | undefined = topic => this.topics[topic]
  /** The leader that a broker names when it does not lead the partition (KIP-951). */
  currentLeader: CurrentLeader | undefined
  /** Replaces what a broker answers to a Produce. */
  refusal: ((leader: number) => string | undefined) | undefined

  constructor(clock: VirtualClock, partitions: number) {
    super({ partitions: LOGS, brokers: 2, clock })
    this.clock = clock
    this.topics = { t: { leaders: Array(partitions).fill(0), leaderEpoch: 0 } }
  }

  override async metadata(
    names: readonly string[],
    _deadline?: Deadline,
    { isElsewhere }: MetadataRequestOptions = { isElsewhere: false },
  ): Promise<Cluster> {
    this.requests.push({ at: this.clock.now(), topics: names, isElsewhere })
    await this.#wait(this.answerMs(this.requests.length))
    return {
      topics: names.map(topic => {
        const { error = null, topicId = null, leaders, leaderEpoch } = this.view(topic, isElsewhere) ?? MISSING
        return {
          topic,
          topicId,
          error,
          partitions: error ? [] : leaders.map((leader, partition) => ({ partition, leader, leaderEpoch })),
        }
      }),
    }
  }

  override async produce(
    leader: number,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<ProduceOutcome[]> {
    if (!request.beginWrite()) return batches.map(() => failure('not-sent', 'BATCH_CHANGED', true))
    const refusals = batches.map(batch => this.#refusalOf(leader, batch))
    const accepted = batches.filter((_, index) => refusals[index] === undefined)
    const outcomes = await super.produce(leader, accepted, { ...request, beginWrite: () => true })
    const named = this.currentLeader ? { currentLeader: this.currentLeader } : {}
    return refusals.map(
      code =>
        (code === undefined ? outcomes.shift() : undefined) ?? { ...failure('rejected', code ?? '', true), ...named },
    )
  }

  #refusalOf(leader: number, { topic, partition }: EncodedBatch): string | undefined {
    const { error, leaders } = this.topics[topic] ?? MISSING
    const current = leaders[partition]
    if (current === undefined || error) return UNKNOWN_TOPIC
    return this.refusal?.(leader) ?? (current === leader ? undefined : 'NOT_LEADER_OR_FOLLOWER')
  }

  #wait(ms: number): Promise<void> {
    return new Promise(resolve => void this.clock.setTimeout(resolve, ms))
  }
}

const MISSING: ChangingTopic = { error: UNKNOWN_TOPIC, leaders: [], leaderEpoch: 0 }
