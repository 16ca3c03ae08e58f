// One event: sent, or its letter is stored before this returns.
import type { Context } from 'aws-lambda'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutLetter } from '../../lib/delivery/record-fate.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import type { Services } from '../create-services.ts'
import { letterFailed } from '../letter-failed.ts'
import { sendRequested } from '../requested-record.ts'
import { toRecord } from './to-records.ts'
import { toResponse } from './to-response.ts'

/** @throws KafkaProducerError when the event is stored nowhere */
export async function handleEventBridge(event: unknown, context: Context & KafkaContext, services: Services): Promise<void> {
  const { config, contracts, report } = services
  const { producer } = context.kafka
  const requested = toRecord(event, context.awsRequestId, { contracts, defaultTopic: config.defaultTopic, awsTrace: process.env._X_AMZN_TRACE_ID })
  const reports = await sendRequested([requested], producer)
  const sourceOf = () => ({ trigger: 'eventbridge' as const, id: requested.id, index: 0, arn: ruleOrBus(event), receiveCount: null })
  const isLettered = ({ fault }: { fault: string }) => fault === 'record' || config.onFailureEventbridge === 'dead-letter'
  const settled = await letterFailed([requested], reports, { isLettered, sourceOf }, context, services)
  const fate = settled.get(0) ?? fateWithoutLetter(reports[0] as DeliveryReport)
  report.invocation(context.awsRequestId, reports, [fate], producer.metrics())
  toResponse(fate)
}

/** A scheduled event names its rule. */
function ruleOrBus(event: unknown): string | null {
  const resources = (event as { resources?: unknown } | null)?.resources
  const rule = Array.isArray(resources) ? resources.find(name => typeof name === 'string' && /^arn:[^:]+:events:/.test(name)) : undefined
  return rule ?? null
}
