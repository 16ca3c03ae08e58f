// Sends dead letters to Kafka, with their original bytes. A dead letter is completed only after the acknowledgement; if
// its record fails, it stays open.

import type { Contracts } from '../contracts/contract.ts'
import { type DeadLetter, recordOf } from '../dead-letter/dead-letter.ts'
import type { Completed, DeadLetterStore, Lease, OpenDeadLetter } from '../dead-letter/dead-letter-store.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import { KafkaProducerError } from '../errors.ts'
import type { KafkaProducer } from '../kafka-producer.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { sleep, systemClock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { findInLog, type Log } from './find-in-log.ts'
import { withClaim } from './read-claim.ts'
import { inDoubt, timeOf, tried, withTopic } from './retried-dead-letter.ts'
import { type DeadLetterFilter, matches } from './select-dead-letters.ts'

export interface RedriveOptions extends DeadLetterFilter {
  /** The producer, without contracts: the bytes were checked before. */
  readonly producer: Pick<KafkaProducer, 'sendAll'>
  /** The log in which `unknown` dead letters are looked up first. Without it they are sent without a look-up. */
  readonly log?: Log
  /** With contracts, dead letters of invalid records are tried too; without them they stay. */
  readonly contracts?: Contracts
  /** The number of dead letters that are tried at most. */
  readonly limit?: number
  /** Records per second. */
  readonly rate?: number
  /** Only counts, sends nothing. */
  readonly dryRun?: boolean
  /** `original` (default): the record's timestamp, or when it first failed. `now`: the present time. */
  readonly timestamp?: 'original' | 'now'
  /** A dead letter with this many rejected attempts is parked: it stays and is not tried. Default: 5. */
  readonly maxAttempts?: number
  /** Whether a topic holds dead letters: none is ever sent to it. */
  readonly isDeadLetterTopic?: (topic: string) => boolean
  /** Called after every batch. */
  readonly onProgress?: (result: RedriveResult) => void
  /** No batch begins after this deadline. */
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
}

export interface RedriveResult {
  /** Dead letters that were read, and those that match the filter. */
  readonly seen: number
  readonly matched: number
  /** Dead letters that were tried, or would be without the dry run. */
  readonly tried: number
  /** Sent and acknowledged. */
  readonly resent: number
  /** `unknown` ones whose record was already in Kafka. */
  readonly found: number
  /** Dead letters of invalid records, which were not tried. */
  readonly invalid: number
  /** No longer tried (`maxAttempts`). */
  readonly parked: number
  /** Tried and still open, by code. */
  readonly failed: Readonly<Record<string, number>>
  /** The matching dead letters, by topic and code. */
  readonly byTopic: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** The oldest timestamp that would be sent, by topic, ms since the epoch. */
  readonly oldest: Readonly<Record<string, number>>
  /** Why the redrive stopped early, if it did. */
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
 * @throws DeadLetterError `redrive-running` while another redrive has the lease, or when the store can't be read
 */
export async function redrive(store: DeadLetterStore, options: RedriveOptions): Promise<RedriveResult> {
  const counts: Counts = {
    seen: 0,
    matched: 0,
    tried: 0,
    resent: 0,
    found: 0,
    invalid: 0,
    parked: 0,
    failed: {},
    byTopic: {},
    oldest: {},
  }
  const lease = options.dryRun ? undefined : await store.lease()
  const renewal = lease && keepRenewed(lease)
  try {
    await new Redrive(store, options, counts, lease).run()
    // Check the lease again: another redrive may have taken it meanwhile.
    await lease?.check()
    if (lease) await store.tidy()
  } finally {
    renewal?.end()
    await lease?.release().catch(() => undefined)
  }
  return counts
}

class Redrive {
  readonly #store: DeadLetterStore
  readonly #options: RedriveOptions
  readonly #counts: Counts
  readonly #lease: Lease | undefined
  readonly #begin = systemClock.now()

  constructor(store: DeadLetterStore, options: RedriveOptions, counts: Counts, lease: Lease | undefined) {
    this.#store = store
    this.#options = options
    this.#counts = counts
    this.#lease = lease
  }

