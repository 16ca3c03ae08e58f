// The open dead letters of Kafka topics. A log is never rewritten: records of the same topic mark them as completed.
import { randomUUID } from 'node:crypto'
import { DeadLetterError } from '../../errors.ts'
import { isJsonObject, parseJson } from '../../record/json-object.ts'
import type { ProducerRecord } from '../../record/producer-record.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  type DeadLetterLog,
  type DeadLetterStoreServices,
  LEASE_MS,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  redriveRunning,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import type { DeadLetterProducer } from '../dead-letter-target.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { deadLetterTopic, isDeadLetterTopic, toKafkaDeadLetter } from './kafka-dead-letter.ts'
import { closedBy, closedMarker, fromKafkaDeadLetter } from './read-kafka-dead-letter.ts'
import { locationOf } from './target.ts'

const LEASE = 'kp-lease'

export interface KafkaDeadLetterStoreOptions {
  /** The pattern of the topics' names, e.g. `{topic}-dlt`. */
  readonly pattern: string
  readonly reader: DeadLetterLog
  readonly producer: DeadLetterProducer
  closeReader(): Promise<void>
}

export function openStore(
  { pattern, servers }: DeadLetterTargetConfig<'kafka'>,
  { createProducer, createLogReader }: DeadLetterStoreServices,
): KafkaDeadLetterStore {
  return new KafkaDeadLetterStore({ pattern, producer: createProducer(servers), ...createLogReader(servers) })
}

/** The locations of all records of the dead letter. */
type Handle = readonly string[]

export class KafkaDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #options: KafkaDeadLetterStoreOptions

  constructor(options: KafkaDeadLetterStoreOptions) {
    this.#options = options
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    const closed = new Set<string>()
    const open = new Map<string, { deadLetter: DeadLetter; locations: string[] }>()
    for (const topic of await this.#topics()) await this.#readTopic(topic, closed, open)
    for (const { deadLetter, locations } of open.values()) {
      const left = locations.filter(location => !closed.has(location))
      if (left.length > 0)
        yield { deadLetter, location: left[0] as string, verified: deadLetter.claimCheck === null, handle: left }
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: true, handle: [location] }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    await this.#send(completed.map(({ open, location }) => this.#marker(open, location)))
  }

  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    await this.#send([toKafkaDeadLetter(deadLetter, this.#options.pattern)])
    await this.#send([this.#marker(open, 'replaced')])
  }

  /** A lease is a record: of those that have not expired, the first in the log is valid. */
  async lease(): Promise<Lease> {
    const holder = randomUUID()
    const [topic] = await this.#topics()
    if (topic === undefined) return { check: async () => {}, renew: async () => {}, release: async () => {} }
    const write = (until: number) =>
      this.#send([
        {
          topic,
          partition: 0,
          key: Buffer.from(LEASE),
          value: null,
          headers: [[LEASE, Buffer.from(JSON.stringify({ holder, until }))]],
        },
      ])
    const renew = async () => {
      await write(Date.now() + LEASE_MS)
      if ((await this.#holder(topic)) === holder) return
      await write(0)
      throw redriveRunning('topic')
    }
    await renew()
    return { check: renew, renew, release: () => write(0) }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([this.#options.producer.close(), this.#options.closeReader()])
  }

  async #topics(): Promise<string[]> {
    const { reader, pattern } = this.#options
    return (await reader.topics()).filter(topic => isDeadLetterTopic(pattern, topic)).sort()
  }

  async #readTopic(
    topic: string,
    closed: Set<string>,
    open: Map<string, { deadLetter: DeadLetter; locations: string[] }>,
  ): Promise<void> {
    const { reader } = this.#options
    for (let partition = 0; partition < (await reader.partitions(topic)); partition++) {
      const [start, end] = [await reader.start(topic, partition), await reader.end(topic, partition)]
      for await (const record of reader.read(topic, partition, start, end)) {
        for (const location of closedBy(record.headers) ?? []) closed.add(location)
        const deadLetter = fromKafkaDeadLetter(record)
        if (!deadLetter) continue
        const earlier = open.get(deadLetter.deadLetterId)
        const newest =
          earlier && earlier.deadLetter.redrive.count > deadLetter.redrive.count ? earlier.deadLetter : deadLetter
        open.set(deadLetter.deadLetterId, {
          deadLetter: newest,
          locations: [...(earlier?.locations ?? []), locationOf({ topic, partition, offset: record.offset })],
        })
      }
    }
  }

  async #holder(topic: string): Promise<string | undefined> {
    const { reader } = this.#options
    const leases = new Map<string, number>()
    const [from, to] = [await reader.offsetAt(topic, 0, Date.now() - 2 * LEASE_MS), await reader.end(topic, 0)]
    for await (const { headers } of reader.read(topic, 0, from, to)) {
      const text = headers.find(([name]) => name === LEASE)?.[1]
      if (!text) continue
      const { holder, until } = leaseOf(text)
      if (until <= Date.now()) leases.delete(holder)
      else leases.set(holder, until)
    }
    return leases.keys().next().value
  }

  #marker({ deadLetter, handle }: OpenDeadLetter<Handle>, location: string): ProducerRecord {
    return closedMarker(
      deadLetterTopic(this.#options.pattern, deadLetter.record.topic),
      deadLetter.deadLetterId,
      handle,
      location,
    )
  }

  async #send(records: readonly ProducerRecord[]): Promise<void> {
    const failed = (await this.#options.producer.sendAll(records)).find(report => report.kind === 'failed')
    if (failed?.kind === 'failed')
      throw new DeadLetterError(
        'dead-letter',
        `The Kafka target did not note what became of a dead letter (${failed.code}).`,
        { retriable: true, cause: failed.error },
      )
  }
}

/** @returns undefined for a lease that can't be read */
function leaseOf(text: Uint8Array): { readonly holder: string; readonly until: number } {
  const lease = parseJson(Buffer.from(text).toString())
  return isJsonObject(lease)
    ? { holder: String(lease.holder), until: Number(lease.until) || 0 }
    : { holder: '', until: 0 }
}
