// Adds CORS headers for cross-origin requests from browsers: https://fetch.spec.whatwg.org/#http-cors-protocol
import type { HttpAnswer } from '../../lib/lambda/http-event.ts'

/** What pages of an allowed origin may send and read, beyond what CORS always allows. */
export const CORS = {
  /** The request headers that the function or its gateway reads, and those that tracing adds. */
  requestHeaders: [
    'authorization',
    'content-encoding',
    'content-type',
    'idempotency-key',
    'traceparent',
    'tracestate',
    'x-amz-content-sha256',
    'x-amz-date',
    'x-amz-security-token',
    'x-api-key',
  ],
  /** The headers of an answer that a page may read. */
  responseHeaders: ['accept-encoding', 'allow', 'retry-after'],
  /** How long a browser may keep the answer to a preflight request, s. */
  maxAgeS: 3600,
} as const

/** The parts of a request that CORS needs; both a Lambda event and a request of Node's server have them. */
interface CorsRequest {
  readonly method?: string | undefined
  readonly headers: {
    readonly origin?: string | undefined
    readonly 'access-control-request-method'?: string | undefined
  }
}

/** Whether a browser sends this preflight request to ask if it may send the real one. */
function isPreflight({ method, headers }: CorsRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

/**
 * Returns the answer with the headers that let a page of an allowed origin read it. It never allows credentials,
 * because callers authenticate with `Authorization`, not with cookies that a browser adds.
 * @param origins the value of `KAFKA_HTTP_CORS_ORIGINS`. Default: none, e.g. because the gateway answers CORS requests
 */
export function withCors(answer: HttpAnswer, request: CorsRequest, origins: readonly string[] = []): HttpAnswer {
  if (origins.length === 0) return answer
  const { origin } = request.headers
  const isAnyOrigin = origins.includes('*')
  // Keeps caches from giving one origin’s answer to another, so an answer without an allowed origin has it too.
  const vary: Readonly<Record<string, string>> = isAnyOrigin ? {} : { vary: 'Origin' }
  const isAllowed = origin !== undefined && (isAnyOrigin || origins.includes(origin.toLowerCase()))
  return {
    ...answer,
    headers: {
      ...answer.headers,
      ...vary,
      ...(isAllowed ? allowing(isAnyOrigin ? '*' : origin, answer, request) : {}),
    },
  }
}

function allowing(origin: string, { headers }: HttpAnswer, request: CorsRequest): Readonly<Record<string, string>> {
  const allowed = { 'access-control-allow-origin': origin }
  if (!isPreflight(request)) return { ...allowed, 'access-control-expose-headers': CORS.responseHeaders.join(', ') }
  return {
    ...allowed,
    'access-control-allow-methods': headers.allow ?? '',
    'access-control-allow-headers': CORS.requestHeaders.join(', '),
    'access-control-max-age': String(CORS.maxAgeS),
  }
}
