// Publishes an event with the outcome of each record on a channel of node:diagnostics_channel, so that callers can add
// their own metrics and traces. Events contain no key, value or headers. Without a subscriber nothing is computed.
import { channel } from 'node:diagnostics_channel'
import type { DeliveryFailureCode, FailedOutcome, InvalidRecordCode } from '../errors.ts'
import { type Clock, elapsedSince, moment } from '../time/clock.ts'
import type { DeliveryReport } from './delivery-report.ts'

/** An event of the channel `serverless-kafka-producer:record`: the outcome of a record. */
export interface RecordEvent {
  readonly clientId: string
  /** The topic as the caller passed it; null if that is not a string. */
  readonly topic: string | null
  /** Null if the record never got a partition. */
  readonly partition: number | null
  readonly offset: bigint | null
  readonly sourceId: string | null
  readonly outcome: 'delivered' | FailedOutcome
  /** Null for a delivered record. */
  readonly code: InvalidRecordCode | DeliveryFailureCode | null
  readonly causeCode: string | null
  readonly attempts: number
  /** Milliseconds since the call began. */
  readonly durationMs: number
}

const records = channel('serverless-kafka-producer:record')

/** Publishes the events of a call, then returns its reports. */
export function withRecordEvents(
  call: Promise<DeliveryReport[]>,
  clientId: string,
  clock: Clock,
): Promise<DeliveryReport[]> {
  if (!records.hasSubscribers) return call
  const begin = moment(clock)
  return call.then(reports => {
    const durationMs = elapsedSince(clock, begin)
    for (const report of reports) records.publish(toEvent(report, clientId, durationMs))
    return reports
  })
}

function toEvent(report: DeliveryReport, clientId: string, durationMs: number): RecordEvent {
  const { topic, sourceId } = readable(report)
  const common = { clientId, sourceId, attempts: report.attempts, durationMs }
  if (report.kind === 'delivered') {
    const { partition, offset } = report.metadata
    return {
      ...common,
      topic: report.metadata.topic,
      partition,
      offset,
      outcome: 'delivered',
      code: null,
      causeCode: null,
    }
  }
  const { outcome, code, causeCode, serialized } = report
  return { ...common, topic, partition: serialized?.partition ?? null, offset: null, outcome, code, causeCode }
}

/** The fields of a record that may not be a record: an invalid one may have any fields, or throw when it is read. */
function readable({ record }: DeliveryReport): { topic: string | null; sourceId: string | null } {
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  try {
    return { topic: text(record?.topic), sourceId: text(record?.sourceId) }
  } catch {
    return { topic: null, sourceId: null }
  }
}
