// A cluster in memory whose brokers have racks, and may be silent or refuse connections. Counts what each broker gets.
import { NO_CONNECTIONS } from '../../lib/testing/no-connections.ts'
import { decodeBatch } from '../../lib/testing/partition-log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type {
  Cluster,
  EncodedBatch,
  KafkaClient,
  ProduceOutcome,
  ProduceRequest,
  ProducerIdAndEpoch,
} from '../../lib/transport/kafka-client.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'

const ANSWER_MS = 5

export class RacksCluster implements KafkaClient {
  readonly stats = NO_CONNECTIONS
  readonly #clock: Clock
  readonly #leaderEpochs: number[]
  readonly #offsets = new Map<number, bigint>()
  /** Leader of each partition, -1 for none. */
  leaders: number[]
  racks: ReadonlyMap<number, string>
  /** Brokers that read requests and don't answer. */
  readonly silent = new Set<number>()
  /** Brokers that nobody can connect to. */
  readonly down = new Set<number>()
  /** Brokers that say they don't lead their partitions. */
  readonly refusing = new Set<number>()
  /** The pause that a broker asks for in each answer, ms. */
  readonly throttleMs = new Map<number, number>()
  /** The appended records. */
  readonly appended: { readonly broker: number; readonly partition: number; readonly value: string | null }[] = []

  constructor(clock: Clock, leaders: readonly number[], racks: Iterable<readonly [number, string]> = []) {
    this.#clock = clock
    this.leaders = [...leaders]
    this.#leaderEpochs = leaders.map(() => 0)
    this.racks = new Map(racks)
  }

  moveLeader(partition: number, broker: number): void {
    this.leaders[partition] = broker
    this.#leaderEpochs[partition] = (this.#leaderEpochs[partition] ?? 0) + 1
  }

  /** The partitions that got records, in order. */
  get partitions(): number[] {
    return [...new Set(this.appended.map(({ partition }) => partition))].sort((a, b) => a - b)
  }

  async metadata(topics: readonly string[]): Promise<Cluster> {
    await this.#wait(ANSWER_MS)
    const partitions = this.leaders.map((leader, partition) => ({
      partition,
      leader,
      leaderEpoch: this.#leaderEpochs[partition] as number,
    }))
    return { racks: this.racks, topics: topics.map(topic => ({ topic, error: null, partitions })) }
  }

  async initProducerId(): Promise<ProducerIdAndEpoch> {
    return { producerId: 1n, epoch: 0 }
  }

  async produce(leader: number, batches: readonly EncodedBatch[], request: ProduceRequest): Promise<ProduceOutcome[]> {
    if (this.down.has(leader)) {
      await this.#wait(ANSWER_MS)
      return batches.map(() => failure('not-sent', 'UNREACHABLE', true))
    }
    if (!request.beginWrite()) return batches.map(() => failure('not-sent', 'BATCH_CHANGED', true))
    if (this.silent.has(leader)) {
      await this.#wait(request.requestTimeoutMs)
      return batches.map(() => failure('unknown', 'REQUEST_TIMEOUT', true))
    }
    const outcomes = batches.map(batch => this.#append(leader, batch))
    await this.#wait(ANSWER_MS)
    const throttleTimeMs = this.throttleMs.get(leader) ?? 0
    return outcomes.map(outcome => ({ ...outcome, throttleTimeMs }))
  }

  async dropConnections(): Promise<void> {}
  async close(): Promise<void> {}

  #append(broker: number, { partition, bytes }: EncodedBatch): ProduceOutcome {
    if (this.leaders[partition] !== broker || this.refusing.has(broker))
      return failure('rejected', 'NOT_LEADER_OR_FOLLOWER', true)
    const { records } = decodeBatch(Buffer.from(bytes))
    const baseOffset = this.#offsets.get(partition) ?? 0n
    this.#offsets.set(partition, baseOffset + BigInt(records.length))
    for (const { value } of records) this.appended.push({ broker, partition, value })
    return { kind: 'acked', baseOffset, logAppendTime: null, proof: 'all' }
  }

  #wait(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.#clock.setTimeout(resolve, ms)
    })
  }
}
