// The local stack: Kafka (or the user's cluster), the topics and queues of the contracts, the functions, and their
// triggers (an HTTP gateway, SQS pollers and an event bus).
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import type { Contracts } from '../lib/contracts/contract.ts'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { withQueuePrefix } from '../lib/contracts/queue-prefix.ts'
import { deepJsonText } from '../lib/record/json-object.ts'
import { type LocalBus, startBus } from './eventbridge/bus.ts'
import { startGateway } from './gateway.ts'
import { createTopics, partitionsOf } from './kafka/admin.ts'
import { LocalKafka } from './kafka/cluster.ts'
import { OutcomeTimeline } from './outcome-timeline.ts'
import { EVENT_FAILURES, leaseQueue, localQueues, queueNames, redriveSettings } from './queues.ts'
import { LocalApicurio } from './registry/apicurio.ts'
import { LocalFunction, type LocalFunctionOptions } from './runtime/local-function.ts'
import { type LocalSqs, startSqs } from './sqs/elasticmq.ts'
import { SqsPoller } from './sqs/poller.ts'

const HTTP_TIMEOUT_MS = 29_000
/** The template's timeout is 60 s, and a returned message is hidden for six times that: too long for a local stack. */
const QUEUE_TIMEOUT_MS = 15_000
const VISIBILITY_S = 20
const SQS_PORT = 9324
const BUS_PORT = 4010
/** The default port of Confluent's registry. */
const REGISTRY_PORT = 8081

export interface StackOptions {
  readonly brokers: number
  readonly port: number
  /** Whether to start a schema registry, too. Default: false. */
  readonly registry?: boolean
  /** Maximum number of sandboxes per function. */
  readonly concurrency: number
  readonly env?: Readonly<Record<string, string>>
  readonly log: (line: string) => void
  readonly onOutput: (line: string) => void
  readonly runtime?: LocalFunctionOptions['runtime']
  /** Timeout of the queue functions; `visibilityS` must be longer. */
  readonly queueTimeoutMs?: number
  readonly visibilityS?: number
}

const FUNCTIONS = ['http', 'sqs', 'sqs-fifo', 'eventbridge'] as const
type FunctionName = (typeof FUNCTIONS)[number]

