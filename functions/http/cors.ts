// Cross-origin requests from browsers: https://fetch.spec.whatwg.org/#http-cors-protocol
import type { HttpAnswer } from '../../lib/lambda/http-event.ts'

/** What a page may do beside what needs no permission. */
export const CORS = {
  /** Those that the function or its gateway reads, and those that tracing adds to a request. */
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
  /** Those of an answer that a page may read. */
  responseHeaders: ['accept-encoding', 'allow', 'retry-after'],
  /** How long a browser may keep the answer to a preflight request, s. */
  maxAgeS: 3600,
} as const

/** What counts of a request, as an event has it and as Node's server has it. */
interface Asked {
  readonly method?: string | undefined
  readonly headers: {
    readonly origin?: string | undefined
    readonly 'access-control-request-method'?: string | undefined
  }
}

/** @returns whether the request is a browser's question whether it may send another one */
function isPreflight({ method, headers }: Asked): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

/**
 * The answer with the headers that let a page of a listed origin read it. No header allows credentials: a caller
 * authenticates by `Authorization`, not by cookies that a browser adds.
 * @param origins those of `KAFKA_HTTP_CORS_ORIGINS`. Default: none; the gateway does CORS, or nobody
 */
export function withCors(answer: HttpAnswer, request: Asked, origins: readonly string[] = []): HttpAnswer {
  if (origins.length === 0) return answer
  const { origin } = request.headers
  const isAnyOrigin = origins.includes('*')
  // A cache must not give one origin’s answer to another, and this holds for answers to no origin, too.
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

function allowing(origin: string, { headers }: HttpAnswer, request: Asked): Readonly<Record<string, string>> {
  const allowed = { 'access-control-allow-origin': origin }
  if (!isPreflight(request)) return { ...allowed, 'access-control-expose-headers': CORS.responseHeaders.join(', ') }
  return {
    ...allowed,
    'access-control-allow-methods': headers.allow ?? '',
    'access-control-allow-headers': CORS.requestHeaders.join(', '),
    'access-control-max-age': String(CORS.maxAgeS),
  }
}
