// A redrive by schedule, by hand, or of messages that Lambda received; and the doctor, by hand only.
import type { Context, SQSBatchResponse, SQSRecord } from 'aws-lambda'
import type { ProducerConfig } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { createDeadLetterProducer } from '../../lib/create-dead-letter-publisher.ts'
import type { Check } from '../../lib/doctor/check.ts'
import { KafkaProducerError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { createLogReader, deadLetterTopicsOf } from '../../lib/redrive/open-dead-letters.ts'
import { type RedriveResult, redrive } from '../../lib/redrive/redrive.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { toResponse } from '../sqs/to-response.ts'
import { EventDeadLetterStore } from './event-dead-letters.ts'
import { parseRedriveRequest } from './redrive-request.ts'
import { optionsOf, runRedrive } from './run-redrive.ts'
import { rawToDeadLetters } from './to-dead-letters.ts'

export interface RedriveServices {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly report: { redrive(results: readonly RedriveResult[]): void; warn(text: string): void }
}

type Answer =
  | SQSBatchResponse
  | { readonly results: readonly RedriveResult[] }
  | { readonly healthy: boolean; readonly checks: readonly Check[] }

/** Kept from the invocation's time for what is under way when it ends. */
const RESERVE_MS = 10_000

export async function handleRedrive(event: unknown, context: Context, services: RedriveServices): Promise<Answer> {
  if (isJsonObject(event) && event.doctor === true) return examine(services)
  const deadline = Deadline.after(systemClock, context.getRemainingTimeInMillis() - RESERVE_MS)
  if (deadline.passed)
    throw new KafkaProducerError('deadline-too-short', `The function's time-out: expected more than ${RESERVE_MS} ms.`)
  const records = isJsonObject(event) && Array.isArray(event.Records) ? (event.Records as SQSRecord[]) : undefined
  if (records) return redriveBatch(records, deadline, services)
  const { config, contracts, report } = services
  const results = await runRedrive(parseRedriveRequest(event), { config, contracts, deadline, warn: report.warn })
  report.redrive(results)
  return { results }
}

async function redriveBatch(
  records: readonly SQSRecord[],
  deadline: Deadline,
  { config, contracts, report }: RedriveServices,
): Promise<SQSBatchResponse> {
  const { defaultTopic, maxRequestSize } = config
  const deadLetters = new EventDeadLetterStore(records, rawToDeadLetters({ contracts, defaultTopic, maxRequestSize }))
  const producer = createDeadLetterProducer(config)
  const { reader, closeReader } = createLogReader(config)
  try {
    const options = optionsOf(parseRedriveRequest({}), { config, contracts, deadline }, producer)
    report.redrive([
      await redrive(deadLetters, { ...options, log: reader, isDeadLetterTopic: deadLetterTopicsOf(config.deadLetter) }),
    ])
  } finally {
    await Promise.all([producer.close(), closeReader()])
  }
  return toResponse(deadLetters.returned)
}

async function examine({ contracts }: RedriveServices): Promise<Answer> {
  const { doctor, isHealthy } = await import('../../lib/doctor/doctor.ts')
  const checks = await doctor(process.env, [...contracts.keys()])
  return { healthy: isHealthy(checks), checks }
}
