// Recognises events of other triggers, which reach a function through a wrong ARN in a template or an additional
// trigger.
import { isJsonObject } from '../record/json-object.ts'

/** Services that invoke a function asynchronously: nobody keeps an event that fails. */
const ASYNCHRONOUS: readonly unknown[] = ['aws:s3', 'aws:ses', 'aws:codecommit']

/**
 * @returns whether the source still has the event's records if the invocation fails: the caller of an HTTP request, or
 *   a service that Lambda or a pipe polls (SQS, Kinesis, DynamoDB, Kafka, MQ)
 */
export function isKeptBySource(event: unknown): boolean {
  if (!isJsonObject(event)) return Array.isArray(event) && event.length > 0 && event.every(isPolled)
  if (Array.isArray(event.Records)) return event.Records.some(isPolled)
  return isPolled(event) || isHttp(event)
}

/** SNS, which invokes asynchronously, has `EventSource` with a capital letter. */
function isPolled(item: unknown): boolean {
  return isJsonObject(item) && typeof item.eventSource === 'string' && !ASYNCHRONOUS.includes(item.eventSource)
}

/** An EventBridge event has neither field. VPC Lattice 1.0 has no context. */
function isHttp(event: Readonly<Record<string, unknown>>): boolean {
  return isJsonObject(event.requestContext) || typeof event.raw_path === 'string'
}
