// Stage 1 of 9: EventBridge event → ProducerRecord. Pure.
// Shape: docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html

import type { Contract, Contracts } from '../contracts/contract.ts'
import { routeOfEvent } from '../contracts/route.ts'
import { InvalidRecordError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../record/json-object.ts'
import type { RecordHeader } from '../record/producer-record.ts'
import { type SourceRecord, standardHeaders } from './source-record.ts'

/** Of the event's own fields, those that a consumer wants without reading the value; of a replay also its name. */
const FIELDS = ['source', 'detail-type', 'time', 'id', 'replay-name'] as const

export interface EventOptions {
  readonly contracts: Contracts
  readonly defaultTopic?: string | undefined
  /** The invocation's own trace header. */
  readonly awsTrace?: string | undefined
}

/** @param awsRequestId the id of an event without one */
export function parseEventBridgeEvent(
  event: unknown,
  awsRequestId: string,
  { contracts, defaultTopic, awsTrace }: EventOptions,
): SourceRecord {
  const fields = isJsonObject(event) ? event : {}
  const id = typeof fields.id === 'string' && fields.id !== '' ? fields.id : awsRequestId
  const invalid = (error: InvalidRecordError): SourceRecord => ({
    id,
    error,
    record: { topic: '', value: Buffer.from(JSON.stringify(event) ?? ''), sourceId: id },
  })
  if (
    typeof fields.source !== 'string' ||
    typeof fields['detail-type'] !== 'string' ||
    !Object.hasOwn(fields, 'detail')
  )
    return invalid(
      new InvalidRecordError('bad-value', 'event: expected an EventBridge event with source, detail-type and detail.'),
    )
  const route = routeOfEvent(contracts, fields.source, fields['detail-type'], defaultTopic)
  if (!route)
    return invalid(
      new InvalidRecordError(
        'unknown-topic',
        'event: expected one that a contract claims (from.eventbridge), got another.',
      ),
    )
  const { contract, feed } = route
  return {
    id,
    record: {
      topic: contract.topic,
      value: toValue(feed?.value === 'event' ? event : fields.detail, contract),
      headers: [...standardHeaders(id, 'eventbridge', undefined, awsTrace), ...eventHeaders(fields, contract)],
      sourceId: id,
      origin: { lookup: new Map([['event', event]]), ...(feed?.key ? { keyFrom: feed.key } : {}) },
    },
  }
}

/** A text contract takes a text as it is; anything else of an event is JSON. */
function toValue(value: unknown, contract: Contract): unknown {
  return contract.value.format === 'json' || typeof value === 'string' ? value : JSON.stringify(value)
}

/** A contract that names its headers gets only those. */
function eventHeaders(event: JsonObject, { headers: { allow } }: Contract): RecordHeader[] {
  return FIELDS.flatMap((name): RecordHeader[] => {
    const value = event[name]
    return typeof value === 'string' && (allow.includes('*') || allow.includes(name))
      ? [[name, Buffer.from(value)]]
      : []
  })
}
