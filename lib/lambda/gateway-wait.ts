// Computes how long the gateway, load balancer or function URL in front of an HTTP function still waits for the answer.
// After that time its caller gets a 504 (of an HTTP API a 503), whatever the function does.
import { isJsonObject, type JsonObject } from '../record/json-object.ts'

/** How long each of them waits for the function, ms. A higher quota of your account is not known here. */
const WAITS_MS = {
  /** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
  restApi: 29_000,
  /** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
  httpApi: 30_000,
} as const
/** How long the response may take to reach the gateway, ms. */
const RESPONSE_TRANSIT_MS = 1000
/** The clock of a gateway may differ by this much from the clock here, ms. */
const CLOCK_SKEW_MS = 60_000

export interface GatewayLimits {
  readonly httpDeadlineMs: number | undefined
  readonly httpIdleTimeoutMs: number
}

export interface GatewayWait {
  /** How long the answer may still take, ms; Infinity for a function URL, which waits as long as Lambda. */
  readonly remainingMs: number
  /**
   * Whether the event's time is ignored because it can't be true (a saved event, an emulator that sends seconds). The
   * remaining time then counts from now on.
   */
  readonly isClockIgnored: boolean
}

/**
 * Computes the remaining time of a request.
 * @param now milliseconds since the epoch
 * @returns undefined for an event that did not come over HTTP
 */
export function gatewayWait(event: unknown, limits: GatewayLimits, now: number): GatewayWait | undefined {
  if (!isJsonObject(event)) return undefined
  const context = isJsonObject(event.requestContext) ? event.requestContext : {}
  const waitsMs = waitsFor(event, context, limits)
  if (waitsMs === undefined) return undefined
  const limitMs = Math.min(waitsMs - RESPONSE_TRANSIT_MS, limits.httpDeadlineMs ?? Number.POSITIVE_INFINITY)
  if (limitMs === Number.POSITIVE_INFINITY) return { remainingMs: limitMs, isClockIgnored: false }
  const receivedAt = timeOf(context)
  if (receivedAt === undefined) return { remainingMs: limitMs, isClockIgnored: false }
  // A request that is being answered is neither from the future nor older than its deadline.
  const isClockIgnored = receivedAt > now + CLOCK_SKEW_MS || receivedAt < now - limitMs - CLOCK_SKEW_MS
  // A gateway's clock that is ahead of this one must not increase the remaining time.
  const elapsedMs = isClockIgnored ? 0 : Math.max(0, now - receivedAt)
  return { remainingMs: limitMs - elapsedMs, isClockIgnored }
}

function waitsFor(event: JsonObject, context: JsonObject, limits: GatewayLimits): number | undefined {
  const isLattice = typeof context.targetGroupArn === 'string' || typeof event.raw_path === 'string'
  if (isJsonObject(context.elb) || isLattice) return limits.httpIdleTimeoutMs
  if (isJsonObject(context.http)) return isFunctionUrl(context) ? Number.POSITIVE_INFINITY : WAITS_MS.httpApi
  // A REST API. A WebSocket API has the same limit, but its event has other fields.
  const isRest = typeof event.resource === 'string' && typeof event.httpMethod === 'string'
  return isRest || timeOf(context) !== undefined ? WAITS_MS.restApi : undefined
}

/** The host name has the form `<id>.lambda-url.<region>.on.aws`. */
function isFunctionUrl({ domainName }: JsonObject): boolean {
  return typeof domainName === 'string' && domainName.includes('.lambda-url.')
}

/** Milliseconds since the epoch. VPC Lattice sends microseconds, as text. */
function timeOf({ timeEpoch, requestTimeEpoch }: JsonObject): number | undefined {
  if (typeof timeEpoch === 'string' && /^\d{1,18}$/.test(timeEpoch)) return Math.floor(Number(timeEpoch) / 1000)
  return [timeEpoch, requestTimeEpoch].find(time => Number.isInteger(time)) as number | undefined
}
