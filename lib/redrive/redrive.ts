// Letters → Kafka again, as the bytes they were. A letter is settled only after the acknowledgement; what fails stays open.

import { type DeadLetter, recordOf } from '../dead-letter/envelope.ts'
import { receiptOf } from '../dead-letter/kafka-dead-letter.ts'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import { type DeadLetterError, RecordFaultError } from '../errors.ts'
import type { KafkaProducer } from '../kafka-producer.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { systemClock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import type { Contracts } from '../validate/contract.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { findInLog, type Log } from './find-in-log.ts'
import type { Lease, LetterStore, OpenLetter, Settled } from './letter-store.ts'
import { withClaim } from './read-claim.ts'
import { inDoubt, timeOf, tried, withTopic } from './retried-letter.ts'
import { type LetterFilter, matches } from './select-letters.ts'

export interface RedriveOptions extends LetterFilter {
  /** What the records are sent with: no contracts, for they go as the bytes that were checked before. */
  readonly producer: Pick<KafkaProducer, 'sendAll'>
  /** Where `unknown` letters are looked for first; undefined: they are sent again without a look. */
  readonly log?: Log
  /** With it, letters of records at fault are tried too, by the contracts as they are now. Without it they stay. */
  readonly contracts?: Contracts
  /** At most so many letters are tried. */
  readonly limit?: number
  /** Records per second. */
  readonly rate?: number
  /** Only counts. */
  readonly dryRun?: boolean
  /** `original` (default): the record's own, or when it first failed. `now`: set anew. */
  readonly timestamp?: 'original' | 'now'
  /** A letter that was refused so often is parked: it stays and is not tried. Default: 5. */
  readonly maxAttempts?: number
  /** Topics that letters are never sent to: those they lie in. */
  readonly isLetterTopic?: (topic: string) => boolean
  /** Told after every batch. */
  readonly onProgress?: (result: RedriveResult) => void
  /** No batch begins after it. */
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
}

export interface RedriveResult {
  /** Letters that were looked at, and those that the filter took. */
  readonly seen: number
  readonly matched: number
  /** What was tried, or in a dry run would be. */
  readonly tried: number
  /** Sent again and acknowledged. */
  readonly resent: number
  /** `unknown` ones that were in Kafka all the time. */
  readonly found: number
  /** Of records at fault, which were not tried. */
  readonly atFault: number
  /** Not tried any more. */
  readonly parked: number
  /** Tried, and still open: how many by code. */
  readonly failed: Readonly<Record<string, number>>
  /** What was matched, by topic and code. */
  readonly byTopic: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** The oldest timestamp that would be sent, by topic, ms since the epoch. */
  readonly oldest: Readonly<Record<string, number>>
  /** Why it ended before the letters did, if so. */
  readonly stopped?: string
}

const BATCH = 100
const MAX_ATTEMPTS = 5
const RENEW_MS = 15_000

type Counts = { -readonly [K in keyof RedriveResult]: RedriveResult[K] } & {
  failed: Record<string, number>
  oldest: Record<string, number>
  byTopic: Record<string, Record<string, number>>
}

/**
 * @throws DeadLetterError `redrive-running` while another redrive has the letters · what the store throws when it can't be read
 */
export async function redrive(store: LetterStore, options: RedriveOptions): Promise<RedriveResult> {
  const counts: Counts = { seen: 0, matched: 0, tried: 0, resent: 0, found: 0, atFault: 0, parked: 0, failed: {}, byTopic: {}, oldest: {} }
  const lease = options.dryRun ? undefined : await store.lease()
  const lost = lease && keep(lease)
  try {
    await new Redrive(store, options, counts, () => lost?.error).run()
  } finally {
    lost?.end()
    await lease?.release().catch(() => undefined)
  }
  return counts
}

class Redrive {
  readonly #store: LetterStore
  readonly #options: RedriveOptions
  readonly #counts: Counts
  readonly #leaseLost: () => Error | undefined
  readonly #begin = systemClock.now()

  constructor(store: LetterStore, options: RedriveOptions, counts: Counts, leaseLost: () => Error | undefined) {
    this.#store = store
    this.#options = options
    this.#counts = counts
    this.#leaseLost = leaseLost
  }

