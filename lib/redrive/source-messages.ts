// Converts messages of source DLQs and failure destinations to dead letters, with the parsers of the functions:
// messages that exceeded maxReceiveCount, Lambda's records of failed invocations, and events that a rule could not
// deliver. docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
import type { ProducerConfig } from '../config/settings.ts'
import type { Contracts } from '../contracts/contract.ts'
import { type DeadLetter, type DeadLetterSource, toDeadLetter } from '../dead-letter/dead-letter.ts'
import { isArnOf, type LambdaFunction } from '../dead-letter/lambda-function.ts'
import type { MessageRole, RawMessage, SourceMessageReader } from '../dead-letter/raw-message.ts'
import { notSent } from '../delivery/delivery-report.ts'
import { InvalidRecordError, KafkaProducerError, TransportError } from '../errors.ts'
import { parseEventBridgeEvents } from '../lambda/eventbridge-event.ts'
import type { SourceRecord } from '../lambda/source-record.ts'
import { parseSqsEvent, toSqsRecord } from '../lambda/sqs-event.ts'
import { isJsonObject, parseJson } from '../record/json-object.ts'
import type { SerializedRecord } from '../record/producer-record.ts'
import { RecordSerializer } from '../serialize/record-serializer.ts'
import { validateRecord } from '../validate/record-validator.ts'
import { isSentAsItIs, sourceForm } from '../validate/source-form.ts'

export type { SourceMessageReader } from '../dead-letter/raw-message.ts'

interface SourceMessageOptions extends Pick<ProducerConfig, 'defaultTopic'> {
  readonly contracts: Contracts
}

type Source = Omit<DeadLetterSource, 'index' | 'function'>

interface MessageRecord {
  readonly sourceRecord: SourceRecord
  readonly source: Source
}

/** @param contracts decide the topic of a message and how its record is validated */
export function createSourceMessageReader(
  contracts: Contracts,
  { defaultTopic, maxRequestSize }: Pick<ProducerConfig, 'defaultTopic' | 'maxRequestSize'>,
): SourceMessageReader {
  const serializer = new RecordSerializer(maxRequestSize)
  return {
    queues: [...contracts.values()].flatMap(({ sqs }) => sqs.map(({ queue }) => queue)),
    read: (message, role) => {
      const at = Number(message.attributes.SentTimestamp) || Date.now()
      const records = recordsOf(message, role, { contracts, defaultTopic })
      if (records.length === 0) throw unreadable('it contains no record')
      return records.map(({ sourceRecord, source }, index) =>
        toDeadLetterOf(sourceRecord, { ...source, index, function: null }, at, contracts, serializer),
      )
    },
  }
}

function recordsOf(message: RawMessage, role: MessageRole, options: SourceMessageOptions): MessageRecord[] {
  if (role.kind === 'failure-destination') return recordsOfEvents(message, role.lambda, options)
  const queue = message.attributes.DeadLetterQueueSourceArn ?? role.sourceQueue
  if (queue === undefined) throw unreadable('neither the message nor the request names its source queue')
  const batch = { Records: [toSqsRecord(message, queue)] }
  return parseSqsEvent(batch, options.contracts, options.defaultTopic).flatMap(({ id, arn, receiveCount, records }) =>
    records.map(sourceRecord => ({ sourceRecord, source: { trigger: 'sqs', id, arn, receiveCount } })),
  )
}

/**
 * The body is the event that a rule could not deliver, or Lambda's record of an invocation, which holds the event or
 * the list of events of EventBridge Pipes.
 */
function recordsOfEvents(
  { messageId, body }: RawMessage,
  lambda: LambdaFunction | undefined,
  options: SourceMessageOptions,
): MessageRecord[] {
  const json = parseJson(body)
  const invocation = isJsonObject(json) && 'requestPayload' in json ? json : undefined
  const context = invocation?.requestContext
  if (lambda && !(isJsonObject(context) && isArnOf(context.functionArn, lambda)))
    throw unreadable(`it is not Lambda’s record of a failed invocation of ${lambda.name}`)
  const event = invocation ? invocation.requestPayload : json
  if (!isEvent(event) && !(invocation && Array.isArray(event) && event.some(isEvent)))
    throw unreadable('it is neither an event nor Lambda’s record of a failed invocation')
  const requestId =
    isJsonObject(context) && typeof context.requestId === 'string' && context.requestId !== ''
      ? context.requestId
      : messageId
  return parseEventBridgeEvents(event, requestId, options).map(sourceRecord => ({
    sourceRecord,
    source: { trigger: 'eventbridge', id: sourceRecord.id, arn: null, receiveCount: null },
  }))
}

function isEvent(event: unknown): boolean {
  return (
    isJsonObject(event) &&
    typeof event.source === 'string' &&
    typeof event['detail-type'] === 'string' &&
    Object.hasOwn(event, 'detail')
  )
}

function unreadable(reason: string): KafkaProducerError {
  return new KafkaProducerError('bad-value', reason)
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
  const unencoded = contract && sourceForm(record, contract)
  if (error) return toDeadLetter(notSent(record, undefined, error, at), id, source, unencoded)
  try {
    const valid = validateRecord(record, { contracts })
    // Formats that don't change the bytes serialize here. Others may need a registry, so the record is serialized when
    // it is sent.
    const serialized =
      contract && isSentAsItIs(contract) ? (serializer.serialize(valid, noDeadline) as SerializedRecord) : undefined
    const reason = new TransportError('unavailable', 'The source stopped retrying it.', { retriable: true })
    return toDeadLetter(notSent(record, serialized, reason, at), id, source, unencoded)
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error
    return toDeadLetter(notSent(record, undefined, error, at), id, source, unencoded)
  }
}

/** A signal that never aborts, because nothing here waits. */
const noDeadline = () => new AbortController().signal
