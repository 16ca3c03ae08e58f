// Records whose topic or partition is not known yet wait for metadata. Later records of the same partition, key or
// order group wait behind them, also those of later calls; no others do.
import { TransportError } from '../errors.ts'
import type { SerializedRecord } from '../record/producer-record.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { withTimeout } from '../time/patient-timer.ts'

export class MetadataWaits {
  readonly #clock: Clock
  /** What records share that must keep their order → the last wait with such a record. */
  readonly #last = new Map<string, MetadataWait>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The records of one call that wait; none of them yet. */
  open(): MetadataWait {
    return new MetadataWait(this.#last, this.#clock)
  }
}

export class MetadataWait {
  readonly #last: Map<string, MetadataWait>
  readonly #clock: Clock
  readonly #keys = new Set<string>()
  readonly #earlier = new Set<MetadataWait>()
  readonly #over = Promise.withResolvers<void>()
  #isOver = false

  constructor(last: Map<string, MetadataWait>, clock: Clock) {
    this.#last = last
    this.#clock = clock
  }

  /** Whether an earlier record that must stay before this one waits. */
  mustFollow(record: SerializedRecord): boolean {
    return this.#last.size > 0 && orderKeysOf(record).some(key => this.#last.has(key))
  }

  /** @param isBeyond it waits for its partition; otherwise others may go to its partition before it */
  add(record: SerializedRecord, isBeyond: boolean): void {
    for (const key of orderKeysOf(record, isBeyond)) {
      const last = this.#last.get(key)
      if (last && last !== this) this.#earlier.add(last)
      this.#last.set(key, this)
      this.#keys.add(key)
    }
  }

  /** Resolves when the earlier waits are over. @throws TransportError at the deadline */
  async afterEarlier(deadline: Deadline): Promise<void> {
    if (this.#earlier.size === 0) return
    await withTimeout(
      this.#clock,
      deadline.remaining,
      this.#allEarlier(),
      () =>
        new TransportError('deadline', 'At the deadline, earlier records of the same key still waited for metadata.', {
          retriable: true,
        }),
    )
  }

  /**
   * The records were appended or have failed: those behind them may be appended. After a failed `afterEarlier` they
   * still wait for the earlier ones.
   */
  end(): void {
    if ([...this.#earlier].every(wait => wait.#isOver)) this.#end()
    else void this.#allEarlier().then(() => this.#end())
  }

  #allEarlier(): Promise<unknown> {
    return Promise.all([...this.#earlier].map(wait => wait.#over.promise))
  }

  #end(): void {
    this.#isOver = true
    for (const key of this.#keys) if (this.#last.get(key) === this) this.#last.delete(key)
    // The chain of earlier waits is not needed any more.
    this.#earlier.clear()
    this.#over.resolve()
  }
}

/** What a record has in common with those that must not overtake it. */
function orderKeysOf({ topic, key, partition, orderGroup }: SerializedRecord, withPartition = true): string[] {
  const keys: string[] = []
  if (withPartition && partition !== undefined) keys.push(`partition:${topic}:${partition}`)
  if (key !== null) keys.push(`key:${topic}:${Buffer.from(key).toString('latin1')}`)
  if (orderGroup !== undefined) keys.push(`group:${orderGroup}`)
  return keys
}
