// What is in a partition's log, for who looks before it sends again: offsets by time, records from an offset on.
import type { WireProtocol } from 'kafkajs/src/network/connection.js'
import { TransportError } from '../../errors.ts'
import { type Clock, sleep, systemClock } from '../../time/clock.ts'
import { Deadline } from '../../time/deadline.ts'
import { decompress } from '../../wire-format/decompress.ts'
import { decodeRecordSet, type LogRecord } from '../../wire-format/record-batch-decoder.ts'
import { brokerError, errorCodeRow, topicFailureCode, transportError } from '../error-codes.ts'
import type { KafkaJsClient } from './kafkajs-client.ts'
import * as wire from './wire.ts'

const FETCH_BYTES = 4 * 1024 * 1024
const FETCH_WAIT_MS = 100
const REQUEST_MS = 5000
const RETRY_MS = 200
const DEFAULT_MS = 30_000
const LATEST = -1
const EARLIEST = -2

export class LogReader {
  readonly #client: KafkaJsClient
  readonly #clock: Clock
  readonly #leaders = new Map<string, number[]>()

  constructor(client: KafkaJsClient, clock: Clock = systemClock) {
    this.#client = client
    this.#clock = clock
  }

  /** The names of all topics that may be looked at. */
  topics(): Promise<string[]> {
    return this.#again(async deadline => (await this.#client.metadata(null, deadline)).topics.map(({ topic }) => topic))
  }

  /** @throws TransportError when the topic is not known within `ms` */
  partitions(topic: string, ms = DEFAULT_MS): Promise<number> {
    return this.#again(async deadline => (await this.#leadersOf(topic, deadline)).length, ms)
  }

  start(topic: string, partition: number): Promise<bigint> {
    return this.#offset(topic, partition, EARLIEST)
  }

  /** The offset that the next record gets; every record before it is acknowledged by all in-sync replicas or about to be. */
  end(topic: string, partition: number, ms = DEFAULT_MS): Promise<bigint> {
    return this.#offset(topic, partition, LATEST, ms)
  }

  /** Of the first record whose timestamp is at or after `timestamp` (ms); the log's end where there is none. */
  async offsetAt(topic: string, partition: number, timestamp: number): Promise<bigint> {
    const offset = await this.#offset(topic, partition, Math.max(0, timestamp))
    return offset < 0n ? this.end(topic, partition) : offset
  }

  /** Records at offsets from `from` to before `to`, in their order. */
  async *read(topic: string, partition: number, from: bigint, to: bigint): AsyncGenerator<LogRecord> {
    for (let at = from; at < to; ) {
      const { records, nextOffset } = await this.#fetch(topic, partition, at)
      for (const record of records) if (record.offset >= at && record.offset < to) yield record
      // What a compacted log no longer holds, and markers of transactions, are skipped with their batch.
      at = nextOffset
    }
  }

  /** Topics' settings; a topic that may not be looked at is left out. */
  async settings(
    topics: readonly string[],
    names: readonly string[],
  ): Promise<Map<string, Map<string, string | null>>> {
    const answers = await this.#again(async deadline => {
      const [leader = -1] = await this.#leadersOf(topics[0] as string, deadline)
      return this.#client.ask(leader, wire.describeConfigs(topics, names), deadline)
    })
    return new Map(answers.filter(({ errorCode }) => errorCode === 0).map(({ topic, values }) => [topic, values]))
  }

  async #fetch(topic: string, partition: number, offset: bigint) {
    // A batch larger than asked for comes whole all the same (KIP-74).
    const end = Deadline.after(this.#clock, DEFAULT_MS)
    for (;;) {
      const { recordSet } = await this.#ofLeader(
        topic,
        partition,
        wire.fetch(topic, partition, offset, FETCH_BYTES, FETCH_WAIT_MS),
      )
      const { records, nextOffset } = await decodeRecordSet(recordSet, decompress)
      if (nextOffset !== undefined) return { records, nextOffset }
      // A new leader may not know yet how far its followers are; what is asked for is there.
      if (end.passed)
        throw transportError('REQUEST_TIMEOUT', 'A partition’s leader does not give what its log holds.', {
          retriable: true,
        })
    }
  }

  async #offset(topic: string, partition: number, timestamp: number, ms = DEFAULT_MS): Promise<bigint> {
    return (await this.#ofLeader(topic, partition, wire.listOffsets(topic, partition, timestamp), ms)).offset
  }

  #ofLeader<T extends { readonly errorCode: number }>(
    topic: string,
    partition: number,
    question: WireProtocol<T>,
    ms = DEFAULT_MS,
  ): Promise<T> {
    return this.#again(async deadline => {
      const leader = (await this.#leadersOf(topic, deadline))[partition] ?? -1
      const answer = await this.#client.ask(leader, question, deadline)
      if (answer.errorCode === 0) return answer
      const row = errorCodeRow(answer.errorCode)
      throw brokerError(row, `A partition's leader refused to read (${row.name}).`)
    }, ms)
  }

  async #leadersOf(topic: string, deadline: Deadline): Promise<number[]> {
    const known = this.#leaders.get(topic)
    if (known) return known
    const [found] = (await this.#client.metadata([topic], deadline)).topics
    if (!found || found.error !== null)
      throw new TransportError(
        topicFailureCode(found?.error ?? ''),
        `The topic can't be read (${found?.error ?? 'it is not there'}).`,
        { causeCode: found?.error ?? null, retriable: true },
      )
    const leaders: number[] = []
    for (const { partition, leader } of found.partitions) leaders[partition] = leader
    this.#leaders.set(topic, leaders)
    return leaders
  }

  /** Until it succeeds, fails for good, or the time is over; leaders may have moved between two tries. */
  async #again<T>(work: (deadline: Deadline) => Promise<T>, ms = DEFAULT_MS): Promise<T> {
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
