import type { Partitioner, TopicPartitions } from '../../lib/partition/partitioner.ts'

/** A custom partitioner for a setting with the path of this file. */
export default class LastPartitioner implements Partitioner {
  partition(_record: unknown, { count }: TopicPartitions): number {
    return count - 1
  }
}
