// Which records of a dead-letter topic are open dead letters. It keeps a few hundred bytes per open one, and no
// payload: a second pass over the log reads those.
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
  /** Markers whose dead letters were not read yet: a marker may lie in another partition. */
  readonly #closed = new Set<string>()
  /** By partition: markers before this offset may be missing. */
  readonly #unread = new Map<number, bigint>()
  /** Earlier versions wrote markers to any partition. */
  #hasMarkersElsewhere = false

  constructor(topic: string) {
    this.#topic = topic
  }

  /** @returns why the record can't be read, if it is a dead letter that can't */
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

  /** @param end the end of what can't be read of a partition; undefined: its end is not known */
  cantRead(partition: number, end?: bigint): void {
    this.#unread.set(partition, end ?? MAX_OFFSET)
  }

  /** Whether the marker of a record may be where it can't be read: behind it in its own partition. */
  isUncertain({ partition, offset }: Place): boolean {
    return (this.#unread.get(partition) ?? 0n) > offset || (this.#hasMarkersElsewhere && this.#unread.size > 0)
  }

  /** The records of open dead letters by partition and offset. */
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
