// The port for reading a dead-letter target back: its open dead letters, and the ways to complete them.
import { DeadLetterError, type KafkaProducerError } from '../errors.ts'
import type { LogBatch } from '../wire-format/record-batch-decoder.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { DeadLetterProducer } from './dead-letter-target.ts'
import type { SourceMessageReader } from './raw-message.ts'

/** @typeParam Handle the store's own type, unknown to everybody else */
export interface OpenDeadLetter<Handle = unknown> {
  readonly deadLetter: DeadLetter
  /** Where it is stored, as the target reported. */
  readonly location: string
  /** False for a value in a claim check: the id can't be recomputed before the claim is read. */
  readonly verified: boolean
  /** What completes it may lie in a part of the target that can't be read: it may be in Kafka already, or discarded. */
  readonly isUncertain?: boolean
  /** What the store needs to complete this entry; opaque to everybody else. */
  readonly handle: Handle
  /** The other dead letters of its message, if a message of a source holds several: it can only be deleted whole. */
  readonly siblings?: readonly DeadLetter[]
}

/**
 * A message that must not stay as it is: some of its dead letters are completed, or the record of one is in doubt by
 * now, which can't be noted on the message.
 */
export interface PartlyDone<Handle = unknown> {
  /** How many of its dead letters are completed. */
  readonly completed: number
  /** The others, in their newest version. */
  readonly open: readonly OpenDeadLetter<Handle>[]
}

export interface Completed<Handle = unknown> {
  readonly open: OpenDeadLetter<Handle>
  /** Where its record is now: `kafka:<topic>-<partition>@<offset>`; or `discarded`. */
  readonly location: string
}

/** A dead letter and the version that replaces it. */
export interface Replacement<Handle = unknown> {
  readonly open: OpenDeadLetter<Handle>
  readonly deadLetter: DeadLetter
}

/** A replacement that the target refused, and why. */
export interface Refusal<Handle = unknown> {
  readonly replacement: Replacement<Handle>
  readonly error: KafkaProducerError
}

/** Something in a target that can't be read as a dead letter. It stays there. */
export interface Unreadable {
  /** E.g. `FILE at byte 4096`, an object's key, a message's id. */
  readonly location: string
  readonly reason: string
  /** The number of entries: a damaged place may have held several. */
  readonly count: number
}

export interface ReadOptions {
  /** `look` (default): only to show. `redrive`: under the lease, to complete the dead letters. */
  readonly purpose?: 'look' | 'redrive'
  /** Called once per place that can't be read. */
  readonly onUnreadable?: (unreadable: Unreadable) => void
  readonly signal?: AbortSignal | undefined
}

export interface Lease {
  /**
   * Call it before every batch.
   * @throws DeadLetterError when another redrive has the lease by now · `stop-requested` after `requestStop`
   */
  check(): Promise<void>
  /**
   * Call it by a timer, a few times within LEASE_MS.
   * @throws DeadLetterError when another redrive has the lease by now
   */
  renew(): Promise<void>
  release(): Promise<void>
}

/** A small text in a target that says which dead letters a redrive is sending. */
export interface SendingPlace {
  /** Undefined: there is none. Reading creates nothing. */
  read(): Promise<string | undefined>
  /** Replaces the text; it is safe when this returns. Only for the holder of the lease, like `remove`. */
  write(text: string): Promise<void>
  remove(): Promise<void>
}

/** Where clocks can't say whether a lease has ended, it is watched for up to a minute whether its holder renews it. */
export interface LeaseWait {
  /** Asked about once a second. Default: always. */
  readonly mayGoOn?: () => boolean
  /** Called when such a wait begins. */
  readonly onWait?: ((text: string) => void) | undefined
}

export type StopRequest = 'requested' | 'not-running' | 'no-lease'

