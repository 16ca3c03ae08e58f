// Unwraps the body of a message, from the outside in, as the contract's feed says. Pure. Shapes:
// docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
// docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

import type { SqsFeed } from '../contracts/contract.ts'
import { VALUE_OF_S3_KEY } from '../contracts/key-sources.ts'
import type { Route } from '../contracts/route.ts'
import { InvalidRecordError } from '../errors.ts'
import { faultArguments } from '../record/json-fault.ts'
import { isJsonObject, type JsonObject } from '../record/json-object.ts'
import type { JsonOutline, JsonShape } from '../record/json-outline.ts'
import { JsonText } from '../record/json-text.ts'
import { readJson } from '../record/read-json.ts'
import { type ParsedBody, parseBody } from './parse-body.ts'
import type { IgnoredReason } from './source-record.ts'

type Attributes = readonly (readonly [string, string | Buffer])[]

export interface Unwrapped {
  /** A part of the body exactly as it is written, or the text that the body wraps. */
  readonly value: JsonText
  /** The attributes of the wrapping message. */
  readonly attributes?: Attributes
  readonly event?: JsonText
  /** The keys of key sources whose value differs from the text in the body. */
  readonly keys?: readonly (readonly [source: string, key: string])[]
}

/** More notifications than fit into a message of 1 MiB. */
const MAX_NOTIFICATIONS = 2 ** 20
const S3_TEST_EVENT = 's3:TestEvent'
const CONFIRMATIONS: readonly unknown[] = ['SubscriptionConfirmation', 'UnsubscribeConfirmation']

/**
 * Unwraps a body.
 * @returns one part per record, or why the message has no record
 * @throws InvalidRecordError if the body does not have the form of the feed
 */
export function unwrap(body: string, { contract, feed }: Route<SqsFeed>): readonly Unwrapped[] | IgnoredReason {
  const wrappings = feed?.unwrap ?? []
  if (wrappings[0] !== 'sns') return unwrapInner(body, wrappings[0], feed, contract.value.codec.shape)
  const message = unwrapSns(body)
  if (typeof message === 'string') return message
  const parts = unwrapInner(message.text, wrappings[1], feed, contract.value.codec.shape)
  if (typeof parts === 'string') return parts
  return parts.map(part => ({ ...part, attributes: message.attributes }))
}

function unwrapInner(
  text: string,
  wrapping: SqsFeed['unwrap'][number] | undefined,
  feed: SqsFeed | undefined,
  valueShape: JsonShape,
): readonly Unwrapped[] | IgnoredReason {
  if (wrapping === 'eventbridge') return [unwrapEvent(text, feed?.value ?? 'detail', valueShape)]
  if (wrapping === 's3') return unwrapS3(text, valueShape)
  return [{ value: new JsonText(text) }]
}

/** Unwraps an SNS envelope. With raw message delivery there is none, and the body is the message. */
function unwrapSns(body: string): { readonly text: string; readonly attributes: Attributes } | IgnoredReason {
  const envelope = readJson(body, {})?.parsed
  if (!isJsonObject(envelope) || typeof envelope.TopicArn !== 'string' || typeof envelope.Message !== 'string')
    return isTestEventOfS3(body) ? 's3-test-event' : { text: body, attributes: [] }
  const { Type, Message: text, Token, SubscribeURL, MessageAttributes } = envelope
  const isOfSns = typeof Token === 'string' && typeof SubscribeURL === 'string'
  if (CONFIRMATIONS.includes(Type) && isOfSns) return 'sns-confirmation'
  if (Type !== 'Notification') return { text: body, attributes: [] }
  if (isTestEventOfS3(text)) return 's3-test-event'
  const entries = isJsonObject(MessageAttributes) ? Object.entries(MessageAttributes) : []
  const attributes = entries.flatMap(([name, attribute]): [string, string | Buffer][] => {
    if (!isJsonObject(attribute) || typeof attribute.Value !== 'string') return []
    const isBinary = String(attribute.Type).startsWith('Binary')
    return [[name, isBinary ? Buffer.from(attribute.Value, 'base64') : attribute.Value]]
  })
  return { text, attributes }
}

/**
 * S3 sends a test event when its notifications to an SNS topic are set up; the topic may have other messages as well.
 */
function isTestEventOfS3(text: string): boolean {
  if (!text.includes(S3_TEST_EVENT)) return false
  const parsed = readJson(text, {})?.parsed
  return isJsonObject(parsed) && isTestEvent(parsed)
}

/** A test event has these fields and no other. With other fields it is somebody else's message that looks similar. */
const TEST_EVENT_FIELDS: readonly string[] = ['Service', 'Event', 'Time', 'Bucket', 'RequestId', 'HostId']

function isTestEvent(message: JsonObject): boolean {
  const { Service, Event, Bucket } = message
  const isOfS3 = Service === 'Amazon S3' && Event === S3_TEST_EVENT && typeof Bucket === 'string'
  return isOfS3 && Object.keys(message).every(name => TEST_EVENT_FIELDS.includes(name))
}

function unwrapEvent(body: string, part: 'detail' | 'event', valueShape: JsonShape): Unwrapped {
  const names = new Map<string, JsonShape>([
    // Levels are counted from the value on, which may be the whole event.
    ['detail', part === 'event' ? {} : valueShape],
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

function unwrapS3(body: string, valueShape: JsonShape): Unwrapped[] | IgnoredReason {
  const notifications = { items: valueShape, maxItems: MAX_NOTIFICATIONS }
  const { parsed, outline } = parseWrapping(body, { fields: new Map([['Records', notifications]]) })
  if (isJsonObject(parsed) && isTestEvent(parsed)) return 's3-test-event'
  // S3 never sends an empty list. A message without a record would end nowhere.
  if (!isJsonObject(parsed) || !Array.isArray(parsed.Records) || parsed.Records.length === 0)
    throw new InvalidRecordError('bad-value', 'body: expected an S3 notification with Records.')
  const outlines = outline.fields?.get('Records')?.items
  return parsed.Records.map((record: unknown, at) => ({
    value: new JsonText(textOf(body, outlines?.[at] as JsonOutline), record),
    keys: keysOfS3(record),
  }))
}

/**
 * S3 writes object keys as in a URL (`my+photo+%C3%A9.txt`), EventBridge writes them unescaped. Decoding them gives the
 * records of one object the same key. The value stays as S3 wrote it.
 */
function keysOfS3(record: unknown): [string, string][] {
  const s3 = isJsonObject(record) ? record.s3 : undefined
  const object = isJsonObject(s3) ? s3.object : undefined
  const key = isJsonObject(object) ? object.key : undefined
  if (typeof key !== 'string') return []
  try {
    return [[VALUE_OF_S3_KEY, decodeURIComponent(key.replaceAll('+', ' '))]]
  } catch {
    // Not escaped as S3 does it, so the key is used as it is written.
    return []
  }
}

function parseWrapping(body: string, shape: JsonShape): ParsedBody {
  const parsed = parseBody(body, shape, InvalidRecordError)
  const { fault } = parsed.outline
  if (fault) throw new InvalidRecordError(...faultArguments(fault, ''))
  return parsed
}

function textOf(body: string, { start, end }: JsonOutline): string {
  return body.slice(start, end)
}
