// What a dead-letter target is to those who read it back: open dead letters, and the ways in which one ends.
import { DeadLetterError } from '../errors.ts'
import type { LogRecord } from '../wire-format/record-batch-decoder.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { DeadLetterProducer } from './dead-letter-target.ts'
import type { RawToDeadLetters } from './raw-message.ts'

/** @typeParam Handle the store's own; for everybody else it is unknown */
export interface OpenDeadLetter<Handle = unknown> {
  readonly deadLetter: DeadLetter
  /** Where it lies, as the target reported it when it was stored. */
  readonly location: string
  /** False while the value lies in a claim check: the id can't be recomputed before the claim is read. */
  readonly verified: boolean
  /** What the store itself needs to end this very entry; nobody else looks into it. */
  readonly handle: Handle
}

export interface Completed<Handle = unknown> {
  readonly open: OpenDeadLetter<Handle>
  /** Where its record is now: `kafka:<topic>-<partition>@<offset>`; or `discarded`. */
  readonly location: string
}

/** What lies in a target and can't be read as a dead letter. It stays where it is. */
export interface Unreadable {
  /** E.g. `FILE at byte 4096`, an object's key, a message's id. */
  readonly location: string
  readonly reason: string
  /** How many entries this is about, where a damaged place may have held several. */
  readonly count: number
}

export interface ReadOptions {
  /** `look` (default): for someone who only looks. `redrive`: under the lease, for someone who completes what is given. */
  readonly purpose?: 'look' | 'redrive'
  /** Called once per place that can't be read. */
  readonly onUnreadable?: (unreadable: Unreadable) => void
  readonly signal?: AbortSignal | undefined
}

export interface Lease {
  /**
   * To be called before every batch.
   * @throws DeadLetterError when somebody else has it by now
   */
  check(): Promise<void>
  /**
   * To be called by a timer, a few times within LEASE_MS.
   * @throws DeadLetterError when somebody else has it by now
   */
  renew(): Promise<void>
  release(): Promise<void>
}

export interface DeadLetterStore<Handle = unknown> {
  /**
   * Yields the open dead letters one by one, whatever is wrong with an entry between them. Entries of one id are
   * folded only where their whole record is equal. Reading changes nothing.
   * @throws DeadLetterError when the target as a whole can't be read; a target that is not there is not created
   */
  deadLetters(options?: ReadOptions): AsyncIterable<OpenDeadLetter<Handle>>
  /** What a person who looks should know beside the dead letters, e.g. a queue's own counts. */
  notes?(): Promise<readonly string[]>
  /**
   * Makes sure that there is room for what `complete` and `replace` will write of these dead letters.
   * @throws DeadLetterError when there is none: then nothing of them may be sent
   */
  reserve(open: readonly OpenDeadLetter<Handle>[]): Promise<void>
  /** Ends entries, by the store's own keys and handles: deletes them, or marks them as completed. */
  complete(completed: readonly Completed<Handle>[]): Promise<void>
  /** Puts another version of a dead letter in its place; the new one is safe before the old one goes. */
  replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void>
  /** Removes what has been completed for longer than COMPLETED_MS. Only for the holder of the lease. */
  tidy(): Promise<void>
  /**
   * The right to redrive: one at a time, for a minute at most if its holder dies.
   * @throws DeadLetterError `redrive-running` while another has it
   */
  lease(): Promise<Lease>
  /** Lets go of what was given and is not completed. Removes nothing. */
  close(): Promise<void>
}

/** The store of a target, which also finds a dead letter that the target has just stored. */
export interface TargetDeadLetterStore<Handle = unknown> extends DeadLetterStore<Handle> {
  /**
   * The entry at a location, as the target returned it. It is looked for only where it must be received first.
   * @returns undefined when it is not among those that were looked at
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
  read(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogRecord>
}

export interface DeadLetterStoreServices {
  /** Creates what markers are written with. @param servers of another cluster; undefined: that of the records */
  createProducer(servers: readonly string[] | undefined): DeadLetterProducer
  createLogReader(servers: readonly string[] | undefined): {
    readonly reader: DeadLetterLog
    closeReader(): Promise<void>
  }
  /** Makes dead letters of a message that is none, in a queue that is a source DLQ or a failure destination. */
  readonly toDeadLetters?: RawToDeadLetters | undefined
}

/** How long a lease lasts if nobody renews it, ms. */
export const LEASE_MS = 60_000
/** How long what is completed is kept, ms. */
export const COMPLETED_MS = 24 * 3_600_000

/** @param place what holds the dead letters, e.g. `table` */
export function redriveRunning(place: string): DeadLetterError {
  return new DeadLetterError(
    'redrive-running',
    `Another redrive of this ${place} is running, or one ended less than a minute ago without releasing its lease. Retry in a minute.`,
    { retriable: true },
  )
}
