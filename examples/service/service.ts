// A long-running service: takes lines over HTTP and sends each as a record. It batches with linger.ms, lets its
// clients wait while Kafka is slow, shows metrics for Prometheus, and ends on SIGTERM without losing a record.
//   KAFKA_BOOTSTRAP_SERVERS=host:port KAFKA_DEAD_LETTER=disk:./dead-letters PORT=8080 node service.ts
//   printf 'one\ntwo\n' | curl --data-binary @- localhost:8080/events/chat
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createDeadLetterPublisher,
  type DeliveryReport,
  KafkaTemplate,
  ProducerFactory,
  parseConfig,
  publishFailures,
  type RecordFate,
} from 'serverless-kafka-producer'
import { linesOf } from './lines.ts'
import { prometheusText } from './prometheus.ts'

/** Lines that are read of a request before their records have an outcome. A client that sends more has to wait. */
const CHUNK_LINES = 1000
/** How long requests in progress may take after a signal. Kubernetes kills a container after 30 s. */
const END_MS = 20_000

const config = parseConfig({ lingerMs: 5, compressionType: 'gzip', valueSerializer: 'bytes' })
const factory = new ProducerFactory({ config })
const template = new KafkaTemplate<string, Uint8Array>(factory, { recordId: 'none' })
const deadLetters = createDeadLetterPublisher(config, console.warn)
const fates: Record<string, number> = {}

/** One line is one record; its id is that of the request, which no other process makes, and the number of the line. */
async function takeLines(request: IncomingMessage, topic: string): Promise<Record<string, number>> {
  const requestId = randomUUID()
  const counts: Record<string, number> = {}
  let chunk: Buffer[] = []
  let sent = 0
  const send = async (): Promise<void> => {
    const values = chunk
    chunk = []
    const idOf = (index: number) => `${requestId}-${sent + index}`
    const records = values.map((value, index) => ({ topic, value, headers: [['kp-id', idOf(index)]] as const }))
    for (const fate of await sendOrStore(await template.sendAll(records), idOf)) {
      counts[fate] = (counts[fate] ?? 0) + 1
      fates[fate] = (fates[fate] ?? 0) + 1
    }
    sent += values.length
  }
  for await (const line of linesOf(request)) {
    chunk.push(line)
    if (chunk.length === CHUNK_LINES) await send()
  }
  if (chunk.length > 0) await send()
  return counts
}

/** Stores what was not delivered as dead letters, and says of each record where it is. */
async function sendOrStore(
  reports: readonly DeliveryReport[],
  idOf: (index: number) => string,
): Promise<RecordFate['fate'][]> {
  const stored = await publishFailures(reports, {
    deadLetters,
    idOf,
    sourceOf: index => ({ trigger: 'template', id: idOf(index), index, function: null, arn: null, receiveCount: null }),
    onFailure: error => console.error('A dead letter was not stored.', error),
  })
  return reports.map((report, index) => {
    if (report.kind === 'delivered') return 'delivered'
    return stored.get(index)?.fate ?? 'refused'
  })
}

let isEnding = false
const server = createServer(async (request, response) => {
  const answer = (status: number, body: string) => {
    // Close idle connections: a client that keeps one open would delay the shutdown.
    if (isEnding) response.setHeader('connection', 'close')
    response.writeHead(status).end(body)
  }
  try {
    const [path = ''] = (request.url ?? '').split('?')
    const topic = /^\/events\/([\w.-]+)$/.exec(path)?.[1]
    if (path === '/ready') answer(isEnding ? 503 : 200, '')
    else if (path === '/metrics') answer(200, prometheusText(template.metrics(), fates))
    else if (request.method === 'POST' && topic !== undefined) {
      const counts = await takeLines(request, topic)
      // A record that is neither in Kafka nor a dead letter must be sent again by the client.
      answer(counts.returned ? 503 : 200, JSON.stringify(counts))
    } else answer(404, '')
  } catch (error) {
    console.error(error)
    if (!response.headersSent) answer(500, '')
  }
})

/** Takes no more connections, answers the requests in progress, sends what waits, then ends. */
async function end(): Promise<void> {
  // A second signal ends the process at once.
  if (isEnding) return server.closeAllConnections()
  isEnding = true
  setTimeout(() => server.closeAllConnections(), END_MS).unref()
  await new Promise(resolve => server.close(resolve))
  await Promise.all([factory.close(), deadLetters.close()])
}
process.on('SIGTERM', end)
process.on('SIGINT', end)

server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`Listening on port ${(server.address() as AddressInfo).port}.`)
})
