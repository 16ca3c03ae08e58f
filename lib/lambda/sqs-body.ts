// Unwraps the body of a message as the contract's feed says. Pure.
// Shapes: docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
// and docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

import type { SqsFeed } from '../contracts/contract.ts'
import { refuseFault, valueShape } from '../contracts/json-value.ts'
import type { Route } from '../contracts/route.ts'
import { InvalidRecordError } from '../errors.ts'
import { isJsonObject, parseJson } from '../record/json-object.ts'
import type { JsonOutline, JsonShape } from '../record/json-outline.ts'
import { JsonText } from '../record/json-text.ts'
import { type ParsedBody, parseBody } from './parse-body.ts'

export interface Unwrapped {
  /** A part of the body as it is written, or the text that the body wraps. */
  readonly value: JsonText
  /** The attributes of the wrapping message. */
  readonly attributes?: readonly (readonly [string, string | Buffer])[]
  readonly event?: JsonText
}

/** More notifications than fit in a message of 1 MiB. */
const MAX_NOTIFICATIONS = 2 ** 20

/** @throws InvalidRecordError when the body does not have the form of the feed */
export function unwrap(body: string, { contract, feed }: Route<SqsFeed>): readonly Unwrapped[] {
  switch (feed?.unwrap) {
    case 'sns':
      return [unwrapSns(body)]
    case 'eventbridge':
      return [unwrapEvent(body, feed.value, valueShape(contract))]
    case 's3':
      return unwrapS3(body, valueShape(contract))
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
  const attributes = entries.flatMap(([name, attribute]): [string, string | Buffer][] => {
    if (!isJsonObject(attribute) || typeof attribute.Value !== 'string') return []
    const isBinary = String(attribute.Type).startsWith('Binary')
    return [[name, isBinary ? Buffer.from(attribute.Value, 'base64') : attribute.Value]]
  })
  return { value: new JsonText(envelope.Message), attributes }
}

function unwrapEvent(body: string, part: 'detail' | 'event', valueShape: JsonShape): Unwrapped {
  const names = new Map<string, JsonShape>([
    ['detail', valueShape],
    ['source', {}],
    ['detail-type', {}],
  ])
  const { parsed, outline } = parseWrapping(body, { ...(part === 'event' ? valueShape : {}), fields: names })
  if (
    !isJsonObject(parsed) ||
    typeof parsed.source !== 'string' ||
    typeof parsed['detail-type'] !== 'string' ||
    !Object.hasOwn(parsed, 'detail')
  )
    throw new InvalidRecordError(
      'bad-value',
      'body: expected an EventBridge event with source, detail-type and detail.',
    )
  const event = new JsonText(body, parsed)
  const detail = outline.fields?.get('detail') as JsonOutline
  return { value: part === 'event' ? event : new JsonText(textOf(body, detail), parsed.detail), event }
}

function unwrapS3(body: string, valueShape: JsonShape): Unwrapped[] {
  const notifications = { items: valueShape, maxItems: MAX_NOTIFICATIONS }
  const { parsed, outline } = parseWrapping(body, { fields: new Map([['Records', notifications]]) })
  if (isJsonObject(parsed) && parsed.Event === 's3:TestEvent') return []
  if (!isJsonObject(parsed) || !Array.isArray(parsed.Records))
    throw new InvalidRecordError('bad-value', 'body: expected an S3 notification with Records.')
  const outlines = outline.fields?.get('Records')?.items
  return parsed.Records.map((record: unknown, at) => ({
    value: new JsonText(textOf(body, outlines?.[at] as JsonOutline), record),
  }))
}

function parseWrapping(body: string, shape: JsonShape): ParsedBody {
  const parsed = parseBody(body, shape, InvalidRecordError)
  refuseFault(parsed.outline.fault, '')
  return parsed
}

function textOf(body: string, { start, end }: JsonOutline): string {
  return body.slice(start, end)
}
