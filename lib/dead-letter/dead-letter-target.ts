// The two ports of dead letters that are written: a target stores them, and a kind says how KAFKA_DEAD_LETTER names one.
import type { DeliveryReport } from '../delivery/delivery-report.ts'
import type { DeadLetterError } from '../errors.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { Deadline } from '../time/deadline.ts'
import type { DeadLetter } from './dead-letter.ts'

/** A dead letter's location, or why it is not stored. */
export type StoreResult = string | DeadLetterError

/** The code of a dead letter that a target can't hold for its size: its value then goes to another as a claim check. */
export const DEAD_LETTER_TOO_LARGE = 'dead-letter-too-large'

export interface DeadLetterTarget {
  /**
   * Stores dead letters. A location is `<kind>:…` and is given only once the dead letter is safe there.
   * @returns one result per dead letter, in their order
   * @throws when none of them is stored
   */
  store(deadLetters: readonly DeadLetter[], deadline: Deadline): Promise<readonly StoreResult[]>
  /** Keeps a value that is too large for another target; returns its location, `<kind>:…`. */
  storeClaim?(deadLetterId: string, value: Uint8Array): Promise<string>
  close(): Promise<void>
}

/** Sends dead letters to Kafka: no contracts, any topic, keys as they are. */
export interface DeadLetterProducer {
  sendAll(records: readonly ProducerRecord[], deadline?: Deadline): Promise<DeliveryReport[]>
  close(): Promise<void>
}

export interface DeadLetterTargetServices {
  /** Creates the producer of a `kafka:` target. @param servers of another cluster; undefined: that of the records */
  createProducer?(servers: readonly string[] | undefined): DeadLetterProducer
}

/** What the text of a target is read with. */
export interface TargetParseContext {
  /** `read`: the dead letters there are redriven or shown, so what only a writer needs is not checked. */
  readonly use: 'write' | 'read'
  readonly isInsideLambda: boolean
  /** Of `disk:`. Default: true. */
  readonly diskFsync?: boolean
  /** Of `disk:`, bytes of all segments together. Default: no bound. */
  readonly diskMaxBytes?: number | undefined
  /** Adds a problem of the target, without the name of the setting. */
  problem(text: string): void
}

/** How KAFKA_DEAD_LETTER names a kind of target. */
export interface DeadLetterTargetKind<Config extends { readonly kind: string }> {
  /** For the message about a target that is of no kind, e.g. `s3:<bucket>/<prefix>`. */
  readonly syntax: string
  /**
   * Reads what stands behind `<kind>:`, percent-decoded.
   * @returns undefined when it has not the form of `syntax`
   */
  parse(text: string, context: TargetParseContext): Config | undefined
  /** True where it lies on the cluster that the records go to, which is down when the target is needed. */
  isOnSameCluster?(config: Config): boolean
}
