// A lease is a record of the topic: of those that have not expired, the first in the log is valid. Time is that of the
// log (the records' timestamps), so that a wrong clock here neither keeps a lease for ever nor ends one too early.
import { randomUUID } from 'node:crypto'
import { isJsonObject } from '../../record/json-object.ts'
import type { ProducerRecord } from '../../record/producer-record.ts'
import type { LogRecord } from '../../wire-format/record-batch-decoder.ts'
import {
  type DeadLetterLog,
  LEASE_MS,
  type Lease,
  redriveRunning,
  type StopRequest,
  stopRequested,
} from '../dead-letter-store.ts'
import { controlHeader } from './read-kafka-dead-letter.ts'

const LEASE = 'kp-lease'
const PARTITION = 0
const MAX_LEASE_BYTES = 512
const MAX_HOLDER = 64
/** More than this many holders at once are nobody's redrives. */
const MAX_HOLDERS = 1000

export interface KafkaLeaseOptions {
  readonly topic: string
  readonly reader: DeadLetterLog
  send(record: ProducerRecord): Promise<void>
}

/** @throws DeadLetterError `redrive-running` while another redrive has it */
export async function takeLease(options: KafkaLeaseOptions): Promise<Lease> {
  const lease = new KafkaLease(options)
  await lease.take()
  return lease
}

/** Asks the holder of the lease to end its redrive. */
export async function requestStop(options: KafkaLeaseOptions): Promise<StopRequest> {
  const lease = new KafkaLease(options)
  const holder = await lease.otherHolder()
  if (holder === undefined) return 'not-running'
  await options.send(recordOf(options.topic, { holder, stop: true }))
  return 'requested'
}

class KafkaLease implements Lease {
  readonly #options: KafkaLeaseOptions
  readonly #holder = randomUUID()
  /** Holder → the end of its lease, in the order of their first records. */
  readonly #leases = new Map<string, number>()
  /** Up to where the log is read. */
  #next = 0n
  #isAskedToStop = false
  /** The log's time, and this machine's time when it was read. */
  #logTime = 0
  #readAt = 0

  constructor(options: KafkaLeaseOptions) {
    this.#options = options
  }

  async take(): Promise<void> {
    await this.#apply()
    await this.#ownOrRelease()
  }

  /** Who has the lease: only its own record says what time it is in the log. */
  async otherHolder(): Promise<string | undefined> {
    await this.#apply()
    await this.#read()
    const holder = this.#validHolder()
    await this.#write(0)
    return holder === this.#holder ? undefined : holder
  }

  async #apply(): Promise<void> {
    const { topic, reader } = this.#options
    this.#next = await reader.end(topic, PARTITION)
    await this.#write(Date.now() + LEASE_MS)
    await this.#read()
    // The own record says what time it is in the log.
    this.#leases.clear()
    this.#next = await reader.offsetAt(topic, PARTITION, this.#logTime - 2 * LEASE_MS)
  }

  async check(): Promise<void> {
    await this.#read()
    if (this.#validHolder() !== this.#holder) await this.renew()
    if (this.#isAskedToStop) throw stopRequested()
  }

  async renew(): Promise<void> {
    await this.#write(Date.now() + LEASE_MS)
    await this.#ownOrRelease()
  }

  async release(): Promise<void> {
    await this.#write(0)
  }

  async #ownOrRelease(): Promise<void> {
    await this.#read()
    if (this.#validHolder() === this.#holder) return
    await this.#write(0)
    throw redriveRunning('topic')
  }

  #validHolder(): string | undefined {
    const now = this.#now()
    for (const [holder, until] of this.#leases) if (until <= now) this.#leases.delete(holder)
    return this.#leases.keys().next().value
  }

  async #read(): Promise<void> {
    const { topic, reader } = this.#options
    const end = await reader.end(topic, PARTITION)
    for await (const { records } of reader.readBatches(topic, PARTITION, this.#next, end))
      for (const record of records) if (record.offset >= this.#next && record.offset < end) this.#note(record)
    this.#next = end
  }

  #note({ headers, timestamp }: LogRecord): void {
    const lease = controlHeader(headers, LEASE, MAX_LEASE_BYTES)
    if (!isJsonObject(lease)) return
    const { holder, until, stop } = lease
    if (holder === this.#holder && stop === true) this.#isAskedToStop = true
    if (typeof holder !== 'string' || holder.length > MAX_HOLDER || typeof until !== 'number') return
    if (holder === this.#holder) {
      this.#logTime = timestamp
      this.#readAt = Date.now()
    }
    if (until <= 0) this.#leases.delete(holder)
    // The holder's own clock is not asked how long it lasts: a minute from its record on, whatever that says.
    else if (!this.#isFarAhead(timestamp) && (this.#leases.has(holder) || this.#leases.size < MAX_HOLDERS))
      this.#leases.set(holder, timestamp + LEASE_MS)
  }

  /** A time that is still to come is that of a clock that was wrong: nobody waits for it. */
  #isFarAhead(timestamp: number): boolean {
    return this.#logTime > 0 && timestamp > this.#now() + 2 * LEASE_MS
  }

  /** The time of the log. */
  #now(): number {
    return this.#logTime + Math.max(0, Date.now() - this.#readAt)
  }

  async #write(until: number): Promise<void> {
    const { topic, send } = this.#options
    await send(recordOf(topic, { holder: this.#holder, until }))
  }
}

function recordOf(topic: string, lease: object): ProducerRecord {
  return {
    topic,
    partition: PARTITION,
    key: Buffer.from(LEASE),
    value: null,
    headers: [[LEASE, Buffer.from(JSON.stringify(lease))]],
  }
}
