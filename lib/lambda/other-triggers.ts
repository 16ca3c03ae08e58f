// Recognises events of other triggers, which reach a function through a wrong ARN in a template or an additional
// trigger.
import { isJsonObject } from '../record/json-object.ts'

/** Services that invoke a function asynchronously: nobody keeps an event that fails. */
const ASYNCHRONOUS: readonly unknown[] = ['aws:s3', 'aws:ses', 'aws:codecommit']

/**
 * @returns whether the event is an HTTP request, or comes from a service that Lambda or a pipe polls (SQS, Kinesis,
 *   DynamoDB, Kafka, MQ). If the invocation then fails, the caller learns of it, or the source keeps the messages.
 */
export function isTakenBack(event: unknown): boolean {
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
