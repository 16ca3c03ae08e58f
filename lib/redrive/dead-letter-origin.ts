// Decides from where the key of a dead letter's record is read again: by its contract, or by the feed that it came
// from.
import type { Contract, EventBridgeFeed, SqsFeed } from '../contracts/contract.ts'
import { VALUE_OF_S3_KEY } from '../contracts/key-sources.ts'
import type { DeadLetter, DeadLetterSource } from '../dead-letter/dead-letter.ts'
import { queueName } from '../dead-letter/raw-message.ts'
import type { ProducerRecord } from '../record/producer-record.ts'

const RECORD = 'record'

/**
 * Returns the origin to validate a dead letter's record with. Message attributes, groups and events are not kept, so a
 * key from one of these is only in the record.
 * @param contract of the topic that the record goes to
 */
export function originOf({ source }: DeadLetter, contract: Contract): NonNullable<ProducerRecord['origin']> {
  const sources = keySourcesOf(source, contract)
  if (sources === undefined) return { keyFrom: [RECORD] }
  const gone = sources.findIndex(each => each !== RECORD && !each.startsWith('value:'))
  return { keyFrom: gone < 0 ? sources : [RECORD, ...sources.slice(0, gone).filter(each => each !== RECORD)] }
}

/**
 * Like `originOf`, but keeps the key of a valid record, which must agree with the key that the contract reads from the
 * value.
 */
export function checkedOrigin(deadLetter: DeadLetter, contract: Contract): NonNullable<ProducerRecord['origin']> {
  const { keyFrom = [] } = originOf(deadLetter, contract)
  if (deadLetter.failure.kind === 'invalid-record' || keyFrom.includes('record')) return { keyFrom }
  return { keyFrom: ['record', ...keyFrom] }
}

/** The key of an S3 object is decoded in the record, but URL-encoded in the value, so it can't be read again. */
function withoutS3Keys(feed: SqsFeed | EventBridgeFeed, sources: readonly string[]): readonly string[] {
  if (!('unwrap' in feed && feed.unwrap.includes('s3'))) return sources
  return sources.map(source => (source === VALUE_OF_S3_KEY ? RECORD : source))
}

/** @returns undefined if only the message or event itself contains the key */
function keySourcesOf({ trigger, arn }: DeadLetterSource, contract: Contract): readonly string[] | undefined {
  const queue = trigger === 'sqs' && arn !== null ? queueName(arn) : undefined
  // A dead letter may come from a newer version or be forged, so its trigger may be any text.
  const feeds = new Map<string, Contract['sqs'] | Contract['eventbridge']>([
    ['http', []],
    ['template', []],
    ['sqs', contract.sqs],
    ['eventbridge', contract.eventbridge],
  ]).get(trigger)
  if (!feeds) return undefined
  const ofQueue = queue === undefined ? feeds : contract.sqs.filter(feed => feed.queue === queue)
  const [first, ...others] = ofQueue.map(feed => withoutS3Keys(feed, feed.key ?? contract.key.from))
  // No feed claims the queue: a message of the default topic. A message of a FIFO queue is keyed by its group.
  if (first === undefined) return queue?.endsWith('.fifo') ? undefined : contract.key.from
  return others.every(each => each.join() === first.join()) ? first : undefined
}
