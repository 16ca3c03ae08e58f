// The programs that the benchmark compares: the built functions, the library, and raw kafkajs.
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import { parseConfig } from '../lib/config/parse-config.ts'
import type { ProducerOptions } from '../lib/config/producer-options.ts'
import type { RecordIdOption } from '../lib/identify-records.ts'
import { KafkaProducer } from '../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../lib/producer-factory.ts'

export type Handler = (
  event: unknown,
  context: object,
) => Promise<{ statusCode?: number; batchItemFailures?: unknown[] }>

export const context = { awsRequestId: 'r', functionName: 'bench', getRemainingTimeInMillis: () => 29_000 }

/** @returns the handler of a built bundle, in this process */
export async function handlerOf(name: string, servers: string): Promise<Handler> {
  Object.assign(process.env, {
    KAFKA_BOOTSTRAP_SERVERS: servers,
    KAFKA_DEAD_LETTER: 'disk:.local/bench-dead-letters',
    POWERTOOLS_DEV: 'false',
  })
  const { handler } = (await import(pathToFileURL(`dist/functions/${name}/index.mjs`).href)) as { handler: Handler }
  return handler
}

/**
 * Discards standard output while `work` runs: creating log lines is part of the measured work, printing them is not.
 */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { write } = process.stdout
  process.stdout.write = (() => true) as typeof process.stdout.write
  try {
    return await work()
  } finally {
    process.stdout.write = write
  }
}

export function chat(bytes: number): { room: string; user: string; text: string } {
  return { room: 'lobby', user: 'ada', text: 'x'.repeat(bytes) }
}

export function httpEvent(value: unknown): object {
  return {
    version: '2.0',
    routeKey: 'POST /topics/{topic}',
    rawPath: '/topics/chat',
    rawQueryString: '',
    headers: { 'content-type': 'application/json' },
    requestContext: {
      requestId: 'r',
      timeEpoch: Date.now(),
      stage: '$default',
      http: { method: 'POST', path: '/topics/chat' },
    },
    body: JSON.stringify({ value }),
    isBase64Encoded: false,
  }
}

const quake = (id: number) =>
  JSON.stringify({
    type: 'Feature',
    id: `us${id}`,
    properties: { mag: 4.5, time: 1 },
    geometry: { type: 'Point', coordinates: [1, 2, 3] },
  })

export function quakes(count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, i) => ({ key: `us${i}`, value: quake(i) }))
}

export function sqsEvent(count: number): object {
  return {
    Records: quakes(count).map(({ value }, i) => ({
      messageId: `m${i}`,
      receiptHandle: 'r',
      body: value,
      attributes: { ApproximateReceiveCount: '1' },
      messageAttributes: {},
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:earthquakes',
      awsRegion: 'us-east-1',
    })),
  }
}

export async function rawKafkajs(servers: string): Promise<Producer> {
  const producer = new Kafka({ brokers: servers.split(','), logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  return producer
}

export function ourProducer(
  servers: string,
  options: ProducerOptions = {},
  recordId: RecordIdOption = 'none',
): KafkaProducer {
  const config = parseConfig({ bootstrapServers: servers.split(','), ...options }, {})
  return new KafkaProducer(config, {
    client: createKafkaJsClient(config),
    recordId,
  })
}
