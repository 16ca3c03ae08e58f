// Which dead letters may be completed by a note that can't be read: they must not be sent again unasked.

import type { SegmentSource } from './read-segment.ts'
import { HEADER_BYTES, MAGIC, type SegmentFormat } from './segment.ts'

/** Of a damaged place so much is searched for traces of notes. */
const MAX_SEARCHED = 1024 * 1024
/** What every note has, and every dead letter: one damaged byte leaves a trace of either. */
const OF_NOTES = ['"closed":"', '"of":["disk:', '"location":"kafka:']
const OF_DEAD_LETTERS = ['"schemaVersion":', '"deadLetterId":"', '"recordId":"']
/** Bytes that nobody wrote: a block of the disk is gone, with whatever it held. */
const GONE = '\0'.repeat(64)
/** What is reserved for later entries, and was there when a write was cut off. */
const RESERVED = '\u00ff'.repeat(16)

export interface DamagedPlace {
  readonly offset: number
  readonly end: number
}

export class LostNotes {
  #mayConcernAll = false
  /** Locations and ids of which something is left. */
  readonly #named = new Set<string>()

  /** A segment, or what follows in it, can't be read. */
  addAll(): void {
    this.#mayConcernAll = true
  }

  async addDamage(source: SegmentSource, { offset, end }: DamagedPlace, format: SegmentFormat): Promise<void> {
    const buffer = Buffer.alloc(Math.min(end - offset, MAX_SEARCHED))
    const bytes = buffer.subarray(0, await source.read(buffer, 0, buffer.length, offset))
    const text = bytes.toString('latin1')
    const isCutOff = end >= source.size && (text.endsWith(RESERVED) || lengthIn(bytes, format) > end - offset)
    // A write that did not end completed nothing.
    if (isCutOff) return
    const isOfNote = OF_NOTES.some(trace => text.includes(trace))
    const isOfDeadLetter = OF_DEAD_LETTERS.some(trace => text.includes(trace))
    const named = [...text.matchAll(/"closed":"([\w-]{22})"|"(disk:[^/"]+#\d{1,15})"/g)]
    for (const [, id, location] of named) this.#named.add(id ?? (location as string))
    if (text.includes(GONE) || (isOfNote ? named.length === 0 : !isOfDeadLetter)) this.#mayConcernAll = true
  }

  mayConcern(deadLetterId: string, locations: readonly string[]): boolean {
    return this.#mayConcernAll || [deadLetterId, ...locations].some(name => this.#named.has(name))
  }
}

/** The bytes that an entry says it has, with its header; 0 where no header begins. */
function lengthIn(bytes: Buffer, format: SegmentFormat): number {
  const at = format === 'seg' ? 0 : MAGIC.length
  if (bytes.length < at + 4 || !bytes.subarray(0, at).equals(MAGIC.subarray(0, at))) return 0
  return HEADER_BYTES[format] + bytes.readUInt32BE(at)
}
