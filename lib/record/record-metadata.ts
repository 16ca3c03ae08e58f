/** What an acknowledgement proves: all in-sync replicas have the record, the leader has it, or (acks=0) nothing. */
export type DeliveryProof = 'all' | 'leader' | 'none'

/** Where an acknowledged record is (Java: `RecordMetadata`). */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** Null with acks=0, and when the broker recognised a repeat whose offset it no longer knew. */
  readonly offset: bigint | null
  /** Milliseconds since the epoch; the broker's clock where the topic uses LogAppendTime. */
  readonly timestamp: number
  readonly proof: DeliveryProof
  readonly serializedKeySize: number
  readonly serializedValueSize: number
}
