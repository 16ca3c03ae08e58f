// What the backstops hold → letters, by the same stage 1 as the first time: messages past maxReceiveCount, Lambda's records of
// events it gave up (docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html), events a rule could not deliver.
import type { SQSMessageAttribute, SQSRecord } from 'aws-lambda'
import { type DeadLetter, type LetterSource, toDeadLetter } from '../../lib/dead-letter/envelope.ts'
import { refused } from '../../lib/delivery/delivery-report.ts'
import { RecordFaultError, TransportError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import type { SerializedRecord } from '../../lib/record/producer-record.ts'
import type { RawMessage, RawToLetters } from '../../lib/redrive/sqs-letters.ts'
import { RecordSerializer } from '../../lib/serialize/record-serializer.ts'
import type { Contracts } from '../../lib/validate/contract.ts'
import { keyOfFaulty, validateRecord } from '../../lib/validate/record-validator.ts'
import { toRecord } from '../eventbridge/to-records.ts'
import type { RequestedRecord } from '../requested-record.ts'
import { toMessages } from '../sqs/to-records.ts'

export interface ToLettersOptions {
  readonly contracts: Contracts
  readonly defaultTopic?: string | undefined
  readonly maxRequestSize: number
  /** The ARN or name of the queue that messages were in first, where they do not say. */
  readonly sourceQueue?: string | undefined
}

type Source = Omit<LetterSource, 'index' | 'function'>

export function rawToLetters(options: ToLettersOptions): RawToLetters {
  const serializer = new RecordSerializer(options.maxRequestSize)
  return message =>
    requestedOf(message, options).map(({ requested, source, at }, index) => toLetter(requested, { ...source, index, function: null }, at, options.contracts, serializer))
}

function requestedOf(message: RawMessage, options: ToLettersOptions): { requested: RequestedRecord; source: Source; at: number }[] {
  const at = Number(message.attributes.SentTimestamp) || Date.now()
  const body = jsonOf(message.body)
  if (isJsonObject(body) && isJsonObject(body.requestContext) && 'requestPayload' in body) {
    const requestId = typeof body.requestContext.requestId === 'string' ? body.requestContext.requestId : message.messageId
    return fromEvent(body.requestPayload, requestId, at, options)
  }
  const isEvent = isJsonObject(body) && typeof body.source === 'string' && typeof body['detail-type'] === 'string' && 'detail' in body
  const queue = message.attributes.DeadLetterQueueSourceArn ?? options.sourceQueue
  if (isEvent && queue === undefined) return fromEvent(body, message.messageId, at, options)
  if (queue === undefined) return []
  return fromBatch({ Records: [toSqsRecord(message, queue)] }, at, options)
}

function fromEvent(event: unknown, requestId: string, at: number, options: ToLettersOptions) {
  const isBatch = isJsonObject(event) && Array.isArray(event.Records) && event.Records.every(record => isJsonObject(record) && record.eventSource === 'aws:sqs')
  if (isBatch) return fromBatch(event, at, options)
  const requested = toRecord(event, requestId, { contracts: options.contracts, defaultTopic: options.defaultTopic })
  return [{ requested, at, source: { trigger: 'eventbridge' as const, id: requested.id, arn: null, receiveCount: null } }]
}

function fromBatch(event: unknown, at: number, { contracts, defaultTopic }: ToLettersOptions) {
  return toMessages(event, contracts, defaultTopic).flatMap(({ messageId: id, arn, receiveCount, records }) =>
    records.map(requested => ({ requested, at, source: { trigger: 'sqs' as const, id, arn, receiveCount } })),
  )
}

function toSqsRecord({ messageId, body, attributes, messageAttributes }: RawMessage, queue: string): SQSRecord {
  const given = Object.entries(messageAttributes).map(([name, { DataType = 'String', StringValue, BinaryValue }]): [string, SQSMessageAttribute] => [
    name,
    {
      dataType: DataType as 'String',
      ...(StringValue === undefined ? {} : { stringValue: StringValue }),
      ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    },
  ])
  const arn = queue.startsWith('arn:') ? queue : `arn:aws:sqs:::${queue}`
  return {
    messageId,
    body,
    attributes: attributes as unknown as SQSRecord['attributes'],
    messageAttributes: Object.fromEntries(given),
    eventSourceARN: arn,
    eventSource: 'aws:sqs',
    receiptHandle: '',
    md5OfBody: '',
    awsRegion: '',
  }
}

/** A record at fault stays one; of any other, all that is known is that nobody took it. */
function toLetter({ id, record, fault }: RequestedRecord, source: LetterSource, at: number, contracts: Contracts, serializer: RecordSerializer): DeadLetter {
  const contract = contracts.get(record.topic)
  const key = contract ? keyOfFaulty(record, contract) : null
  if (fault) return toDeadLetter(refused(record, undefined, fault, at), id, source, key)
  try {
    const serialized = serializer.serialize(validateRecord(record, { contracts })) as SerializedRecord
    return toDeadLetter(refused(record, serialized, new TransportError('unavailable', 'Its source gave it up.', { retriable: true }), at), id, source)
  } catch (error) {
    if (!(error instanceof RecordFaultError)) throw error
    return toDeadLetter(refused(record, undefined, error, at), id, source, key)
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
