// Finds the open dead letters of a dead-letter topic. It keeps a few hundred bytes per open dead letter and no payload;
// a second pass over the log reads the payloads.
import type { RecordHeader } from '../../record/producer-record.ts'
import { fingerprintOf } from '../copies.ts'
import type { ReadResult } from '../read-dead-letter.ts'
import { closedBy, type Place } from './read-kafka-dead-letter.ts'

/** All records of one dead letter, in the order in which the second pass reads them. */
export interface OpenRecords {
  readonly places: readonly Place[]
}

const MAX_OFFSET = 2n ** 63n - 1n

interface Entry extends Place {
  readonly fingerprint: string
}

export class TopicIndex {
  readonly #topic: string
  readonly #open = new Map<string, Entry>()
  /** Places marked as completed whose dead letters were not read yet, because the marker is in another partition. */
  readonly #closed = new Set<string>()
  /** For each partition, the offset before which markers may be missing. */
  readonly #unread = new Map<number, bigint>()
  /** True if a marker is in another partition than its dead letter: earlier versions wrote them to any partition. */
  #hasMarkersElsewhere = false

  constructor(topic: string) {
    this.#topic = topic
  }

  /** @returns why a dead letter can't be read; undefined for any other record */
  add(place: Place, headers: readonly RecordHeader[], read: ReadResult): string | undefined {
    for (const closed of closedBy(this.#topic, headers)) {
      const name = nameOf(closed)
      if (closed.partition !== place.partition) this.#hasMarkersElsewhere = true
      if (!this.#open.delete(name)) this.#closed.add(name)
    }
    if (read.kind === 'foreign') return undefined
    const name = nameOf(place)
    if (this.#closed.delete(name)) return undefined
    if (read.kind === 'unreadable') return read.reason
    this.#open.set(name, { ...place, fingerprint: fingerprintOf(read.deadLetter) })
    return undefined
  }

  /** @param end the end of the unreadable part of a partition; undefined if unknown */
  cantRead(partition: number, end?: bigint): void {
    this.#unread.set(partition, end ?? MAX_OFFSET)
  }

  /** Whether an unreadable part of the log may contain the marker of this record. */
  isUncertain({ partition, offset }: Place): boolean {
    return (this.#unread.get(partition) ?? 0n) > offset || (this.#hasMarkersElsewhere && this.#unread.size > 0)
  }

  /** Returns the records of open dead letters by partition and offset. */
  open(): Map<number, Map<bigint, OpenRecords>> {
    const copies = Map.groupBy(this.#open.values(), ({ fingerprint }) => fingerprint)
    const byPartition = new Map<number, Map<bigint, OpenRecords>>()
    for (const entries of copies.values()) {
      const places = entries.map(({ partition, offset }) => ({ partition, offset })).sort(inReadingOrder)
      const records = { places }
      for (const { partition, offset } of places) {
        const ofPartition = byPartition.get(partition) ?? new Map<bigint, OpenRecords>()
        byPartition.set(partition, ofPartition.set(offset, records))
      }
    }
    return byPartition
  }
}

function inReadingOrder(a: Place, b: Place): number {
  return a.partition - b.partition || (a.offset < b.offset ? -1 : 1)
}

function nameOf({ partition, offset }: Place): string {
  return `${partition}@${offset}`
}
