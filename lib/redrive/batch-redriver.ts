// Sends one batch of dead letters, and completes those whose records are in Kafka.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { type Completed, NotCompletedError } from '../dead-letter/dead-letter-store.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import { CLUSTER_FAILURES, type ErrorCode, KafkaProducerError } from '../errors.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { sleep, systemClock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import type { Candidate } from './candidate.ts'
import type { CompactedKeys } from './compacted-keys.ts'
import { completeWithClaims } from './complete-claims.ts'
import type { LookUpResult } from './look-up-options.ts'
import { RedriveNotes } from './redrive-notes.ts'
import { redrivenRecord } from './redriven-record.ts'
import type { RunState } from './run-state.ts'
import type { Attempt } from './stopped-topics.ts'
import type { TopicChecks } from './topic-checks.ts'

const REACHABLE_MS = 5000
const PAUSE_MS = 200
/**
 * A run ends after this many batches in a row without a completion, because the next run would send everything once
 * more.
 */
const MAX_REFUSALS = 2

interface Sendable {
  readonly candidate: Candidate
  readonly record: ProducerRecord
}

export class BatchRedriver {
  readonly #run: RunState
  readonly #topics: TopicChecks
  readonly #compactedKeys: CompactedKeys
  readonly #notes: RedriveNotes
  readonly #begin = systemClock.now()
  /** The number of batches in a row without a completion. */
  #refusals = 0

  constructor(run: RunState, topics: TopicChecks, compactedKeys: CompactedKeys) {
    this.#run = run
    this.#topics = topics
    this.#compactedKeys = compactedKeys
    this.#notes = new RedriveNotes(run)
  }

  /** @param results the results of the look-up; a dead letter without one may be sent */
  async redrive(batch: readonly Candidate[], results: ReadonlyMap<DeadLetter, LookUpResult>): Promise<void> {
    const { store, options, counts, lease } = this.#run
    if (!options.dryRun) {
      await this.#pace(batch.length)
      if (this.#run.isStopped) return
      await lease?.check()
      // Reserve before the send: records whose results can't be stored would be sent again by every run.
      await store.reserve(batch.map(({ open }) => open))
    }
    const completed: Completed[] = []
    const sendable: Sendable[] = []
    for (const candidate of batch) {
      const { open, topic, partition, keptFor } = candidate
      const result = results.get(candidate.deadLetter)
      const stopped = this.#topics.stoppedTopics.codeOf(topic, partition)
      if (candidate.foundAt !== undefined) completed.push({ open, location: candidate.foundAt })
      else if (keptFor !== undefined) this.#notes.keep(open, keptFor, false)
      else if (result?.kind === 'found') completed.push({ open, location: result.location })
      else if (result?.kind === 'keep') this.#notes.keep(open, result.code, result.countsAsAttempt)
      else if (stopped !== undefined) this.#notes.keepUntried(open, stopped)
      else {
        counts.tried++
        const record = options.dryRun ? this.#wouldSend(candidate) : await this.#record(candidate)
        if (record) sendable.push({ candidate, record })
      }
    }
    await this.#notes.store()
    await this.#complete(completed, 'found')
    if (sendable.length > 0) await this.#send(sendable)
    options.onProgress?.(counts.result())
  }

  #wouldSend({ open, topic }: Candidate): undefined {
    const { deadLetter, location } = open
    const { deadLetterId } = deadLetter
    this.#run.options.onDeadLetter?.({ deadLetterId, location, result: 'would-send', topic })
    return undefined
  }

  /** @returns the record to send; undefined if an error kept the dead letter open */
  async #record(candidate: Candidate): Promise<ProducerRecord | undefined> {
    try {
      return await redrivenRecord(candidate, this.#run.options, this.#run.encodingFailures)
    } catch (error) {
      if (!(error instanceof KafkaProducerError)) throw error
      this.#notes.keep(candidate.open, error.code, !error.retriable)
      return undefined
    }
  }

  async #pace(next: number): Promise<void> {
    const { rate } = this.#run.options
    if (rate === undefined) return
    const due = this.#begin + ((this.#run.counts.tried + next) / rate) * 1000
    while (systemClock.now() < due && !this.#run.isStopped)
      await sleep(systemClock, Math.max(1, Math.min(PAUSE_MS, due - systemClock.now())))
  }

  async #send(sendable: readonly Sendable[]): Promise<void> {
    const { journal, options } = this.#run
    await journal?.begin(
      sendable.map(({ candidate: { open, topic }, record: { partition = null } }) => ({
        deadLetter: open.deadLetter,
        topic,
        partition,
      })),
    )
    // Leave time for the notes: without them the next run would not look for records with an unknown outcome.
    const reports = await options.producer.sendAll(
      sendable.map(({ record }) => record),
      options.deadline,
    )
    const completed: Completed[] = []
    const failures: { readonly candidate: Candidate; readonly failed: Failed }[] = []
    const attempts: Attempt[] = []
    reports.forEach((report: DeliveryReport, index) => {
      const { candidate } = sendable[index] as Sendable
      const { open, topic } = candidate
      if (report.kind === 'delivered') {
        const { partition, offset } = report.metadata
        completed.push({ open, location: locationOf(report.metadata) })
        if (offset !== null && this.#topics.isCompacted(topic))
          this.#compactedKeys.note(topic, partition, offset, open.deadLetter)
        attempts.push({ topic, partition, failed: undefined })
      } else {
        failures.push({ candidate, failed: report })
        attempts.push({ topic, partition: report.serialized?.partition ?? candidate.partition, failed: report })
      }
    })
    this.#topics.stoppedTopics.note(attempts)
    for (const { candidate, failed } of failures) this.#notes.keepFailed(candidate.open, failed)
    // Unknown outcomes are noted even if the completion fails.
    await this.#complete(completed, 'sent').finally(() => this.#notes.store())
    const codes = failures.map(({ failed }) => failed.code)
    if (completed.length === 0 && codes.every(code => CLUSTER_FAILURES.has(code)) && !(await this.#isReachable()))
      this.#run.stopAsDown(codes[0] as ErrorCode)
  }

  /** Whether any broker answers. If none does, the run stops. */
  async #isReachable(): Promise<boolean> {
    const { producer } = this.#run.options
    return (await producer.isReachable?.(Deadline.after(systemClock, REACHABLE_MS))) ?? false
  }

  async #complete(completed: readonly Completed[], result: 'sent' | 'found'): Promise<void> {
    if (completed.length === 0) return
    const { store, options, counts, journal } = this.#run
    counts[result === 'sent' ? 'resent' : 'found'] += completed.length
    for (const { open, location: record } of completed) {
      const { deadLetter, location } = open
      options.sentInRun?.noteSent(deadLetter, record)
      options.onDeadLetter?.({ deadLetterId: deadLetter.deadLetterId, location, result, record })
    }
    if (options.dryRun) return
    try {
      await completeWithClaims(store, completed, options.completeClaim)
      for (const { open } of completed) journal?.resultStored(open.deadLetter)
      this.#refusals = 0
    } catch (error) {
      const left = new Set((error instanceof NotCompletedError ? error.entries : completed).map(({ open }) => open))
      for (const { open } of completed) if (!left.has(open)) journal?.resultStored(open.deadLetter)
      counts.notCompleted += left.size
      this.#refusals = left.size < completed.length ? 0 : this.#refusals + 1
      if (!(error instanceof NotCompletedError) || this.#refusals === MAX_REFUSALS) throw error
    }
  }
}
