/** The map key of a topic-partition. A topic name can't hold a slash, so the key is unique. */
export function topicPartition(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** Kafka's rule for topic names (`Topic.validate`); internal topics (`__…`) are refused too. */
export function isTopicName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..' && !name.startsWith('__')
}
