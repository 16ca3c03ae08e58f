// Compares the ledger of a load with the log and the dead letters, which are read without the producer.
import { existsSync, readFileSync } from 'node:fs'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { type ReadRecord, readTopic } from '../kafka/admin.ts'
import type { Line } from './load.ts'

export interface Counts {
  readonly acked: number
  readonly unknown: number
  /** Reported as dead letters, and reported as returned to the caller. Both are fates, not failures. */
  readonly deadLettered: number
  readonly returned: number
  /** Acknowledged, but not in the log at the reported partition and offset. */
  readonly lost: number
  /** In the log more than once, and neither reported as `unknown` nor interrupted by a kill. */
  readonly duplicated: number
  /**
   * In the log, and also in a dead letter or reported as returned (not `unknown`); or in the log but sent by nobody.
   */
  readonly twoFates: number
  /** Not in the log, not in a dead letter and not reported to its caller. */
  readonly noFate: number
  /** Reported later than its deadline plus the grace period. */
  readonly late: number
  /** Keys whose records first appear in another order than they were sent. */
  readonly disordered: number
}

export interface CheckOptions {
  readonly servers: string
  readonly topic: string
  readonly ledger: string
  /** The folder of the dead letters. */
  readonly deadLetters: string
  /** Maximum duration of a call, ms; undefined if the process was frozen or the driver has no bound. */
  readonly maxMs: number | undefined
  /** When the topic was last recreated, ms since the epoch: records sent before may be gone with the old log. */
  readonly madeAnewAt?: number | undefined
  /** The records that were written to another cluster, in the order of its log. */
  readonly otherLog?: readonly ReadRecord[]
}

interface Entry {
  begin: number
  reported?: Line
}

export async function check({
  servers,
  topic,
  ledger,
  deadLetters,
  maxMs,
  madeAnewAt = 0,
  otherLog = [],
}: CheckOptions): Promise<Counts> {
  const entries = read(ledger)
  const logs = [await readTopic(servers, topic), otherLog]
  const copies = new Map<string, { partition: number; offset: bigint }[]>()
  const disordered = new Set<string>()
  for (const log of logs) {
    const last = new Map<string, number>()
    for (const { key, value, partition, offset } of log) {
      const id = String(value)
      const places = copies.get(id)
      if (places) places.push({ partition, offset })
      else {
        copies.set(id, [{ partition, offset }])
        const n = Number(id.split(':').at(-1))
        if (n < (last.get(String(key)) ?? -1)) disordered.add(String(key))
        last.set(String(key), n)
      }
    }
  }
  const store = new DiskDeadLetterStore(deadLetters)
  const deadLettered = new Set(
    (existsSync(deadLetters) ? await Array.fromAsync(store.deadLetters()) : []).map(
      ({ deadLetter }) => deadLetter.recordId,
    ),
  )
  await store.close()
  const counts = {
    acked: 0,
    unknown: 0,
    deadLettered: 0,
    returned: 0,
    lost: 0,
    duplicated: 0,
    twoFates: 0,
    noFate: 0,
    late: 0,
    disordered: disordered.size,
  }
  for (const [id, { begin, reported }] of entries) {
    const places = copies.get(id) ?? []
    // A killed process reported nothing: its caller got an error, and the source still has the record.
    const isUnknown = reported === undefined || reported.unknown === true
    if (isUnknown) counts.unknown++
    if (reported?.fate === 'acked') {
      counts.acked++
      const isThere =
        reported.offset === undefined
          ? places.length > 0
          : places.some(
              ({ partition, offset }) => partition === reported.partition && String(offset) === reported.offset,
            )
      if (!isThere && begin > madeAnewAt) counts.lost++
    }
    if (places.length > 1 && !isUnknown) counts.duplicated++
    if (reported?.fate !== 'acked' && !isUnknown && places.length > 0) counts.twoFates++
    if (reported?.fate === 'acked' && deadLettered.has(id)) counts.twoFates++
    if (reported?.fate === 'dead-lettered') counts.deadLettered++
    if (reported?.fate === 'returned') counts.returned++
    if (reported?.fate === 'dead-lettered' && !deadLettered.has(id)) counts.noFate++
    if (reported?.fate === 'ignored' && places.length === 0) counts.noFate++
    if (reported && maxMs !== undefined && reported.at - begin > maxMs) counts.late++
  }
  // Records in the log that nobody sent.
  for (const id of copies.keys()) if (!entries.has(id)) counts.twoFates++
  return counts
}

/** Reads a ledger, without a torn last line, which a process leaves if it is killed while it writes. */
function read(ledger: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const text of readFileSync(ledger, 'utf8').split('\n')) {
    if (!text.endsWith('}')) continue
    const line = JSON.parse(text) as Line
    const entry = entries.get(line.id)
    if (entry) entry.reported = line
    else entries.set(line.id, { begin: line.at })
  }
  return entries
}
