// Recognises pings that keep a function warm. They have no record: they are answered and counted.
import { isJsonObject } from '../record/json-object.ts'

/**
 * The event sources of serverless-plugin-warmup (middy's warmup checks for the same one) and
 * serverless-plugin-lambda-warmup.
 */
const SOURCES: readonly unknown[] = ['serverless-plugin-warmup', 'serverless-plugin-lambda-warmup']

/** @returns whether the event is a ping; with `detail`, `Records` or `body` it is an event of its trigger instead */
export function isWarmUp(event: unknown): boolean {
  if (!isJsonObject(event) || 'detail' in event || 'Records' in event || 'body' in event) return false
  // The package lambda-warmer sends `"warmer": true`.
  return SOURCES.includes(event.source) || event.warmer === true
}

/**
 * @returns whether the event keeps an HTTP function warm: a ping, or a schedule that invokes the function directly
 *   (EventBridge rules and EventBridge Scheduler have different sources)
 */
export function isHttpWarmUp(event: unknown): boolean {
  if (isWarmUp(event)) return true
  if (!isJsonObject(event) || event['detail-type'] !== 'Scheduled Event') return false
  return event.source === 'aws.events' || event.source === 'aws.scheduler'
}
