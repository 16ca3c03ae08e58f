// An event bus on 127.0.0.1 that accepts PutEvents and invokes the function as EventBridge and Lambda do:
// asynchronously, with three attempts, then the on-failure destination. Its rules come from the contracts.
// Sources: docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
//          docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { routesOfEvent } from '../../lib/contracts/route.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../lib/record/json-object.ts'
import { createLocalServer, Refusal, readBody } from '../local-server.ts'
import { listenLocally } from '../ports.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../sqs/elasticmq.ts'

/** Pauses before the retries, ms. Lambda waits one minute, then two: too long for a local stack. */
const RETRY_MS = [1000, 2000]
const MAX_BYTES = 10 * 1024 * 1024
const TARGET = 'AWSEvents.PutEvents'
/** The error names of AWS for requests that are not PutEvents. */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  403: 'AccessDeniedException',
  404: 'UnknownOperationException',
  405: 'UnknownOperationException',
  413: 'ValidationException',
}

export interface BusOptions {
  readonly port: number
  /** Called for every event, because contracts may change while the bus runs. */
  readonly contracts: () => Contracts
  readonly invoke: (event: unknown) => Promise<unknown>
  /** The on-failure destination; called with the record that Lambda would send. */
  readonly onExhausted: (record: object) => Promise<unknown>
  readonly onError?: (error: unknown) => void
}

export interface LocalBus {
  readonly server: Server
  /** Resolves when no event is being delivered. */
  idle(): Promise<void>
}

interface BusEvent extends JsonObject {
  readonly id: string
  readonly source: string
  readonly 'detail-type': string
}

export async function startBus({
  port,
  contracts,
  invoke,
  onExhausted,
  onError = () => {},
}: BusOptions): Promise<LocalBus> {
  const deliveries = new Set<Promise<void>>()
  const onEvent = (event: BusEvent) => {
    if (routesOfEvent(contracts(), event).length === 0) return
    const work = deliver(event, invoke, onExhausted).catch(onError)
    deliveries.add(work)
    void work.finally(() => deliveries.delete(work))
  }
  const server = createLocalServer({
    onError,
    errorBody: (status, message) => ({ __type: ERROR_TYPES[status] ?? 'InternalException', message }),
    handle: async (request, response) => answer(request, response, onEvent),
  })
  await listenLocally(server, port)
  return {
    server,
    idle: async () => {
      while (deliveries.size > 0) await Promise.all(deliveries)
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  onEvent: (event: BusEvent) => void,
): Promise<void> {
  const body = parseJson((await readBody(request, MAX_BYTES)).toString())
  if (request.method !== 'POST') throw new Refusal(405, `Method: expected POST, got ${request.method}.`)
  const target = request.headers['x-amz-target'] ?? TARGET
  if (target !== TARGET) throw new Refusal(404, `X-Amz-Target: expected ${TARGET}, got ${target}.`)
  const entries = isJsonObject(body) ? body.Entries : undefined
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > 10 || !entries.every(isJsonObject))
    throw new Refusal(400, 'Entries: expected 1 to 10 objects.')
  const Entries = entries.map(entry => {
    const event = toEvent(entry)
    if (typeof event === 'string') return { ErrorCode: 'MalformedDetail', ErrorMessage: event }
    onEvent(event)
    return { EventId: event.id }
  })
  const FailedEntryCount = Entries.filter(entry => 'ErrorCode' in entry).length
  response
    .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
    .end(JSON.stringify({ FailedEntryCount, Entries }))
}

/** @returns the event, or what is wrong with the entry */
function toEvent({ Source, DetailType, Detail, Time, Resources = [] }: JsonObject): BusEvent | string {
  const detail = typeof Detail === 'string' ? parseJson(Detail) : undefined
  if (typeof Source !== 'string' || typeof DetailType !== 'string' || !Source || !DetailType || !isJsonObject(detail))
    return 'Expected Source, DetailType and Detail (a JSON object as text).'
  const time = typeof Time === 'number' ? new Date(Time * 1000) : new Date(String(Time ?? new Date().toISOString()))
  if (Number.isNaN(time.getTime())) return 'Time: expected seconds since 1970, or a date and time.'
  if (!Array.isArray(Resources) || !Resources.every(one => typeof one === 'string'))
    return 'Resources: expected a list of texts.'
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': DetailType,
    source: Source,
    account: LOCAL_ACCOUNT,
    time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
    region: LOCAL_REGION,
    resources: Resources,
    detail,
  }
}

async function deliver(
  event: unknown,
  invoke: BusOptions['invoke'],
  onExhausted: BusOptions['onExhausted'],
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await invoke(event)
      return
    } catch (error) {
      const retryMs = RETRY_MS[attempt]
      if (retryMs === undefined) {
        const { name, message } = error as Error
        const requestContext = {
          requestId: randomUUID(),
          functionArn: `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:function:eventbridge:$LATEST`,
          condition: 'RetriesExhausted',
          approximateInvokeCount: attempt + 1,
        }
        await onExhausted({
          version: '1.0',
          timestamp: new Date().toISOString(),
          requestContext,
          requestPayload: event,
          responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
          responsePayload: { errorType: name, errorMessage: message },
        })
        return
      }
      await pause(retryMs)
    }
  }
}
