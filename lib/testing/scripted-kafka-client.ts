// A KafkaClient in memory: its partitions follow a broker's rules, and a script decides what happens to each attempt.
import type { Clock } from '../time/clock.ts'
import type {
  Cluster,
  ConnectionStats,
  EncodedBatch,
  KafkaClient,
  ProduceOutcome,
  ProduceRequest,
  ProducerIdAndEpoch,
} from '../transport/kafka-client.ts'
import { failure, outcomeOf } from '../transport/produce-outcome.ts'
import { NO_CONNECTIONS } from './no-connections.ts'
import { decodeBatch, PartitionLog } from './partition-log.ts'

/** What happens to one attempt to send a batch. */
export type Attempt =
  /** Appended and acknowledged. */
  | 'ok'
  /** Refused with NOT_LEADER_OR_FOLLOWER, without an offset. */
  | 'refuse'
  /** Appended, then answered with NOT_LEADER_OR_FOLLOWER and the offset. */
  | 'appended-error'
  /** Appended, but the answer is lost. */
  | 'lose-answer'
  /** Lost before it is appended. */
  | 'lose-request'
  /** Not answered, and appended some requests later. */
  | 'late'
  /** Nothing leaves the client. */
  | 'not-sent'
  /** Written only after a second, because connecting takes that long. */
  | 'slow-connect'
  /** Not appended, and the answer has no entry for the partition. */
  | 'no-entry'

const SLOW_CONNECT_MS = 1000

export interface ScriptedKafkaClientOptions {
  readonly partitions: number
  readonly brokers: number
  readonly clock: Clock
  /** What happens to the n-th attempt to send a batch; `ok` after the end of the script. */
  readonly script?: readonly Attempt[]
  readonly latencyMs?: number
  /** A batch with a record of this value is refused with MESSAGE_TOO_LARGE. */
  readonly poison?: string
  /** Every batch for this partition is refused with NOT_LEADER_OR_FOLLOWER. */
  readonly sick?: number
}

export class ScriptedKafkaClient implements KafkaClient {
  readonly logs: PartitionLog[]
  readonly stats: ConnectionStats = NO_CONNECTIONS
  readonly #options: ScriptedKafkaClientOptions
  readonly #late: { after: number; deliver: () => void }[] = []
  #attempts = 0
  #producerIds = 0n
  produces = 0
  inFlight = 0

  constructor(options: ScriptedKafkaClientOptions) {
    this.#options = options
    this.logs = Array.from({ length: options.partitions }, () => new PartitionLog())
  }

  async metadata(topics: readonly string[]): Promise<Cluster> {
    const { partitions, brokers } = this.#options
    return {
      topics: topics.map(topic => ({
        topic,
        error: null,
        partitions: Array.from({ length: partitions }, (_, partition) => ({
          partition,
          leader: partition % brokers,
          leaderEpoch: 0,
        })),
      })),
    }
  }

  async initProducerId(): Promise<ProducerIdAndEpoch> {
    return { producerId: ++this.#producerIds, epoch: 0 }
  }

  async produce(_leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]> {
    this.produces++
    this.inFlight++
    const plans = batches.map(() => this.#options.script?.[this.#attempts++] ?? 'ok')
    if (plans.includes('not-sent')) {
      await this.#wait()
      this.inFlight--
      return batches.map(() => failure('not-sent', 'UNREACHABLE', true))
    }
    if (plans.includes('slow-connect')) await this.#wait(SLOW_CONNECT_MS)
    if (!request.beginWrite()) {
      this.inFlight--
      return batches.map(() => failure('not-sent', 'BATCH_CHANGED', true))
    }
    const outcomes = batches.map((batch, index) => this.#attempt(batch, plans[index] as Attempt))
    await this.#wait()
    this.#deliverLate()
    this.inFlight--
    return outcomes
  }

  async dropConnections(): Promise<void> {}
  async close(): Promise<void> {}

  /** Appends the batches of `late` attempts that have not been appended yet. */
  deliverAll(): void {
    for (const { deliver } of this.#late.splice(0)) deliver()
  }

  #attempt(batch: EncodedBatch, plan: Attempt): ProduceOutcome {
    const decoded = decodeBatch(Buffer.from(batch.bytes))
    const log = this.logs[batch.partition] as PartitionLog
    const answer = ({ errorCode, baseOffset }: { errorCode: number; baseOffset: number }) =>
      outcomeOf({ errorCode, baseOffset: BigInt(baseOffset), logAppendTime: -1n, recordErrors: [] })
    const lost = () => failure('unknown', 'REQUEST_TIMEOUT', true)
    if (plan === 'refuse' || batch.partition === this.#options.sick) return answer({ errorCode: 6, baseOffset: -1 })
    if (plan === 'lose-request') return lost()
    if (plan === 'no-entry') return outcomeOf(undefined)
    if (plan === 'late') {
      this.#late.push({ after: this.produces + 2, deliver: () => log.append(decoded) })
      return lost()
    }
    if (this.#options.poison !== undefined && decoded.records.some(({ value }) => value === this.#options.poison))
      return answer({ errorCode: 10, baseOffset: -1 })
    const written = log.append(decoded)
    if (plan === 'appended-error' && written.errorCode === 0)
      return answer({ errorCode: 6, baseOffset: written.baseOffset })
    if (plan === 'lose-answer') return lost()
    return answer(written)
  }

  #deliverLate(): void {
    for (const late of [...this.#late]) {
      if (late.after > this.produces) continue
      late.deliver()
      this.#late.splice(this.#late.indexOf(late), 1)
    }
  }

  #wait(ms = this.#options.latencyMs ?? 5): Promise<void> {
    return new Promise(resolve => {
      this.#options.clock.setTimeout(resolve, ms)
    })
  }
}
