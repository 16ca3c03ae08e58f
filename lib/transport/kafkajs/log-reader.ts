// Reads a partition's log: offsets by time, records by offset. Redrive uses it to look for a record before it sends it
// again.
import { InvalidRecordError, RecordBatchError, TransportError } from '../../errors.ts'
import { type Clock, sleep, systemClock } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { guardedWarn } from '../../warn.ts'
import type { LogBatch, LogRecord } from '../../wire-format/record-batch-decoder.ts'
import { brokerError, errorCodeRow, topicFailureCode, transportError } from '../error-codes.ts'
import type { KafkaJsClient } from './kafkajs-client.ts'
import * as wire from './wire.ts'
import type { KafkaRequest } from './wire-protocol.ts'

const FETCH_BYTES = 4 * 1024 * 1024
/** A Fetch returns at least a whole batch, whatever this limit is. */
const ONE_BATCH = 1
const FETCH_WAIT_MS = 100
const REQUEST_MS = 5000
const RETRY_MS = 200
const DEFAULT_MS = 30_000
const SETTINGS_MS = 8000
const MIN_SHARE_MS = 1000
/** How long a number of partitions that two answers agreed on is believed, ms. */
const COUNT_MS = 30_000
const LATEST = -1
const EARLIEST = -2
/** How many unreadable batches are remembered, so that only the first pass over them warns. */
const MAX_REMEMBERED = 10_000

interface FetchLimits {
  readonly maxBytes: number
  readonly ms: number
}

const FETCH: FetchLimits = { maxBytes: FETCH_BYTES, ms: DEFAULT_MS }

type Client = Pick<KafkaJsClient, 'metadata' | 'nodeIds' | 'request'>

export interface LogReaderOptions {
  readonly clock?: Clock
  /** The limit of the decompressed size of a batch, bytes. Default: 16 MiB. */
  readonly maxInflatedBytes?: number | undefined
  /** Called when batches are skipped because they can't be read. Default: `process.emitWarning`. */
  readonly warn?: ((text: string) => void) | undefined
}

export class LogReader {
  readonly #client: Client
  readonly #clock: Clock
  readonly #maxInflatedBytes: number | undefined
  readonly #warn: (text: string) => void
  readonly #leaders = new Map<string, number[]>()
  /** Topics that were asked for a partition that they do not have. */
  readonly #counts = new Map<string, { readonly partitions: number; readonly until: number }>()
  /** The unreadable batches that a warning has covered, as `<topic>-<partition>@<offset>`. */
  readonly #warned = new Set<string>()

  constructor(client: Client, options: LogReaderOptions = {}) {
    const { clock = systemClock, maxInflatedBytes, warn } = options
    this.#client = client
    this.#clock = clock
    this.#maxInflatedBytes = maxInflatedBytes
    this.#warn = guardedWarn(warn)
  }

  /** Returns the names of all topics that the client may DESCRIBE. */
  topics(): Promise<string[]> {
    return this.#retrying(async deadline =>
      (await this.#client.metadata(null, deadline)).topics.map(({ topic }) => topic),
    )
  }

  /**
   * Returns the number of partitions.
   * @throws TransportError if the brokers did not return the topic within `ms`
   */
  partitions(topic: string, ms = DEFAULT_MS): Promise<number> {
    return this.#retrying(async deadline => (await this.#leadersOf(topic, deadline)).length, ms)
  }

  /** Returns the cluster's id; null if the brokers don't report it. */
  clusterId(): Promise<string | null> {
    return this.#retrying(async deadline => (await this.#client.metadata([], deadline)).clusterId ?? null)
  }

  /**
   * Returns the offset of the first record.
   * @throws InvalidRecordError `partition-out-of-range` · TransportError if the leader did not answer within `ms`; so
   *   do `end` and `offsetAt`
   */
  start(topic: string, partition: number, ms = DEFAULT_MS): Promise<bigint> {
    return this.#offset(topic, partition, EARLIEST, ms)
  }

  /** Returns the high watermark, the offset before which all in-sync replicas have the records. */
  end(topic: string, partition: number, ms = DEFAULT_MS): Promise<bigint> {
    return this.#offset(topic, partition, LATEST, ms)
  }

