// A hand-written server of forty lines on raw kafkajs, which checks the request body.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Kafka, logLevel, Partitioners } from 'kafkajs'

const brokers = (process.env.KAFKA_BOOTSTRAP_SERVERS ?? '').split(',')
const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
  createPartitioner: Partitioners.DefaultPartitioner,
})
await producer.connect()

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', async () => {
    try {
      const { value } = JSON.parse(Buffer.concat(chunks).toString()) as {
        value?: { room?: unknown; user?: unknown; text?: unknown }
      }
      if (typeof value?.room !== 'string' || typeof value.user !== 'string' || typeof value.text !== 'string') {
        response.writeHead(422).end()
        return
      }
      const [sent] = await producer.send({
        topic: 'chat',
        acks: -1,
        messages: [{ key: value.room, value: JSON.stringify(value) }],
      })
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ partition: sent?.partition, offset: sent?.baseOffset }))
    } catch {
      response.writeHead(503).end()
    }
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system })
})
