// The local stack as one thing: Kafka (or the user's cluster), the topics of the contracts, the HTTP function, its gateway.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadContracts } from '../scripts/load-contracts.ts'
import { startGateway } from './gateway.ts'
import { createTopics, partitionsOf } from './kafka/admin.ts'
import { LocalKafka } from './kafka/cluster.ts'
import { freePort } from './ports.ts'
import { LocalFunction, type LocalFunctionOptions } from './runtime/local-function.ts'

const FUNCTION_TIMEOUT_MS = 29_000

export interface StackOptions {
  readonly brokers: number
  readonly port: number
  readonly concurrency: number
  readonly env?: Readonly<Record<string, string>>
  readonly log: (line: string) => void
  readonly onOutput: (line: string) => void
  readonly runtime?: LocalFunctionOptions['runtime']
}

export interface Stack {
  readonly url: string
  readonly bootstrapServers: string
  /** Undefined when a cluster was given: then nobody may stop its brokers. */
  readonly kafka: LocalKafka | undefined
  readonly http: LocalFunction
  /** Deploys the function with other settings: its warm sandboxes are replaced. */
  reconfigure(env: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const given = process.env.KAFKA_BOOTSTRAP_SERVERS
  const kafka = given ? undefined : await LocalKafka.start(options.brokers, { log: options.log, firstPort: 9092 })
  let server: Server | undefined
  let http: LocalFunction | undefined
  const stop = async () => {
    server?.close()
    server?.closeAllConnections()
    await http?.stop()
    await kafka?.stop()
  }
  try {
    const bootstrapServers = given ?? (kafka as LocalKafka).bootstrapServers
    const topics = [...loadContracts().values()].map(({ topic, partitions }) => ({ topic, partitions }))
    await createTopics(bootstrapServers, topics)
    await Promise.all(topics.map(({ topic }) => partitionsOf(bootstrapServers, topic)))
    http = new LocalFunction({
      name: 'http',
      bundle: 'dist/functions/http/index.mjs',
      timeoutMs: FUNCTION_TIMEOUT_MS,
      concurrency: options.concurrency,
      onOutput: options.onOutput,
      env: { ...kafkaSettings(), KAFKA_BOOTSTRAP_SERVERS: bootstrapServers, KAFKA_FUNCTION_TIMEOUT_MS: String(FUNCTION_TIMEOUT_MS), ...options.env },
      ...(options.runtime ? { runtime: options.runtime } : {}),
    })
    const invoke = (event: unknown) => (http as LocalFunction).invoke(event)
    server = await startGateway(await freePort(options.port), invoke, error => options.log(`The function failed: ${(error as Error).message}`))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bootstrapServers, kafka, http, stop, reconfigure: env => (http as LocalFunction).reload(env) }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The user's own settings reach the function as they would from the template. */
function kafkaSettings(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[0].startsWith('KAFKA_') && entry[1] !== undefined))
}