  /**
   * Returns the offset of the first record at or after `timestamp` (ms since the epoch), or the end of the log if there
   * is none.
   */
  async offsetAt(topic: string, partition: number, timestamp: number, ms = DEFAULT_MS): Promise<bigint> {
    const offset = await this.#offset(topic, partition, Math.max(0, timestamp), ms)
    return offset < 0n ? this.end(topic, partition, ms) : offset
  }

  /** Yields the records from offset `from` up to, but not including, `to`. Skips unreadable batches with a warning. */
  async *read(topic: string, partition: number, from: bigint, to: bigint): AsyncGenerator<LogRecord> {
    for await (const { records } of this.readBatches(topic, partition, from, to))
      for (const record of records) if (record.offset >= from && record.offset < to) yield record
  }

  /**
   * Yields the batches with these offsets. The first and the last may also have records before `from` and after `to`.
   */
  async *readBatches(topic: string, partition: number, from: bigint, to: bigint): AsyncGenerator<LogBatch> {
    // Imported here, so that a redrive without a lookup in the log does not load it.
    const { decodeRecordSet } = await import('../../wire-format/record-batch-decoder.ts')
    const skipped = new SkippedBatches(`${topic}-${partition}`, this.#warned)
    try {
      for (let at = from; at < to; ) {
        const begin = at
        const bytes = await this.#fetch(topic, partition, at)
        for (const batch of decodeRecordSet(bytes, this.#maxInflatedBytes)) {
          if (batch.lastOffset < at) continue
          if (batch.unreadable) skipped.add(batch.baseOffset, batch.unreadable)
          yield batch
          // Skips, together with the batch, offsets that a compacted log no longer has, and transaction markers.
          at = batch.lastOffset + 1n
          if (at >= to) return
        }
        if (at === begin) throw new RecordBatchError('corrupt-batch', `No batch of the log reaches offset ${at}.`)
      }
    } catch (error) {
      if (!(error instanceof RecordBatchError)) throw error
      throw new RecordBatchError(error.code, `${topic}-${partition}: ${error.message}`, { cause: error })
    } finally {
      skipped.report(this.#warn)
    }
  }

  /**
   * Returns the batch with this offset or, if the log has none (e.g. after compaction), the one after it.
   * @throws TransportError if the partition's leader did not answer within `ms`, or has no such offset
   */
  async batchAt(topic: string, partition: number, offset: bigint, ms = DEFAULT_MS): Promise<LogBatch | undefined> {
    const { decodeRecordSet } = await import('../../wire-format/record-batch-decoder.ts')
    const bytes = await this.#fetch(topic, partition, offset, { maxBytes: ONE_BATCH, ms })
    for (const batch of decodeRecordSet(bytes, this.#maxInflatedBytes)) if (batch.lastOffset >= offset) return batch
    return undefined
  }

  /** Returns the settings of topics, or the error of a topic (no permission DESCRIBE_CONFIGS; no such topic). */
  async settings(
    topics: readonly string[],
    names: readonly string[],
    ms = SETTINGS_MS,
  ): Promise<Map<string, Map<string, string | null> | TransportError>> {
    let attempt = 0
    const answers = await this.#retrying(async deadline => {
      if (this.#client.nodeIds.length === 0) await this.#client.metadata([], deadline)
      // Any broker knows the settings, so each attempt asks the next one, and one broker must not use up all the time.
      const brokers = this.#client.nodeIds
      const broker = brokers[attempt++ % brokers.length] ?? -1
      const share = Math.max(MIN_SHARE_MS, ms / Math.max(1, brokers.length))
      return this.#client.request(broker, wire.describeConfigs(topics, names), deadline.limitedTo(share))
    }, ms)
    return new Map(
      answers.map(({ topic, errorCode, values }): [string, Map<string, string | null> | TransportError] => {
        if (errorCode === 0) return [topic, values]
        const { name } = errorCodeRow(errorCode)
        const message = `The settings of a topic can't be read (${name}).`
        return [topic, new TransportError(topicFailureCode(name), message, { causeCode: name })]
      }),
    )
  }

  /** Fetches at least one batch: one larger than `maxBytes` is returned as a whole nevertheless (KIP-74). */
  async #fetch(
    topic: string,
    partition: number,
    offset: bigint,
    { maxBytes, ms }: FetchLimits = FETCH,
  ): Promise<Buffer> {
    const end = Deadline.after(this.#clock, ms)
    for (;;) {
      const { recordSet } = await this.#requestLeader(
        topic,
        partition,
        wire.fetch(topic, partition, offset, maxBytes, FETCH_WAIT_MS),
        end.remaining,
      )
      if (recordSet.length > 0) return recordSet
      // The records exist: a new leader may not know the high watermark yet, so at first it returns nothing.
      if (end.passed)
        throw transportError(
          'REQUEST_TIMEOUT',
          'A partition’s leader returned no records, although its log has some.',
          {
            retriable: true,
          },
        )
    }
  }

  async #offset(topic: string, partition: number, timestamp: number, ms = DEFAULT_MS): Promise<bigint> {
    return (await this.#requestLeader(topic, partition, wire.listOffsets(topic, partition, timestamp), ms)).offset
  }

  #requestLeader<T extends { readonly errorCode: number }>(
    topic: string,
    partition: number,
    request: KafkaRequest<T>,
    ms = DEFAULT_MS,
  ): Promise<T> {
    let isMissing = false
    return this.#retrying(async deadline => {
      const counted = this.#counts.get(topic)
      const isKnown = counted !== undefined && partition >= counted.partitions && this.#clock.now() < counted.until
      const leaders = isKnown ? [] : await this.#leadersOf(topic, deadline)
      const leader = leaders[partition]
      if (leader === undefined) {
        // A broker may not know a new partition yet, so two answers decide. The result is kept for a while, because the
        // next dead letters of the topic may name any number of partitions that it does not have.
        if (isMissing && partition >= leaders.length)
          this.#counts.set(topic, { partitions: leaders.length, until: this.#clock.now() + COUNT_MS })
        if (isMissing || isKnown)
          throw new InvalidRecordError('partition-out-of-range', `The topic has no partition ${partition}.`)
        isMissing = true
      }
      const answer = await this.#client.request(leader ?? -1, request, deadline)
      if (answer.errorCode === 0) return answer
      const row = errorCodeRow(answer.errorCode)
      throw brokerError(row, `A partition's leader refused to read (${row.name}).`)
    }, ms)
  }

