// Handles an HTTP request, from event to answer, by calling the stages in order. Decides which failures become dead
// letters (KAFKA_ON_FAILURE_HTTP), and that an invalid record is refused.
import type { Context } from 'aws-lambda'
import type { Failed } from '../../lib/delivery/delivery-report.ts'
import { isInstance, KafkaProducerError } from '../../lib/errors.ts'
import { type HttpAnswer, type HttpRequest, parseHttpEvent, toHttpResult } from '../../lib/lambda/http-event.ts'
import { invocationId } from '../../lib/lambda/invocation-facts.ts'
import type { KafkaContext } from '../../lib/lambda/kafka-producer-middleware.ts'
import type { SourceRecord } from '../../lib/lambda/source-record.ts'
import { isHttpWarmUp } from '../../lib/lambda/warm-up.ts'
import { headerList } from '../../lib/record/header-list.ts'
import type { ProducerRecordHeader } from '../../lib/record/producer-record.ts'
import { guardedCallback } from '../../lib/warn.ts'
import type { Services } from '../create-services.ts'
import { publishDeadLetters } from '../publish-dead-letters.ts'
import { sendSourceRecords } from '../send-source-records.ts'
import { withCors } from './cors.ts'
import type { AnsweredRecord } from './dialects/dialect.ts'
import { native } from './dialects/native.ts'
import { fateOf, knownFates, type Progress } from './known-fates.ts'
import { RequestError } from './request-error.ts'
import { RequestLimit } from './request-limit.ts'
import { allowedMethods, matchRoute, type RouteMatch } from './routes.ts'

/**
 * Longer than a connection attempt and its back-off (3 s and 1 s by default). Otherwise an attempt that began while the
 * brokers were away would make the first health check after their return fail.
 */
const HEALTH_MS = 5000

/**
 * Sends the records of an HTTP request.
 * @param limit of requests at once; one per process
 * @throws KafkaProducerError for an event that is not an HTTP request: any answer to a batch of a queue or stream would
 *   count as success, and its messages would be deleted
 */
export async function handleHttp(
  event: unknown,
  context: Context & KafkaContext,
  services: Services,
  limit = new RequestLimit(),
): Promise<unknown> {
  if (isHttpWarmUp(event)) return answerWarmUp(context, services)
  const request = parseHttpEvent(event)
  const requestId = request?.requestId ?? invocationId(context)
  if (!request) {
    services.log.refusedRequest(requestId, 'bad-value')
    throw new KafkaProducerError(
      'bad-value',
      'event: expected an HTTP event of API Gateway, a function URL, a load balancer or VPC Lattice.',
    )
  }
  const answered = await answerRequest(request, requestId, context, services, limit)
  const answer = withCors(answered, request, services.config.httpCorsOrigins)
  return toHttpResult(request.kind, event, request.method === 'HEAD' ? { ...answer, body: '' } : answer)
}

/** Most pings ignore the answer; senders of HTTP pings expect one in the form of an HTTP answer. */
function answerWarmUp(context: Context & KafkaContext, { log }: Services): unknown {
  log.invocation(invocationId(context), [], [], context.kafka.producer.metrics(), { ignored: ['warm-up'] })
  return toHttpResult('apigw-v2', {}, jsonAnswer(200, { status: 'warm' }))
}

function jsonAnswer(status: number, body: unknown): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

async function answerRequest(
  request: HttpRequest,
  requestId: string,
  context: Context & KafkaContext,
  services: Services,
  limit: RequestLimit,
): Promise<HttpAnswer> {
  const progress: Progress = {}
  let match: RouteMatch | undefined
  try {
    const { httpBasePath, httpMaxConcurrency, principalHeader } = services.config
    if (request.method === 'OPTIONS')
      return { status: 204, headers: { allow: allowedMethods(request, httpBasePath) }, body: '' }
    match = matchRoute(request, httpBasePath)
    const routeMatch = match
    const { dialect } = routeMatch
    if (!dialect) return await health(context)
    // Checked before the body is read, so that a refused request costs nothing.
    return await limit.run(httpMaxConcurrency, async () => {
      const parsed = dialect.parse(request, { ...routeMatch, requestId }, services.contracts)
      const sourceRecords = principalHeader ? withPrincipal(parsed, request.principal) : parsed
      const answered = await sendOrDeadLetter(sourceRecords, requestId, context, services, progress)
      return dialect.respond(answered, request, requestId)
    })
  } catch (error) {
    const dialect = match?.dialect ?? native
    if (isInstance(error, RequestError)) {
      services.log.refusedRequest(requestId, error.code)
      return dialect.respondToError(error, requestId)
    }
    const answered = knownFates(progress, isDeadLettered(services))
    // The caller learns the fates even if the error can't be logged.
    guardedCallback('log', services.log.requestFailed)(error, requestId, returnedOf(progress, answered))
    return dialect.respondToFailure(answered, request, requestId)
  }
}

/**
 * How many records `RecordsReturned` counts: those that the invocation's line has not counted. A request without known
 * records counts as one, because all of it goes back to its caller.
 */
function returnedOf({ isLogged }: Progress, answered: readonly AnsweredRecord[]): number {
  if (isLogged) return 0
  return answered.length === 0 ? 1 : answered.filter(({ fate }) => fate.fate === 'returned').length
}

/** Whether a failed record becomes a dead letter. */
function isDeadLettered({ config }: Services): (failed: Failed) => boolean {
  return ({ failureKind }) => failureKind === 'delivery-failure' && config.onFailureHttp === 'dead-letter'
}

function withPrincipal(records: readonly SourceRecord[], principal: string | undefined): readonly SourceRecord[] {
  if (principal === undefined) return records
  return records.map(each => {
    const recordHeaders = headerList(each.record.headers) as readonly ProducerRecordHeader[]
    const headers = [...recordHeaders, ['kp-principal', principal] as const]
    return { ...each, record: { ...each.record, headers } }
  })
}

async function health({ kafka }: KafkaContext): Promise<HttpAnswer> {
  const isReachable = await kafka.producer.isReachable(kafka.answerBy.limitedTo(HEALTH_MS))
  return jsonAnswer(isReachable ? 200 : 503, { status: isReachable ? 'ok' : 'unavailable' })
}

async function sendOrDeadLetter(
  sourceRecords: readonly SourceRecord[],
  requestId: string,
  context: Context & KafkaContext,
  services: Services,
  progress: Progress,
): Promise<readonly AnsweredRecord[]> {
  const { producer } = context.kafka
  progress.sourceRecords = sourceRecords
  const reports = await sendSourceRecords(sourceRecords, producer)
  progress.reports = reports
  const sourceOf = (index: number) => ({
    trigger: 'http' as const,
    id: requestId,
    index,
    arn: null,
    receiveCount: null,
  })
  const deadLetterFates = await publishDeadLetters(
    sourceRecords,
    reports,
    { shouldDeadLetter: isDeadLettered(services), sourceOf },
    context,
    services,
  )
  const answered = reports.map((report, index) => ({
    id: (sourceRecords[index] as SourceRecord).id,
    fate: deadLetterFates.get(index) ?? fateOf(report),
  }))
  progress.answered = answered
  services.log.invocation(
    requestId,
    reports,
    answered.map(({ fate }) => fate),
    producer.metrics(),
    { isGatewayClockIgnored: context.kafka.isGatewayClockIgnored },
  )
  progress.isLogged = true
  return answered
}
