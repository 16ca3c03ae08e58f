// One event: sent, or its dead letter is stored before this returns.
import type { Context } from 'aws-lambda'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter } from '../../lib/delivery/record-fate.ts'
import { parseEventBridgeEvent } from '../../lib/lambda/eventbridge-event.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { sendSourceRecords } from '../send-source-records.ts'
import { toResponse } from './to-response.ts'

/** @throws KafkaProducerError when the event is stored nowhere */
export async function handleEventBridge(
  event: unknown,
  context: Context & KafkaContext,
  services: Services,
): Promise<void> {
  const { config, contracts, report } = services
  const { producer } = context.kafka
  const sourceRecords = parseEventBridgeEvent(event, context.awsRequestId, {
    contracts,
    defaultTopic: config.defaultTopic,
    awsTrace: process.env._X_AMZN_TRACE_ID,
  })
  const reports = await sendSourceRecords([sourceRecords], producer)
  const sourceOf = () => ({
    trigger: 'eventbridge' as const,
    id: sourceRecords.id,
    index: 0,
    arn: ruleOrBus(event),
    receiveCount: null,
  })
  const shouldDeadLetter = ({ failureKind }: { failureKind: string }) =>
    failureKind === 'invalid-record' || config.onFailureEventbridge === 'dead-letter'
  const completed = await publishDeadLetters(
    [sourceRecords],
    reports,
    { shouldDeadLetter, sourceOf },
    context,
    services,
  )
  const fate = completed.get(0) ?? fateWithoutDeadLetter(reports[0] as DeliveryReport)
  report.invocation(context.awsRequestId, reports, [fate], producer.metrics())
  toResponse(fate)
}

/** A scheduled event names its rule. */
function ruleOrBus(event: unknown): string | null {
  const resources = (event as { resources?: unknown } | null)?.resources
  const rule = Array.isArray(resources)
    ? resources.find(name => typeof name === 'string' && /^arn:[^:]+:events:/.test(name))
    : undefined
  return rule ?? null
}
