// Chooses the next partition that has a leader, whatever the key (Java: RoundRobinPartitioner).
import type { SerializedRecord } from '../record/producer-record.ts'
import type { Partitioner, TopicPartitions } from './partitioner.ts'

export class RoundRobinPartitioner implements Partitioner {
  readonly #next = new Map<string, number>()

  partition({ topic }: SerializedRecord, { count, available }: TopicPartitions): number {
    const turn = this.#next.get(topic) ?? 0
    this.#next.set(topic, (turn + 1) % 2 ** 31)
    return available.length > 0 ? (available[turn % available.length] as number) : turn % count
  }
}
