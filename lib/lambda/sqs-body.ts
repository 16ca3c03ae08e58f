// Unwraps the body of a message as the contract's feed says. Pure.
// Shapes: docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
// and docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

import type { SqsFeed } from '../contracts/contract.ts'
import { InvalidRecordError } from '../errors.ts'
import { isJsonObject, type JsonObject, parseJson } from '../record/json-object.ts'
import { JsonText } from '../record/json-text.ts'
import { hasChangedNumber, parseBody } from './parse-body.ts'

export interface Unwrapped {
  readonly value: JsonText
  /** The attributes of the wrapping message. */
  readonly attributes?: readonly (readonly [string, Buffer])[]
  readonly event?: JsonObject
}

/** @throws InvalidRecordError when the body does not have the form of the feed */
export function unwrap(body: string, feed: SqsFeed | undefined): readonly Unwrapped[] {
  switch (feed?.unwrap) {
    case 'sns':
      return [unwrapSns(body)]
    case 'eventbridge':
      return [unwrapEvent(body, feed.value)]
    case 's3':
      return unwrapS3(body)
    default:
      return [{ value: new JsonText(body) }]
  }
}

/** With raw message delivery there is no envelope: the body is the message. */
function unwrapSns(body: string): Unwrapped {
  const envelope = parseJson(body)
  if (
    !isJsonObject(envelope) ||
    envelope.Type !== 'Notification' ||
    typeof envelope.TopicArn !== 'string' ||
    typeof envelope.Message !== 'string'
  )
    return { value: new JsonText(body) }
  const { MessageAttributes } = envelope
  const entries = isJsonObject(MessageAttributes) ? Object.entries(MessageAttributes) : []
  const attributes = entries.flatMap(([name, attribute]): [string, Buffer][] => {
    if (!isJsonObject(attribute) || typeof attribute.Value !== 'string') return []
    return [[name, Buffer.from(attribute.Value, String(attribute.Type).startsWith('Binary') ? 'base64' : 'utf8')]]
  })
  return { value: new JsonText(envelope.Message), attributes }
}

function unwrapEvent(body: string, part: 'detail' | 'event'): Unwrapped {
  const event = parseBody(body, InvalidRecordError)
  if (
    !isJsonObject(event) ||
    typeof event.source !== 'string' ||
    typeof event['detail-type'] !== 'string' ||
    !Object.hasOwn(event, 'detail')
  )
    throw new InvalidRecordError(
      'bad-value',
      'body: expected an EventBridge event with source, detail-type and detail.',
    )
  // The whole event is the body, unchanged; a part of it has to be serialized again.
  if (part === 'event') return { value: new JsonText(body, hasChangedNumber(event) ? undefined : event), event }
  return { value: toJson(event.detail), event }
}

function unwrapS3(body: string): Unwrapped[] {
  const notification = parseBody(body, InvalidRecordError)
  if (isJsonObject(notification) && notification.Event === 's3:TestEvent') return []
  if (!isJsonObject(notification) || !Array.isArray(notification.Records))
    throw new InvalidRecordError('bad-value', 'body: expected an S3 notification with Records.')
  return notification.Records.map(record => ({ value: toJson(record) }))
}

function toJson(value: unknown): JsonText {
  if (hasChangedNumber(value))
    throw new InvalidRecordError(
      'number-out-of-range',
      'value: expected numbers that a double holds exactly; send larger ones as text.',
    )
  return new JsonText(JSON.stringify(value), value)
}
