// One request from event to answer: the stages beside each other, nothing decided here.
import type { Context } from 'aws-lambda'
import type { DeliveryReport, Failed } from '../../lib/delivery/delivery-report.ts'
import { openScopes } from '../../lib/delivery/invocation-scope.ts'
import { fateWithoutDeadLetter, type RecordFate } from '../../lib/delivery/record-fate.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { type HttpAnswer, type HttpRequest, parseHttpEvent, toHttpResult } from '../../lib/lambda/http-event.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { type SourceRecord, sendSourceRecords } from '../source-record.ts'
import { problemAnswer } from './problem.ts'
import { toRecords } from './to-records.ts'
import { toErrorResponse, toResponse } from './to-response.ts'

const HEALTH_MS = 1000

export async function handleHttp(
  event: unknown,
  context: Context & KafkaContext,
  services: Services,
): Promise<unknown> {
  const request = parseHttpEvent(event)
  const requestId = request?.requestId ?? context.awsRequestId
  if (!request) {
    const answer = problemAnswer({
      status: 400,
      code: 'bad-json',
      title: 'Refused',
      detail: 'event: expected an HTTP event of API Gateway, a function URL or an ALB.',
      requestId,
    })
    return toHttpResult('apigw-v2', event, answer)
  }
  return toHttpResult(request.kind, event, await answerRequest(request, requestId, context, services))
}

async function answerRequest(
  request: HttpRequest,
  requestId: string,
  context: Context & KafkaContext,
  services: Services,
): Promise<HttpAnswer> {
  try {
    if (request.path === '/health') return await health(request, context)
    // Before anything of the body is read, and nothing of it is kept.
    const most = services.config.httpMaxConcurrency
    if (openScopes() > most)
      throw new InvalidRecordError(
        'too-many-requests',
        `expected at most ${most} requests at once (KAFKA_HTTP_MAX_CONCURRENCY); nothing is stored.`,
      )
    const topic = topicOf(request.path)
    if (request.method !== 'POST') throw new InvalidRecordError('method', `method: expected POST.`)
    const sourceRecords = toRecords(request, topic, requestId, services.contracts)
    const fates = await sendAndComplete(sourceRecords, requestId, context, services)
    return toResponse(fates, requestId)
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error
    services.report.refusedRequest(requestId, error.code)
    return toErrorResponse(error, requestId)
  }
}

async function health(request: HttpRequest, { kafka }: KafkaContext): Promise<HttpAnswer> {
  if (request.method !== 'GET') throw new InvalidRecordError('method', 'method: expected GET.')
  const isReachable = await kafka.producer.isReachable(Deadline.after(systemClock, HEALTH_MS))
  return {
    status: isReachable ? 200 : 503,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status: isReachable ? 'ok' : 'unavailable' }),
  }
}

function topicOf(path: string): string {
  const match = /^\/topics\/([^/]+)$/.exec(path)
  try {
    if (match) return decodeURIComponent(match[1] as string)
  } catch {
    // A broken escape names no topic.
  }
  throw new InvalidRecordError('unknown-topic', 'path: expected /topics/{topic} or /health.')
}

async function sendAndComplete(
  sourceRecords: readonly SourceRecord[],
  requestId: string,
  context: Context & KafkaContext,
  services: Services,
): Promise<{ id: string; fate: RecordFate }[]> {
  const { producer } = context.kafka
  const reports = await sendSourceRecords(sourceRecords, producer)
  const shouldDeadLetter = ({ failureKind }: Failed) =>
    failureKind === 'delivery-failure' && services.config.onFailureHttp === 'dead-letter'
  const sourceOf = (index: number) => ({
    trigger: 'http' as const,
    id: requestId,
    index,
    arn: null,
    receiveCount: null,
  })
  const completed = await publishDeadLetters(sourceRecords, reports, { shouldDeadLetter, sourceOf }, context, services)
  const fates = reports.map((item, index) => ({
    id: (sourceRecords[index] as SourceRecord).id,
    fate: completed.get(index) ?? fateOf(item),
  }))
  services.report.invocation(
    requestId,
    reports,
    fates.map(({ fate }) => fate),
    producer.metrics(),
  )
  return fates
}

/** A caller keeps a record that is at fault. */
function fateOf(report: DeliveryReport): RecordFate {
  if (report.kind === 'delivered' || !(report.error instanceof InvalidRecordError)) return fateWithoutDeadLetter(report)
  const { status, code, violations, truncated } = report.error
  return { fate: 'refused', status, code, violations, truncated }
}
