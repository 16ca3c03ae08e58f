// The port for reading dead letters back from a target, and for completing, replacing and discarding them.
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
  /** False if the value is in a claim check: the id can't be recomputed before the claim is read. */
  readonly verified: boolean
  /** True if an unreadable part of the target may hold its completion: it may already be in Kafka, or discarded. */
  readonly isUncertain?: boolean
  /** What the store needs to complete this entry; opaque to everybody else. */
  readonly handle: Handle
  /** The other dead letters of the same message, which can only be deleted as a whole. */
  readonly siblings?: readonly DeadLetter[]
}

/**
 * A message to replace: some of its dead letters are completed, or the outcome of one is now unknown, which can't be
 * noted on the message.
 */
export interface PartlyDone<Handle = unknown> {
  /** The number of its dead letters that are completed. */
  readonly completed: number
  /** The newest version of the others. */
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

/** An entry of a target that can't be read as a dead letter. It stays there. */
export interface Unreadable {
  /** E.g. `FILE at byte 4096`, an object's key, a message's id. */
  readonly location: string
  readonly reason: string
  /** The number of unreadable entries: a damaged place may have held several. */
  readonly count: number
}

export interface ReadOptions {
  /** `look` (default): reads without the lease. `redrive`: reads under the lease, to complete the dead letters. */
  readonly purpose?: 'look' | 'redrive'
  /** Called once per unreadable entry. */
  readonly onUnreadable?: (unreadable: Unreadable) => void
  readonly signal?: AbortSignal | undefined
}

export interface Lease {
  /**
   * Call it before every batch.
   * @throws DeadLetterError if another redrive has taken the lease, or with the code `stop-requested` after
   * `requestStop`
   */
  check(): Promise<void>
  /**
   * Call it by a timer, a few times within LEASE_MS.
   * @throws DeadLetterError if another redrive has taken the lease
   */
  renew(): Promise<void>
  release(): Promise<void>
}

/** A small text in a target that says which dead letters a redrive is sending. */
export interface SendingPlace {
  /** Returns undefined if there is no text. Reading creates nothing. */
  read(): Promise<string | undefined>
  /**
   * Replaces the text; it is stored durably when this resolves. Like `remove`, only the holder of the lease may call
   * it.
   */
  write(text: string): Promise<void>
  remove(): Promise<void>
}

/**
 * Options for taking a lease where clocks can't prove that the earlier one has expired: the store then watches for up
 * to a minute whether its holder renews it.
 */
export interface LeaseWait {
  /** Called about once a second; false ends the wait. Default: always true. */
  readonly mayGoOn?: () => boolean
  /** Called when such a wait begins. */
  readonly onWait?: ((text: string) => void) | undefined
}

export type StopRequest = 'requested' | 'not-running' | 'no-lease'

export interface DeadLetterStore<Handle = unknown> {
  /**
   * Yields the open dead letters one by one and continues after entries that can't be read. Entries with the same id
   * are merged only if their whole records are equal. Reading changes nothing, except that SQS counts a receive of the
   * messages and hides them for some seconds.
   * @throws DeadLetterError if the target as a whole can't be read; a missing target is not created
   */
  deadLetters(options?: ReadOptions): AsyncIterable<OpenDeadLetter<Handle>>
  /**
   * True if the target returns later dead letters only after earlier ones are completed (groups of a FIFO queue). A
   * redrive then reads again until it completes nothing more.
   */
  readonly givesMoreAfterCompletion?: boolean
  /** Returns notes for people about the target, e.g. the message counts of a queue. */
  notes?(): Promise<readonly string[]>
  /**
   * Makes sure that `complete` and `replace` will have room to write.
   * @throws DeadLetterError when there is no room: the dead letters must not be sent
   */
  reserve(open: readonly OpenDeadLetter<Handle>[]): Promise<void>
  /**
   * Completes dead letters: deletes their entries, or marks them as completed.
   * @throws NotCompletedError after it completed the others, or if the target as a whole can't be written to
   */
  complete(completed: readonly Completed<Handle>[]): Promise<void>
  /** Missing for a queue, which has no place that one small write replaces. */
  readonly sending?: SendingPlace
  /**
   * Returns the messages of a source whose open dead letters must be stored elsewhere before the message can be
   * deleted.
   */
  partlyDone?(): readonly PartlyDone<Handle>[]
  /** Replaces a dead letter by another version; the new one is stored before the old one is removed. */
  replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void>
  /**
   * Replaces several at about the cost of one. Missing for targets that can't; `replaceAll` of replace-all.ts then
   * replaces them in parallel.
   * @returns those that were refused; the others are replaced
   * @throws DeadLetterError if none of them counts as replaced
   */
  replaceAll?(replacements: readonly Replacement<Handle>[]): Promise<readonly Refusal<Handle>[]>
  /**
   * Removes the remains of completed dead letters once they are old enough. Only the holder of the lease may call it.
   */
  tidy(): Promise<void>
  /**
   * Takes the lease for a redrive. Only one redrive can hold it; it expires a minute after its holder dies.
   * @throws DeadLetterError `redrive-running` while another redrive holds it, or if `wait` ends before that is known
   */
  lease(wait?: LeaseWait): Promise<Lease>
  /** Releases the dead letters that were listed and not completed. Removes nothing. */
  close(): Promise<void>
}

/** The store of a target. It can also find a dead letter that the target has just stored. */
export interface TargetDeadLetterStore<Handle = unknown> extends DeadLetterStore<Handle> {
  /**
   * Asks the redrive that holds the lease to end before its next batch.
   * @returns `not-running` when none holds it, `no-lease` when the target has no lease that could carry the request
   */
  requestStop(): Promise<StopRequest>
  /**
   * Returns the entry at a location that the target returned. A queue has to receive messages to find it.
   * @returns undefined if it is not among the received messages
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
  /** The first and the last batch may also contain records before `from` and after `to`. */
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

/**
 * Thrown if some entries could not be completed. All others of the call are completed; the next run finds these again.
 */
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

/** How long a lease lasts if its holder does not renew it, ms. */
export const LEASE_MS = 60_000
/** How long completed dead letters are kept, ms. */
export const COMPLETED_MS = 24 * 3_600_000

/** Creates the error that a lease's `check` throws after `requestStop`. */
export function stopRequested(): DeadLetterError {
  return new DeadLetterError('stop-requested', 'The redrive was asked to stop.', { retriable: true })
}

/** Returns the message of a redrive that waits for a lease. */
export function leaseWaitText(place: string): string {
  return `Another redrive of this ${place} may still be running: waiting up to ${LEASE_MS / 1000} s for its lease.`
}

/** @param place the kind of target, e.g. `table` */
export function redriveRunning(place: string): DeadLetterError {
  return new DeadLetterError(
    'redrive-running',
    `Another redrive of this ${place} is running, or one ended less than a minute ago without releasing its lease. ` +
      'Retry in a minute.',
    { retriable: true },
  )
}
