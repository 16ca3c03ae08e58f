// The port of a batch source: a source whose items go back to it one by one, such as the messages of a queue.
import type { DeadLetterSource } from '../../lib/dead-letter/dead-letter.ts'
import type { IgnoredReason, SourceRecord } from '../../lib/lambda/source-record.ts'
import type { Deadline } from '../../lib/time/deadline.ts'

export interface SourceItem {
  /** The item's id in its source, e.g. the SQS message id. */
  readonly id: string
  readonly arn: string
  /** How often the source has delivered the item, this time included; null if the source does not count. */
  readonly receiveCount: number | null
  /**
   * The item's order group, unique over all sources of a batch: its items complete in order. Undefined: in any order.
   */
  readonly orderGroup: string | undefined
  readonly records: readonly SourceRecord[]
  /** Why the item has no record, e.g. because it is a ping. */
  readonly ignored?: IgnoredReason
}

export interface ItemResult<Item extends SourceItem> {
  readonly item: Item
  /** Whether a record of the item is neither acknowledged nor stored as a dead letter. */
  readonly isReturned: boolean
}

export interface BatchPolicy {
  /** What happens to an item after a delivery failure. */
  readonly onFailure: 'return' | 'dead-letter'
  /** What happens to the rest of an order group after an invalid record. */
  readonly onInvalid: 'continue' | 'stop'
}

export interface BatchSource<Item extends SourceItem, Response> {
  readonly trigger: DeadLetterSource['trigger']
  readonly policy: BatchPolicy
  /**
   * Parses an event into items.
   * @throws KafkaProducerError for an event of another form; Lambda then returns the whole batch to its source
   */
  parse(event: unknown): readonly Item[]
  /**
   * Builds the answer that names the items that go back.
   * @param results one per item, in the order of their completion
   * @param answerBy when the answer must be returned
   */
  respond(results: readonly ItemResult<Item>[], answerBy: Deadline): Response | Promise<Response>
}
