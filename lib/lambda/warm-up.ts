// Pings that keep a function warm. They carry no record: they are answered and counted.
import { isJsonObject } from '../record/json-object.ts'

/** serverless-plugin-warmup (middy's warmup looks for the same) and serverless-plugin-lambda-warmup. */
const SOURCES: readonly unknown[] = ['serverless-plugin-warmup', 'serverless-plugin-lambda-warmup']

/** @returns whether the event is such a ping; one with `detail`, `Records` or `body` is an event of its trigger */
export function isWarmUp(event: unknown): boolean {
  if (!isJsonObject(event) || 'detail' in event || 'Records' in event || 'body' in event) return false
  // lambda-warmer sends `"warmer": true`.
  return SOURCES.includes(event.source) || event.warmer === true
}

/**
 * @returns whether the event keeps an HTTP function warm: a ping, or a schedule of EventBridge that invokes the
 * function itself (its rules and its Scheduler say so by different sources)
 */
export function isHttpWarmUp(event: unknown): boolean {
  if (isWarmUp(event)) return true
  if (!isJsonObject(event) || event['detail-type'] !== 'Scheduled Event') return false
  return event.source === 'aws.events' || event.source === 'aws.scheduler'
}
