// One request from event to answer: the stages beside each other, nothing decided here.
import type { Context } from 'aws-lambda'
import type { DeadLetters } from '../../lib/dead-letter/dead-letter-chain.ts'
import { letterFailures } from '../../lib/dead-letter/letter-failures.ts'
import { type DeliveryReport, refused } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { RecordFaultError } from '../../lib/errors.ts'
import { type HttpAnswer, type HttpRequest, parseHttpEvent, toHttpResult } from '../../lib/lambda/http-event.ts'
import type { InvocationReport } from '../../lib/lambda/invocation-report.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import type { Contracts } from '../../lib/validate/contract.ts'
import { problemAnswer } from './problem.ts'
import { type RequestedRecord, toRecords } from './to-records.ts'
import { toFaultResponse, toResponse } from './to-response.ts'

const HEALTH_MS = 1000

export interface HttpServices {
  readonly contracts: Contracts
  readonly letters: DeadLetters
  readonly report: InvocationReport
}

export async function handleHttp(event: unknown, context: Context & KafkaContext, services: HttpServices): Promise<unknown> {
  const request = parseHttpEvent(event)
  const requestId = request?.requestId ?? context.awsRequestId
  if (!request) {
    const answer = problemAnswer({ status: 400, code: 'bad-json', title: 'Refused', detail: 'event: expected an HTTP event of API Gateway, a function URL or an ALB.', requestId })
    return toHttpResult('apigw-v2', event, answer)
  }
  return toHttpResult(request.kind, event, await answerRequest(request, requestId, context, services))
}

async function answerRequest(request: HttpRequest, requestId: string, context: Context & KafkaContext, services: HttpServices): Promise<HttpAnswer> {
  try {
    if (request.path === '/health') return await health(request, context)
    const topic = topicOf(request.path)
    if (request.method !== 'POST') throw new RecordFaultError('method', `method: expected POST.`)
    const requested = toRecords(request, topic, requestId, services.contracts)
    const fates = await sendAndSettle(topic, requested, requestId, context, services)
    return toResponse(fates, requestId)
  } catch (error) {
    if (!(error instanceof RecordFaultError)) throw error
    services.report.refusedRequest(error.faultCode)
    return toFaultResponse(error, requestId)
  }
}

async function health(request: HttpRequest, { kafka }: KafkaContext): Promise<HttpAnswer> {
  if (request.method !== 'GET') throw new RecordFaultError('method', 'method: expected GET.')
  const isReachable = await kafka.producer.isReachable(Deadline.after(systemClock, HEALTH_MS))
  return { status: isReachable ? 200 : 503, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: isReachable ? 'ok' : 'unavailable' }) }
}

function topicOf(path: string): string {
  const match = /^\/topics\/([^/]+)$/.exec(path)
  try {
    if (match) return decodeURIComponent(match[1] as string)
  } catch {
    // A broken escape names no topic.
  }
  throw new RecordFaultError('unknown-topic', 'path: expected /topics/{topic} or /health.')
}

async function sendAndSettle(
  topic: string,
  requested: readonly RequestedRecord[],
  requestId: string,
  context: Context & KafkaContext,
  { letters, report }: HttpServices,
): Promise<{ id: string; fate: RecordFate }[]> {
  const { producer } = context.kafka
  const sendable = requested.flatMap(({ record }) => (record instanceof RecordFaultError ? [] : [record]))
  const sent = (await producer.sendAll(sendable))[Symbol.iterator]()
  const reports = requested.map(
    ({ id, record }): DeliveryReport =>
      record instanceof RecordFaultError ? refused({ topic, value: null, sourceId: id }, undefined, record, Date.now()) : (sent.next().value as DeliveryReport),
  )
  const settled = await letterFailures(reports, {
    letters,
    idOf: index => (requested[index] as RequestedRecord).id,
    sourceOf: index => ({ trigger: 'http', id: requestId, index, function: context.functionName ?? null, arn: null, receiveCount: null }),
    onFailure: report.letterFailed,
  })
  const fates = reports.map((item, index) => ({ id: (requested[index] as RequestedRecord).id, fate: settled.get(index) ?? fateOf(item) }))
  report.invocation(
    reports,
    fates.map(({ fate }) => fate),
    producer.metrics(),
  )
  return fates
}

function fateOf(report: DeliveryReport): RecordFate {
  if (report.kind === 'delivered') return { fate: 'delivered', metadata: report.metadata }
  const { error } = report
  if (!(error instanceof RecordFaultError)) return { fate: 'returned', outcome: report.outcome, code: report.code }
  return { fate: 'refused', status: error.status, code: error.faultCode, violations: error.violations, truncated: error.truncated }
}
