// An HTTP API in front of the local function: turns requests into the events of API Gateway (payload format 2.0).

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { httpApiAnswer, httpApiEvent } from '../functions/http/http-api-event.ts'
import { createLocalServer, Refusal, readBody } from './local-server.ts'
import { listenLocally } from './ports.ts'

/** An HTTP API stops waiting for an integration after 30 s and accepts at most 10 MB. */
const INTEGRATION_MS = 30_000
const MAX_BYTES = 10 * 1024 * 1024

export type Invoke = (event: unknown) => Promise<unknown>

export function startGateway(
  port: number,
  invoke: Invoke,
  onError: (error: unknown) => void = () => {},
): Promise<Server> {
  return listenLocally(createLocalServer({ onError, handle: (...exchange) => serve(...exchange, invoke) }), port)
}

async function serve(request: IncomingMessage, response: ServerResponse, invoke: Invoke): Promise<void> {
  const timeEpoch = Date.now()
  const body = await readBody(request, MAX_BYTES)
  const [path = '/'] = (request.url ?? '/').split('?')
  const routeKey = `${request.method} ${path.startsWith('/topics/') ? '/topics/{topic}' : path}`
  const event = httpApiEvent(request, body, { requestId: randomUUID(), timeEpoch, routeKey })
  if (!event) throw new Refusal(400, 'Bad Request')
  const result = await beforeIntegrationTimeout(invoke(event))
  if (result === undefined) throw new Refusal(503, 'Service Unavailable')
  const answer = httpApiAnswer(result)
  response.writeHead(answer.status, answer.headers).end(answer.body)
}

async function beforeIntegrationTimeout(work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), INTEGRATION_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
