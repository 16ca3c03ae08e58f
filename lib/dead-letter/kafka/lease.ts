// The lease of a redrive, kept as records of the dead-letter topic: one when it starts and one at each renewal. The
// redrive whose first record comes first in the log holds the lease. Clocks of machines differ, so a timestamp never
// ends another redrive's lease: it ends if its holder says so, or does not renew it while this process watches.
import { randomUUID } from 'node:crypto'
import { isJsonObject } from '../../record/json-object.ts'
import type { ProducerRecord } from '../../record/producer-record.ts'
import { type Clock, elapsedSince, type Moment, moment, sleep, systemClock } from '../../time/clock.ts'
import type { LogRecord } from '../../wire-format/record-batch-decoder.ts'
import {
  type DeadLetterLog,
  LEASE_MS,
  type Lease,
  type LeaseWait,
  leaseWaitText,
  redriveRunning,
  type StopRequest,
  stopRequested,
} from '../dead-letter-store.ts'
import { controlHeader } from './read-kafka-dead-letter.ts'

const LEASE = 'kp-lease'
const PARTITION = 0
const MAX_LEASE_BYTES = 512
const MAX_HOLDER = 64
/** More holders than this at once can't be real redrives. */
const MAX_HOLDERS = 1000
/** How far back in the log leases are searched, ms; a holder's clock may be behind by nearly as much. */
const LOOK_BACK_MS = 15 * 60_000
/** Holders renew their leases more often than this, ms. */
const RENEWED_WITHIN_MS = 20_000
const RENEW_MS = 15_000
const POLL_MS = 1000

export interface KafkaLeaseOptions {
  readonly topic: string
  readonly reader: DeadLetterLog
  readonly clock?: Clock | undefined
  send(record: ProducerRecord): Promise<void>
}

/**
 * Takes up to a minute if another redrive's lease may have ended.
 * @throws DeadLetterError `redrive-running` while another redrive holds it
 */
export async function takeLease(options: KafkaLeaseOptions, wait: LeaseWait = {}): Promise<Lease> {
  const lease = new KafkaLease(options)
  await lease.take(wait)
  return lease
}

/** Asks the holder of the lease to end its redrive. */
export async function requestStop(options: KafkaLeaseOptions): Promise<StopRequest> {
  const holder = await new KafkaLease(options).otherHolder()
  if (holder === undefined) return 'not-running'
  await options.send(recordOf(options.topic, { holder, stop: true }))
  return 'requested'
}

/** What the log says about another holder. */
interface Held {
  readonly first: bigint
  readonly last: bigint
  /** The timestamp of its last record. */
  readonly timestamp: number
}

class KafkaLease implements Lease {
  readonly #options: KafkaLeaseOptions
  readonly #clock: Clock
  readonly #holder = randomUUID()
  /** The others, in the order of their first records. */
  readonly #others = new Map<string, Held>()
  /** The offset up to which the log is read. */
  #next = 0n
  #ownFirst: bigint | undefined
  #isEnded = false
  #isAskedToStop = false
  /** When the last renewal began by the local clock, and the timestamp that it has in the log. */
  #renewed: Moment
  #logTime = 0

  constructor(options: KafkaLeaseOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#renewed = moment(this.#clock)
  }

