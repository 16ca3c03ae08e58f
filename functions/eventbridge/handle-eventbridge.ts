// Handles one EventBridge event, or the list that EventBridge Pipes sends: before it returns, each record is
// acknowledged or its dead letter is stored.
import type { Context } from 'aws-lambda'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter } from '../../lib/delivery/record-fate.ts'
import { KafkaProducerError } from '../../lib/errors.ts'
import { parseEventBridgeEvents } from '../../lib/lambda/eventbridge-event.ts'
import { invocationId, invocationTrace } from '../../lib/lambda/invocation-facts.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { isKeptBySource } from '../../lib/lambda/other-triggers.ts'
import type { SourceRecord } from '../../lib/lambda/source-record.ts'
import { isWarmUp } from '../../lib/lambda/warm-up.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { sendSourceRecords } from '../send-source-records.ts'
import { toResponse } from './to-response.ts'

/**
 * Sends the records of an event or list of events.
 * @throws KafkaProducerError if an event was neither acknowledged nor stored as a dead letter, so that Lambda, or the
 *   pipe, retries; also for the event of another trigger (an HTTP request, a batch of a queue or stream), which no
 *   contract here can route: its source still has it
 */
export async function handleEventBridge(
  event: unknown,
  context: Context & KafkaContext,
  services: Services,
): Promise<void> {
  const { config, contracts, log } = services
  const { producer } = context.kafka
  const requestId = invocationId(context)
  if (isWarmUp(event)) return log.invocation(requestId, [], [], producer.metrics(), { ignored: ['warm-up'] })
  if (isKeptBySource(event))
    throw new KafkaProducerError('bad-value', 'event: expected an EventBridge event, got that of another trigger.')
  const sourceRecords = parseEventBridgeEvents(event, requestId, {
    contracts,
    defaultTopic: config.defaultTopic,
    awsTrace: invocationTrace(),
  })
  const reports = await sendSourceRecords(sourceRecords, producer)
  const sourceOf = (index: number) => ({
    trigger: 'eventbridge' as const,
    id: (sourceRecords[index] as SourceRecord).id,
    index,
    arn: ruleArn(Array.isArray(event) ? event[index] : event),
    receiveCount: null,
  })
  const shouldDeadLetter = shouldDeadLetterFailures(reports, config.onFailureEventbridge)
  const rules = { shouldDeadLetter: () => shouldDeadLetter, sourceOf }
  const published = await publishDeadLetters(sourceRecords, reports, rules, context, services)
  const fates = reports.map((report, index) => published.get(index) ?? fateWithoutDeadLetter(report))
  log.invocation(requestId, reports, fates, producer.metrics())
  toResponse(fates)
}

/** Decides for all failed records together: the events of an invocation can only go back together. */
function shouldDeadLetterFailures(reports: readonly DeliveryReport[], onFailure: 'return' | 'dead-letter'): boolean {
  // Returning the events would resend records that were already acknowledged.
  if (onFailure === 'dead-letter' || reports.some(({ kind }) => kind === 'delivered')) return true
  return reports.every(report => report.kind === 'failed' && report.failureKind === 'invalid-record')
}

/** The ARN of the rule; only a scheduled event has one. */
function ruleArn(event: unknown): string | null {
  const resources = (event as { resources?: unknown } | null)?.resources
  const rule = Array.isArray(resources)
    ? resources.find(name => typeof name === 'string' && /^arn:[a-z-]{1,30}:events:/.test(name))
    : undefined
  return rule ?? null
}
