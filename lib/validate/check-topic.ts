// Checks that records may be sent to a caller's topic.
import { InvalidRecordError } from '../errors.ts'
import { isTopicName } from '../record/topic-partition.ts'
import { kindOf } from './kind-of.ts'

/** @throws InvalidRecordError `unknown-topic` */
export function checkTopic(topic: unknown): asserts topic is string {
  checkTopicIsText(topic)
  if (!isTopicName(topic))
    throw new InvalidRecordError(
      'unknown-topic',
      'topic: expected 1 to 249 of A-Z, a-z, 0-9, ".", "_" and "-", and no internal topic; got something else.',
    )
}

/** @throws InvalidRecordError `unknown-topic` */
export function checkTopicIsText(topic: unknown): asserts topic is string {
  if (typeof topic !== 'string')
    throw new InvalidRecordError('unknown-topic', `topic: expected text, got ${kindOf(topic)}.`)
}
