// A function with its middleware, over a scripted cluster: event in, answer out.
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { Services } from '../../functions/create-services.ts'
import { handleHttp } from '../../functions/http/handle-http.ts'
import { RequestLimit } from '../../functions/http/request-limit.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { loadContracts } from '../../lib/contracts/load-contracts.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DeadLetterPublisher } from '../../lib/dead-letter/dead-letter-publisher.ts'
import type { DeadLetterTarget, StoreResult } from '../../lib/dead-letter/dead-letter-target.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { InvocationLog } from '../../lib/lambda/invocation-log.ts'
import { type KafkaContext, kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import type { DecodedRecord } from '../../lib/testing/partition-log.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { KafkaClient } from '../../lib/transport/kafka-client.ts'

const ofTheRepository = await loadContracts()

// With this, Powertools logs through the global console, which the harness records.
process.env.POWERTOOLS_DEV = 'true'

class MemoryDeadLetterTarget implements DeadLetterTarget {
  readonly deadLetters: DeadLetter[] = []
  fails = false
  /** The ids of records whose dead letters are not stored. */
  readonly refused = new Set<string>()

  async store(deadLetters: readonly DeadLetter[]): Promise<StoreResult[]> {
    if (this.fails) throw new Error('disk full')
    return deadLetters.map(deadLetter => {
      if (this.refused.has(deadLetter.recordId)) return new DeadLetterError('dead-letter', 'refused')
      this.deadLetters.push(deadLetter)
      return `memory:${deadLetter.deadLetterId}`
    })
  }

  async close(): Promise<void> {}
}

export interface HarnessOptions {
  readonly script?: readonly Attempt[]
  readonly options?: ProducerOptions
  readonly deadLetters?: boolean
  readonly client?: KafkaClient
  readonly contracts?: Contracts
  /** The cluster refuses a record of this value as too large. */
  readonly poison?: string
  /** A partition that refuses every batch. */
  readonly sick?: number
}

export interface Harness {
  readonly client: ScriptedKafkaClient
  readonly deadLetters: MemoryDeadLetterTarget
  readonly logged: string[]
  invoke(event: unknown, remainingMs?: number): Promise<unknown>
  /** With another context than Lambda's. */
  invokeIn(context: object, event: unknown): Promise<unknown>
}

type Handle = (event: unknown, context: Context & KafkaContext, services: Services) => Promise<unknown>

export function functionHarness(
  handle: Handle,
  {
    script = [],
    options = {},
    deadLetters = true,
    client,
    contracts = ofTheRepository,
    poison,
    sick,
  }: HarnessOptions = {},
): Harness {
  const scriptedClient = new ScriptedKafkaClient({
    partitions: 3,
    brokers: 1,
    clock: systemClock,
    script,
    latencyMs: 1,
    ...(poison === undefined ? {} : { poison }),
    ...(sick === undefined ? {} : { sick }),
  })
  const config = parseConfig(
    { bootstrapServers: ['a:1', 'b:1'], retries: 2, retryBackoffMs: 1, retryBackoffMaxMs: 2, ...options },
    {},
  )
  const factory = new ProducerFactory({ rules: { contracts }, createClient: () => client ?? scriptedClient })
  const target = new MemoryDeadLetterTarget()
  const logged: string[] = []
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    console[method] = (...args: unknown[]) => void logged.push(args.map(String).join(' '))
  const services: Services = {
    config,
    contracts,
    deadLetters: new DeadLetterPublisher(deadLetters ? [target] : []),
    log: new InvocationLog('test', line => logged.push(line)),
  }
  const handler = middy()
    .use(kafkaProducer({ factory, config, recordId: 'none' })) // as the functions
    .handler((event, context) => handle(event, context, services))
  const invokeIn = async (context: object, event: unknown) => handler(event, context as Context & KafkaContext)
  const invoke = (event: unknown, remainingMs = 29_000) =>
    invokeIn(
      { awsRequestId: 'aws-1', functionName: 'test-function', getRemainingTimeInMillis: () => remainingMs },
      event,
    )
  return { client: scriptedClient, deadLetters: target, logged, invoke, invokeIn }
}

/** The records in the log, by partition. */
export function recordsOf({ client }: Harness): readonly DecodedRecord[] {
  return client.logs.flatMap(({ records }) => records)
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

export interface HttpHarness extends Harness {
  invoke(event: unknown, remainingMs?: number): Promise<Record<string, unknown>>
  post(topic: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
}

export function httpHarness(options: HarnessOptions = {}): HttpHarness {
  const limit = new RequestLimit()
  const harness = functionHarness((...invocation) => handleHttp(...invocation, limit), options)
  const invoke = async (event: unknown, remainingMs?: number) =>
    (await harness.invoke(event, remainingMs)) as Record<string, unknown>
  return {
    ...harness,
    invoke,
    post: async (topic, body, headers = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const result = await invoke(
        v2Event('POST', `/topics/${topic}`, Buffer.from(text), { 'content-type': 'application/json', ...headers }),
      )
      return {
        status: result.statusCode as number,
        headers: result.headers as Record<string, string>,
        body: JSON.parse(result.body as string),
      }
    },
  }
}

export function v2Event(
  method: string,
  path: string,
  body: Buffer,
  headers: Record<string, string>,
): Record<string, unknown> {
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers,
    requestContext: { requestId: 'r-1', timeEpoch: Date.now(), stage: '$default', http: { method, path } },
    body: body.toString('base64'),
    isBase64Encoded: true,
  }
}

/** A message of SQS, as a batch has it. */
export const sqsMessage = (queue: string, body: unknown, more: object = {}) => ({
  messageId: 'm-1',
  body,
  attributes: { ApproximateReceiveCount: '1' },
  messageAttributes: {},
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:eu-west-1:123456789012:${queue}`,
  ...more,
})
