// The two ports for writing dead letters: a target stores them, and a target kind parses its text in KAFKA_DEAD_LETTER.
import type { DeliveryReport } from '../delivery/delivery-report.ts'
import type { DeadLetterError } from '../errors.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { Deadline } from '../time/deadline.ts'
import type { DeadLetter } from './dead-letter.ts'

/** A dead letter's location, or why it is not stored. */
export type StoreResult = string | DeadLetterError

/**
 * The code of a dead letter that is too large for a target. Its value is then stored in another target as a claim
 * check.
 */
export const DEAD_LETTER_TOO_LARGE = 'dead-letter-too-large'

/** Bytes kept free for the notes of a redrive, so that a target never refuses the noted dead letter for its size. */
export const NOTE_BYTES = 1024

export interface DeadLetterTarget {
  /**
   * Stores dead letters. A location is `<kind>:…` and is returned only once the dead letter is stored durably.
   * @returns one result per dead letter, in order
   * @throws Error if none of them is stored
   */
  store(deadLetters: readonly DeadLetter[], deadline: Deadline): Promise<readonly StoreResult[]>
  /** Stores a value that is too large for another target; returns its location, `<kind>:…`. */
  storeClaim?(deadLetterId: string, value: Uint8Array): Promise<string>
  close(): Promise<void>
}

/** Sends dead letters to Kafka: to any topic, without contracts, with unchanged keys. */
export interface DeadLetterProducer {
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]>
  close(): Promise<void>
}

export interface DeadLetterTargetServices {
  /** Creates the producer of a `kafka:` target. @param servers of another cluster; undefined: that of the records */
  createProducer?(servers: readonly string[] | undefined): DeadLetterProducer
}

/** The context in which the text of a target is parsed. */
export interface TargetParseContext {
  /** `read`: the dead letters are redriven or shown, so requirements for writing are not checked. */
  readonly use: 'write' | 'read'
  readonly isInsideLambda: boolean
  /** For `disk:`: whether a stored dead letter is synced before it counts. Default: true. */
  readonly diskFsync?: boolean
  /** For `disk:`: the limit of the open dead letters of all segments together, bytes. Default: none. */
  readonly diskMaxBytes?: number | undefined
  /** Reports a problem of the target, without the name of the setting. */
  problem(text: string): void
}

/** How KAFKA_DEAD_LETTER names a kind of target. */
export interface DeadLetterTargetKind<Config extends { readonly kind: string }> {
  /** The form of a target for error messages, e.g. `s3:<bucket>/<prefix>`. */
  readonly syntax: string
  /**
   * Parses the text after `<kind>:`, percent-decoded.
   * @returns undefined if it does not have the form of `syntax`
   */
  parse(text: string, context: TargetParseContext): Config | undefined
  /**
   * Whether the target is on the cluster of the records. Such a target can't be the only one, because it is down when
   * it is needed.
   */
  isOnSameCluster?(config: Config): boolean
}
