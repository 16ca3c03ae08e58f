// The options of a redrive, and what it reports.
import type { Contracts } from '../contracts/contract.ts'
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { Unreadable } from '../dead-letter/dead-letter-store.ts'
import type { KafkaProducer } from '../kafka-producer.ts'
import type { Deadline } from '../time/deadline.ts'
import type { Log } from './log-look-up.ts'
import type { DeadLetterFilter } from './select-dead-letters.ts'
import type { TopicSettings } from './topic-facts.ts'

/** The log and the settings of the topics that records go to. */
export type RedriveLog = Log & TopicSettings & { partitions(topic: string): Promise<number> }

export interface RedriveOptions extends DeadLetterFilter {
  /** What the records are sent with: no contracts, for they go as the bytes that were checked before. */
  readonly producer: Pick<KafkaProducer, 'sendAll'> & Partial<Pick<KafkaProducer, 'isReachable'>>
  /**
   * Where is looked before anything is sent; undefined: nothing is looked up, and no topic's settings are asked for.
   */
  readonly log?: RedriveLog
  /** The topics that records may go to, and the rules for invalid ones. Undefined: any topic, and invalid ones stay. */
  readonly contracts?: Contracts
  /** Records of topics without a contract too. Default: false, unless there are no contracts. */
  readonly anyTopic?: boolean
  /** Dead letters of invalid records too, by the contracts as they are now. Default: false, they stay. */
  readonly includeInvalid?: boolean
  /** The topic that all records go to, in place of their own. The dead letters keep their ids. */
  readonly to?: string
  /** Records whose key has a newer record in a compacted topic too. Default: false. */
  readonly overwrite?: boolean
  /** Take a topic whose settings can't be read for one that keeps what it gets. Default: false. */
  readonly assumeRetained?: boolean
  /** Send what was in doubt on another cluster than this one. Default: false. */
  readonly otherCluster?: boolean
  /** How long after its last attempt a record in doubt may still reach the log, ms. Default: 5 minutes. */
  readonly inDoubtWaitMs?: number
  /** At most so many dead letters are tried. */
  readonly limit?: number
  /** Records per second. */
  readonly rate?: number
  /** Records that are on their way at once. Default: 100. */
  readonly concurrency?: number
  /** Looks and counts, and changes nothing. */
  readonly dryRun?: boolean
  /** `original` (default): the record's own, or when it first failed. `now`: set anew. */
  readonly timestamp?: 'original' | 'now'
  /** A dead letter that was refused so often is parked: it stays and is not tried. Default: 5. */
  readonly maxAttempts?: number
  /** Topics that dead letters are never sent to: those they lie in. */
  readonly isDeadLetterTopic?: (topic: string) => boolean
  /** Reads the value that a claim check stands for. Default: such dead letters stay, with `claim-missing`. */
  readonly readClaim?: (deadLetter: DeadLetter) => Promise<DeadLetter>
  /** Called after every batch. */
  readonly onProgress?: (result: RedriveResult) => void
  /** Called once per dead letter that matched, with what became of it. */
  readonly onDeadLetter?: (result: DeadLetterResult) => void
  /** Called with what lies in the target and can't be read. */
  readonly onUnreadable?: (unreadable: Unreadable) => void
  /** No batch begins after it. */
  readonly deadline?: Deadline
  readonly signal?: AbortSignal
}

/** What became of one dead letter. In a dry run: what would. */
export type DeadLetterResult = {
  readonly deadLetterId: string
  /** Where the dead letter lies. */
  readonly location: string
} & (
  | { readonly result: 'sent' | 'found'; readonly record: string }
  | { readonly result: 'would-send'; readonly topic: string }
  | { readonly result: 'kept'; readonly code: string }
)

export interface RedriveResult {
  /** Dead letters that were looked at, and those that the filter took. */
  readonly seen: number
  readonly matched: number
  /** What was tried, or in a dry run would be. */
  readonly tried: number
  /** Sent again and acknowledged. */
  readonly resent: number
  /** `unknown` ones that were in Kafka all the time. */
  readonly found: number
  /** Of invalid records, which were not tried. */
  readonly invalid: number
  /** Not tried any more. */
  readonly parked: number
  /** Entries that can't be read as dead letters. */
  readonly unreadable: number
  /** Sent or found, but the target did not note it: the next run meets them again. */
  readonly notCompleted: number
  /** Matched and still open: how many by code. */
  readonly failed: Readonly<Record<string, number>>
  /** What was matched, by topic and code. */
  readonly byTopic: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Why it ended before the dead letters did, if so: a code, `deadline`, `interrupted` or `already-running`. */
  readonly stopped?: string
  /** The message of the error that stopped it. */
  readonly error?: string
}
