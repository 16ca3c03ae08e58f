// The ledger against the log and the dead letters, read by others than the producer.
import { readFileSync } from 'node:fs'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { readTopic } from '../kafka/admin.ts'
import type { Line } from './load.ts'

export interface Counts {
  readonly acked: number
  readonly unknown: number
  /** Told as stored in a dead letter, and told as left to the caller: fates, not failures. */
  readonly deadLettered: number
  readonly returned: number
  /** Acknowledged, and not in the log at the place that was told, with its bytes. */
  readonly lost: number
  /** In the log more than once, and neither told `unknown` nor cut off by a kill. */
  readonly duplicated: number
  /** In the log and a dead letter, or told as returned and in the log, and not `unknown`. */
  readonly twoFates: number
  /** Neither in the log, nor a dead letter, nor told to its caller. */
  readonly noFate: number
  /** Told later than its time and the grace that it had. */
  readonly late: number
  /** Keys whose first appearances are not in the order of their sends. */
  readonly disordered: number
}

export interface CheckOptions {
  readonly servers: string
  readonly topic: string
  readonly ledger: string
  /** A folder of dead letters. */
  readonly deadLetters: string
  /** How long a call may take at most, ms; undefined where it was frozen or the driver has no such bound. */
  readonly mostMs: number | undefined
}

interface Entry {
  begin: number
  told?: Line
}

export async function check({ servers, topic, ledger, deadLetters, mostMs }: CheckOptions): Promise<Counts> {
  const entries = read(ledger)
  const log = await readTopic(servers, topic)
  const copies = new Map<string, { partition: number; offset: bigint }[]>()
  const last = new Map<string, number>()
  const disordered = new Set<string>()
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
  const store = new DiskDeadLetterStore(deadLetters)
  const deadLettered = new Set(
    (await Array.fromAsync(store.deadLetters())).map(({ deadLetter }) => deadLetter.recordId),
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
  for (const [id, { begin, told }] of entries) {
    const places = copies.get(id) ?? []
    // A process that was killed told nobody: its caller has an error, and the record's source has it still.
    const isUnknown = told === undefined || told.unknown === true
    if (isUnknown) counts.unknown++
    if (told?.told === 'acked') {
      counts.acked++
      const isThere =
        told.offset === undefined
          ? places.length > 0
          : places.some(({ partition, offset }) => partition === told.partition && String(offset) === told.offset)
      if (!isThere) counts.lost++
    }
    if (places.length > 1 && !isUnknown) counts.duplicated++
    if (told?.told !== 'acked' && !isUnknown && places.length > 0) counts.twoFates++
    if (told?.told === 'acked' && deadLettered.has(id)) counts.twoFates++
    if (told?.told === 'lettered') counts.deadLettered++
    if (told?.told === 'returned') counts.returned++
    if (told?.told === 'lettered' && !deadLettered.has(id)) counts.noFate++
    if (told?.told === 'nothing' && places.length === 0) counts.noFate++
    if (told && mostMs !== undefined && told.at - begin > mostMs) counts.late++
  }
  // What nobody sent.
  for (const id of copies.keys()) if (!entries.has(id)) counts.twoFates++
  return counts
}

/** A torn last line is a process that was killed while it wrote. */
function read(ledger: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const text of readFileSync(ledger, 'utf8').split('\n')) {
    if (!text.endsWith('}')) continue
    const line = JSON.parse(text) as Line
    const known = entries.get(line.id)
    if (known) known.told = line
    else entries.set(line.id, { begin: line.at })
  }
  return entries
}
