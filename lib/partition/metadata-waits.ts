// Makes records wait for metadata if their topic or partition is unknown. Later records that must keep the order wait
// behind them, also those of later calls: records of the same partition or order group, and of the same key if they may
// go to the same partition.
import { TransportError } from '../errors.ts'
import type { SerializedRecord } from '../record/producer-record.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'

/** The waits in progress behind which later records may have to wait. */
interface OpenWaits {
  /** What records that must keep their order have in common → the last wait with such a record. */
  readonly last: Map<string, MetadataWait>
  /** The same by key, for records that name their partition themselves. */
  readonly named: Map<string, NamedPartitions>
  count: number
}

export class MetadataWaits {
  readonly #clock: Clock
  readonly #open: OpenWaits = { last: new Map(), named: new Map(), count: 0 }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether no wait keeps other records back. */
  get isEmpty(): boolean {
    return this.#open.last.size === 0
  }

  /** Starts the wait of one call, which has no records yet. */
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
  /** Counts the waits in the order of the calls. */
  readonly #number: number
  readonly #over = Promise.withResolvers<void>()
  #isOver = false

  constructor(open: OpenWaits, clock: Clock) {
    this.#open = open
    this.#clock = clock
    this.#number = open.count++
  }

  /**
   * Whether an earlier record that must stay in front of this one waits.
   * @param count the known number of the topic's partitions
   */
  mustFollow(record: SerializedRecord, count: number): boolean {
    return this.#before(record).length > 0 || this.#named(record, count).length > 0
  }

  /**
   * Adds a record to the wait.
   * @param count the known number of the topic's partitions. A record for a higher partition waits for that partition,
   *   and so do later records for it; later records need not wait for the partition of any other record.
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
   * Call it when the record can get its partition, because that may be one that an earlier record of its key waits for.
   * @param count the number of the topic's partitions now
   */
  addPartitions(record: SerializedRecord, count: number): void {
    this.#follow(this.#named(record, count))
  }

  #follow(waits: readonly MetadataWait[]): void {
    for (const wait of waits) if (wait.#number < this.#number) this.#earlier.add(wait)
  }

  /** The last waits with records that must stay in front of this one, whatever partition it gets. */
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

  /**
   * The waits with records of the same key that name one of the first `count` partitions, if this record may get any of
   * these.
   */
  #named(record: SerializedRecord, count: number): MetadataWait[] {
    if (record.key === null || record.partition !== undefined) return []
    return this.#open.named.get(recordKey(record))?.below(count) ?? []
  }

  /**
   * Resolves when the earlier waits are over.
   * @throws TransportError at the deadline
   */
  async afterEarlier(deadline: Deadline): Promise<void> {
    if (this.#isFirst) return
    const late = () =>
      new TransportError(
        'deadline',
        'At the deadline, earlier records that must be sent first still waited for metadata.',
        {
          retriable: true,
        },
      )
    // Checked first, because a timer would take another millisecond.
    if (deadline.passed) throw late()
    await withTimeout(this.#clock, deadline.remaining, this.#allEarlier(), late)
  }

  get #isFirst(): boolean {
    return [...this.#earlier].every(wait => wait.#isOver)
  }

  /**
   * Call it when the records are appended or have failed, so that the records behind them can be appended. After a
   * failed `afterEarlier` those still wait for the earlier waits.
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
    // Frees the memory of the earlier waits.
    this.#earlier.clear()
    this.#over.resolve()
  }
}

/** The waits with records of one key that name their partition themselves. */
class NamedPartitions {
  /** Wait → the lowest partition that its records name. */
  readonly #lowest = new Map<MetadataWait, number>()
  /** No wait has a lower partition than this. */
  #bound = Number.POSITIVE_INFINITY

  add(wait: MetadataWait, partition: number): void {
    this.#lowest.set(wait, Math.min(partition, this.#lowest.get(wait) ?? partition))
    this.#bound = Math.min(this.#bound, partition)
  }

  /**
   * Removes a wait.
   * @returns how many waits remain
   */
  delete(wait: MetadataWait): number {
    this.#lowest.delete(wait)
    return this.#lowest.size
  }

  /** The waits that have a record for one of the first `count` partitions. */
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

/**
 * @param partition of a record that names it; later records of the same key that name another partition need not follow
 */
function recordKey({ topic, key }: SerializedRecord, partition?: number): string {
  return `key:${topic}:${partition ?? ''}:${Buffer.from(key as Uint8Array).toString('latin1')}`
}
