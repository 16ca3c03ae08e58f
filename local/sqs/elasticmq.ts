// A real SQS server on 127.0.0.1: ElasticMQ, with the same queues as the template.

import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateQueueCommand, type Message, SQSClient } from '@aws-sdk/client-sqs'
import { elasticMqJars } from '../artifacts.ts'
import { accepts, freePort } from '../ports.ts'
import { endProcess, startProcess, temporaryFolder } from '../processes.ts'
import { requireJava } from '../requirements.ts'
import { MAX_HEADERS, startSqsFront } from './front.ts'
import { drainQueue, queueDepth } from './queue-contents.ts'

export const LOCAL_ACCOUNT = '000000000000'
export const LOCAL_REGION = 'us-east-1'
const START_MS = 60_000

export interface LocalQueue {
  readonly name: string
  readonly visibilityS: number
  /** The queue that a message goes to after this many receives. */
  readonly redrive?: { readonly to: string; readonly maxReceiveCount: number }
}

export interface LocalSqs {
  readonly url: string
  readonly client: SQSClient
  queueUrl(name: string): string
  /** Creates the queues that are missing. A queue must come after those that it refers to. */
  createQueues(queues: readonly LocalQueue[]): Promise<void>
  /** @returns the number of messages in a queue, including those in flight */
  depth(name: string): Promise<number>
  /** Receives and deletes every visible message of a queue. */
  drain(name: string): Promise<Message[]>
  stop(): Promise<void>
}

export async function startSqs(
  queues: readonly LocalQueue[],
  { log = () => {}, firstPort = 0 }: { log?: (line: string) => void; firstPort?: number } = {},
): Promise<LocalSqs> {
  requireJava()
  const jars = await elasticMqJars(log)
  const elasticMqPort = await freePort()
  // Started first, because ElasticMQ has to know the port that its clients use.
  const front = await startSqsFront(firstPort, elasticMqPort)
  const { port } = front.address() as AddressInfo
  const folder = temporaryFolder()
  const config = join(folder, 'elasticmq.conf')
  writeFileSync(config, configOf({ port, elasticMqPort }, queues))
  const output: string[] = []
  const child = startProcess(
    'elasticmq',
    'java',
    ['-Xmx256m', `-Dconfig.file=${config}`, '-cp', `${jars}/*`, 'org.elasticmq.server.Main'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  )
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', chunk => output.splice(0, output.length, `${output.join('')}${chunk}`.slice(-2000)))
  const end = Date.now() + START_MS
  while (!(await accepts(elasticMqPort))) {
    if (child.exitCode !== null || Date.now() > end) {
      await endProcess(child, 0, 'SIGKILL')
      front.close()
      throw new Error(`ElasticMQ did not start; its output ends:\n${output.join('')}`)
    }
    await pause(100)
  }
  const url = `http://127.0.0.1:${port}`
  const client = new SQSClient({
    endpoint: url,
    region: LOCAL_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const existing = new Set(queues.map(({ name }) => name))
  const queueUrl = (name: string) => `${url}/${LOCAL_ACCOUNT}/${name}`
  return {
    url,
    client,
    queueUrl,
    createQueues: async required => {
      for (const queue of required) {
        if (existing.has(queue.name)) continue
        await client.send(new CreateQueueCommand({ QueueName: queue.name, Attributes: attributesOf(queue) }))
        existing.add(queue.name)
      }
    },
    depth: name => queueDepth(client, queueUrl(name)),
    drain: name => drainQueue(client, queueUrl(name)),
    stop: async () => {
      client.destroy()
      front.close()
      front.closeAllConnections()
      await endProcess(child, 2000)
    },
  }
}

function attributesOf({ name, visibilityS, redrive }: LocalQueue): Record<string, string> {
  return {
    VisibilityTimeout: String(visibilityS),
    ...(name.endsWith('.fifo') ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {}),
    ...(redrive
      ? {
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: queueArn(redrive.to),
            maxReceiveCount: redrive.maxReceiveCount,
          }),
        }
      : {}),
  }
}

export function queueArn(name: string): string {
  return `arn:aws:sqs:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${name}`
}

function configOf(
  { port, elasticMqPort }: { readonly port: number; readonly elasticMqPort: number },
  queues: readonly LocalQueue[],
): string {
  const entries = queues.map(({ name, visibilityS, redrive }) => {
    const deadLetters = redrive
      ? `, deadLettersQueue { name = "${redrive.to}", maxReceiveCount = ${redrive.maxReceiveCount} }`
      : ''
    const fifo = name.endsWith('.fifo') ? ', fifo = true, contentBasedDeduplication = true' : ''
    return `  "${name}" { defaultVisibilityTimeout = ${visibilityS} seconds${fifo}${deadLetters} }`
  })
  return `include classpath("application.conf")
node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${elasticMqPort}, bind-hostname = "127.0.0.1", sqs-limits = relaxed }
rest-stats { enabled = false }
pekko.http.server.parsing.max-header-count = ${MAX_HEADERS}
queues {
${entries.join('\n')}
}
aws { region = ${LOCAL_REGION}, accountId = ${LOCAL_ACCOUNT} }
`
}
