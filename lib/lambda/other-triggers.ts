// Events of other triggers, which reach a function by a wrong ARN in a template or a trigger too many.
import { isJsonObject } from '../record/json-object.ts'

/** Services that invoke a function asynchronously: what fails there does not go back to anybody. */
const ASYNCHRONOUS: readonly unknown[] = ['aws:s3', 'aws:ses', 'aws:codecommit']

/**
 * @returns whether the event is an HTTP request, or of a service that Lambda or a pipe polls (SQS, Kinesis, DynamoDB,
 *   Kafka, MQ): if the invocation fails, its caller learns of it, or its source keeps the messages
 */
export function isTakenBack(event: unknown): boolean {
  if (!isJsonObject(event)) return Array.isArray(event) && event.length > 0 && event.every(isPolled)
  if (Array.isArray(event.Records)) return event.Records.some(isPolled)
  return isPolled(event) || isHttp(event)
}

/** SNS writes `EventSource`; it invokes asynchronously. */
function isPolled(item: unknown): boolean {
  return isJsonObject(item) && typeof item.eventSource === 'string' && !ASYNCHRONOUS.includes(item.eventSource)
}

/** An EventBridge event has neither; VPC Lattice 1.0 has no context. */
function isHttp(event: Readonly<Record<string, unknown>>): boolean {
  return isJsonObject(event.requestContext) || typeof event.raw_path === 'string'
}
