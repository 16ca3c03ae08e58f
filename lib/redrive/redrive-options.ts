// The options and the result of a redrive.
import type { Contracts } from '../contracts/contract.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { Unreadable } from '../dead-letter/dead-letter-store.ts'
import type { KafkaProducer } from '../kafka-producer.ts'
import type { Deadline } from '../time/deadline.ts'
import type { DeadLetterTargets } from './divide-messages.ts'
import type { Log } from './look-up-options.ts'
import type { DeadLetterFilter } from './select-dead-letters.ts'
import type { SentInRun } from './sent-in-run.ts'
import type { TopicSettings } from './topic-facts.ts'

/** Reads the logs and the settings of the topics that records are sent to. */
export type RedriveLog = Log & TopicSettings & { partitions(topic: string): Promise<number> }

export interface RedriveOptions extends DeadLetterFilter {
  /** Sends the records. It has no contracts, because the bytes of the records are already validated. */
  readonly producer: Pick<KafkaProducer, 'sendAll'> & Partial<Pick<KafkaProducer, 'isReachable' | 'config'>>
  /** Searched before anything is sent. Undefined turns off look-ups and checks of topic settings. */
  readonly log?: RedriveLog
  /** The topics that records may be sent to. Undefined allows any topic, and keeps dead letters of invalid records. */
  readonly contracts?: Contracts
  /** Also send records of topics without a contract. Default: false, unless there are no contracts. */
  readonly anyTopic?: boolean
  /** Also send invalid records, validated by the current contracts. Default: false, their dead letters stay. */
  readonly includeInvalid?: boolean
  /** Send all records to this topic instead of their own. The dead letters keep their ids. */
  readonly to?: string
  /** Also send records whose key has a newer record in a compacted topic. Default: false. */
  readonly overwrite?: boolean
  /** Also send records to topics whose settings, and thus retention, can't be read. Default: false. */
  readonly assumeRetained?: boolean
  /** Also send records in doubt on another cluster. Default: false. */
  readonly otherCluster?: boolean
  /** How long after its last attempt a record in doubt may still reach the log, ms. Default: 300000. */
  readonly inDoubtWaitMs?: number
  /** The maximum number of dead letters to try. */
  readonly limit?: number
  /** Records per second. */
  readonly rate?: number
  /** Records in flight at once. Default: 100. */
  readonly concurrency?: number
  /** Only look up and count; send and change nothing. */
  readonly dryRun?: boolean
  /** `original` (default): the record's timestamp, or the time of its first failure. `now`: the time of the send. */
  readonly timestamp?: 'original' | 'now'
  /** After this many failed attempts a dead letter is parked: it stays and is not tried. Default: 5. */
  readonly maxAttempts?: number
  /** Whether a topic has dead letters: no record is sent to it. */
  readonly isDeadLetterTopic?: (topic: string) => boolean
  /** Reads the value of a claim check. Default: such dead letters stay, with `claim-missing`. */
  readonly readClaim?: (deadLetter: DeadLetter) => Promise<DeadLetter>
  /**
   * Stores the remaining dead letters of a partly sent source message. Default: a message is not sent unless all of it
   * is.
   */
  readonly deadLetterTargets?: DeadLetterTargets
  /** Marks the value of a claim check as completed. Default: the value stays. */
  readonly completeClaim?: (deadLetter: DeadLetter) => Promise<void>
  /** The records that the same run has sent from other targets. */
  readonly sentInRun?: SentInRun
  /** Called after every batch. */
  readonly onProgress?: (result: RedriveResult) => void
  /** Called with the result of each dead letter that matched. */
  readonly onDeadLetter?: (result: DeadLetterResult) => void
  /** Called with every open dead letter that was read, including those that the filter excludes. */
  readonly onSeen?: (deadLetter: DeadLetter) => void
  /** Called with entries of the target that can't be read. */
  readonly onUnreadable?: (unreadable: Unreadable) => void
  /** Called when the run ends because no broker of the records' cluster answers or authenticates this client. */
  readonly onClusterDown?: () => void
  /** Called when another callback fails. Default: `process.emitWarning`. */
  readonly warn?: (text: string) => void
  /** No batch is sent after this deadline. */
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
}

/** The result of one dead letter; in a dry run, the result that it would have. */
export type DeadLetterResult = {
  readonly deadLetterId: string
  /** The location of the dead letter. */
  readonly location: string
} & (
  | { readonly result: 'sent' | 'found'; readonly record: string }
  | { readonly result: 'would-send'; readonly topic: string }
  /** The code is `invalid` or `parked` for dead letters that are not tried, whatever their failure. */
  | { readonly result: 'kept'; readonly code: string }
)

export interface RedriveResult {
  /** Dead letters that were read, and those that the filter matched. */
  readonly seen: number
  readonly matched: number
  /** Dead letters that were tried; in a dry run, those that would be tried. */
  readonly tried: number
  /** Sent again and acknowledged. */
  readonly resent: number
  /** Records with the outcome `unknown` that were in Kafka already. */
  readonly found: number
  /** Dead letters of invalid records; not tried. */
  readonly invalid: number
  /** Not tried: parked dead letters, and those whose records would go to a dead-letter topic. */
  readonly parked: number
  /** Entries that can't be read as dead letters. */
  readonly unreadable: number
  /** Sent or found, but not completed in the target, so the next run reads them again. */
  readonly notCompleted: number
  /**
   * Dead letters that stay open unchanged, because their target refused the note of this attempt, e.g. for its size. If
   * a record is in doubt and its target has no other place to note that (SQS, Kafka), the run ends with `dead-letter`,
   * and `error` says where to look for it.
   */
  readonly notNoted: number
  /**
   * Dead letters that were moved to the configured targets: those of partly sent messages, and those in doubt whose own
   * target refused the note.
   */
  readonly moved: number
  /** Whether more dead letters match than `limit` allows to try. */
  readonly hasMore: boolean
  /** Dead letters that matched and stay open, by code. */
  readonly failed: Readonly<Record<string, number>>
  /** Dead letters that matched, by topic and code. */
  readonly byTopic: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Why the run ended early: `deadline`, `interrupted`, `already-running` (it did not begin) or an error's code. */
  readonly stopped?: string
  /** The message of the error that stopped it. */
  readonly error?: string
}
