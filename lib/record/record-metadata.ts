/**
 * What an acknowledgement proves: that all in-sync replicas have the record, that the leader has it, or (acks=0)
 * nothing.
 */
export type DeliveryProof = 'all' | 'leader' | 'none'

/** Where an acknowledged record is (Java: `RecordMetadata`). As JSON the offset is text. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** Null with acks=0, and if the broker recognised a repeat whose offset it no longer knew. */
  readonly offset: bigint | null
  /** Milliseconds since the epoch, by the broker's clock if the topic uses LogAppendTime. */
  readonly timestamp: number
  readonly proof: DeliveryProof
  readonly serializedKeySize: number
  readonly serializedValueSize: number
}

/** A class, so that `toJSON` is not a property of every record. */
export class AcknowledgedMetadata implements RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint | null
  readonly timestamp: number
  readonly proof: DeliveryProof
  readonly serializedKeySize: number
  readonly serializedValueSize: number

  constructor(metadata: RecordMetadata) {
    this.topic = metadata.topic
    this.partition = metadata.partition
    this.offset = metadata.offset
    this.timestamp = metadata.timestamp
    this.proof = metadata.proof
    this.serializedKeySize = metadata.serializedKeySize
    this.serializedValueSize = metadata.serializedValueSize
  }

  /** JSON has no bigint, and JSON numbers are exact only up to 2⁵³. */
  toJSON(): object {
    return { ...this, offset: this.offset?.toString() ?? null }
  }
}
