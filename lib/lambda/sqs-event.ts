// Stage 1 of 9: SQS batch → messages with their records, in the order of the batch. Pure.
import type { SQSBatchResponse, SQSMessageAttribute, SQSMessageAttributes, SQSRecord } from 'aws-lambda'
import type { Contract, Contracts, SqsFeed } from '../contracts/contract.ts'
import { FIFO_KEY_SOURCES, SQS_ATTRIBUTE, SQS_MESSAGE_GROUP } from '../contracts/key-sources.ts'
import { isWrittenBySchema, SCHEMA_IDS_EXPECTED } from '../contracts/refuse-schema-ids.ts'
import { type Route, routeOfQueue } from '../contracts/route.ts'
import type { RawMessage } from '../dead-letter/raw-message.ts'
import { InvalidRecordError, KafkaProducerError } from '../errors.ts'
import { deepJsonText, isJsonObject } from '../record/json-object.ts'
import { JsonText } from '../record/json-text.ts'
import { type ProducerRecord, type ProducerRecordHeader, RESERVED_HEADER_PREFIX } from '../record/producer-record.ts'
import { isSchemaIdHeader } from '../record/schema-id-headers.ts'
import {
  asInvalidRecord,
  type IgnoredReason,
  type SourceRecord,
  sourceRecord,
  standardHeaders,
} from './source-record.ts'
import { type Unwrapped, unwrap } from './sqs-body.ts'

export interface SqsMessage {
  /** The message's id. */
  readonly id: string
  /** The ARN of the message's queue. */
  readonly arn: string
  readonly receiveCount: number | null
  /** The receipt handle of this receive. */
  readonly receiptHandle: string | undefined
  /** The message group of a FIFO queue, unique over all queues. The messages of a group complete in order. */
  readonly orderGroup: string | undefined
  readonly records: readonly SourceRecord[]
  /** Why the message has no record. */
  readonly ignored?: IgnoredReason
}

/**
 * Parses the batch of an event source mapping, or the list of messages that EventBridge Pipes sends (even of a single
 * message). A message that occurs twice in the batch counts once.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
 * @throws KafkaProducerError for an event that is not an SQS batch; all of it goes back
 */
export function parseSqsEvent(event: unknown, contracts: Contracts, defaultTopic?: string): SqsMessage[] {
  const batch = isJsonObject(event) ? event.Records : event
  if (!Array.isArray(batch) || !batch.every(isMessage))
    throw new KafkaProducerError(
      'bad-value',
      'event: expected an SQS batch, Records with messageId, body and eventSourceARN each.',
    )
  const routes = new Map<string, Route<SqsFeed> | undefined>()
  return withoutRepeats(batch).map(message => {
    const { eventSourceARN: arn } = message
    if (!routes.has(arn)) routes.set(arn, routeOfQueue(contracts, arn.slice(arn.lastIndexOf(':') + 1), defaultTopic))
    return toMessage(message, routes.get(arn))
  })
}

/** Removes repeats. A message with the same id but different content is not a repeat. */
function withoutRepeats(batch: readonly SQSRecord[]): readonly SQSRecord[] {
  if (new Set(batch.map(({ messageId }) => messageId)).size === batch.length) return batch
  return [
    ...new Map(
      batch.map(message => [deepJsonText([message.messageId, message.body, message.messageAttributes]), message]),
    ).values(),
  ]
}

function isMessage(message: unknown): message is SQSRecord {
  return (
    isJsonObject(message) &&
    [message.messageId, message.body, message.eventSourceARN].every(field => typeof field === 'string') &&
    message.messageId !== ''
  )
}

