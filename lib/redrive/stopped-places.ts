// The topics and partitions that take no records in this run: what else goes there would only fail too.
import type { Failed } from '../delivery/delivery-report.ts'
import type { ErrorCode } from '../errors.ts'
import { topicPartition } from '../record/topic-partition.ts'

/** These are about a whole topic, whichever partition met them. */
const OF_TOPIC: ReadonlySet<ErrorCode> = new Set(['topic-not-on-cluster', 'authorization'])

export interface Attempt {
  readonly topic: string
  /** Undefined where the record did not get as far as a partition. */
  readonly partition: number | undefined
  /** Undefined: it was acknowledged. */
  readonly failed: Failed | undefined
}

export class StoppedPlaces {
  readonly #places = new Map<string, ErrorCode>()

  /** Stops the places at which every attempt of a batch met a delivery failure. */
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

  /** Why nothing goes there; undefined where something may. */
  codeOf(topic: string, partition?: number): ErrorCode | undefined {
    const ofTopic = this.#places.get(topic)
    return ofTopic ?? (partition === undefined ? undefined : this.#places.get(topicPartition(topic, partition)))
  }
}

function placeOf({ topic, partition, failed }: Attempt): string {
  if (partition === undefined || (failed && OF_TOPIC.has(failed.code))) return topic
  return topicPartition(topic, partition)
}
