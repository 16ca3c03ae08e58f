// Which records of a dead-letter topic are open dead letters. It keeps a few hundred bytes per open one, and no
// payload: a second pass over the log reads those.
import type { RecordHeader } from '../../record/producer-record.ts'
import { fingerprintOf } from '../copies.ts'
import type { ReadResult } from '../read-dead-letter.ts'
import { closedBy, type Place } from './read-kafka-dead-letter.ts'

/** All records of one dead letter; the store yields the newest version. */
export interface OpenRecords {
  readonly newest: Place
  readonly places: readonly Place[]
}

interface Entry extends Place {
  readonly fingerprint: string
  readonly attempts: number
}

export class TopicIndex {
  readonly #topic: string
  readonly #open = new Map<string, Entry>()
  /** Those whose dead letters were not read yet: a marker may lie in another partition. */
  readonly #closed = new Set<string>()

  constructor(topic: string) {
    this.#topic = topic
  }

  /** @returns why the record can't be read, if it is a dead letter that can't */
  add(place: Place, headers: readonly RecordHeader[], read: ReadResult): string | undefined {
    for (const closed of closedBy(this.#topic, headers)) {
      const name = nameOf(closed)
      if (!this.#open.delete(name)) this.#closed.add(name)
    }
    if (read.kind === 'foreign') return undefined
    const name = nameOf(place)
    if (this.#closed.delete(name)) return undefined
    if (read.kind === 'unreadable') return read.reason
    const { deadLetter } = read
    this.#open.set(name, {
      ...place,
      fingerprint: fingerprintOf(deadLetter),
      attempts: deadLetter.redrive.count,
    })
    return undefined
  }

  /** The open dead letters by partition, and the offset of their newest version. */
  open(): Map<number, Map<bigint, OpenRecords>> {
    const copies = new Map<string, Entry[]>()
    for (const entry of this.#open.values()) {
      const others = copies.get(entry.fingerprint)
      if (others) others.push(entry)
      else copies.set(entry.fingerprint, [entry])
    }
    const byPartition = new Map<number, Map<bigint, OpenRecords>>()
    for (const places of copies.values()) {
      const newest = places.reduce((a, b) => (b.attempts >= a.attempts ? b : a))
      const ofPartition = byPartition.get(newest.partition) ?? new Map<bigint, OpenRecords>()
      byPartition.set(newest.partition, ofPartition.set(newest.offset, { newest, places }))
    }
    return byPartition
  }
}

function nameOf({ partition, offset }: Place): string {
  return `${partition}@${offset}`
}