  async run(): Promise<void> {
    const { limit = Number.POSITIVE_INFINITY, rate = Number.POSITIVE_INFINITY } = this.#options
    const size = Math.max(1, Math.min(BATCH, rate))
    let batch: OpenDeadLetter[] = []
    for await (const open of this.#store.deadLetters({ purpose: 'redrive', signal: this.#options.signal })) {
      if (this.#stopped() || this.#counts.tried + batch.length >= limit) break
      this.#counts.seen++
      if (!this.#takes(open.deadLetter)) continue
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
    if (deadline?.passed) this.#counts.stopped ??= 'deadline'
    if (signal?.aborted) this.#counts.stopped ??= 'interrupted'
    return this.#counts.stopped !== undefined
  }

  /** Counts a dead letter. @returns whether to try it */
  #takes(deadLetter: DeadLetter): boolean {
    const { contracts, maxAttempts = MAX_ATTEMPTS, isDeadLetterTopic = () => false, topic } = this.#options
    const counts = this.#counts
    // A record without a topic can only be sent to the requested one.
    const addressed =
      deadLetter.record.topic === null && contracts && topic !== undefined ? withTopic(deadLetter, topic) : deadLetter
    if (!matches(addressed, this.#options)) return false
    counts.matched++
    const ofTopic = counts.byTopic[addressed.record.topic ?? ''] ?? {}
    counts.byTopic[addressed.record.topic ?? ''] = ofTopic
    ofTopic[addressed.failure.code] = (ofTopic[addressed.failure.code] ?? 0) + 1
    if (
      addressed.redrive.count >= maxAttempts ||
      (addressed.record.topic !== null && isDeadLetterTopic(addressed.record.topic))
    )
      counts.parked++
    else if (addressed.failure.kind === 'invalid-record' && (!contracts || addressed.record.topic === null))
      counts.invalid++
    else {
      const to = addressed.record.topic as string
      counts.oldest[to] = Math.min(counts.oldest[to] ?? Number.POSITIVE_INFINITY, timeOf(addressed))
      return true
    }
    return false
  }

  async #try(batch: readonly OpenDeadLetter[]): Promise<void> {
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
    while (systemClock.now() < due && !this.#stopped()) await sleep(systemClock, Math.min(200, due - systemClock.now()))
  }

  async #resend(batch: readonly OpenDeadLetter[]): Promise<void> {
    const { producer, log } = this.#options
    await this.#lease?.check()
    await this.#store.reserve(batch)
    const locations = log
      ? await findInLog(
          batch.map(({ deadLetter }) => deadLetter),
          log,
        )
      : new Map<string, string>()
    const completed: Completed[] = []
    const sendable: { open: OpenDeadLetter; record: ProducerRecord }[] = []
    for (const open of batch) {
      const location = locations.get(open.deadLetter.deadLetterId)
      if (location !== undefined) completed.push({ open, location })
      else {
        const record = await this.#record(open)
        if (record) sendable.push({ open, record })
      }
    }
    this.#counts.found += completed.length
    const reports = await producer.sendAll(sendable.map(({ record }) => record))
    const failures: { open: OpenDeadLetter; failed: Failed }[] = []
    reports.forEach((report: DeliveryReport, index) => {
      const { open } = sendable[index] as { open: OpenDeadLetter }
      if (report.kind === 'delivered') completed.push({ open, location: locationOf(report.metadata) })
      else failures.push({ open, failed: report })
    })
    await this.#store.complete(completed)
    this.#counts.resent += sendable.length - failures.length
    for (const { open, failed } of failures) await this.#note(open, failed)
    // The cluster accepts nothing, so the other dead letters would fail, too.
    if (
      sendable.length > 0 &&
      failures.length === sendable.length &&
      failures.every(({ failed }) => failed.failureKind === 'delivery-failure')
    )
      this.#counts.stopped = failures[0]?.failed.code as string
  }

  /** The record to send; undefined if it can't be created, which is counted. */
  async #record(open: OpenDeadLetter): Promise<ProducerRecord | undefined> {
    const { contracts, topic, timestamp = 'original' } = this.#options
    try {
      const { deadLetter } = { deadLetter: await withClaim(open.deadLetter) }
      const { key, value, headers, partition, ...bytes } = recordOf(deadLetter)
      const to = bytes.topic ?? topic
      const time = timestamp === 'now' ? undefined : timeOf(deadLetter)
      const record = {
        topic: to as string,
        key,
        value,
        headers,
        sourceId: deadLetter.recordId,
        ...(time === undefined ? {} : { timestamp: time }),
        ...(partition === null ? {} : { partition }),
      }
      if (deadLetter.failure.kind !== 'invalid-record' || !contracts) return record
      return { ...record, key: validateRecord(record, { contracts }).key as ProducerRecord['key'] & {} }
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      const { code } = error
      this.#counts.failed[code] = (this.#counts.failed[code] ?? 0) + 1
      await this.#store.replace(open, tried(open.deadLetter, code))
      return undefined
    }
  }

  /** A rejected record counts as an attempt; one that never left this machine does not. */
  async #note(open: OpenDeadLetter, failed: Failed): Promise<void> {
    const { code, outcome } = failed
    this.#counts.failed[code] = (this.#counts.failed[code] ?? 0) + 1
    if (outcome === 'not-sent' && failed.failureKind === 'delivery-failure') return
    const deadLetter = tried(open.deadLetter, code)
    await this.#store.replace(open, outcome === 'unknown' ? inDoubt(deadLetter, failed) : deadLetter)
  }
}

/** Renews a lease until it is stopped. The next check reports a lost lease. */
function keepRenewed(lease: Lease): { end(): void } {
  const timer = setInterval(() => lease.renew().catch(() => undefined), RENEW_MS)
  return { end: () => clearInterval(timer) }
}
