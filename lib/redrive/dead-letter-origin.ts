// Decides where the key of a dead letter's record is read from again: by its contract, or by the feed it came from.
import type { Contract, EventBridgeFeed, SqsFeed } from '../contracts/contract.ts'
import { VALUE_OF_S3_KEY } from '../contracts/key-sources.ts'
import type { DeadLetter, DeadLetterSource } from '../dead-letter/dead-letter.ts'
import { queueName } from '../dead-letter/raw-message.ts'
import type { ProducerRecord } from '../record/producer-record.ts'

const RECORD = 'record'

/**
 * Returns the origin to validate a dead letter's record with. Message attributes, groups and events are gone: a key
 * that came from one of these is in the record alone.
 * @param contract of the topic that the record goes to
 */
export function originOf({ source }: DeadLetter, contract: Contract): NonNullable<ProducerRecord['origin']> {
  const sources = keySourcesOf(source, contract)
  if (sources === undefined) return { keyFrom: [RECORD] }
  const gone = sources.findIndex(each => each !== RECORD && !each.startsWith('value:'))
  return { keyFrom: gone < 0 ? sources : [RECORD, ...sources.slice(0, gone).filter(each => each !== RECORD)] }
}

/** The key of a valid record is known: it has to agree with what the contract reads from the value. */
export function checkedOrigin(deadLetter: DeadLetter, contract: Contract): NonNullable<ProducerRecord['origin']> {
  const { keyFrom = [] } = originOf(deadLetter, contract)
  if (deadLetter.failure.kind === 'invalid-record' || keyFrom.includes('record')) return { keyFrom }
  return { keyFrom: ['record', ...keyFrom] }
}

/** The record has the key of an S3 object as it is; the value, as it is written in a URL. */
function withoutS3Keys(feed: SqsFeed | EventBridgeFeed, sources: readonly string[]): readonly string[] {
  if (!('unwrap' in feed && feed.unwrap.includes('s3'))) return sources
  return sources.map(source => (source === VALUE_OF_S3_KEY ? RECORD : source))
}

/** @returns undefined where only the message or event itself could say so */
function keySourcesOf({ trigger, arn }: DeadLetterSource, contract: Contract): readonly string[] | undefined {
  const queue = trigger === 'sqs' && arn !== null ? queueName(arn) : undefined
  // A dead letter may come from a newer version, or from anybody: its trigger is text.
  const feeds = new Map<string, Contract['sqs'] | Contract['eventbridge']>([
    ['http', []],
    ['template', []],
    ['sqs', contract.sqs],
    ['eventbridge', contract.eventbridge],
  ]).get(trigger)
  if (!feeds) return undefined
  const ofQueue = queue === undefined ? feeds : contract.sqs.filter(feed => feed.queue === queue)
  const [first, ...others] = ofQueue.map(feed => withoutS3Keys(feed, feed.key ?? contract.key.from))
  // A message of the default topic: no feed claims its queue. That of a FIFO queue is keyed by its group.
  if (first === undefined) return queue?.endsWith('.fifo') ? undefined : contract.key.from
  return others.every(each => each.join() === first.join()) ? first : undefined
}
