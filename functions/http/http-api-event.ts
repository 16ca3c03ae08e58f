// Turns a request of Node's HTTP server into the event of an HTTP API (payload format 2.0), and the function's result
// into the answer, for programs that serve HTTP without a gateway. The shape of the event:
// docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { HttpAnswer } from '../../lib/lambda/http-event.ts'

const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|.*\+json|.*\+xml))/

export interface HttpApiEventOptions {
  readonly requestId: string
  /** When the request arrived, milliseconds since the epoch. */
  readonly timeEpoch: number
  /** The gateway's route, e.g. `POST /topics/{topic}`. Default: `$default`, so that the path decides. */
  readonly routeKey?: string
}

/**
 * Builds the event as an HTTP API does: bodies of text types as text, others as base64. Text that is not UTF-8 also
 * becomes base64, so that no byte changes.
 * @returns undefined if the target of the request is not a path
 */
export function httpApiEvent(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'socket'>,
  body: Buffer,
  { requestId, timeEpoch, routeKey = '$default' }: HttpApiEventOptions,
): Record<string, unknown> | undefined {
  const target = request.url ?? '/'
  if (!target.startsWith('/')) return undefined
  // Taken as it is: a proxy in front that checks paths has not resolved dots and escapes either.
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )
  const isText = TEXT.test(headers['content-type'] ?? '') && isUtf8(body)
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query,
    headers,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method: request.method ?? 'GET',
        path,
        protocol: 'HTTP/1.1',
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage: '$default',
      time: new Date(timeEpoch).toUTCString(),
      timeEpoch,
    },
    ...(body.length > 0 ? { body: isText ? body.toString('utf8') : body.toString('base64') } : {}),
    isBase64Encoded: body.length > 0 && !isText,
  }
}

interface HttpApiResult {
  readonly statusCode?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * Turns the function's result into an HTTP answer.
 * @param result what the HTTP function resolves to for such an event
 */
export function httpApiAnswer(result: unknown): HttpAnswer {
  const { statusCode: status = 200, headers = {}, body = '' } = result as HttpApiResult
  return { status, headers, body }
}
