// Sends messages to a standard and a FIFO queue of a real SQS server, and runs the SQS function's bundle in sandboxes
// as Lambda does. The visibility timeout is shorter than the function's timeout, so that messages are received twice.

import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { buildFunctions } from '../build.ts'
import { createTopics, readTopic, untilInSync } from '../kafka/admin.ts'
import { LocalFunction } from '../runtime/local-function.ts'
import { type LocalSqs, startSqs } from '../sqs/elasticmq.ts'
import { SqsPoller } from '../sqs/poller.ts'
import type { Counts } from './check.ts'
import type { FaultLoad } from './fault-load.ts'
import { DELIVERY_MS } from './load.settings.ts'
import { countMessages, type Message } from './queue-check.ts'

const TIMEOUT_MS = 15_000
const VISIBILITY_S = 4
/** High enough that no message goes to the source DLQ while faults strike. */
const MAX_RECEIVES = 50
const SANDBOXES = 3
const GROUPS = 8
const INVALID_EVERY = 23
const PAUSE_MS = 30
const DRAIN_MS = 90_000
const QUEUES = { chat: 'chat.fifo', earthquakes: 'earthquakes' } as const
type Topic = keyof typeof QUEUES
const TOPICS = Object.keys(QUEUES) as Topic[]

/** @param reportsFailures false: as without ReportBatchItemFailures, returned messages are deleted like the others */
export async function startQueueLoad(servers: string, reportsFailures = true): Promise<FaultLoad> {
  await createTopics(
    servers,
    TOPICS.map(topic => ({ topic, partitions: 3, replicas: 3 })),
  )
  await Promise.all(TOPICS.map(topic => untilInSync(servers, topic, 3)))
  await buildFunctions({ keepOld: true })
  const sqs = await startSqs([
    { name: 'dead-letters', visibilityS: 60 },
    ...TOPICS.flatMap(topic => [
      { name: failuresOf(topic), visibilityS: 60 },
      {
        name: QUEUES[topic],
        visibilityS: VISIBILITY_S,
        redrive: { to: failuresOf(topic), maxReceiveCount: MAX_RECEIVES },
      },
    ]),
  ])
  return new QueueLoad(servers, sqs, reportsFailures)
}

class QueueLoad implements FaultLoad {
  readonly topic = 'chat'
  readonly #servers: string
  readonly #sqs: LocalSqs
  readonly #reportsFailures: boolean
  /** Identifies the records of this run, because topics keep the records of earlier runs. */
  readonly #run = randomBytes(4).toString('hex')
  readonly #messages = new Map<string, Message>()
  readonly #functions: readonly LocalFunction[]
  readonly #pollers: readonly SqsPoller[]
  readonly #sending: Promise<void>
  #stopping = false
  #unknown = 0
  #timedOut = 0