function toMessage(message: SQSRecord, route: Route<SqsFeed> | undefined): SqsMessage {
  const { messageId, eventSourceARN: arn, attributes } = message
  const groupId = text(attributes?.MessageGroupId)
  // In a standard queue, a group only serves fair queues; it orders nothing.
  const orderGroup = groupId !== undefined && arn.endsWith('.fifo') ? `${arn} ${groupId}` : undefined
  const receiveCount = Number(text(attributes?.ApproximateReceiveCount)) || null
  const receiptHandle = text(message.receiptHandle)
  return { id: messageId, arn, receiveCount, receiptHandle, orderGroup, ...recordsOf(message, orderGroup, route) }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function recordsOf(
  message: SQSRecord,
  orderGroup: string | undefined,
  route: Route<SqsFeed> | undefined,
): Pick<SqsMessage, 'records' | 'ignored'> {
  const { messageId } = message
  const toValue = (text: JsonText) => (route ? route.contract.value.codec.fromText(text) : text.text)
  const whole: ProducerRecord = {
    topic: route?.contract.topic ?? '',
    value: toValue(new JsonText(message.body)),
    sourceId: messageId,
    ...(orderGroup === undefined ? {} : { orderGroup }),
  }
  const failed = (error: InvalidRecordError) => ({ records: [{ id: messageId, record: whole, error }] })
  if (!route)
    return failed(
      new InvalidRecordError(
        'unknown-topic',
        'queue: expected a queue that a contract claims (from.sqs), got another one.',
      ),
    )
  let parts: readonly Unwrapped[] | IgnoredReason
  try {
    parts = unwrap(message.body, route)
  } catch (error) {
    return failed(asInvalidRecord(error))
  }
  if (typeof parts === 'string') return { records: [], ignored: parts }
  const { length } = parts
  const records = parts.map((part, index) => {
    const id = length > 1 ? `${messageId}:${index}` : messageId
    const unwrapped = { ...whole, sourceId: id, value: toValue(part.value) }
    // The dead letter gets everything that can be read of an invalid message, because the message is deleted.
    const record = toRecord(message, unwrapped, part, route)
    return sourceRecord(id, record, () => {
      checkAttributes(message.messageAttributes, part, route.contract)
      return record
    })
  })
  return { records }
}

function toRecord(
  { attributes: system, messageAttributes }: SQSRecord,
  incomplete: ProducerRecord & { readonly sourceId: string },
  part: Unwrapped,
  { feed, contract }: Route<SqsFeed>,
): ProducerRecord {
  const attributes = new Map([...readAttributes(messageAttributes), ...(part.attributes ?? [])])
  const keyFrom = feed?.key ?? (incomplete.orderGroup === undefined ? undefined : FIFO_KEY_SOURCES)
  const traceparent = attributes.get('traceparent')?.toString()
  return {
    ...incomplete,
    headers: [
      ...standardHeaders(incomplete.sourceId, 'sqs', traceparent, text(system?.AWSTraceHeader)),
      ...toHeaders(attributes, contract),
    ],
    origin: { lookup: keyLookup(attributes, part, text(system?.MessageGroupId)), ...(keyFrom ? { keyFrom } : {}) },
  }
}

/** The values from which a contract may take the key, by the names of the key sources. */
function keyLookup(
  attributes: ReadonlyMap<string, string | Buffer>,
  { event, keys }: Unwrapped,
  groupId: string | undefined,
): ReadonlyMap<string, unknown> {
  const lookup = new Map<string, unknown>(keys)
  for (const [name, value] of attributes) lookup.set(`${SQS_ATTRIBUTE}${name}`, value)
  if (event !== undefined) lookup.set('event', event)
  if (groupId !== undefined) lookup.set(SQS_MESSAGE_GROUP, groupId)
  return lookup
}

/**
 * Checks what `readAttributes` and `toHeaders` would silently leave out.
 * @throws InvalidRecordError
 */
function checkAttributes(
  messageAttributes: SQSMessageAttributes | undefined,
  part: Unwrapped,
  contract: Contract,
): void {
  const entries = Object.entries(messageAttributes ?? {})
  if (!entries.every(([, attribute]) => isAttribute(attribute)))
    throw new InvalidRecordError('bad-value', 'attributes: expected a dataType with a stringValue or binaryValue each.')
  const names = [...entries, ...(part.attributes ?? [])].map(([name]) => name)
  const isReserved = reservedFor(contract)
  if (!names.some(isReserved)) return
  const expected = names.some(hasReservedPrefix)
    ? `no name that begins with ${RESERVED_HEADER_PREFIX}`
    : `${SCHEMA_IDS_EXPECTED} where a registry’s schema serializes the key or the value`
  throw new InvalidRecordError('reserved-header', `attributes: expected ${expected}.`)
}

/** Returns whether no message may have a header of this name. */
function reservedFor(contract: Contract): (name: string) => boolean {
  if (!isWrittenBySchema(contract)) return hasReservedPrefix
  return name => hasReservedPrefix(name) || isSchemaIdHeader(name)
}

function hasReservedPrefix(name: string): boolean {
  return name.toLowerCase().startsWith(RESERVED_HEADER_PREFIX)
}

function readAttributes(messageAttributes: SQSMessageAttributes | undefined): [string, string | Buffer][] {
  const attributes = Object.entries(messageAttributes ?? {}).filter(([, attribute]) => isAttribute(attribute))
  return attributes.map(([name, { dataType, stringValue, binaryValue }]) => [
    name,
    // A type may have a label: Binary.png.
    dataType.startsWith('Binary') ? Buffer.from(binaryValue ?? '', 'base64') : (stringValue ?? ''),
  ])
}

function isAttribute(attribute: unknown): attribute is SQSMessageAttribute {
  return (
    isJsonObject(attribute) &&
    typeof attribute.dataType === 'string' &&
    [attribute.stringValue, attribute.binaryValue].every(value => value == null || typeof value === 'string')
  )
}

function toHeaders(attributes: ReadonlyMap<string, string | Buffer>, contract: Contract): ProducerRecordHeader[] {
  const isReserved = reservedFor(contract)
  return [...attributes].filter(([name]) => name !== 'traceparent' && !isReserved(name))
}

/** Builds the answer to Lambda: the ids of the messages that go back to their queue, each once. */
export function toSqsResponse(returned: Iterable<string>): SQSBatchResponse {
  return { batchItemFailures: [...new Set(returned)].map(itemIdentifier => ({ itemIdentifier })) }
}

/**
 * Converts a message of a Lambda event to the form in which the SQS API returns it.
 * @throws KafkaProducerError `bad-value` for anything that is not a message
 */
export function toRawMessage(message: unknown): RawMessage {
  if (!isMessage(message)) throw new KafkaProducerError('bad-value', 'expected a message of SQS, got something else.')
  const { messageId, body, attributes, messageAttributes } = message
  const entries = Object.entries(messageAttributes ?? {})
  if (!entries.every(([, attribute]) => isAttribute(attribute)))
    throw new KafkaProducerError('bad-value', 'attributes: expected a dataType each.')
  const rawAttributes = entries.map(
    ([name, { dataType, stringValue, binaryValue }]) =>
      [
        name,
        {
          DataType: dataType,
          StringValue: stringValue,
          ...(binaryValue ? { BinaryValue: Buffer.from(binaryValue, 'base64') } : {}),
        },
      ] as const,
  )
  return {
    messageId,
    body,
    attributes: isJsonObject(attributes) ? (attributes as unknown as Record<string, string>) : {},
    messageAttributes: Object.fromEntries(rawAttributes),
  }
}

/**
 * Converts a message in the form of the SQS API to the form of a Lambda event.
 * @param queue the ARN or the name of the queue to which the message was originally sent
 */
export function toSqsRecord({ messageId, body, attributes, messageAttributes }: RawMessage, queue: string): SQSRecord {
  const sqsAttributes = Object.entries(messageAttributes).map(
    ([name, { DataType = 'String', StringValue, BinaryValue }]): [string, SQSMessageAttribute] => [
      name,
      {
        dataType: DataType as 'String',
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
      },
    ],
  )
  return {
    messageId,
    body,
    attributes: attributes as unknown as SQSRecord['attributes'],
    messageAttributes: Object.fromEntries(sqsAttributes),
    eventSourceARN: queue.startsWith('arn:') ? queue : `arn:aws:sqs:::${queue}`,
    eventSource: 'aws:sqs',
    receiptHandle: '',
    md5OfBody: '',
    awsRegion: '',
  }
}
