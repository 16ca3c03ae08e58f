/** Where an acknowledged record is (Java: `RecordMetadata`). */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** Null when the broker recognised a repeat and no longer knew its offset. */
  readonly offset: bigint | null
  /** Milliseconds since the epoch; the broker's own where the topic uses LogAppendTime. */
  readonly timestamp: number
  readonly serializedKeySize: number
  readonly serializedValueSize: number
}
