// Reads a record of a dead-letter topic: a dead letter, a marker of completed ones, or something else. In its own file,
// so that no function's bundle has it. Anybody with write access may have written the record, so it is not trusted.
import { toBase64 } from '../../record/base64.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import type { RecordHeader } from '../../record/producer-record.ts'
import { inChunks } from '../in-parallel.ts'
import { checkDeadLetter, type ReadResult } from '../read-dead-letter.ts'
import { VERSION_1_HEADER } from '../version-1.ts'
import { DEAD_LETTER, type KafkaDeadLetterRecord, SPRING, springHeaderNames } from './kafka-dead-letter.ts'

const CLOSED = 'kp-closed'
/** The most locations in one marker. */
const MAX_CLOSED = 500
/** Room for a marker's locations, and for the location of the record. */
const MAX_MARKER_BYTES = 512 * 1024

type Record = Pick<KafkaDeadLetterRecord, 'key' | 'value' | 'headers'>

/** A record's place within its topic. */
export interface Place {
  readonly partition: number
  readonly offset: bigint
}

/** @returns `foreign` for a record without an envelope */
export function readKafkaDeadLetter({ key, value, headers }: Record): ReadResult {
  const at = headers.findLastIndex(([name]) => isEnvelope(name))
  const text = headers[at]?.[1]
  if (!text) return { kind: 'foreign' }
  const envelope = parseJson(Buffer.from(text).toString())
  if (!isJsonObject(envelope) || !isJsonObject(envelope.record)) return notReadable()
  const { record } = envelope
  const read = (recordHeaders: readonly RecordHeader[]): ReadResult => {
    const json = recordHeaders.map(([name, bytes]) => ({ name, value: toBase64(bytes) }))
    const result = checkDeadLetter({
      ...envelope,
      record: { ...record, key: toBase64(key), value: toBase64(value), headers: json },
    })
    return result.kind === 'foreign' ? notReadable() : result
  }
  const others = headers.filter((_, index) => index !== at)
  const result = read(withoutSpringHeaders(others, springHeaderNames(record)))
  if (result.kind === 'dead-letter') return result
  // Version 0.1 does the same: a tool that copied the record may have changed its headers.
  const withoutAll = read(others.filter(([name]) => !name.startsWith(SPRING)))
  return withoutAll.kind === 'dead-letter' ? withoutAll : result
}

function notReadable(): ReadResult {
  return { kind: 'unreadable', reason: `its header ${DEAD_LETTER} does not contain an envelope` }
}

/** Removes the headers that were added after the record's own headers, which may have the same names. */
function withoutSpringHeaders(headers: readonly RecordHeader[], names: readonly string[]): RecordHeader[] {
  const left = [...headers]
  for (const name of names) {
    const at = left.findLastIndex(header => header[0] === name)
    if (at >= 0) left.splice(at, 1)
  }
  return left
}

/**
 * Builds the records (markers) that complete dead letters, by location. Each marker is in the partition of the dead
 * letters that it marks: it can be read and written whenever they can, and retention removes it after them.
 */
export function closedMarkers(
  topic: string,
  deadLetterId: string,
  places: readonly Place[],
  completedAs: string,
): KafkaDeadLetterRecord[] {
  const markers: KafkaDeadLetterRecord[] = []
  for (const [partition, ofPartition] of Map.groupBy(places, place => place.partition)) {
    for (const some of inChunks(ofPartition, MAX_CLOSED)) {
      const of = some.map(({ offset }) => `kafka:${topic}-${partition}@${offset}`)
      markers.push({
        topic,
        partition,
        key: Buffer.from(deadLetterId),
        value: null,
        headers: [[CLOSED, Buffer.from(JSON.stringify({ of, location: completedAs }))]],
      })
    }
  }
  return markers
}

/**
 * Returns the places that a marker completes. A marker counts only for its own topic, so that write access to one topic
 * can't hide the dead letters of another. A dead letter is never a marker, whatever headers its record has.
 * @returns an empty list for any other record
 */
export function closedBy(topic: string, headers: readonly RecordHeader[]): readonly Place[] {
  const marker = controlHeader(headers, CLOSED, MAX_MARKER_BYTES)
  if (!isJsonObject(marker) || !Array.isArray(marker.of)) return []
  return marker.of.slice(0, MAX_CLOSED).flatMap(location => placeIn(topic, location))
}

/** Parses a header of a record that is not a dead letter. */
export function controlHeader(headers: readonly RecordHeader[], name: string, maxBytes: number): unknown {
  const bytes = headers.findLast(header => header[0] === name)?.[1]
  if (!bytes || bytes.length > maxBytes || headers.some(header => isEnvelope(header[0]))) return undefined
  return parseJson(Buffer.from(bytes).toString())
}

/** @returns the place, if the location is in this topic */
export function placeIn(topic: string, location: unknown): Place[] {
  const prefix = `kafka:${topic}-`
  if (typeof location !== 'string' || !location.startsWith(prefix)) return []
  const [, partition, offset] = /^(\d{1,10})@(\d{1,19})$/.exec(location.slice(prefix.length)) ?? []
  return partition === undefined || offset === undefined
    ? []
    : [{ partition: Number(partition), offset: BigInt(offset) }]
}

function isEnvelope(name: string): boolean {
  return name === DEAD_LETTER || name === VERSION_1_HEADER
}