  async take({ mayGoOn, onWait }: LeaseWait): Promise<void> {
    try {
      const earlier = await this.#apply()
      if (earlier.some(([, held]) => this.#isFresh(held))) throw redriveRunning('topic')
      if (earlier.length > 0) onWait?.(leaseWaitText('topic'))
      const ended = await this.#watch(earlier, LEASE_MS, mayGoOn)
      if (ended.length < earlier.length) throw redriveRunning('topic')
      // Record their end, so that the next redrive need not watch them.
      for (const holder of ended) await this.#send({ holder, until: 0 })
    } catch (error) {
      await this.release()
      throw error
    }
  }

  /** Returns the redrive that holds the lease, if it is not this one. */
  async otherHolder(): Promise<string | undefined> {
    const earlier = await this.#apply()
    const fresh = earlier.find(([, held]) => this.#isFresh(held))
    const ended = fresh ? [] : await this.#watch(earlier, RENEWED_WITHIN_MS)
    await this.release()
    return (fresh ?? earlier.find(([holder]) => !ended.includes(holder)))?.[0]
  }

  /** Reads only new records. Within LEASE_MS of the last renewal no other redrive takes the lease. */
  async check(): Promise<void> {
    await this.#read()
    this.#expectOwn()
    if (this.#isAskedToStop) throw stopRequested()
  }

  async renew(): Promise<void> {
    this.#expectOwn()
    await this.#write()
    await this.#read()
    this.#expectOwn()
  }

  async release(): Promise<void> {
    await this.#send({ holder: this.#holder, until: 0 })
  }

  /** Throws if the lease was not renewed in time, or if another redrive ended it: it is never taken back. */
  #expectOwn(): void {
    if (this.#isEnded || elapsedSince(this.#clock, this.#renewed) >= LEASE_MS) throw redriveRunning('topic')
  }

  /** Writes this redrive's first record. @returns the holders whose records come before it */
  async #apply(): Promise<[string, Held][]> {
    const { topic, reader } = this.#options
    this.#next = await reader.end(topic, PARTITION)
    await this.#write()
    await this.#read()
    const ownOffset = this.#ownFirst
    this.#others.clear()
    const from = Math.min(this.#logTime, this.#clock.epochMs()) - LOOK_BACK_MS
    this.#next = await reader.offsetAt(topic, PARTITION, from)
    await this.#read()
    return [...this.#others].filter(([, { first }]) => ownOffset === undefined || first < ownOffset)
  }

  /** Whether it was renewed a moment ago, assuming that the clocks agree. */
  #isFresh({ timestamp }: Held): boolean {
    return Math.abs(this.#logTime + elapsedSince(this.#clock, this.#renewed) - timestamp) < LEASE_MS
  }

  /** Watches holders until one of them renews its lease. @returns those that ended or did not renew theirs */
  async #watch(holders: readonly [string, Held][], ms: number, mayGoOn = () => true): Promise<string[]> {
    const begin = moment(this.#clock)
    const seenOf = ([holder, { last }]: [string, Held]) => {
      const now = this.#others.get(holder)
      return now === undefined ? 'ended' : now.last > last ? 'renewed' : 'silent'
    }
    while (holders.some(each => seenOf(each) === 'silent') && elapsedSince(this.#clock, begin) < ms) {
      if (holders.some(each => seenOf(each) === 'renewed')) break
      if (!mayGoOn()) throw redriveRunning('topic')
      await sleep(this.#clock, POLL_MS)
      if (elapsedSince(this.#clock, this.#renewed) >= RENEW_MS) await this.#write()
      await this.#read()
    }
    // This process may have been suspended since its last read, so read once more.
    await this.#read()
    return holders.filter(each => seenOf(each) !== 'renewed').map(([holder]) => holder)
  }

  async #read(): Promise<void> {
    const { topic, reader } = this.#options
    const end = await reader.end(topic, PARTITION)
    for await (const { records } of reader.readBatches(topic, PARTITION, this.#next, end))
      for (const record of records) if (record.offset >= this.#next && record.offset < end) this.#note(record)
    this.#next = end
  }

  #note({ headers, timestamp, offset }: LogRecord): void {
    const lease = controlHeader(headers, LEASE, MAX_LEASE_BYTES)
    if (!isJsonObject(lease)) return
    const { holder, until, stop } = lease
    if (holder === this.#holder && stop === true) this.#isAskedToStop = true
    if (typeof holder !== 'string' || holder.length > MAX_HOLDER || typeof until !== 'number') return
    if (holder === this.#holder) {
      this.#ownFirst ??= offset
      this.#isEnded ||= until <= 0
      this.#logTime = timestamp
      return
    }
    const held = this.#others.get(holder)
    // `until` comes from the holder's clock, so only 0 counts, which means released.
    if (until <= 0) this.#others.delete(holder)
    else if (held || this.#others.size < MAX_HOLDERS)
      this.#others.set(holder, { first: held?.first ?? offset, last: offset, timestamp })
  }

  async #write(): Promise<void> {
    // Measured before the write, because others count from then on.
    const renewed = moment(this.#clock)
    await this.#send({ holder: this.#holder, until: this.#clock.epochMs() + LEASE_MS })
    this.#renewed = renewed
  }

  #send(lease: object): Promise<void> {
    const { topic, send } = this.#options
    return send(recordOf(topic, lease))
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