  constructor(servers: string, sqs: LocalSqs, reportsFailures: boolean) {
    this.#servers = servers
    this.#sqs = sqs
    this.#reportsFailures = reportsFailures
    this.#functions = TOPICS.map(topic => this.#function(QUEUES[topic]))
    this.#pollers = TOPICS.map(
      (topic, index) =>
        new SqsPoller({
          client: sqs.client,
          queue: QUEUES[topic],
          queueUrl: sqs.queueUrl(QUEUES[topic]),
          batchSize: 500,
          windowMs: 300,
          concurrency: SANDBOXES,
          invoke: event => this.#invoke(this.#functions[index] as LocalFunction, event as Batch),
        }),
    )
    this.#sending = this.#send()
  }

  async restart(): Promise<void> {
    const busy = () => this.#functions.flatMap(({ sandboxes }) => sandboxes.filter(({ isBusy }) => isBusy))
    while (busy().length === 0) await pause(5)
    for (const { pid } of busy()) if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  freeze(): void {
    for (const { sandboxes } of this.#functions) for (const sandbox of sandboxes) sandbox.freeze()
  }

  thaw(): void {
    for (const { sandboxes } of this.#functions) for (const sandbox of sandboxes) sandbox.thaw()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#sending
    const end = Date.now() + DRAIN_MS
    while ((await this.#depth()) > 0 && Date.now() < end) await pause(500)
    await Promise.all(this.#pollers.map(poller => poller.stop()))
    await Promise.all(this.#functions.map(one => one.stop()))
  }

  async check(): Promise<Counts> {
    const [chat = [], earthquakes = []] = await Promise.all(TOPICS.map(topic => this.#idsIn(topic)))
    const deadLetters = (await this.#drain('dead-letters')).map(
      body => (JSON.parse(body) as DeadLetter).record.value ?? '',
    )
    const atSource = (
      await Promise.all(TOPICS.flatMap(topic => [this.#drain(failuresOf(topic)), this.#drain(QUEUES[topic])]))
    ).flat()
    await this.#sqs.stop()
    return countMessages(this.#messages, {
      log: [...chat, ...earthquakes],
      ordered: chat,
      deadLetters: deadLetters.map(value => idOf(Buffer.from(value, 'base64').toString())),
      atSource: atSource.map(idOf),
      unknown: this.#unknown,
      late: this.#timedOut,
    })
  }

  async #depth(): Promise<number> {
    const depths = await Promise.all(TOPICS.map(topic => this.#sqs.depth(QUEUES[topic])))
    return depths.reduce((sum, depth) => sum + depth, 0)
  }

  async #idsIn(topic: Topic): Promise<string[]> {
    const ids = (await readTopic(this.#servers, topic)).map(({ value }) => idOf(String(value)))
    return ids.filter(id => id.startsWith(this.#run))
  }

  async #drain(queue: string): Promise<string[]> {
    return (await this.#sqs.drain(queue)).map(({ Body = '' }) => Body)
  }

  #function(name: string): LocalFunction {
    return new LocalFunction({
      name: name.replace('.', '-'),
      bundle: 'dist/functions/sqs/index.mjs',
      timeoutMs: TIMEOUT_MS,
      concurrency: SANDBOXES,
      onOutput: line => {
        const { message, unknown } = line.startsWith('{') ? JSON.parse(line) : {}
        if (message === 'invocation') this.#unknown += unknown ?? 0
      },
      env: {
        KAFKA_BOOTSTRAP_SERVERS: this.#servers,
        KAFKA_DEAD_LETTER: `sqs:${this.#sqs.queueUrl('dead-letters')}`,
        KAFKA_DELIVERY_TIMEOUT_MS: String(DELIVERY_MS),
        KAFKA_FUNCTION_TIMEOUT_MS: String(TIMEOUT_MS),
        POWERTOOLS_SERVICE_NAME: name,
      },
    })
  }

  /** Invokes the function, and records what it reported about each message, or that it was cut off. */
  async #invoke(to: LocalFunction, event: Batch): Promise<unknown> {
    const messages = event.Records.map(({ messageId, body }) => ({
      messageId,
      message: this.#messages.get(idOf(body)) as Message,
    }))
    try {
      const response = (await to.invoke(event)) as { batchItemFailures: { itemIdentifier: string }[] }
      const heard = this.#reportsFailures ? response : { batchItemFailures: [] }
      const back = new Set(heard.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
      for (const { messageId, message } of messages) back.has(messageId) ? message.returned++ : message.completed++
      return heard
    } catch (error) {
      if ((error as Error).message.startsWith('Task timed out')) this.#timedOut += messages.length
      for (const { message } of messages) message.cutOff++
      throw error
    }
  }

  async #send(): Promise<void> {
    for (let n = 0; !this.#stopping; n++) {
      await Promise.all(TOPICS.map(topic => this.#sendTen(topic, n * 10)))
      await pause(PAUSE_MS)
    }
  }

  async #sendTen(topic: Topic, from: number): Promise<void> {
    const Entries = Array.from({ length: 10 }, (_, index) => {
      const n = from + index
      const id = `${this.#run}:${topic}:${n}`
      const group = `g${n % GROUPS}`
      const isInvalid = n % INVALID_EVERY === INVALID_EVERY - 1
      this.#messages.set(id, { group: `${topic}:${group}`, n, isInvalid, completed: 0, returned: 0, cutOff: 0 })
      const fifo = topic === 'chat' ? { MessageGroupId: group, MessageDeduplicationId: id } : {}
      return { Id: String(index), MessageBody: JSON.stringify(isInvalid ? { id } : bodyOf(topic, id, group)), ...fifo }
    })
    const { Failed = [] } = await this.#sqs.client.send(
      new SendMessageBatchCommand({ QueueUrl: this.#sqs.queueUrl(QUEUES[topic]), Entries }),
    )
    if (Failed.length > 0)
      throw new Error(`SQS refused ${Failed.length} messages for ${QUEUES[topic]}: ${Failed[0]?.Code}.`)
  }
}

interface Batch {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[]
}

const failuresOf = (topic: Topic) => `${topic}-failures${topic === 'chat' ? '.fifo' : ''}`

/** Creates a body that is valid by the contract of its topic. */
function bodyOf(topic: Topic, id: string, group: string): object {
  if (topic === 'chat') return { room: group, user: 'faults', text: id }
  return { type: 'Feature', id, properties: {}, geometry: { type: 'Point', coordinates: [0, 0, 0] } }
}

function idOf(body: string): string {
  const { id, text } = JSON.parse(body) as { id?: string; text?: string }
  return id ?? text ?? ''
}
