// A load generator that uses little CPU next to the servers that it measures: a socket per connection, one request at a
// time on each, and no parsing beyond the status and the end of the response.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { median } from './measure.ts'

/** Several keys, so that records go to all partitions. */
const ROOMS = 30

const REQUESTS = Array.from({ length: ROOMS }, (_, i) => {
  const body = JSON.stringify({ value: { room: `room-${i}`, user: 'ada', text: 'x'.repeat(50) } })
  const head = [
    'POST /topics/chat HTTP/1.1',
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
})
/** The last chunk: Node's servers answer in chunks if no content-length is set. */
const END = '0\r\n\r\n'

export interface Load {
  readonly p50Ms: number
  readonly perSecond: number
}

/**
 * Sends the requests.
 * @throws Error if a response is not 200 or a connection closes
 */
export async function load(port: number, connections: number, requests: number): Promise<Load> {
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      return socket
    }),
  )
  const times: number[] = []
  let started = 0
  const take = () => (started < requests ? REQUESTS[started++ % ROOMS] : undefined)
  const begin = performance.now()
  try {
    await Promise.all(sockets.map(socket => postAll(socket, take, times)))
    return { p50Ms: median(times), perSecond: (requests / (performance.now() - begin)) * 1000 }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

function postAll(socket: Socket, take: () => Buffer | undefined, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let response = ''
    let begin = 0
    const next = () => {
      const request = take()
      if (!request) return resolve()
      response = ''
      begin = performance.now()
      socket.write(request)
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      response += chunk
      if (!response.endsWith(END)) return
      if (response.startsWith('HTTP/1.1 200')) {
        times.push(performance.now() - begin)
        next()
      } else reject(new Error(`Expected HTTP status 200, got: ${response.slice(0, 200)}`))
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('The server closed a connection.')))
    next()
  })
}
