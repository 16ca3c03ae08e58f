// Records whose topic or partition is not known yet wait for metadata. Later records of the same partition or order
// group wait behind them, also those of later calls, and later ones of the same key that may go to the same partition.
import { TransportError } from '../errors.ts'
import type { SerializedRecord } from '../record/producer-record.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'

/** The waits that later records may have to stay behind. */
interface OpenWaits {
  /** What records share that must keep their order → the last wait with such a record. */
  readonly last: Map<string, MetadataWait>
  /** The same for the keys of records that name their partition themselves. */
  readonly named: Map<string, NamedPartitions>
  count: number
}

export class MetadataWaits {
  readonly #clock: Clock
  readonly #open: OpenWaits = { last: new Map(), named: new Map(), count: 0 }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** No record has to stay behind another one. */
  get isEmpty(): boolean {
    return this.#open.last.size === 0
  }

  /** The records of one call that wait; none of them yet. */
  open(): MetadataWait {
    return new MetadataWait(this.#open, this.#clock)
  }
}

export class MetadataWait {
  readonly #open: OpenWaits
  readonly #clock: Clock
  readonly #keys = new Set<string>()
  readonly #namedKeys = new Set<string>()
  readonly #earlier = new Set<MetadataWait>()
  /** Its place among all waits, by the order of the calls. */
  readonly #number: number
  readonly #over = Promise.withResolvers<void>()
  #isOver = false

  constructor(open: OpenWaits, clock: Clock) {
    this.#open = open
    this.#clock = clock
    this.#number = open.count++
  }

  /**
   * Whether an earlier record that must stay before this one waits.
   * @param count the partitions that the topic is known to have
   */
  mustFollow(record: SerializedRecord, count: number): boolean {
    return this.#before(record).length > 0 || this.#named(record, count).length > 0
  }

  /**
   * @param count the partitions that the topic is known to have: a record for a later one waits for it. Behind any
   * other record, others may go to its partition.
   */
  add(record: SerializedRecord, count: number): void {
    this.#follow(this.#before(record))
    const { last, named } = this.#open
    const { key, partition, orderGroup } = record
    const keys = [
      ...(partition !== undefined && partition >= count ? [partitionKey(record)] : []),
      ...(orderGroup !== undefined ? [groupKey(orderGroup)] : []),
      ...(key !== null ? [recordKey(record, partition)] : []),
    ]
    for (const shared of keys) {
      last.set(shared, this)
      this.#keys.add(shared)
    }
    if (key === null || partition === undefined) return
    const ofKey = recordKey(record)
    const partitions = named.get(ofKey) ?? new NamedPartitions()
    named.set(ofKey, partitions)
    partitions.add(this, partition)
    this.#namedKeys.add(ofKey)
  }

  /**
   * Call it when the record can get its partition: it may be one that an earlier record of its key waits for.
   * @param count the partitions that the topic has now
   */
  addPartitions(record: SerializedRecord, count: number): void {
    this.#follow(this.#named(record, count))
  }

  #follow(waits: readonly MetadataWait[]): void {
    for (const wait of waits) if (wait.#number < this.#number) this.#earlier.add(wait)
  }

  /** The last waits with records that must stay before this one, whatever partition it gets. */
  #before(record: SerializedRecord): MetadataWait[] {
    const { key, partition, orderGroup } = record
    const keys = [
      ...(partition !== undefined ? [partitionKey(record)] : []),
      ...(orderGroup !== undefined ? [groupKey(orderGroup)] : []),
      ...(key !== null ? [recordKey(record)] : []),
      ...(key !== null && partition !== undefined ? [recordKey(record, partition)] : []),
    ]
    return keys.map(shared => this.#open.last.get(shared)).filter(wait => wait !== undefined)
  }

  /** The waits with records of its key that name one of the first `count` partitions, if it may get any of these. */
  #named(record: SerializedRecord, count: number): MetadataWait[] {
    if (record.key === null || record.partition !== undefined) return []
    return this.#open.named.get(recordKey(record))?.below(count) ?? []
  }

  /** Resolves when the earlier waits are over. @throws TransportError at the deadline */
  async afterEarlier(deadline: Deadline): Promise<void> {
    if (this.#isFirst) return
    const late = () =>
      new TransportError('deadline', 'At the deadline, records that must stay before it still waited for metadata.', {
        retriable: true,
      })
    // A timer would take another millisecond.
    if (deadline.passed) throw late()
    await withTimeout(this.#clock, deadline.remaining, this.#allEarlier(), late)
  }

  get #isFirst(): boolean {
    return [...this.#earlier].every(wait => wait.#isOver)
  }

  /**
   * The records were appended or have failed: those behind them may be appended. After a failed `afterEarlier` they
   * still wait for the earlier ones.
   */
  end(): void {
    if (this.#isFirst) this.#end()
    else void this.#allEarlier().then(() => this.#end())
  }

  #allEarlier(): Promise<unknown> {
    return Promise.all([...this.#earlier].map(wait => wait.#over.promise))
  }

  #end(): void {
    this.#isOver = true
    const { last, named } = this.#open
    for (const key of this.#keys) if (last.get(key) === this) last.delete(key)
    for (const key of this.#namedKeys) if (named.get(key)?.delete(this) === 0) named.delete(key)
    // The chain of earlier waits is not needed any more.
    this.#earlier.clear()
    this.#over.resolve()
  }
}

/** The waits with records of one key that name their partition themselves. */
class NamedPartitions {
  /** Wait → the lowest of these partitions. */
  readonly #lowest = new Map<MetadataWait, number>()
  /** No wait has a lower one. */
  #bound = Number.POSITIVE_INFINITY

  add(wait: MetadataWait, partition: number): void {
    this.#lowest.set(wait, Math.min(partition, this.#lowest.get(wait) ?? partition))
    this.#bound = Math.min(this.#bound, partition)
  }

  /** @returns how many waits are left */
  delete(wait: MetadataWait): number {
    this.#lowest.delete(wait)
    return this.#lowest.size
  }

  /** Those with a record for one of the first `count` partitions. */
  below(count: number): MetadataWait[] {
    if (this.#bound >= count) return []
    const below = [...this.#lowest].filter(([, partition]) => partition < count).map(([wait]) => wait)
    if (below.length === 0)
      this.#bound = [...this.#lowest.values()].reduce((min, partition) => Math.min(min, partition))
    return below
  }
}

function partitionKey({ topic, partition }: SerializedRecord): string {
  return `partition:${topic}:${partition}`
}

function groupKey(orderGroup: string): string {
  return `group:${orderGroup}`
}

/** @param partition of a record that names it; later records of its key that name another one need not follow it */
function recordKey({ topic, key }: SerializedRecord, partition?: number): string {
  return `key:${topic}:${partition ?? ''}:${Buffer.from(key as Uint8Array).toString('latin1')}`
}
