// Reads and completes the dead letters of Kafka topics. A log can't be rewritten, so further records of the same topic
// (markers) complete them, and the topic's retention removes both.
import type { DeliveryReport } from '../../delivery/delivery-report.ts'
import { CLUSTER_FAILURES, DeadLetterError, KafkaProducerError, RecordBatchError } from '../../errors.ts'
import type { ProducerRecord } from '../../record/producer-record.ts'
import type { Clock } from '../../time/clock.ts'
import type { LogRecord } from '../../wire-format/record-batch-decoder.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  type DeadLetterLog,
  type DeadLetterStoreServices,
  type Lease,
  type LeaseWait,
  NotCompletedError,
  type OpenDeadLetter,
  type ReadOptions,
  type Refusal,
  type Replacement,
  type StopRequest,
  type TargetDeadLetterStore,
  type Unreadable,
} from '../dead-letter-store.ts'
import type { DeadLetterProducer } from '../dead-letter-target.ts'
import { type DeadLetterHistory, mergeDeadLetters } from '../merge-dead-letters.ts'
import type { ReadResult } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { deadLetterTopic, isDeadLetterTopic, toKafkaDeadLetter } from './kafka-dead-letter.ts'
import type { KafkaLeaseOptions } from './lease.ts'
import { closedMarkers, type Place, placeIn, readKafkaDeadLetter } from './read-kafka-dead-letter.ts'
import { locationOf } from './target.ts'
import { type OpenRecords, TopicIndex } from './topic-index.ts'
import { requestStops, takeLeases } from './topic-leases.ts'

export interface KafkaDeadLetterStoreOptions {
  /** The pattern of the topics' names, e.g. `{topic}-dlt`. */
  readonly pattern: string
  readonly reader: DeadLetterLog
  readonly producer: DeadLetterProducer
  readonly clock?: Clock
  closeReader(): Promise<void>
}

export function openStore(
  { pattern, servers }: DeadLetterTargetConfig<'kafka'>,
  { createProducer, createLogReader }: DeadLetterStoreServices,
): KafkaDeadLetterStore {
  return new KafkaDeadLetterStore({ pattern, producer: createProducer(servers), ...createLogReader(servers) })
}

/** All records of the dead letter, and their topic. */
interface Handle {
  readonly topic: string
  readonly places: readonly Place[]
}

interface Range {
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/** The parts, read so far, of dead letters with several records. */
type Copies = Map<OpenRecords, { readonly count: number; readonly history: DeadLetterHistory }>

interface SecondPass {
  readonly topic: string
  readonly partition: number
  readonly open: ReadonlyMap<bigint, OpenRecords>
  readonly copies: Copies
  readonly index: TopicIndex
}

/** `until`: the offset after a batch that can't be read. */
type Report = (unreadable: Unreadable & { readonly until?: bigint }) => void

export class KafkaDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #options: KafkaDeadLetterStoreOptions
  /** The topics whose lease this redrive holds. */
  #leased: readonly string[] | undefined

  constructor(options: KafkaDeadLetterStoreOptions) {
    this.#options = options
  }

