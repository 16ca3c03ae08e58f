// Stage 1 of 9: EventBridge event → SourceRecord. Pure. Shape:
// docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html

import type { Contract, Contracts } from '../contracts/contract.ts'
import { routesOfEvent } from '../contracts/route.ts'
import { InvalidRecordError } from '../errors.ts'
import {
  deepJsonText,
  isContainer,
  isDeeperThan,
  isJsonObject,
  type JsonObject,
  MAX_DEPTH,
} from '../record/json-object.ts'
import type { ProducerRecordHeader } from '../record/producer-record.ts'
import { type SourceRecord, standardHeaders } from './source-record.ts'

/** The fields of an event that become headers, so that a consumer need not parse the value. */
const HEADER_FIELDS = ['source', 'detail-type', 'time', 'id', 'replay-name'] as const

export interface EventOptions {
  readonly contracts: Contracts
  readonly defaultTopic?: string | undefined
  /** The trace header of the invocation. */
  readonly awsTrace?: string | undefined
}

/**
 * Returns one record per event. EventBridge Pipes sends a list, even of a single event; other sources send the event
 * itself.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
 */
export function parseEventBridgeEvents(event: unknown, awsRequestId: string, options: EventOptions): SourceRecord[] {
  if (!Array.isArray(event) || event.length === 1) return [parseEventBridgeEvent(first(event), awsRequestId, options)]
  return event.map((one: unknown, index) => parseEventBridgeEvent(one, `${awsRequestId}:${index}`, options))
}

function first(event: unknown): unknown {
  return Array.isArray(event) ? event[0] : event
}

/**
 * Parses one event.
 * @param awsRequestId the record's id if the event has none
 */
function parseEventBridgeEvent(
  event: unknown,
  awsRequestId: string,
  { contracts, defaultTopic, awsTrace }: EventOptions,
): SourceRecord {
  const fields = isJsonObject(event) ? event : {}
  const id = typeof fields.id === 'string' && fields.id !== '' ? fields.id : awsRequestId
  const invalid = (error: InvalidRecordError): SourceRecord => ({
    id,
    error,
    record: { topic: '', value: Buffer.from(deepJsonText(event)), sourceId: id },
  })
  if (
    typeof fields.source !== 'string' ||
    typeof fields['detail-type'] !== 'string' ||
    !Object.hasOwn(fields, 'detail')
  )
    return invalid(
      new InvalidRecordError('bad-value', 'event: expected an EventBridge event with source, detail-type and detail.'),
    )
  const [route, ...others] = routesOfEvent(contracts, fields, defaultTopic)
  if (!route)
    return invalid(
      new InvalidRecordError(
        'unknown-topic',
        'event: expected an event that a contract claims (from.eventbridge), got another one.',
      ),
    )
  if (others.length > 0) {
    const topics = [route, ...others].map(({ contract }) => contract.topic)
    return invalid(
      new InvalidRecordError(
        'unknown-topic',
        `event: expected one that a single contract claims, got one that ${topics.join(' and ')} claim.`,
      ),
    )
  }
  const { contract, feed } = route
  const isWhole = feed?.value === 'event'
  if (isDeep(fields, isWhole))
    return invalid(new InvalidRecordError('bad-json', `event: expected at most ${MAX_DEPTH} levels of nesting.`))
  if (hasProtoName(event))
    return invalid(new InvalidRecordError('unknown-field', 'event: expected no field named __proto__.'))
  const value = isWhole ? event : fields.detail
  const record = {
    topic: contract.topic,
    value: toValue(value, contract),
    headers: [...standardHeaders(id, 'eventbridge', undefined, awsTrace), ...eventHeaders(fields, contract)],
    sourceId: id,
    origin: { lookup: new Map([['event', event]]), ...(feed?.key ? { keyFrom: feed.key } : {}) },
  }
  if (!hasLostDigits(event)) return { id, record }
  return {
    id,
    record,
    error: new InvalidRecordError(
      'number-out-of-range',
      'event: expected integers up to 2^53; Lambda parsed the event, which changes larger ones. The bytes of this ' +
        'record are not those of its source. Send such events over a queue with "unwrap": "eventbridge".',
    ),
  }
}

/**
 * Whether an event is nested too deeply. Levels are counted from the value on, as for every trigger: from `detail`, or
 * from the event if that is the value.
 */
function isDeep(event: JsonObject, isWhole: boolean): boolean {
  if (isWhole) return isDeeperThan(event, MAX_DEPTH)
  return isDeeperThan(event.detail, MAX_DEPTH) || isDeeperThan({ ...event, detail: null }, MAX_DEPTH)
}

function hasProtoName(value: unknown): boolean {
  return isContainer(value) && (Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProtoName))
}

/**
 * Whether parsing the event may have changed a number. A fraction of more than 15 digits may have been rounded as well,
 * but most such fractions are doubles of the sender, which do not change.
 */
function hasLostDigits(value: unknown): boolean {
  if (typeof value === 'number')
    return (
      Object.is(value, -0) || (!Number.isSafeInteger(value) && (!Number.isFinite(value) || Number.isInteger(value)))
    )
  return isContainer(value) && Object.values(value).some(hasLostDigits)
}

/** A format other than JSON takes a string unchanged; any other value becomes JSON text. */
function toValue(value: unknown, contract: Contract): unknown {
  return contract.value.codec.isJson || typeof value === 'string' ? value : JSON.stringify(value)
}

/** Only the headers that the contract allows. */
function eventHeaders(event: JsonObject, { headers: { allow } }: Contract): ProducerRecordHeader[] {
  return HEADER_FIELDS.flatMap((name): ProducerRecordHeader[] => {
    const value = event[name]
    return typeof value === 'string' && (allow.includes('*') || allow.includes(name)) ? [[name, value]] : []
  })
}
