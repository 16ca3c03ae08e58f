// What the source DLQs and failure destinations hold → dead letters, by the same stage 1 as the first time: messages past maxReceiveCount, Lambda's records of
// events it gave up (docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html), events a rule could not deliver.
import type { SQSMessageAttribute, SQSRecord } from 'aws-lambda'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { type DeadLetter, type DeadLetterSource, toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { RawMessage, RawToDeadLetters } from '../../lib/dead-letter/sqs/store.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { InvalidRecordError, TransportError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import type { SerializedRecord } from '../../lib/record/producer-record.ts'
import { RecordSerializer } from '../../lib/serialize/record-serializer.ts'
import { keyOfInvalid, validateRecord } from '../../lib/validate/record-validator.ts'
import { toRecord } from '../eventbridge/to-records.ts'
import type { SourceRecord } from '../source-record.ts'
import { toMessages } from '../sqs/to-records.ts'

export interface ToDeadLettersOptions {
  readonly contracts: Contracts
  readonly defaultTopic?: string | undefined
  readonly maxRequestSize: number
  /** The ARN or name of the queue that messages were in first, where they do not say. */
  readonly sourceQueue?: string | undefined
}

type Source = Omit<DeadLetterSource, 'index' | 'function'>

export function rawToDeadLetters(options: ToDeadLettersOptions): RawToDeadLetters {
  const serializer = new RecordSerializer(options.maxRequestSize)
  return message =>
    sourceRecordsOf(message, options).map(({ sourceRecords, source, at }, index) =>
      toDeadLetterOf(sourceRecords, { ...source, index, function: null }, at, options.contracts, serializer),
    )
}

function sourceRecordsOf(
  message: RawMessage,
  options: ToDeadLettersOptions,
): { sourceRecords: SourceRecord; source: Source; at: number }[] {
  const at = Number(message.attributes.SentTimestamp) || Date.now()
  const body = jsonOf(message.body)
  if (isJsonObject(body) && isJsonObject(body.requestContext) && 'requestPayload' in body) {
    const requestId =
      typeof body.requestContext.requestId === 'string' ? body.requestContext.requestId : message.messageId
    return fromEvent(body.requestPayload, requestId, at, options)
  }
  const isEvent =
    isJsonObject(body) && typeof body.source === 'string' && typeof body['detail-type'] === 'string' && 'detail' in body
  const queue = message.attributes.DeadLetterQueueSourceArn ?? options.sourceQueue
  if (isEvent && queue === undefined) return fromEvent(body, message.messageId, at, options)
  if (queue === undefined) return []
  return fromBatch({ Records: [toSqsRecord(message, queue)] }, at, options)
}

function fromEvent(event: unknown, requestId: string, at: number, options: ToDeadLettersOptions) {
  const isBatch =
    isJsonObject(event) &&
    Array.isArray(event.Records) &&
    event.Records.every(record => isJsonObject(record) && record.eventSource === 'aws:sqs')
  if (isBatch) return fromBatch(event, at, options)
  const sourceRecords = toRecord(event, requestId, { contracts: options.contracts, defaultTopic: options.defaultTopic })
  return [
    {
      sourceRecords,
      at,
      source: { trigger: 'eventbridge' as const, id: sourceRecords.id, arn: null, receiveCount: null },
    },
  ]
}

function fromBatch(event: unknown, at: number, { contracts, defaultTopic }: ToDeadLettersOptions) {
  return toMessages(event, contracts, defaultTopic).flatMap(({ messageId: id, arn, receiveCount, records }) =>
    records.map(sourceRecords => ({ sourceRecords, at, source: { trigger: 'sqs' as const, id, arn, receiveCount } })),
  )
}

function toSqsRecord({ messageId, body, attributes, messageAttributes }: RawMessage, queue: string): SQSRecord {
  const given = Object.entries(messageAttributes).map(
    ([name, { DataType = 'String', StringValue, BinaryValue }]): [string, SQSMessageAttribute] => [
      name,
      {
        dataType: DataType as 'String',
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
      },
    ],
  )
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

/** A invalid record stays one; of any other, all that is known is that nobody took it. */
function toDeadLetterOf(
  { id, record, error }: SourceRecord,
  source: DeadLetterSource,
  at: number,
  contracts: Contracts,
  serializer: RecordSerializer,
): DeadLetter {
  const contract = contracts.get(record.topic)
  const key = contract ? keyOfInvalid(record, contract) : null
  if (error) return toDeadLetter(notSent(record, undefined, error, at), id, source, key)
  try {
    const serialized = serializer.serialize(validateRecord(record, { contracts })) as SerializedRecord
    return toDeadLetter(
      notSent(record, serialized, new TransportError('unavailable', 'Its source gave it up.', { retriable: true }), at),
      id,
      source,
    )
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error
    return toDeadLetter(notSent(record, undefined, error, at), id, source, key)
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