  async #leadersOf(topic: string, deadline: Deadline): Promise<number[]> {
    const cached = this.#leaders.get(topic)
    if (cached) return cached
    const [metadata] = (await this.#client.metadata([topic], deadline)).topics
    if (!metadata || metadata.error !== null)
      throw new TransportError(
        topicFailureCode(metadata?.error ?? ''),
        `The topic can't be read (${metadata?.error ?? 'it does not exist'}).`,
        { causeCode: metadata?.error ?? null, retriable: true },
      )
    const leaders: number[] = []
    for (const { partition, leader } of metadata.partitions) leaders[partition] = leader
    this.#leaders.set(topic, leaders)
    return leaders
  }

  /** Repeats `work` until it succeeds, fails finally, or `ms` have passed. Looks up leaders again for each attempt. */
  async #retrying<T>(work: (deadline: Deadline) => Promise<T>, ms = DEFAULT_MS): Promise<T> {
    const end = Deadline.after(this.#clock, ms)
    for (;;) {
      try {
        return await work(end.limitedTo(REQUEST_MS))
      } catch (error) {
        this.#leaders.clear()
        if (!(error instanceof TransportError) || !error.retriable || end.remaining < RETRY_MS) throw error
        await sleep(this.#clock, RETRY_MS)
      }
    }
  }
}

/**
 * Collects the unreadable batches of one pass. A topic can be full of them, so they share one warning; batches that an
 * earlier pass has reported get none.
 */
class SkippedBatches {
  readonly #partition: string
  readonly #warned: Set<string>
  #count = 0
  #first: { readonly offset: bigint; readonly error: RecordBatchError } | undefined

  constructor(partition: string, warned: Set<string>) {
    this.#partition = partition
    this.#warned = warned
  }

  add(offset: bigint, error: RecordBatchError): void {
    const location = `${this.#partition}@${offset}`
    if (this.#warned.has(location)) return
    if (this.#warned.size >= MAX_REMEMBERED) this.#warned.clear()
    this.#warned.add(location)
    this.#first ??= { offset, error }
    this.#count++
  }

  report(warn: (text: string) => void): void {
    if (this.#first)
      warn(
        `${this.#partition}: ${this.#count} record batch(es) can't be read and were skipped, ` +
          `the first at offset ${this.#first.offset}. ${this.#first.error.message}`,
      )
  }
}
