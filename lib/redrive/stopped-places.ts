// Tracks topics and partitions that get no more records in this run, because every send there would fail.
import type { Failed } from '../delivery/delivery-report.ts'
import type { ErrorCode } from '../errors.ts'
import { topicPartition } from '../record/topic-partition.ts'

/** Codes of failures that affect a whole topic. */
export const OF_TOPIC: ReadonlySet<ErrorCode> = new Set(['topic-not-on-cluster', 'authorization'])

export interface Attempt {
  readonly topic: string
  /** Undefined if the record failed before it had a partition. */
  readonly partition: number | undefined
  /** Undefined if the record was acknowledged. */
  readonly failed: Failed | undefined
}

export class StoppedPlaces {
  readonly #places = new Map<string, ErrorCode>()

  /** Stops each topic or partition where every attempt of a batch ended with a delivery failure. */
  note(attempts: readonly Attempt[]): void {
    const byPlace = Map.groupBy(attempts, placeOf)
    for (const [place, ofPlace] of byPlace) {
      const codes = ofPlace.map(({ failed }) => (failed?.failureKind === 'delivery-failure' ? failed.code : undefined))
      const [code] = codes
      if (code !== undefined && codes.every(each => each !== undefined)) this.#places.set(place, code)
    }
  }

  stop(topic: string, code: ErrorCode): void {
    this.#places.set(topic, code)
  }

  /** @returns why nothing is sent there; undefined if records may be sent */
  codeOf(topic: string, partition?: number): ErrorCode | undefined {
    const ofTopic = this.#places.get(topic)
    return ofTopic ?? (partition === undefined ? undefined : this.#places.get(topicPartition(topic, partition)))
  }
}

function placeOf({ topic, partition, failed }: Attempt): string {
  if (partition === undefined || (failed && OF_TOPIC.has(failed.code))) return topic
  return topicPartition(topic, partition)
}
