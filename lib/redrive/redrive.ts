// Dead letters → Kafka again, as the bytes they were. A dead letter is settled only after the acknowledgement; what fails stays open.

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
  /** What the records are sent with: no contracts, for they go as the bytes that were checked before. */
  readonly producer: Pick<KafkaProducer, 'sendAll'>
  /** Where `unknown` dead letters are looked for first; undefined: they are sent again without a look. */
  readonly log?: Log
  /** With it, dead letters of invalid records are tried too, by the contracts as they are now. Without it they stay. */
  readonly contracts?: Contracts
  /** At most so many dead letters are tried. */
  readonly limit?: number
  /** Records per second. */
  readonly rate?: number
  /** Only counts. */
  readonly dryRun?: boolean
  /** `original` (default): the record's own, or when it first failed. `now`: set anew. */
  readonly timestamp?: 'original' | 'now'
  /** A dead letter that was refused so often is parked: it stays and is not tried. Default: 5. */
  readonly maxAttempts?: number
  /** Topics that dead letters are never sent to: those they lie in. */
  readonly isDeadLetterTopic?: (topic: string) => boolean
  /** Told after every batch. */
  readonly onProgress?: (result: RedriveResult) => void
  /** No batch begins after it. */
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
}

export interface RedriveResult {
  /** Dead letters that were looked at, and those that the filter took. */
  readonly seen: number
  readonly matched: number
  /** What was tried, or in a dry run would be. */
  readonly tried: number
  /** Sent again and acknowledged. */
  readonly resent: number
  /** `unknown` ones that were in Kafka all the time. */
  readonly found: number
  /** Of invalid records, which were not tried. */
  readonly invalid: number
  /** Not tried any more. */
  readonly parked: number
  /** Tried, and still open: how many by code. */
  readonly failed: Readonly<Record<string, number>>
  /** What was matched, by topic and code. */
  readonly byTopic: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** The oldest timestamp that would be sent, by topic, ms since the epoch. */
  readonly oldest: Readonly<Record<string, number>>
  /** Why it ended before the dead letters did, if so. */
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
 * @throws DeadLetterError `redrive-running` while another redrive has the dead letters · what the store throws when it can't be read
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
    // The lease is looked at again: what somebody else removes meanwhile is theirs.
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

  /** Counts a dead letter, and says whether it is to be tried. */
  #takes(deadLetter: DeadLetter): boolean {
    const { contracts, maxAttempts = MAX_ATTEMPTS, isDeadLetterTopic = () => false, topic } = this.#options
    const counts = this.#counts
    // A record that never had a topic can only go to the one that is asked for.
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
    // The cluster takes nothing: the others would only fail too.
    if (
      sendable.length > 0 &&
      failures.length === sendable.length &&
      failures.every(({ failed }) => failed.failureKind === 'delivery-failure')
    )
      this.#counts.stopped = failures[0]?.failed.code as string
  }

  /** The record to send; undefined where it can't be made, which is noted. */
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

  /** What was refused counts as an attempt; what never left this machine does not. */
  async #note(open: OpenDeadLetter, failed: Failed): Promise<void> {
    const { code, outcome } = failed
    this.#counts.failed[code] = (this.#counts.failed[code] ?? 0) + 1
    if (outcome === 'not-sent' && failed.failureKind === 'delivery-failure') return
    const deadLetter = tried(open.deadLetter, code)
    await this.#store.replace(open, outcome === 'unknown' ? inDoubt(deadLetter, failed) : deadLetter)
  }
}

/** Renews a lease until its end. One that is lost shows at the next check. */
function keepRenewed(lease: Lease): { end(): void } {
  const timer = setInterval(() => lease.renew().catch(() => undefined), RENEW_MS)
  return { end: () => clearInterval(timer) }
}
