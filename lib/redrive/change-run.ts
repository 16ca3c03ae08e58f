// Changes the matching dead letters of one target, batch by batch, under its lease.
import {
  type Lease,
  NotCompletedError,
  type OpenDeadLetter,
  type Refusal,
  type TargetDeadLetterStore,
} from '../dead-letter/dead-letter-store.ts'
import { DeadLetterError, type KafkaProducerError } from '../errors.ts'
import type { ChangeContext, ChangeResult } from './change-dead-letters.ts'
import { type DeadLetterTargets, divideMessages } from './divide-messages.ts'
import type { ListRequest } from './list-dead-letters.ts'
import { matches } from './select-dead-letters.ts'
import { underLease } from './under-lease.ts'

const BATCH = 100

export type ChangeCounts = { -readonly [K in keyof ChangeResult]: ChangeResult[K] }
/** @returns the changes that the target refused; all others took effect */
export type Change = (store: TargetDeadLetterStore, batch: readonly OpenDeadLetter[]) => Promise<readonly Refusal[]>

type Context = ChangeContext & { readonly targets: DeadLetterTargets }

export class ChangeRun {
  readonly #store: TargetDeadLetterStore
  readonly #request: ListRequest
  readonly #context: Context
  readonly #change: Change
  readonly #counts: ChangeCounts
  #batch: OpenDeadLetter[] = []
  /** The first error of a dead letter that could not be changed; the others are still changed. */
  #refusal: KafkaProducerError | undefined

  /** @param counts updated during the run, so that they are correct even if it throws */
  constructor(
    store: TargetDeadLetterStore,
    request: ListRequest,
    context: Context,
    change: Change,
    counts: ChangeCounts,
  ) {
    this.#store = store
    this.#request = request
    this.#context = context
    this.#change = change
    this.#counts = counts
  }

  /** @throws DeadLetterError what stopped it, or why some dead letters are unchanged */
  run(): Promise<void> {
    const { signal, warn } = this.#context
    const wait = { mayGoOn: () => !signal?.aborted, onWait: warn }
    return underLease(this.#store, wait, async lease => {
      let isDone = false
      while (!isDone) isDone = await this.#changeOnce(lease)
      await lease.check()
      await this.#store.tidy()
      if (this.#refusal) throw this.#refusal
    })
  }

  /** @returns whether the run is done: nothing more matches, or the limit is reached */
  async #changeOnce(lease: Lease): Promise<boolean> {
    const { signal, targets } = this.#context
    const counts = this.#counts
    const before = counts.changed
    for await (const open of this.#matching()) {
      this.#batch.push(open)
      if (this.#batch.length === BATCH) await this.#changeBatch(lease)
    }
    if (!signal?.aborted) await this.#changeBatch(lease)
    const { moved, left } = await divideMessages(this.#store, targets)
    counts.moved += moved
    counts.changed -= left
    if (left > 0) this.#refusal ??= notWhole()
    // FIFO groups return further dead letters only after the earlier ones are changed.
    const givesMore = this.#store.givesMoreAfterCompletion && counts.changed > before
    return !givesMore || counts.hasMore || signal?.aborted === true
  }

  /** Yields the dead letters to change, up to the limit. */
  async *#matching(): AsyncGenerator<OpenDeadLetter> {
    const { limit = Number.POSITIVE_INFINITY } = this.#request
    const { signal, onSeen, onUnreadable, targets } = this.#context
    const counts = this.#counts
    let lastLocation: string | undefined
    const reading = this.#store.deadLetters({
      purpose: 'redrive',
      signal,
      onUnreadable: unreadable => {
        counts.unreadable += unreadable.count
        onUnreadable?.(unreadable)
      },
    })
    for await (const open of reading) {
      if (signal?.aborted) return
      counts.seen++
      onSeen?.(open.deadLetter)
      if (!matches(open.deadLetter, this.#request)) continue
      // All dead letters of a message are changed together; they follow each other.
      const isNext = open.siblings === undefined || open.location !== lastLocation
      counts.hasMore = isNext && counts.changed + this.#batch.length >= limit
      if (counts.hasMore) return
      lastLocation = open.location
      if (!targets.isOn && open.siblings?.some(sibling => !matches(sibling, this.#request)))
        this.#refusal ??= notWhole()
      else yield open
    }
  }

  async #changeBatch(lease: Lease): Promise<void> {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    await lease.check()
    const changed = new Set(batch)
    try {
      for (const { replacement, error } of await this.#change(this.#store, batch)) {
        changed.delete(replacement.open)
        this.#refusal ??= error
      }
    } catch (error) {
      if (!(error instanceof NotCompletedError)) throw error
      for (const entry of error.entries) changed.delete(entry.open)
      this.#refusal ??= error
    }
    this.#counts.changed += changed.size
    for (const each of changed) this.#context.onChanged?.(each)
  }
}

function notWhole(): DeadLetterError {
  return new DeadLetterError(
    'message-not-whole',
    'A message holds further dead letters and can only be deleted whole: set KAFKA_DEAD_LETTER to a target that ' +
      'takes these, or change all of them.',
  )
}