  async *deadLetters({ onUnreadable = () => {}, signal }: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Handle>> {
    // Only topics under the lease: another redrive may hold a topic that was created since.
    for (const topic of this.#leased ?? (await this.#topics())) {
      if (signal?.aborted) return
      const index = new TopicIndex(topic)
      const partitions = await this.#partitions(topic, onUnreadable)
      for (let partition = 0; partition < partitions; partition++) {
        const report: Report = ({ until, ...unreadable }) => {
          // A single record that can't be read is not a marker, but an unreadable batch may contain markers.
          if (until !== undefined) index.cantRead(partition, until)
          onUnreadable(unreadable)
        }
        const isWhole = await this.#guard(topic, partition, onUnreadable, async () => {
          await this.#index(topic, partition, index, report, signal)
          return true
        })
        if (!isWhole) index.cantRead(partition)
      }
      const copies: Copies = new Map()
      const byPartition = [...index.open()].sort(([a], [b]) => a - b)
      for (const [partition, open] of byPartition)
        yield* this.#open({ topic, partition, open, copies, index }, onUnreadable, signal)
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    const topic = deadLetterTopic(this.#options.pattern, deadLetter.record.topic)
    return { deadLetter, location, verified: true, handle: { topic, places: placeIn(topic, location) } }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    const left = await this.#mark(completed.map(each => ({ ...each, markers: markersOf(each.open, each.location) })))
    if (left.length === 0) return
    const entries = left.map(({ marked: { open, location } }) => ({ open, location }))
    throw new NotCompletedError(entries, { cause: left[0]?.error })
  }

  /** Writes markers. @returns the failed ones with the reason */
  async #mark<T extends { readonly markers: readonly ProducerRecord[] }>(
    toMark: readonly T[],
  ): Promise<{ readonly marked: T; readonly error: DeadLetterError }[]> {
    const reports = await this.#options.producer.sendAll(toMark.flatMap(({ markers }) => markers))
    let next = 0
    return toMark.flatMap(marked => {
      const markerReports = reports.slice(next, next + marked.markers.length)
      next += marked.markers.length
      const failed = markerReports.find(report => report.kind === 'failed')
      return failed ? [{ marked, error: notNoted(failed) }] : []
    })
  }

  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    const [refusal] = await this.replaceAll([{ open, deadLetter }])
    if (refusal) throw refusal.error
  }

  /** Writes the new versions first, then the markers that complete the old ones. */
  async replaceAll(replacements: readonly Replacement<Handle>[]): Promise<readonly Refusal<Handle>[]> {
    const { pattern, producer } = this.#options
    const reports = await producer.sendAll(replacements.map(({ deadLetter }) => toKafkaDeadLetter(deadLetter, pattern)))
    const refused = replacements.flatMap((replacement, index) => {
      const report = reports[index]
      return report?.kind === 'delivered' ? [] : [{ replacement, error: notNoted(report) }]
    })
    const left = new Set(refused.map(({ replacement }) => replacement))
    const stored = replacements.filter(each => !left.has(each))
    const unmarked = await this.#mark(stored.map(each => ({ ...each, markers: markersOf(each.open, 'replaced') })))
    // For other replacements both versions have the same id and are open; a reader merges them.
    const ofEdits = unmarked.filter(
      ({ marked: { open, deadLetter } }) => deadLetter.deadLetterId !== open.deadLetter.deadLetterId,
    )
    return [...refused, ...ofEdits.map(({ marked: replacement, error }) => ({ replacement, error }))]
  }

  async lease(wait?: LeaseWait): Promise<Lease> {
    const topics = await this.#topics()
    const lease = await takeLeases(topics, topic => this.#leaseOptions(topic), wait)
    this.#leased = topics
    const release = () => {
      this.#leased = undefined
      return lease.release()
    }
    return { ...lease, release }
  }

  async requestStop(): Promise<StopRequest> {
    return requestStops(await this.#topics(), topic => this.#leaseOptions(topic))
  }

  /** Does nothing: if the cluster can't take records, sending fails before anything must be noted. */
  async reserve(): Promise<void> {}

  /** Does nothing: the topic's retention removes old records, completed or not. */
  async tidy(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([this.#options.producer.close(), this.#options.closeReader()])
  }

  /** @throws DeadLetterError `not-found` if the cluster has no such topic, or none that the client may see */
  async #topics(): Promise<string[]> {
    const { reader, pattern } = this.#options
    const topics = (await reader.topics()).filter(topic => isDeadLetterTopic(pattern, topic)).sort()
    if (topics.length === 0)
      throw new DeadLetterError('not-found', `The cluster has no topic ${pattern} that this client may read.`)
    return topics
  }

  /** Reports a topic that can't be read; the others are still read. */
  async #partitions(topic: string, report: Report): Promise<number> {
    try {
      return await this.#options.reader.partitions(topic)
    } catch (error) {
      report({ location: `kafka:${topic}`, reason: reasonOf(error), count: 1 })
      return 0
    }
  }

  /** The first pass over a partition. */
  async #index(
    topic: string,
    partition: number,
    index: TopicIndex,
    report: Report,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { reader } = this.#options
    const range = { partition, from: await reader.start(topic, partition), to: await reader.end(topic, partition) }
    for await (const record of this.#records(topic, range, signal, report)) {
      const { offset, headers } = record
      const reason = index.add({ partition, offset }, headers, this.#read(topic, record))
      if (reason !== undefined) report({ location: locationOf({ topic, partition, offset }), reason, count: 1 })
    }
  }

  /** The second pass: from the first to the last open dead letter of a partition. */
  async *#open(
    { topic, partition, open, copies, index }: SecondPass,
    report: Report,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<OpenDeadLetter<Handle>> {
    const offsets = [...open.keys()].sort((a, b) => (a < b ? -1 : 1))
    const [from = 0n, last = -1n] = [offsets[0], offsets.at(-1)]
    const records = this.#records(topic, { partition, from, to: last + 1n }, signal)
    for (;;) {
      const next = await this.#guard(topic, partition, report, () => records.next())
      if (next?.value === undefined) return
      const openRecords = open.get(next.value.offset)
      if (!openRecords) continue
      const read = this.#read(topic, next.value)
      if (read.kind !== 'dead-letter') continue
      const { places } = openRecords
      const location = locationOf({ topic, partition, offset: next.value.offset })
      const earlier = copies.get(openRecords)
      const deadLetter = earlier ? mergeDeadLetters(read.deadLetter, earlier.history) : read.deadLetter
      const count = (earlier?.count ?? 0) + 1
      const isLast = next.value.offset === places.at(-1)?.offset && partition === places.at(-1)?.partition
      if (!isLast) {
        const { failure, inDoubt, redrive } = deadLetter
        copies.set(openRecords, { count, history: { failure, inDoubt, redrive } })
        continue
      }
      copies.delete(openRecords)
      // The unreadable copy may say that the record is in its topic already.
      if (count < places.length) report({ location, reason: 'a copy of it can’t be read', count: 1 })
      else {
        const isUncertain = places.some(place => index.isUncertain(place))
        yield { ...read, deadLetter, location, handle: { topic, places }, ...(isUncertain ? { isUncertain } : {}) }
      }
    }
  }

  /**
   * Each topic has its own dead-letter topic, so write access to one must not allow forging dead letters of another.
   */
  #read(topic: string, record: LogRecord): ReadResult {
    const result = readKafkaDeadLetter(record)
    return result.kind === 'dead-letter' &&
      deadLetterTopic(this.#options.pattern, result.deadLetter.record.topic) !== topic
      ? { kind: 'unreadable', reason: 'its record’s topic has another dead-letter topic' }
      : result
  }

  /** Reports an error of one partition; the others are still read. */
  async #guard<T>(topic: string, partition: number, report: Report, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      report({ location: `kafka:${topic}-${partition}`, reason: reasonOf(error), count: 1 })
      return undefined
    }
  }

  async *#records(
    topic: string,
    { partition, from, to }: Range,
    signal: AbortSignal | undefined,
    report?: Report,
  ): AsyncGenerator<LogRecord> {
    for await (const batch of this.#options.reader.readBatches(topic, partition, from, to)) {
      if (signal?.aborted) return
      const { baseOffset: offset, lastOffset, unreadable } = batch
      if (unreadable)
        report?.({
          location: locationOf({ topic, partition, offset }),
          reason: unreadable.message,
          count: Number(lastOffset - offset) + 1,
          until: lastOffset + 1n,
        })
      for (const record of batch.records) if (record.offset >= from && record.offset < to) yield record
    }
  }

  #leaseOptions(topic: string): KafkaLeaseOptions {
    const { reader, clock } = this.#options
    return { topic, reader, clock, send: record => this.#send([record]) }
  }

  async #send(records: readonly ProducerRecord[]): Promise<void> {
    const failed = (await this.#options.producer.sendAll(records)).find(report => report.kind === 'failed')
    if (failed) throw notNoted(failed)
  }
}

function notNoted(report: DeliveryReport | undefined): DeadLetterError {
  const { code, error: cause } = report?.kind === 'failed' ? report : { code: 'no report', error: undefined }
  const message = `The Kafka target could not mark a dead letter as completed (${code}).`
  return new DeadLetterError('dead-letter', message, { retriable: true, cause })
}

function markersOf({ deadLetter, handle }: OpenDeadLetter<Handle>, location: string): ProducerRecord[] {
  return closedMarkers(handle.topic, deadLetter.deadLetterId, handle.places, location)
}

/** @throws the error if it does not concern only one topic or partition */
function reasonOf(error: unknown): string {
  if (error instanceof RecordBatchError) return error.message
  if (!(error instanceof KafkaProducerError) || CLUSTER_FAILURES.has(error.code)) throw error
  return `the brokers refuse to read it (${error.code})`
}
