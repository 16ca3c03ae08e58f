// Tracks topics and partitions that get no more records in this run, because every send there would fail.
import type { Failed } from '../delivery/delivery-report.ts'
import type { ErrorCode } from '../errors.ts'
import { topicPartition } from '../record/topic-partition.ts'

/** Codes of failures that affect a whole topic. */
export const TOPIC_FAILURES: ReadonlySet<ErrorCode> = new Set(['topic-not-on-cluster', 'authorization'])

export interface Attempt {
  readonly topic: string
  /** Undefined if the record failed before it had a partition. */
  readonly partition: number | undefined
  /** Undefined if the record was acknowledged. */
  readonly failed: Failed | undefined
}

export class StoppedTopics {
  readonly #stopped = new Map<string, ErrorCode>()

  /** Stops each topic or partition where every attempt of a batch ended with a delivery failure. */
  note(attempts: readonly Attempt[]): void {
    const byKey = Map.groupBy(attempts, keyOf)
    for (const [key, ofKey] of byKey) {
      const codes = ofKey.map(({ failed }) => (failed?.failureKind === 'delivery-failure' ? failed.code : undefined))
      const [code] = codes
      if (code !== undefined && codes.every(each => each !== undefined)) this.#stopped.set(key, code)
    }
  }

  stop(topic: string, code: ErrorCode): void {
    this.#stopped.set(topic, code)
  }

  /** @returns why nothing is sent there; undefined if records may be sent */
  codeOf(topic: string, partition?: number): ErrorCode | undefined {
    const ofTopic = this.#stopped.get(topic)
    return ofTopic ?? (partition === undefined ? undefined : this.#stopped.get(topicPartition(topic, partition)))
  }
}

function keyOf({ topic, partition, failed }: Attempt): string {
  if (partition === undefined || (failed && TOPIC_FAILURES.has(failed.code))) return topic
  return topicPartition(topic, partition)
}