  async run(): Promise<void> {
    const { limit = Number.POSITIVE_INFINITY, rate = Number.POSITIVE_INFINITY } = this.#options
    const size = Math.max(1, Math.min(BATCH, rate))
    let batch: OpenLetter[] = []
    for await (const open of this.#store.letters()) {
      if (this.#stopped() || this.#counts.tried + batch.length >= limit) break
      this.#counts.seen++
      if (!this.#takes(open.letter)) continue
      batch.push(open)
      if (batch.length >= size) {
        await this.#try(batch)
        batch = []
      }
    }
    if (batch.length > 0 && !this.#stopped()) await this.#try(batch)
  }

  #stopped(): boolean {
    const { deadline, signal } = this.#options
    const lost = this.#leaseLost()
    if (lost) throw lost
    if (deadline?.passed) this.#counts.stopped ??= 'deadline'
    if (signal?.aborted) this.#counts.stopped ??= 'interrupted'
    return this.#counts.stopped !== undefined
  }

  /** Counts a letter, and says whether it is to be tried. */
  #takes(letter: DeadLetter): boolean {
    const { contracts, maxAttempts = MAX_ATTEMPTS, isLetterTopic = () => false, topic } = this.#options
    const counts = this.#counts
    // A record that never had a topic can only go to the one that is asked for.
    const known = letter.record.topic === null && contracts && topic !== undefined ? withTopic(letter, topic) : letter
    if (!matches(known, this.#options)) return false
    counts.matched++
    const ofTopic = counts.byTopic[known.record.topic ?? ''] ?? {}
    counts.byTopic[known.record.topic ?? ''] = ofTopic
    ofTopic[known.failure.code] = (ofTopic[known.failure.code] ?? 0) + 1
    if (known.redrive.count >= maxAttempts || (known.record.topic !== null && isLetterTopic(known.record.topic))) counts.parked++
    else if (known.failure.fault === 'record' && (!contracts || known.record.topic === null)) counts.atFault++
    else {
      const to = known.record.topic as string
      counts.oldest[to] = Math.min(counts.oldest[to] ?? Number.POSITIVE_INFINITY, timeOf(known))
      return true
    }
    return false
  }

  async #try(batch: readonly OpenLetter[]): Promise<void> {
    this.#counts.tried += batch.length
    if (!this.#options.dryRun) {
      await this.#pace()
      await this.#resend(batch)
    }
    this.#options.onProgress?.(this.#counts)
  }

  async #pace(): Promise<void> {
    const { rate } = this.#options
    if (rate === undefined) return
    const due = this.#begin + (this.#counts.tried / rate) * 1000
    while (systemClock.now() < due && !this.#stopped()) await new Promise(resolve => setTimeout(resolve, Math.min(200, due - systemClock.now())))
  }

  async #resend(batch: readonly OpenLetter[]): Promise<void> {
    const { producer, log } = this.#options
    const found = log
      ? await findInLog(
          batch.map(({ letter }) => letter),
          log,
        )
      : new Map<string, string>()
    const settled: Settled[] = []
    const sendable: { open: OpenLetter; record: ProducerRecord }[] = []
    for (const open of batch) {
      const receipt = found.get(open.letter.letterId)
      if (receipt !== undefined) settled.push({ open, receipt })
      else {
        const record = await this.#record(open)
        if (record) sendable.push({ open, record })
      }
    }
    this.#counts.found += settled.length
    const reports = await producer.sendAll(sendable.map(({ record }) => record))
    const failures: { open: OpenLetter; failed: Failed }[] = []
    reports.forEach((report: DeliveryReport, index) => {
      const { open } = sendable[index] as { open: OpenLetter }
      if (report.kind === 'delivered') settled.push({ open, receipt: receiptOf(report.metadata) })
      else failures.push({ open, failed: report })
    })
    await this.#store.settle(settled)
    this.#counts.resent += sendable.length - failures.length
    for (const { open, failed } of failures) await this.#note(open, failed)
    // The cluster takes nothing: the others would only fail too.
    if (sendable.length > 0 && failures.length === sendable.length && failures.every(({ failed }) => failed.fault === 'system'))
      this.#counts.stopped = failures[0]?.failed.code as string
  }

  /** The record to send; undefined where it can't be made, which is noted. */
  async #record(open: OpenLetter): Promise<ProducerRecord | undefined> {
    const { contracts, topic, timestamp = 'original' } = this.#options
    try {
      const { letter } = { letter: await withClaim(open.letter) }
      const { key, value, headers, partition, ...bytes } = recordOf(letter)
      const to = bytes.topic ?? topic
      const time = timestamp === 'now' ? undefined : timeOf(letter)
      const record = {
        topic: to as string,
        key,
        value,
        headers,
        sourceId: letter.recordId,
        ...(time === undefined ? {} : { timestamp: time }),
        ...(partition === null ? {} : { partition }),
      }
      if (letter.failure.fault !== 'record' || !contracts) return record
      return { ...record, key: validateRecord(record, { contracts }).key as ProducerRecord['key'] & {} }
    } catch (error) {
      const code = error instanceof RecordFaultError ? error.faultCode : (error as DeadLetterError).code
      if (code === undefined) throw error
      this.#counts.failed[code] = (this.#counts.failed[code] ?? 0) + 1
      await this.#store.replace(open, tried(open.letter, code))
      return undefined
    }
  }

  /** What was refused counts as an attempt; what never left this machine does not. */
  async #note(open: OpenLetter, failed: Failed): Promise<void> {
    const { code, outcome } = failed
    this.#counts.failed[code] = (this.#counts.failed[code] ?? 0) + 1
    if (outcome === 'not-sent' && failed.fault === 'system') return
    const letter = tried(open.letter, code)
    await this.#store.replace(open, outcome === 'unknown' ? inDoubt(letter, failed) : letter)
  }
}

/** Renews a lease until its end; remembers when it was lost. */
function keep(lease: Lease): { error: Error | undefined; end(): void } {
  const state: { error: Error | undefined; end(): void } = { error: undefined, end: () => clearInterval(timer) }
  const timer = setInterval(() => {
    lease.renew().catch(error => {
      state.error = error
    })
  }, RENEW_MS)
  return state
}
