// The HTTP function as it is wired, over a scripted cluster: event in, answer out.
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { handleHttp } from '../../functions/http/handle-http.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/settings.ts'
import { DeadLetters, type DeadLetterTarget } from '../../lib/dead-letter/dead-letter-chain.ts'
import type { DeadLetter } from '../../lib/dead-letter/envelope.ts'
import { InvocationReport } from '../../lib/lambda/invocation-report.ts'
import { type KafkaContext, kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { KafkaClient } from '../../lib/transport/kafka-client.ts'
import { loadContracts } from '../../scripts/load-contracts.ts'
import { type Attempt, FakeKafkaClient } from './fake-kafka-client.ts'

// Powertools then logs through the global console, which the harness collects.
process.env.POWERTOOLS_DEV = 'true'

class MemoryLetters implements DeadLetterTarget {
  readonly letters: DeadLetter[] = []
  fails = false

  async store(letters: readonly DeadLetter[]): Promise<string[]> {
    if (this.fails) throw new Error('disk full')
    this.letters.push(...letters)
    return letters.map(({ letterId }) => `memory:${letterId}`)
  }

  async close(): Promise<void> {}
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

export interface Harness {
  readonly client: FakeKafkaClient
  readonly letters: MemoryLetters
  readonly logged: string[]
  invoke(event: unknown, remainingMs?: number): Promise<Record<string, unknown>>
  post(topic: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
}

export function httpHarness({
  script = [],
  options = {},
  letters = true,
  client,
}: {
  script?: readonly Attempt[]
  options?: ProducerOptions
  letters?: boolean
  client?: KafkaClient
} = {}): Harness {
  const fake = new FakeKafkaClient({ partitions: 3, brokers: 1, clock: systemClock, script, latencyMs: 1 })
  const contracts = loadContracts()
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:1'], retries: 2, retryBackoffMs: 1, retryBackoffMaxMs: 2, ...options }, {})
  const factory = new ProducerFactory({ rules: { contracts }, createClient: () => client ?? fake })
  const target = new MemoryLetters()
  const logged: string[] = []
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) console[method] = (...args: unknown[]) => void logged.push(args.map(String).join(' '))
  const services = { contracts, letters: new DeadLetters(letters ? [target] : []), report: new InvocationReport('http') }
  const handler = middy()
    .use(kafkaProducer({ factory, config }))
    .handler((event, context) => handleHttp(event, context, services))
  const invoke = async (event: unknown, remainingMs = 29_000) =>
    (await handler(event, { awsRequestId: 'aws-1', functionName: 'http', getRemainingTimeInMillis: () => remainingMs } as Context & KafkaContext)) as Record<string, unknown>
  return {
    client: fake,
    letters: target,
    logged,
    invoke,
    post: async (topic, body, headers = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const result = await invoke(v2Event('POST', `/topics/${topic}`, Buffer.from(text), { 'content-type': 'application/json', ...headers }))
      return { status: result.statusCode as number, headers: result.headers as Record<string, string>, body: JSON.parse(result.body as string) }
    },
  }
}

export function v2Event(method: string, path: string, body: Buffer, headers: Record<string, string>): Record<string, unknown> {
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
