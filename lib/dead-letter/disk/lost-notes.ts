// Finds the dead letters that an unreadable note may have completed, so that a redrive does not send them again without
// being asked to.

import type { SegmentSource } from './read-segment.ts'
import { HEADER_BYTES, MAGIC, type SegmentFormat } from './segment.ts'

/** How many bytes of a damaged place are searched for traces of notes. */
const MAX_SEARCHED = 1024 * 1024
/** Texts that every note, and every dead letter, contains several of: one damaged byte still leaves a trace. */
const OF_NOTES = ['"closed":"', '"of":["disk:', '"location":"kafka:']
const OF_DEAD_LETTERS = ['"schemaVersion":', '"deadLetterId":"', '"recordId":"']
/** A run of zeros means that a block of the disk is lost, with whatever it held. */
const GONE = '\0'.repeat(64)
/** Filler of reserved room, which remains behind an interrupted write. */
const RESERVED = '\u00ff'.repeat(16)

export interface DamagedPlace {
  readonly offset: number
  readonly end: number
}

export class LostNotes {
  #mayConcernAll = false
  /** Locations and ids found in damaged places. */
  readonly #named = new Set<string>()

  /** Called if a segment, or the rest of one, can't be read. */
  addAll(): void {
    this.#mayConcernAll = true
  }

  async addDamage(source: SegmentSource, { offset, end }: DamagedPlace, format: SegmentFormat): Promise<void> {
    const buffer = Buffer.alloc(Math.min(end - offset, MAX_SEARCHED))
    const bytes = buffer.subarray(0, await source.read(buffer, 0, buffer.length, offset))
    const text = bytes.toString('latin1')
    const isCutOff = end >= source.size && (text.endsWith(RESERVED) || lengthIn(bytes, format) > end - offset)
    // An interrupted write completed nothing.
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

/** Returns the size of an entry according to its header, header included; 0 if no header begins here. */
function lengthIn(bytes: Buffer, format: SegmentFormat): number {
  const at = format === 'seg' ? 0 : MAGIC.length
  if (bytes.length < at + 4 || !bytes.subarray(0, at).equals(MAGIC.subarray(0, at))) return 0
  return HEADER_BYTES[format] + bytes.readUInt32BE(at)
}
