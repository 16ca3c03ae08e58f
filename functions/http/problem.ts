// Builds an application/problem+json answer (RFC 9457) with a stable code. It contains no stack, address or payload.
import type { ErrorCode } from '../../lib/errors.ts'
import type { HttpAnswer } from '../../lib/lambda/http-event.ts'

const PROBLEM_JSON = 'application/problem+json'

export interface Problem {
  readonly status: number
  readonly code: ErrorCode
  readonly title: string
  readonly detail: string
  readonly requestId: string
  readonly headers?: Readonly<Record<string, string>>
  readonly extra?: Readonly<Record<string, unknown>>
}

export function problemAnswer({
  status,
  code,
  title,
  detail,
  requestId,
  headers = {},
  extra = {},
}: Problem): HttpAnswer {
  const body = {
    type: `urn:serverless-kafka-producer:problem:${code}`,
    title,
    status,
    code,
    detail,
    requestId,
    ...extra,
  }
  return { status, headers: { 'content-type': PROBLEM_JSON, ...headers }, body: JSON.stringify(body) }
}
