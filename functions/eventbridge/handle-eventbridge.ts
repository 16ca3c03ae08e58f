// One event: before this returns, its record is acknowledged or its dead letter is stored.
import type { Context } from 'aws-lambda'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter } from '../../lib/delivery/record-fate.ts'
import { parseEventBridgeEvent } from '../../lib/lambda/eventbridge-event.ts'
import { invocationId, invocationTrace } from '../../lib/lambda/invocation-facts.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { sendSourceRecords } from '../send-source-records.ts'
import { toResponse } from './to-response.ts'

/** @throws KafkaProducerError when the event was not stored: Lambda retries it */
export async function handleEventBridge(
  event: unknown,
  context: Context & KafkaContext,
  services: Services,
): Promise<void> {
  const { config, contracts, log } = services
  const { producer } = context.kafka
  const requestId = invocationId(context)
  const sourceRecord = parseEventBridgeEvent(event, requestId, {
    contracts,
    defaultTopic: config.defaultTopic,
    awsTrace: invocationTrace(),
  })
  const reports = await sendSourceRecords([sourceRecord], producer)
  const sourceOf = () => ({
    trigger: 'eventbridge' as const,
    id: sourceRecord.id,
    index: 0,
    arn: ruleArn(event),
    receiveCount: null,
  })
  const shouldDeadLetter = ({ failureKind }: { failureKind: string }) =>
    failureKind === 'invalid-record' || config.onFailureEventbridge === 'dead-letter'
  const fates = await publishDeadLetters([sourceRecord], reports, { shouldDeadLetter, sourceOf }, context, services)
  const fate = fates.get(0) ?? fateWithoutDeadLetter(reports[0] as DeliveryReport)
  log.invocation(requestId, reports, [fate], producer.metrics())
  toResponse(fate)
}

/** The ARN of the rule, which only a scheduled event has. */
function ruleArn(event: unknown): string | null {
  const resources = (event as { resources?: unknown } | null)?.resources
  const rule = Array.isArray(resources)
    ? resources.find(name => typeof name === 'string' && /^arn:[a-z-]{1,30}:events:/.test(name))
    : undefined
  return rule ?? null
}