export interface DeadLetterStore<Handle = unknown> {
  /**
   * Yields the open dead letters one by one, whatever is wrong with an entry between them. Entries of one id are
   * folded only where their whole record is equal. Reading changes nothing.
   * @throws DeadLetterError when the target as a whole can't be read; a missing target is not created
   */
  deadLetters(options?: ReadOptions): AsyncIterable<OpenDeadLetter<Handle>>
  /**
   * True if the target returns further dead letters only after the earlier ones are completed (groups of a FIFO queue).
   * A redrive then reads again until it completes nothing more.
   */
  readonly givesMoreAfterCompletion?: boolean
  /** Notes for people beside the dead letters, e.g. the counts of a queue. */
  notes?(): Promise<readonly string[]>
  /**
   * Makes sure that `complete` and `replace` will have room to write.
   * @throws DeadLetterError when there is no room: the dead letters must not be sent
   */
  reserve(open: readonly OpenDeadLetter<Handle>[]): Promise<void>
  /**
   * Completes entries by the store's keys and handles: deletes them, or marks them as completed.
   * @throws NotCompletedError after it completed the others · when the target as a whole can't be written to
   */
  complete(completed: readonly Completed<Handle>[]): Promise<void>
  /** Missing where the target has no place that one small write replaces: a queue. */
  readonly sending?: SendingPlace
  /** The messages of a source whose open dead letters have to be stored elsewhere, so that they can be completed. */
  partlyDone?(): readonly PartlyDone<Handle>[]
  /** Replaces a dead letter by another version; the new one is safe before the old one is removed. */
  replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void>
  /**
   * Replaces several for the price of about one. Missing where the target has no such way; call `replaceAll` of
   * replace-all.ts, which then replaces them in parallel.
   * @returns those that were refused; the others are replaced
   * @throws DeadLetterError when none of them counts as replaced
   */
  replaceAll?(replacements: readonly Replacement<Handle>[]): Promise<readonly Refusal<Handle>[]>
  /** Removes what completed dead letters left behind, once it is old enough. Only for the holder of the lease. */
  tidy(): Promise<void>
  /**
   * Takes the lease for a redrive. Only one can hold it; if its holder dies, it ends after a minute.
   * @throws DeadLetterError `redrive-running` while another redrive has it, or may have it when `wait` says to end
   */
  lease(wait?: LeaseWait): Promise<Lease>
  /** Releases the dead letters that were listed and not completed. Removes nothing. */
  close(): Promise<void>
}

/** The store of a target, which also finds a dead letter that the target has just stored. */
export interface TargetDeadLetterStore<Handle = unknown> extends DeadLetterStore<Handle> {
  /**
   * Asks the redrive that holds the lease to end before its next batch.
   * @returns `not-running` when none holds it, `no-lease` when the target has no lease that could carry the request
   */
  requestStop(): Promise<StopRequest>
  /**
   * The entry at a location that the target returned. A queue has to receive messages to find it.
   * @returns undefined when it is not among those that were received
   */
  find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle> | undefined>
}

/** Reads Kafka topics that hold dead letters. */
export interface DeadLetterLog {
  topics(): Promise<string[]>
  partitions(topic: string): Promise<number>
  start(topic: string, partition: number): Promise<bigint>
  end(topic: string, partition: number): Promise<bigint>
  offsetAt(topic: string, partition: number, timestamp: number): Promise<bigint>
  /** The first and the last batch may have records before `from` and after `to`. */
  readBatches(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogBatch>
}

export interface DeadLetterStoreServices {
  /** Creates the producer that writes markers. @param servers of another cluster; undefined: that of the records */
  createProducer(servers: readonly string[] | undefined): DeadLetterProducer
  createLogReader(servers: readonly string[] | undefined): {
    readonly reader: DeadLetterLog
    closeReader(): Promise<void>
  }
  /** Reads the messages of source DLQs and failure destinations. */
  readonly readSourceMessage?: SourceMessageReader | undefined
  /**
   * Takes a lease on behalf of a target that has none of its own.
   * @throws DeadLetterError `redrive-running` while another redrive has it
   */
  readonly takeLease?: ((wait?: LeaseWait) => Promise<Lease>) | undefined
  /** Asks the holder of that lease to end its redrive. */
  readonly requestStop?: (() => Promise<StopRequest>) | undefined
}

/** Some entries could not be completed, and all others of the call are: the next run meets these again. */
export class NotCompletedError extends DeadLetterError {
  override name = 'NotCompletedError'
  readonly entries: readonly Completed[]

  /** @param options.cause why one of them could not be completed */
  constructor(entries: readonly Completed[], { cause }: { readonly cause?: unknown } = {}) {
    super('dead-letter', `${entries.length} completed dead letter(s) could not be removed from their target.`, {
      retriable: true,
      cause,
    })
    this.entries = entries
  }
}

/** How long a lease lasts if nobody renews it, ms. */
export const LEASE_MS = 60_000
/** How long completed dead letters are kept, ms. */
export const COMPLETED_MS = 24 * 3_600_000

/** The answer of a lease's `check` to a holder that was asked to stop. */
export function stopRequested(): DeadLetterError {
  return new DeadLetterError('stop-requested', 'The redrive was asked to stop.', { retriable: true })
}

/** What a redrive that waits for a lease says. */
export function leaseWaitText(place: string): string {
  return `Another redrive of this ${place} may still be running: it is watched for up to ${LEASE_MS / 1000} s.`
}

/** @param place the kind of place that has the dead letters, e.g. `table` */
export function redriveRunning(place: string): DeadLetterError {
  return new DeadLetterError(
    'redrive-running',
    `Another redrive of this ${place} is running, or one ended less than a minute ago without releasing its lease. ` +
      'Retry in a minute.',
    { retriable: true },
  )
}
