/** A map key for a partition of a topic. It is unique, because a topic name can't contain a slash. */
export function topicPartition(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/**
 * Topics that brokers write themselves (`Topic.INTERNAL_TOPICS`, KRaft, tiered storage). Other names may begin with
 * `__`, too.
 */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  '__cluster_metadata',
  '__remote_log_metadata',
])

/** Whether records may be sent to the topic: its name follows Kafka's rule, and brokers do not write it themselves. */
export function isTopicName(name: string): boolean {
  return isLegalTopicName(name) && !INTERNAL_TOPICS.has(name)
}

/**
 * Kafka's rule for topic names (`Topic.validate`). No request may contain another name: a broker that can't parse it
 * closes the connection, and every request in flight on it fails.
 */
export function isLegalTopicName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
}

/**
 * A map by topic and partition, in the order of the topics. Unlike with the key of `topicPartition`, a lookup creates
 * no string.
 */
export class TopicPartitionMap<T> {
  readonly #topics = new Map<string, Map<number, T>>()

  get(topic: string, partition: number): T | undefined {
    return this.#topics.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, value: T): void {
    const partitions = this.#topics.get(topic) ?? new Map<number, T>()
    this.#topics.set(topic, partitions.set(partition, value))
  }

  ofTopic(topic: string): Iterable<T> {
    return this.#topics.get(topic)?.values() ?? []
  }

  *values(): Iterable<T> {
    for (const partitions of this.#topics.values()) yield* partitions.values()
  }
}
