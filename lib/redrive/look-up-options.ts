// The options and results of searching the topics' logs.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { KafkaProducerError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import type { LogBatch } from '../wire-format/record-batch-decoder.ts'

/** Reads the log of a partition. */
export interface Log {
  /** Null if the brokers don't report it. */
  clusterId(): Promise<string | null>
  /** @param ms how long to wait for the partition's leader; the same holds for `end` and `offsetAt` */
  start(topic: string, partition: number, ms: number): Promise<bigint>
  end(topic: string, partition: number, ms: number): Promise<bigint>
  offsetAt(topic: string, partition: number, timestamp: number, ms: number): Promise<bigint>
  /** The batch that holds an offset; if there is none, returns the next one, or undefined. */
  batchAt(topic: string, partition: number, offset: bigint, ms: number): Promise<LogBatch | undefined>
  readBatches(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogBatch>
}

export type LookUpResult =
  /** The record is in Kafka, so the dead letter can be completed. */
  | { readonly kind: 'found'; readonly location: string }
  /** The record is not in Kafka and will not arrive there any more, so it may be sent. */
  | { readonly kind: 'not-there' }
  /** The dead letter stays open. `countsAsAttempt`: this is one of the attempts after which a dead letter is parked. */
  | { readonly kind: 'keep'; readonly code: KeepCode | KafkaProducerError['code']; readonly countsAsAttempt: boolean }

export type KeepCode =
  /** The record's batch may still be appended: it is too early to decide. */
  | 'still-in-doubt'
  /** The record was sent to another cluster. */
  | 'other-cluster'
  /** Part of the log that may have the record can't be read. */
  | 'look-up-incomplete'
  /** A part of the log that may have had the record is deleted, so it can't be decided. */
  | 'log-deleted'
  /** The deadline has passed, or the signal was aborted. */
  | 'look-up-stopped'
  /** The topic has a newer record of the key. */
  | 'superseded'

export interface LookUpOptions {
  readonly log: Log
  /** How long after its last attempt a record may still reach the log, ms. */
  readonly waitMs: number
  /** Whether the topic is compacted. */
  readonly isCompacted: (topic: string) => boolean
  /** How long a compacted topic keeps tombstones, ms; undefined for another topic. Default: no topic is compacted. */
  readonly tombstonesKeptMs?: (topic: string) => number | undefined
  /** Returns whether the topic was deleted, so that it can't have the record. Default: false. */
  readonly isDeleted?: (topic: string) => boolean
  /** The topic that the record will be sent to. Default: its own. */
  readonly topicOf?: (deadLetter: DeadLetter) => string
  /** The partition that the record will be sent to. */
  readonly partitionOf: (deadLetter: DeadLetter) => number | undefined
  /** How many partitions a topic has, for a record in doubt that may be in any of them. Default: one. */
  readonly partitionCount?: (topic: string) => Promise<number>
  /** The offsets that this redrive wrote to the partition, with the times of their dead letters. */
  readonly written?: (topic: string, partition: number) => ReadonlyMap<bigint, number>
  /** Whether records in doubt on another cluster may be sent. */
  readonly acceptOtherCluster: boolean
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Partitions that could not be read, by `<topic>/<partition>`: they are not tried again. Pass the same map to every
   * call of a run.
   */
  readonly failures?: Map<string, KafkaProducerError>
  readonly now?: () => number
}

export function destinationOf(deadLetter: DeadLetter, { topicOf }: LookUpOptions): string | null {
  return topicOf?.(deadLetter) ?? deadLetter.record.topic
}

/**
 * Whether a newer record of the key in this topic matters, which is so only in the topic that the record will be sent
 * to.
 */
export function checksNewer(deadLetter: DeadLetter, topic: string, options: LookUpOptions): boolean {
  return deadLetter.record.key !== null && destinationOf(deadLetter, options) === topic && options.isCompacted(topic)
}
