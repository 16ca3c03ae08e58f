// The built HTTP function behind a plain Node server, which only builds the event as API Gateway does.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, handlerOf, httpEvent } from '../subjects.ts'

const handler = await handlerOf('http', process.env.KAFKA_BOOTSTRAP_SERVERS ?? '')

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', async () => {
    const event = { ...httpEvent(undefined), body: Buffer.concat(chunks).toString() }
    const { statusCode = 500, body } = (await handler(event, { ...context })) as { statusCode?: number; body?: string }
    response.writeHead(statusCode, { 'content-type': 'application/json' }).end(body)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system })
})
