// Handles what the redrive function is invoked with: a scheduled or manual redrive, an SQS batch of dead letters, or,
// manually only, the doctor and the request to stop a redrive.
import type { Context, SQSBatchResponse } from 'aws-lambda'
import type { ProducerConfig } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import type { Check } from '../../lib/doctor/check.ts'
import { KafkaProducerError } from '../../lib/errors.ts'
import { remainingMs } from '../../lib/lambda/invocation-facts.ts'
import { toSqsResponse } from '../../lib/lambda/sqs-event.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { EventDeadLetterStore } from '../../lib/redrive/event-dead-letters.ts'
import type { RedriveResult } from '../../lib/redrive/redrive.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { allowedSources, configuredSources } from '../../lib/redrive/redrive-sources.ts'
import { redriveStore, runRedrive } from '../../lib/redrive/run-redrive.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import type { StopResult } from '../../lib/redrive/stop-redrive.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

export interface RedriveServices {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly log: { redrive(results: readonly RedriveResult[]): void; warn(text: string): void }
}

type Answer =
  | SQSBatchResponse
  | { readonly results: readonly RedriveResult[] }
  | { readonly stops: readonly StopResult[] }
  | { readonly healthy: boolean; readonly checks: readonly Check[] }

/** Milliseconds at the end of the invocation that are reserved to complete the work in progress. */
const RESERVE_MS = 10_000
/** For a context that does not say how much time is left, as in a unit test. */
const DEFAULT_MS = 60_000

export async function handleRedrive(event: unknown, context: Context, services: RedriveServices): Promise<Answer> {
  if (isJsonObject(event) && event.doctor === true) return runDoctor(services)
  if (isJsonObject(event) && event.stop !== undefined) return requestStop(event, services)
  const ms = remainingMs(context, DEFAULT_MS)
  const deadline = Deadline.after(systemClock, ms - RESERVE_MS)
  if (deadline.passed)
    throw new KafkaProducerError(
      'deadline-too-short',
      `The redrive function has ${ms} ms left, expected more than ${RESERVE_MS}. Raise its timeout.`,
    )
  const records = isJsonObject(event) && Array.isArray(event.Records) ? (event.Records as unknown[]) : undefined
  const { config, contracts, log } = services
  const readSourceMessage = createSourceMessageReader(contracts, config)
  const redriveContext = { config, contracts, readSourceMessage, deadline, warn: log.warn }
  if (records) {
    // A message without an id can't be listed in batchItemFailures, and a stream would take that answer for success.
    if (!records.every(record => isJsonObject(record) && typeof record.messageId === 'string'))
      throw new KafkaProducerError('bad-value', 'event: expected an SQS batch, Records with a messageId each.')
    const store = new EventDeadLetterStore(records, configuredSources(config, readSourceMessage), readSourceMessage)
    log.redrive([await redriveStore(store, parseRedriveRequest({}), redriveContext)])
    return toSqsResponse(store.returned)
  }
  const results = await runRedrive(
    parseRedriveRequest(event, allowedSources(config, readSourceMessage)),
    redriveContext,
  )
  log.redrive(results)
  return { results }
}

/** Asks running redrives to stop, and returns a result per target. A redrive that stops returns its own counts. */
async function requestStop(
  event: Readonly<Record<string, unknown>>,
  { config, contracts, log }: RedriveServices,
): Promise<Answer> {
  const { parseStopRequest, stopRedrive } = await import('../../lib/redrive/stop-redrive.ts')
  const readSourceMessage = createSourceMessageReader(contracts, config)
  const request = parseStopRequest(event, allowedSources(config, readSourceMessage))
  return { stops: await stopRedrive(request, { config, readSourceMessage, warn: log.warn }) }
}

async function runDoctor({ contracts }: RedriveServices): Promise<Answer> {
  const { doctor, isHealthy } = await import('../../lib/doctor/doctor.ts')
  const checks = await doctor(process.env, [...contracts.keys()], { contracts })
  return { healthy: isHealthy(checks), checks }
}
