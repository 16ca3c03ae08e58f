// Publishes an event per record with its outcome on a channel of node:diagnostics_channel, for metrics and tracing of
// the caller's own. Events have no key, no value and no headers. Without a subscriber nothing is computed.
import { channel } from 'node:diagnostics_channel'
import type { DeliveryFailureCode, FailedOutcome, InvalidRecordCode } from '../errors.ts'
import { type Clock, elapsedSince, moment } from '../time/clock.ts'
import type { DeliveryReport } from './delivery-report.ts'

/** The event of the channel `serverless-kafka-producer:record`: a record has its outcome. */
export interface RecordEvent {
  readonly clientId: string
  /** As the caller passed it; null where that is no text. */
  readonly topic: string | null
  /** Null where it never got one. */
  readonly partition: number | null
  readonly offset: bigint | null
  readonly sourceId: string | null
  readonly outcome: 'delivered' | FailedOutcome
  /** Null for a delivered record. */
  readonly code: InvalidRecordCode | DeliveryFailureCode | null
  readonly causeCode: string | null
  readonly attempts: number
  /** Since its call began, ms. */
  readonly durationMs: number
}

const records = channel('serverless-kafka-producer:record')

/** The reports of the call, once their events are published. */
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

/** An invalid record may have any fields, or throw when it is read. */
function readable({ record }: DeliveryReport): { topic: string | null; sourceId: string | null } {
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  try {
    return { topic: text(record?.topic), sourceId: text(record?.sourceId) }
  } catch {
    return { topic: null, sourceId: null }
  }
}