export interface Stack {
  readonly url: string
  readonly busUrl: string
  readonly bootstrapServers: string
  /** Undefined with KAFKA_BOOTSTRAP_SERVERS, because the stack never stops brokers of the user's cluster. */
  readonly kafka: LocalKafka | undefined
  /** The URL of Confluent's API; undefined without a registry. */
  readonly registryUrl: string | undefined
  readonly sqs: LocalSqs
  readonly bus: LocalBus
  /** What the command and the console redrive in addition to the dead-letter targets. */
  readonly redriveSettings: ReturnType<typeof redriveSettings>
  readonly functions: Readonly<Record<FunctionName, LocalFunction>>
  /** What happened to the records of the functions. */
  readonly outcomes: OutcomeTimeline
  /**
   * Deploys the functions again with these additional settings, and creates the topics and queues of new contracts.
   * Replaces warm sandboxes.
   */
  reload(env?: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const { log, queueTimeoutMs = QUEUE_TIMEOUT_MS, visibilityS = VISIBILITY_S } = options
  let contracts = await loadStackContracts()
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    // Stops the triggers first, then the functions, then the servers.
    for (const stopPart of stops.splice(0).reverse()) await stopPart()
  }
  try {
    const { kafka, bootstrapServers, registryUrl, sqs } = await startServers(options, contracts, visibilityS, stops)
    const settings = {
      KAFKA_COMPRESSION_TYPE: 'gzip',
      ...kafkaSettings(),
      KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
      ...(registryUrl === undefined ? {} : { KAFKA_SCHEMA_REGISTRY_URL: registryUrl }),
      ...options.env,
    }
    const outcomes = new OutcomeTimeline()
    const onOutput = (line: string) => {
      outcomes.addLine(line)
      options.onOutput(line)
    }
    const functionOf = (name: FunctionName) =>
      startFunction(name, name === 'http' ? HTTP_TIMEOUT_MS : queueTimeoutMs, settings, { ...options, onOutput })
    const functions = Object.fromEntries(FUNCTIONS.map(name => [name, functionOf(name)])) as Record<
      FunctionName,
      LocalFunction
    >
    stops.push(() => Promise.all(Object.values(functions).map(one => one.stop())))
    const onError = (name: string) => (error: unknown) => log(`${name}: ${(error as Error).message}`)
    const pollers = new Map<string, SqsPoller>()
    const poll = (queue: string) => {
      const handler = functions[queue.endsWith('.fifo') ? 'sqs-fifo' : 'sqs']
      const invoke = (event: unknown) => handler.invoke(event)
      const queueUrl = sqs.queueUrl(queue)
      pollers.set(
        queue,
        new SqsPoller({ client: sqs.client, queue, queueUrl, invoke, onError: onError(`Queue ${queue}`) }),
      )
    }
    for (const queue of queueNames(contracts)) poll(queue)
    stops.push(() => Promise.all([...pollers.values()].map(poller => poller.stop())))
    const bus = await startBus({
      port: BUS_PORT,
      contracts: () => contracts,
      invoke: event => functions.eventbridge.invoke(event),
      onExhausted: record =>
        sqs.client.send(
          new SendMessageCommand({ QueueUrl: sqs.queueUrl(EVENT_FAILURES), MessageBody: deepJsonText(record) }),
        ),
      onError: onError('Event bus'),
    })
    stops.push(async () => closeServer(bus.server))
    const gateway = await startGateway(options.port, event => functions.http.invoke(event), onError('HTTP function'))
    stops.push(async () => closeServer(gateway))
    const stack = {
      url: addressOf(gateway),
      busUrl: addressOf(bus.server),
      bootstrapServers,
      kafka,
      registryUrl,
      sqs,
      bus,
      functions,
      outcomes,
      stop,
    }
    return {
      ...stack,
      get redriveSettings() {
        return redriveSettings(contracts, sqs)
      },
      reload: async env => {
        contracts = await loadStackContracts()
        await Promise.all(Object.values(functions).map(one => one.reload(env)))
        await sqs.createQueues(localQueues(contracts, visibilityS))
        for (const queue of queueNames(contracts)) if (!pollers.has(queue)) poll(queue)
        // Done last, because it fails if the brokers are stopped.
        await createContractTopics(bootstrapServers, contracts)
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startServers(
  { brokers, registry = false, log }: StackOptions,
  contracts: Contracts,
  visibilityS: number,
  stops: (() => Promise<unknown>)[],
) {
  const userServers = process.env.KAFKA_BOOTSTRAP_SERVERS
  const kafka = userServers ? undefined : await LocalKafka.start(brokers, { log, firstPort: 9092 })
  if (kafka) stops.push(() => kafka.stop())
  const queues = [...localQueues(contracts, visibilityS), leaseQueue(visibilityS)]
  const sqs = await startSqs(queues, { log, firstPort: SQS_PORT })
  stops.push(() => sqs.stop())
  const apicurio = registry ? await LocalApicurio.start({ log, firstPort: REGISTRY_PORT }) : undefined
  if (apicurio) stops.push(() => apicurio.stop())
  const bootstrapServers = userServers ?? (kafka as LocalKafka).bootstrapServers
  await createContractTopics(bootstrapServers, contracts)
  return { kafka, sqs, bootstrapServers, registryUrl: apicurio?.url }
}

async function loadStackContracts(): Promise<Contracts> {
  return withQueuePrefix(await loadContracts(), process.env.KAFKA_QUEUE_PREFIX ?? '')
}

async function createContractTopics(bootstrapServers: string, contracts: Contracts): Promise<void> {
  const topics = [...contracts.values()].map(({ topic, partitions }) => ({ topic, partitions }))
  await createTopics(bootstrapServers, topics)
  await Promise.all(topics.map(({ topic }) => partitionsOf(bootstrapServers, topic)))
}

function startFunction(
  name: FunctionName,
  timeoutMs: number,
  settings: Record<string, string>,
  { concurrency, onOutput, runtime }: StackOptions,
): LocalFunction {
  return new LocalFunction({
    name,
    bundle: `dist/functions/${name === 'sqs-fifo' ? 'sqs' : name}/index.mjs`,
    timeoutMs,
    concurrency,
    onOutput,
    env: { ...settings, POWERTOOLS_SERVICE_NAME: name, KAFKA_FUNCTION_TIMEOUT_MS: String(timeoutMs) },
    ...(runtime ? { runtime } : {}),
  })
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function closeServer(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** Passes the user's KAFKA_ settings on to the functions, as the template does. */
function kafkaSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[0].startsWith('KAFKA_') && entry[1] !== undefined,
    ),
  )
}
