// The port of a batch source: a source whose items go back to it one by one, such as the messages of a queue.
import type { DeadLetterSource } from '../../lib/dead-letter/dead-letter.ts'
import type { IgnoredReason, SourceRecord } from '../../lib/lambda/source-record.ts'
import type { Deadline } from '../../lib/time/deadline.ts'

export interface SourceItem {
  /** Of the item in its source. */
  readonly id: string
  readonly arn: string
  /** How often the source has handed it out, this time included; null if the source does not count. */
  readonly receiveCount: number | null
  /** Items of one group complete in order, unique over all sources of a batch; undefined: in any order. */
  readonly orderGroup: string | undefined
  readonly records: readonly SourceRecord[]
  /** Why it has no record, such as a ping. */
  readonly ignored?: IgnoredReason
}

export interface ItemResult<Item extends SourceItem> {
  readonly item: Item
  /** A record of it is neither acknowledged nor stored as a dead letter. */
  readonly isReturned: boolean
}

export interface BatchPolicy {
  /** What becomes of an item after a delivery failure. */
  readonly onFailure: 'return' | 'dead-letter'
  /** What becomes of an order group after an invalid record. */
  readonly onInvalid: 'continue' | 'stop'
}

export interface BatchSource<Item extends SourceItem, Response> {
  readonly trigger: DeadLetterSource['trigger']
  readonly policy: BatchPolicy
  /** @throws KafkaProducerError for an event of another form: all of it goes back */
  parse(event: unknown): readonly Item[]
  /**
   * @param results one per item, in the order of their completion
   * @param answerBy when the answer must be returned
   */
  respond(results: readonly ItemResult<Item>[], answerBy: Deadline): Response | Promise<Response>
}
