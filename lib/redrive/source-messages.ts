// Converts messages of source DLQs and failure destinations to dead letters, with the parsers of the functions:
// messages past maxReceiveCount, Lambda's records of events that failed, events that a rule could not deliver.
// docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
import type { ProducerConfig } from '../config/settings.ts'
import type { Contracts } from '../contracts/contract.ts'
import { type DeadLetter, type DeadLetterSource, toDeadLetter } from '../dead-letter/dead-letter.ts'
import type { RawMessage } from '../dead-letter/raw-message.ts'
import { notSent } from '../delivery/delivery-report.ts'
import { InvalidRecordError, TransportError } from '../errors.ts'
import { parseEventBridgeEvent } from '../lambda/eventbridge-event.ts'
import type { SourceRecord } from '../lambda/source-record.ts'
import { parseSqsEvent, toSqsRecord } from '../lambda/sqs-event.ts'
import { isJsonObject, parseJson } from '../record/json-object.ts'
import type { SerializedRecord } from '../record/producer-record.ts'
import { RecordSerializer } from '../serialize/record-serializer.ts'
import { keyOfInvalid, validateRecord } from '../validate/record-validator.ts'

type Settings = Pick<ProducerConfig, 'defaultTopic' | 'maxRequestSize'>

interface SourceMessageOptions extends Settings {
  readonly contracts: Contracts
}

/**
 * Returns the dead letters of a message of a queue; none for a message that no contract claims.
 * @param sourceQueue the ARN or name of the queue that the message was sent to, if it does not say
 */
export type SourceMessageReader = (message: RawMessage, sourceQueue?: string) => readonly DeadLetter[]

type Source = Omit<DeadLetterSource, 'index' | 'function'>

/** @param contracts decide the topic of a message and what its record must look like */
export function createSourceMessageReader(
  contracts: Contracts,
  { defaultTopic, maxRequestSize }: Settings,
): SourceMessageReader {
  const options = { contracts, defaultTopic, maxRequestSize }
  const serializer = new RecordSerializer(maxRequestSize)
  return (message, sourceQueue) =>
    sourceRecordsOf(message, sourceQueue, options).map(({ sourceRecord, source, at }, index) =>
      toDeadLetterOf(sourceRecord, { ...source, index, function: null }, at, contracts, serializer),
    )
}

function sourceRecordsOf(
  message: RawMessage,
  sourceQueue: string | undefined,
  options: SourceMessageOptions,
): { sourceRecord: SourceRecord; source: Source; at: number }[] {
  const at = Number(message.attributes.SentTimestamp) || Date.now()
  const body = parseJson(message.body)
  if (isJsonObject(body) && isJsonObject(body.requestContext) && 'requestPayload' in body) {
    const requestId =
      typeof body.requestContext.requestId === 'string' ? body.requestContext.requestId : message.messageId
    return fromEvent(body.requestPayload, requestId, at, options)
  }
  const isEvent =
    isJsonObject(body) && typeof body.source === 'string' && typeof body['detail-type'] === 'string' && 'detail' in body
  const queue = message.attributes.DeadLetterQueueSourceArn ?? sourceQueue
  if (isEvent && queue === undefined) return fromEvent(body, message.messageId, at, options)
  if (queue === undefined) return []
  return fromBatch({ Records: [toSqsRecord(message, queue)] }, at, options)
}

function fromEvent(event: unknown, requestId: string, at: number, options: SourceMessageOptions) {
  const isBatch =
    isJsonObject(event) &&
    Array.isArray(event.Records) &&
    event.Records.every(record => isJsonObject(record) && record.eventSource === 'aws:sqs')
  if (isBatch) return fromBatch(event, at, options)
  const { contracts, defaultTopic } = options
  const sourceRecord = parseEventBridgeEvent(event, requestId, { contracts, defaultTopic })
  const source = { trigger: 'eventbridge' as const, id: sourceRecord.id, arn: null, receiveCount: null }
  return [{ sourceRecord, source, at }]
}

function fromBatch(event: unknown, at: number, { contracts, defaultTopic }: SourceMessageOptions) {
  return parseSqsEvent(event, contracts, defaultTopic).flatMap(({ messageId: id, arn, receiveCount, records }) =>
    records.map(sourceRecord => ({ sourceRecord, at, source: { trigger: 'sqs' as const, id, arn, receiveCount } })),
  )
}

/** Invalid records stay invalid; any other is recorded as undelivered. */
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
      notSent(
        record,
        serialized,
        new TransportError('unavailable', 'The source stopped retrying it.', { retriable: true }),
        at,
      ),
      id,
      source,
    )
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error
    return toDeadLetter(notSent(record, undefined, error, at), id, source, key)
  }
}
