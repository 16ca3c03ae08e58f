// An event bus on 127.0.0.1 that accepts PutEvents and invokes the function as EventBridge and Lambda do:
// asynchronously, with three attempts, then the on-failure destination. Its rules come from the contracts.
// Sources: docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
//          docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html

import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { routeOfEvent } from '../../lib/contracts/route.ts'
import { isJsonObject, parseJson } from '../../lib/record/json-object.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../sqs/elasticmq.ts'

/** Lambda waits one minute, then two: too long for a local stack. */
const RETRY_MS = [1000, 2000]

export interface BusOptions {
  readonly port: number
  readonly contracts: Contracts
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

interface PutEntry {
  readonly Source?: string
  readonly DetailType?: string
  readonly Detail?: string
  readonly Time?: string | number
  readonly Resources?: readonly string[]
}

export async function startBus({
  port,
  contracts,
  invoke,
  onExhausted,
  onError = () => {},
}: BusOptions): Promise<LocalBus> {
  const deliveries = new Set<Promise<void>>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answer = putEvents(Buffer.concat(chunks).toString(), event => {
      if (!routeOfEvent(contracts, event.source, event['detail-type'])) return
      const work = deliver(event, invoke, onExhausted).catch(onError)
      deliveries.add(work)
      void work.finally(() => deliveries.delete(work))
    })
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    server,
    idle: async () => {
      while (deliveries.size > 0) await Promise.all(deliveries)
    },
  }
}

function putEvents(body: string, onEvent: (event: Record<string, unknown>) => void): { status: number; body: unknown } {
  let entries: unknown
  try {
    entries = (JSON.parse(body) as { Entries?: unknown }).Entries
  } catch {
    entries = undefined
  }
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > 10)
    return { status: 400, body: { __type: 'ValidationException', message: 'Entries: expected 1 to 10 entries.' } }
  const Entries = (entries as PutEntry[]).map(entry => {
    const detail = parseDetail(entry.Detail)
    if (!entry.Source || !entry.DetailType || detail === undefined)
      return {
        ErrorCode: 'MalformedDetail',
        ErrorMessage: 'Expected Source, DetailType and Detail (a JSON object as text).',
      }
    const id = randomUUID()
    const time = (
      entry.Time === undefined ? new Date() : new Date(typeof entry.Time === 'number' ? entry.Time * 1000 : entry.Time)
    )
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
    onEvent({
      version: '0',
      id,
      'detail-type': entry.DetailType,
      source: entry.Source,
      account: LOCAL_ACCOUNT,
      time,
      region: LOCAL_REGION,
      resources: entry.Resources ?? [],
      detail,
    })
    return { EventId: id }
  })
  return { status: 200, body: { FailedEntryCount: Entries.filter(entry => 'ErrorCode' in entry).length, Entries } }
}

function parseDetail(detail: unknown): object | undefined {
  const parsed = parseJson(String(detail))
  return isJsonObject(parsed) ? parsed : undefined
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
