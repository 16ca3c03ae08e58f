/** What an acknowledgement proves: all in-sync replicas have the record, the leader has it, or (acks=0) nothing was asked. */
export type DeliveryProof = 'all' | 'leader' | 'none'

/** Where an acknowledged record is (Java: `RecordMetadata`). */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** Null when the broker recognised a repeat and no longer knew its offset, and with acks=0. */
  readonly offset: bigint | null
  /** Milliseconds since the epoch; the broker's own where the topic uses LogAppendTime. */
  readonly timestamp: number
  readonly proof: DeliveryProof
  readonly serializedKeySize: number
  readonly serializedValueSize: number
}
