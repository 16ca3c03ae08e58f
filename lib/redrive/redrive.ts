// Sends the records of dead letters again, as the same bytes. A dead letter is completed only after the
// acknowledgement; if the send fails, it stays open. An error of one dead letter keeps no other from being sent.
import { type DeadLetter, recordOf } from '../dead-letter/dead-letter.ts'
import {
  type Completed,
  type DeadLetterStore,
  type Lease,
  NotCompletedError,
  type OpenDeadLetter,
  type Replacement,
} from '../dead-letter/dead-letter-store.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import { isProbe } from '../dead-letter/probe.ts'
import { hasOwnId } from '../dead-letter/read-dead-letter.ts'
import { replaceAll } from '../dead-letter/replace-all.ts'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import { DeadLetterError, type ErrorCode, KafkaProducerError } from '../errors.ts'
import { murmur2 } from '../partition/murmur2.ts'
import type { ProducerRecord, RecordHeader } from '../record/producer-record.ts'
import { sleep, systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { CompactedKeys, olderOfTheirKeys } from './compacted-keys.ts'
import { completeWithClaims } from './complete-claims.ts'
import { originOf } from './dead-letter-origin.ts'
import { divideMessages } from './divide-messages.ts'
import type { LookUpResult } from './log-look-up.ts'
import { RedriveCounts } from './redrive-counts.ts'
import type { RedriveOptions, RedriveResult } from './redrive-options.ts'
import { doubtNotNoted, moveRefused } from './refused-notes.ts'
import { inDoubt, noted, timeOf, topicInDoubt, tried, withTopic } from './retried-dead-letter.ts'
import { isParked, MAX_ATTEMPTS, matches } from './select-dead-letters.ts'
import { type Attempt, OF_TOPIC, StoppedPlaces } from './stopped-places.ts'
import { TopicFactsCache } from './topic-facts.ts'

export type { DeadLetterResult, RedriveLog, RedriveOptions, RedriveResult } from './redrive-options.ts'

const CONCURRENCY = 100
const IN_DOUBT_WAIT_MS = 5 * 60_000
const RENEW_MS = 15_000
/** Dead letters are read up to about this size before one pass over the logs looks them all up. */
const WINDOW_BYTES = 32 * 1024 * 1024
/** The values of a batch are in memory together, several times each: as base64, as bytes, as a record batch. */
const BATCH_BYTES = 16 * 1024 * 1024
const REACHABLE_MS = 5000
const PAUSE_MS = 200
/** After so many batches of which nothing could be completed a run ends: it would send everything once more. */
const MAX_REFUSALS = 2
/** Codes of failures of the whole cluster. */
const OF_CLUSTER: ReadonlySet<ErrorCode> = new Set(['unreachable', 'authentication', 'unavailable', 'deadline'])

/**
 * Sends the open dead letters of a store again. A run that stops early returns its counts up to then.
 * @throws DeadLetterError `redrive-running` while another redrive has the lease · the error of the store if it can't
 * grant a lease
 */
export async function redrive(store: DeadLetterStore, options: RedriveOptions): Promise<RedriveResult> {
  const lease = options.dryRun ? undefined : await store.lease()
  const timer = lease && setInterval(() => lease.renew().catch(() => undefined), RENEW_MS)
  const counts = new RedriveCounts()
  try {
    await new Redrive(store, options, counts, lease).run()
    // Checked again, because tidying is for the holder of the lease only.
    await lease?.check()
    if (lease) await store.tidy()
  } catch (error) {
    counts.stop(error instanceof KafkaProducerError ? error.code : 'dead-letter', error)
  } finally {
    clearInterval(timer)
    await lease?.release().catch(() => undefined)
  }
  return counts.result()
}

/** A dead letter and the topic that its record will be sent to. */
interface Candidate {
  readonly open: OpenDeadLetter
  /** With that topic; one in doubt with its own, for it is looked for where it was sent. */
  readonly deadLetter: DeadLetter
  readonly topic: string
  /** The partition that its key maps to; undefined if it has no key or the topic's partitions are unknown. */
  readonly partition: number | undefined
  /** Why it stays, e.g. `too-old`. Undefined: nothing known of its topic keeps it. */
  readonly keptFor: string | undefined
}

interface Sendable {
  readonly candidate: Candidate
  readonly record: ProducerRecord
}

class Redrive {
  readonly #store: DeadLetterStore
  readonly #options: RedriveOptions
  readonly #counts: RedriveCounts
  readonly #lease: Lease | undefined
  readonly #begin = systemClock.now()
  readonly #stoppedPlaces = new StoppedPlaces()
  readonly #facts: TopicFactsCache | undefined
  /** Each topic is asked for once, also by the dead letters of a window that ask at the same time. */
  readonly #partitionCounts = new Map<string, Promise<number | undefined>>()
  /** Batches in a row of which nothing could be completed. */
  #refusals = 0
  readonly #compactedKeys = new CompactedKeys()
  /** The notes of this batch. */
  readonly #notes: Replacement[] = []
  /** Those of the notes without which the next run would not look for the record. */
  readonly #newDoubts = new WeakSet<DeadLetter>()
  readonly #unreadablePartitions = new Map<string, KafkaProducerError>()

  constructor(store: DeadLetterStore, options: RedriveOptions, counts: RedriveCounts, lease: Lease | undefined) {
    this.#store = store
    this.#options = options
    this.#counts = counts
    this.#lease = lease
    this.#facts = options.log && new TopicFactsCache(options.log)
  }

  async run(): Promise<void> {
    for (;;) {
      const before = this.#counts.resent + this.#counts.found
      await this.#readOnce()
      await this.#divideMessages()
      const progress = this.#counts.resent + this.#counts.found - before
      if (!this.#store.givesMoreAfterCompletion || progress === 0 || this.#options.dryRun || this.#isStopped()) return
    }
  }

  async #divideMessages(): Promise<void> {
    if (this.#options.dryRun) return
    const { moved, left } = await divideMessages(this.#store, this.#options.deadLetterTargets)
    this.#counts.moved += moved
    this.#counts.notCompleted += left
  }

  async #readOnce(): Promise<void> {
    const { limit = Number.POSITIVE_INFINITY, signal, onUnreadable } = this.#options
    const counts = this.#counts
    const probes: OpenDeadLetter[] = []
    let window: Candidate[] = []
    let bytes = 0
    const reading = this.#store.deadLetters({
      purpose: this.#options.dryRun ? 'look' : 'redrive',
      signal,
      onUnreadable: unreadable => {
        counts.unreadable += unreadable.count
        onUnreadable?.(unreadable)
      },
    })
    for await (const open of reading) {
      // A message is taken whole: its dead letters follow each other.
      const isNext = open.siblings === undefined || window.at(-1)?.open.location !== open.location
      if (this.#isStopped()) break
      if (isNext && counts.tried + window.length >= limit) {
        counts.hasMore = this.#untried(open.deadLetter) === undefined
        if (counts.hasMore) break
        continue
      }
      counts.seen++
      this.#options.onSeen?.(open.deadLetter)
      if (isProbe(open.deadLetter) && !this.#options.dryRun) {
        probes.push(open)
        continue
      }
      const candidate = this.#take(open)
      if (!candidate) continue
      window.push(candidate)
      bytes += sizeOf(open.deadLetter)
      if (bytes < WINDOW_BYTES) continue
      await this.#work(window)
      window = []
      bytes = 0
    }
    if (window.length > 0 && !this.#isStopped()) await this.#work(window)
    await this.#removeProbes(probes)
  }

  /** The doctor leaves one where a target has too much in it to find one dead letter. */
  async #removeProbes(probes: readonly OpenDeadLetter[]): Promise<void> {
    if (probes.length === 0 || this.#isStopped()) return
    await this.#lease?.check()
    await this.#store.complete(probes.map(open => ({ open, location: 'doctor' })))
  }

  #isStopped(): boolean {
    const { deadline, signal } = this.#options
    if (deadline?.passed) this.#counts.stop('deadline')
    if (signal?.aborted) this.#counts.stop('interrupted')
    return this.#counts.stopped !== undefined
  }

  /** Counts a dead letter. @returns undefined if it is not tried */
  #take(open: OpenDeadLetter): Candidate | undefined {
    const { contracts, anyTopic, to, deadLetterTargets } = this.#options
    const counts = this.#counts
    const { deadLetter, siblings = [] } = open
    const untried = this.#untried(deadLetter)
    if (untried === 'other') return undefined
    counts.match(deadLetter.record.topic ?? '', deadLetter.failure.code)
    if (untried !== undefined) {
      counts[untried]++
      return this.#report(open, untried)
    }
    if (!deadLetterTargets?.isOn && siblings.some(sibling => this.#untried(sibling) !== undefined)) {
      this.#skip(open, 'message-not-whole')
      return undefined
    }
    const topic = (to ?? deadLetter.record.topic) as string
    const isAllowed = (each: string) => !contracts || anyTopic || contracts.has(each)
    return {
      open,
      deadLetter: deadLetter.inDoubt ? deadLetter : withTopic(deadLetter, topic),
      topic,
      partition: undefined,
      keptFor: [topic, ...otherTopicInDoubt(deadLetter)].every(isAllowed) ? undefined : 'unknown-topic',
    }
  }

  /** Why a dead letter is not even tried; `other`: the filter leaves it out. */
  #untried(deadLetter: DeadLetter): 'other' | 'parked' | 'invalid' | undefined {
    const { contracts, includeInvalid, to, maxAttempts = MAX_ATTEMPTS, isDeadLetterTopic = () => false } = this.#options
    if (!matches(deadLetter, this.#options, maxAttempts)) return 'other'
    const topic = to ?? deadLetter.record.topic
    if (isParked(deadLetter, maxAttempts) || (topic !== null && isDeadLetterTopic(topic))) return 'parked'
    const isInvalid = deadLetter.failure.kind === 'invalid-record' && !(includeInvalid && contracts)
    return topic === null || isInvalid ? 'invalid' : undefined
  }

  /** Counts and reports a dead letter that stays. */
  #skip(open: OpenDeadLetter, code: string): void {
    this.#counts.fail(code)
    this.#report(open, code)
  }

  #report({ deadLetter, location }: OpenDeadLetter, code: string): undefined {
    this.#options.onDeadLetter?.({ deadLetterId: deadLetter.deadLetterId, location, result: 'kept', code })
    return undefined
  }

  /** Handles one window: checks the topics' settings and logs, then sends batch by batch. */
  async #work(window: readonly Candidate[]): Promise<void> {
    const { concurrency = CONCURRENCY, rate = Number.POSITIVE_INFINITY, log } = this.#options
    const tried = window.filter(({ keptFor }) => keptFor === undefined)
    // Records in doubt are looked up where they were sent: that topic may be deleted.
    const topics = tried.flatMap(({ topic, deadLetter }) =>
      deadLetter.inDoubt === null ? [topic] : [topic, topicInDoubt(deadLetter) as string],
    )
    const unanswered = await this.#facts?.load(topics)
    // If no broker answers or authenticates us, every send would fail.
    if (unanswered && OF_CLUSTER.has(unanswered.code)) return this.#stopAsDown(unanswered.code, unanswered)
    const fitting = window.map(candidate => ({ ...candidate, keptFor: candidate.keptFor ?? this.#misfit(candidate) }))
    const checked = this.#newestOfKeys(fitting)
    const placed = log ? await Promise.all(checked.map(candidate => this.#place(candidate))) : checked
    const results = await this.#lookUp(placed.filter(({ keptFor }) => keptFor === undefined))
    const size = Math.max(1, Math.min(concurrency, rate))
    for (const batch of batchesOf(placed, size)) {
      if (this.#isStopped()) return
      await this.#try(batch, results)
    }
  }

  /** Why the topic would not keep the record, or why that is unknown. */
  #misfit({ deadLetter, topic }: Candidate): string | undefined {
    if (!this.#facts) return undefined
    const { assumeRetained, timestamp } = this.#options
    const facts = this.#facts.of(topic)
    if (facts.kind === 'missing') this.#stoppedPlaces.stop(topic, 'topic-not-on-cluster')
    if (facts.kind === 'unknown') return assumeRetained ? undefined : 'retention-unknown'
    const isTooOld = facts.kind === 'known' && timestamp !== 'now' && isOlder(deadLetter, facts.retentionMs)
    return isTooOld ? 'too-old' : undefined
  }

  /** In compacted topics the older records of a key are kept, or the last of them would replace the newest. */
  #newestOfKeys(candidates: readonly Candidate[]): readonly Candidate[] {
    if (this.#options.overwrite) return candidates
    const inCompacted = candidates.filter(({ topic, keptFor }) => keptFor === undefined && this.#isCompacted(topic))
    const older = olderOfTheirKeys(inCompacted)
    return candidates.map(candidate => (older.has(candidate) ? { ...candidate, keptFor: 'superseded' } : candidate))
  }

  async #place(candidate: Candidate): Promise<Candidate> {
    const { topic, deadLetter, keptFor } = candidate
    if (keptFor !== undefined) return candidate
    const { partition, key } = recordOf(deadLetter)
    if (partition !== null) return { ...candidate, partition }
    if (key === null) return candidate
    const count = await this.#partitionCount(topic)
    return count === undefined ? candidate : { ...candidate, partition: (murmur2(key) & 0x7fffffff) % count }
  }

  #partitionCount(topic: string): Promise<number | undefined> | undefined {
    if (this.#stoppedPlaces.codeOf(topic) !== undefined) return undefined
    const count = this.#partitionCounts.get(topic) ?? this.#askPartitionCount(topic)
    this.#partitionCounts.set(topic, count)
    return count
  }

  async #askPartitionCount(topic: string): Promise<number | undefined> {
    try {
      return await this.#options.log?.partitions(topic)
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      return undefined
    }
  }

  async #lookUp(candidates: readonly Candidate[]): Promise<ReadonlyMap<DeadLetter, LookUpResult>> {
    const { log, overwrite, otherCluster = false, inDoubtWaitMs = IN_DOUBT_WAIT_MS, deadline, signal } = this.#options
    if (!log) return new Map()
    // Loaded on use: a run whose dead letters need no look has no use for it.
    const { lookUp } = await import('./log-look-up.ts')
    const reachable = candidates.filter(({ topic }) => this.#stoppedPlaces.codeOf(topic) === undefined)
    const topics = new Map(reachable.map(({ deadLetter, topic }) => [deadLetter, topic]))
    const partitions = new Map(reachable.map(({ deadLetter, partition }) => [deadLetter, partition]))
    const options = {
      log,
      waitMs: inDoubtWaitMs,
      isDeleted: (topic: string) => this.#facts?.of(topic).kind === 'missing',
      isCompacted: (topic: string) => !overwrite && this.#isCompacted(topic),
      topicOf: (deadLetter: DeadLetter) => topics.get(deadLetter) as string,
      partitionOf: (deadLetter: DeadLetter) => partitions.get(deadLetter),
      written: (topic: string, partition: number) => this.#compactedKeys.written(topic, partition),
      acceptOtherCluster: otherCluster,
      failures: this.#unreadablePartitions,
      // What can't be finished in this time stays, so that the others are sent.
      deadline: deadline?.limitedTo(deadline.remaining / 2),
      signal,
    }
    const results = new Map(await lookUp([...partitions.keys()], options))
    // One in doubt was looked for where it was sent; where it goes now may have a newer record of its key.
    const moved = new Map<DeadLetter, DeadLetter>()
    for (const { deadLetter, topic, partition } of reachable) {
      const { kind = 'not-there' } = results.get(deadLetter) ?? {}
      if (kind !== 'not-there' || deadLetter.inDoubt === null) continue
      if (
        topicInDoubt(deadLetter) === topic &&
        (partition ?? deadLetter.inDoubt.partition) === deadLetter.inDoubt.partition
      )
        continue
      const atTarget = withTopic({ ...deadLetter, inDoubt: null }, topic)
      moved.set(atTarget, deadLetter)
      topics.set(atTarget, topic)
      partitions.set(atTarget, partition)
    }
    for (const [atTarget, result] of await lookUp([...moved.keys()], options))
      results.set(moved.get(atTarget) as DeadLetter, result)
    return results
  }

  #isCompacted(topic: string): boolean {
    const facts = this.#facts?.of(topic)
    return facts?.kind === 'known' && facts.isCompacted
  }

  async #try(batch: readonly Candidate[], results: ReadonlyMap<DeadLetter, LookUpResult>): Promise<void> {
    const { dryRun, onProgress } = this.#options
    if (!dryRun) {
      await this.#pace(batch.length)
      if (this.#isStopped()) return
      await this.#lease?.check()
      // Before the send, because records whose results can't be stored would be sent again by every run.
      await this.#store.reserve(batch.map(({ open }) => open))
    }
    const completed: Completed[] = []
    const sendable: Sendable[] = []
    for (const candidate of batch) {
      const result = results.get(candidate.deadLetter)
      const stopped = this.#stoppedPlaces.codeOf(candidate.topic, candidate.partition)
      if (candidate.keptFor !== undefined) this.#keep(candidate, candidate.keptFor, false)
      else if (result?.kind === 'found') completed.push({ open: candidate.open, location: result.location })
      else if (result?.kind === 'keep') this.#keep(candidate, result.code, result.isOwnFault)
      else if (stopped !== undefined) this.#keepUntried(candidate, stopped)
      else {
        this.#counts.tried++
        const record = dryRun ? this.#wouldSend(candidate) : await this.#record(candidate)
        if (record) sendable.push({ candidate, record })
      }
    }
    await this.#storeNotes()
    await this.#complete(completed, 'found')
    if (sendable.length > 0) await this.#send(sendable)
    onProgress?.(this.#counts.result())
  }

  #wouldSend({ open, topic }: Candidate): undefined {
    const { deadLetter, location } = open
    const { deadLetterId } = deadLetter
    this.#options.onDeadLetter?.({ deadLetterId, location, result: 'would-send', topic })
    return undefined
  }

  async #pace(next: number): Promise<void> {
    const { rate } = this.#options
    if (rate === undefined) return
    const due = this.#begin + ((this.#counts.tried + next) / rate) * 1000
    while (systemClock.now() < due && !this.#isStopped())
      await sleep(systemClock, Math.max(1, Math.min(PAUSE_MS, due - systemClock.now())))
  }

  async #send(sendable: readonly Sendable[]): Promise<void> {
    const reports = await this.#options.producer.sendAll(sendable.map(({ record }) => record))
    const completed: Completed[] = []
    const failures: { readonly candidate: Candidate; readonly failed: Failed }[] = []
    const attempts: Attempt[] = []
    reports.forEach((report: DeliveryReport, index) => {
      const { candidate } = sendable[index] as Sendable
      const { open, topic } = candidate
      if (report.kind === 'delivered') {
        const { partition, offset } = report.metadata
        completed.push({ open, location: locationOf(report.metadata) })
        if (offset !== null && this.#isCompacted(topic))
          this.#compactedKeys.note(topic, partition, offset, open.deadLetter)
        attempts.push({ topic, partition, failed: undefined })
      } else {
        failures.push({ candidate, failed: report })
        attempts.push({ topic, partition: report.serialized?.partition ?? candidate.partition, failed: report })
      }
    })
    this.#stoppedPlaces.note(attempts)
    for (const { candidate, failed } of failures) this.#noteFailure(candidate, failed)
    // What is in doubt is noted also where nothing can be completed.
    await this.#complete(completed, 'sent').finally(() => this.#storeNotes())
    const codes = failures.map(({ failed }) => failed.code)
    if (completed.length === 0 && codes.every(code => OF_CLUSTER.has(code)) && !(await this.#isReachable()))
      this.#stopAsDown(codes[0] ?? 'unreachable')
  }

  #stopAsDown(code: ErrorCode, error?: KafkaProducerError): void {
    this.#counts.stop(code, error)
    this.#options.onClusterDown?.()
  }

  /** Whether any broker answers; if none does, the run stops. */
  async #isReachable(): Promise<boolean> {
    const { producer } = this.#options
    return (await producer.isReachable?.(Deadline.after(systemClock, REACHABLE_MS))) ?? false
  }

  async #complete(completed: readonly Completed[], result: 'sent' | 'found'): Promise<void> {
    if (completed.length === 0) return
    if (result === 'sent') this.#counts.resent += completed.length
    else this.#counts.found += completed.length
    for (const { open, location: record } of completed)
      this.#options.onDeadLetter?.({
        deadLetterId: open.deadLetter.deadLetterId,
        location: open.location,
        result,
        record,
      })
    if (this.#options.dryRun) return
    try {
      await completeWithClaims(this.#store, completed, this.#options.completeClaim)
      this.#refusals = 0
    } catch (error) {
      const left = error instanceof NotCompletedError ? error.entries.length : completed.length
      this.#counts.notCompleted += left
      this.#refusals = left < completed.length ? 0 : this.#refusals + 1
      if (!(error instanceof NotCompletedError) || this.#refusals === MAX_REFUSALS) throw error
    }
  }

  /** @returns the record to send; undefined if an error kept the dead letter open */
  async #record(candidate: Candidate): Promise<ProducerRecord | undefined> {
    const { contracts, timestamp = 'original' } = this.#options
    try {
      const deadLetter = await this.#withValue(candidate)
      const { key, value, headers, partition } = recordOf(deadLetter)
      const { topic } = candidate
      const record = {
        topic,
        key,
        value,
        headers: withRecordId(headers, deadLetter),
        sourceId: deadLetter.recordId,
        ...(timestamp === 'now' ? {} : { timestamp: timeOf(deadLetter) }),
        ...(partition === null || this.#options.to !== undefined ? {} : { partition }),
      }
      if (deadLetter.failure.kind !== 'invalid-record' || !contracts) return record
      const contract = contracts.get(topic)
      const checked = contract ? { ...record, origin: originOf(deadLetter, contract) } : record
      return { ...record, key: validateRecord(checked, { contracts }).key as ProducerRecord['key'] & {} }
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      this.#keep(candidate, error.code, !error.retriable)
      return undefined
    }
  }

  async #withValue({ open, topic }: Candidate): Promise<DeadLetter> {
    const { deadLetter } = open
    if (deadLetter.claimCheck === null) return withTopic(deadLetter, topic)
    const whole = await this.#options.readClaim?.(deadLetter)
    if (!whole || !hasOwnId(whole))
      throw new DeadLetterError('claim-missing', 'The value in the claim check is missing or differs.')
    return withTopic(whole, topic)
  }

  /** Keeps the dead letter open. Its own errors count as attempts; of others a new code is stored. */
  #keep(candidate: Candidate, code: string, isOwnFault: boolean): void {
    const { open } = candidate
    this.#skip(open, code)
    if (this.#options.dryRun) return
    if (isOwnFault) this.#note(open, tried(open.deadLetter, code))
    else if (open.deadLetter.redrive.lastCode !== code) this.#note(open, noted(open.deadLetter, code))
  }

  /** Stored with the other notes of its batch. */
  #note(open: OpenDeadLetter, deadLetter: DeadLetter): void {
    this.#notes.push({ open, deadLetter })
  }

  /**
   * What a target refuses for one dead letter, e.g. for its size, keeps no other from being sent; unless the next run
   * would send a record in doubt without a look.
   */
  async #storeNotes(): Promise<void> {
    const notes = this.#notes.splice(0)
    if (notes.length === 0) return
    const refusals = await replaceAll(this.#store, notes)
    const ofDoubt = refusals.filter(({ replacement }) => this.#newDoubts.has(replacement.deadLetter))
    const left = await moveRefused(this.#store, ofDoubt, this.#options.deadLetterTargets)
    this.#counts.moved += ofDoubt.length - left.length
    this.#counts.notNoted += refusals.length - ofDoubt.length + left.length
    if (left.length > 0) throw doubtNotNoted(left)
  }

  /** Of a stopped place only what an operator must mend is stored; a leader that is away comes back by itself. */
  #keepUntried(candidate: Candidate, code: ErrorCode): void {
    if (OF_TOPIC.has(code)) this.#keep(candidate, code, false)
    else this.#skip(candidate.open, code)
  }

  /** A rejected or unknown record counts as an attempt; one that was never sent does not. */
  #noteFailure(candidate: Candidate, failed: Failed): void {
    const { code, outcome, failureKind } = failed
    const { open } = candidate
    if (outcome !== 'unknown')
      return this.#keep(candidate, code, outcome !== 'not-sent' || failureKind !== 'delivery-failure')
    this.#skip(open, code)
    const deadLetter = inDoubt(tried(open.deadLetter, code), failed, this.#options.log !== undefined)
    this.#newDoubts.add(deadLetter)
    this.#note(open, deadLetter)
  }
}

/** The approximate size of a dead letter in memory. */
function sizeOf({ record }: DeadLetter): number {
  return 1024 + (record.value?.length ?? 0) + (record.key?.length ?? 0) + record.headers.length * 100
}

/** In order; at most `size` dead letters, and fewer if their values, also those of claim checks, are large. */
function* batchesOf(candidates: readonly Candidate[], size: number): Generator<readonly Candidate[]> {
  let batch: Candidate[] = []
  let bytes = 0
  for (const candidate of candidates) {
    const { deadLetter } = candidate
    const own = sizeOf(deadLetter) + (deadLetter.claimCheck?.bytes ?? 0)
    if (batch.length > 0 && (batch.length >= size || bytes + own > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(candidate)
    bytes += own
  }
  if (batch.length > 0) yield batch
}

function isOlder(deadLetter: DeadLetter, retentionMs: number | undefined): boolean {
  return retentionMs !== undefined && Date.now() - timeOf(deadLetter) > retentionMs
}

/** Records of the functions have their id in the header `kp-id`; it is set from the dead letter, which is trusted. */
function withRecordId(headers: readonly RecordHeader[], { recordId, source }: DeadLetter): RecordHeader[] {
  const id: RecordHeader = ['kp-id', Buffer.from(recordId)]
  const at = headers.findIndex(([name]) => name === 'kp-id')
  const others = headers.filter(([name]) => name !== 'kp-id')
  if (at < 0) return source.trigger === 'template' ? others : [id, ...others]
  return [...others.slice(0, at), id, ...others.slice(at)]
}

/** Where the record may be beside its own topic. Anybody who may write to a target may name any topic there. */
function otherTopicInDoubt(deadLetter: DeadLetter): readonly string[] {
  const topic = topicInDoubt(deadLetter)
  return topic === null || topic === deadLetter.record.topic ? [] : [topic]
}
