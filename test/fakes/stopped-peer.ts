// A broker that answers one request and then reads nothing, and a connection to it.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { systemClock } from '../../lib/time/clock.ts'
import { AnswerTimes } from '../../lib/transport/answer-times.ts'
import { BrokerConnection } from '../../lib/transport/kafkajs/broker-connection.ts'
import { rotatingLookup } from '../../lib/transport/kafkajs/rotating-lookup.ts'

export const CLIENT_ID = 'client'
/** No error; Produce 0-8, Metadata 0-7, ApiVersions 0-2, InitProducerId 0-1. */
const API_VERSIONS_ANSWER = Buffer.from(
  '000000260000000000000000000400000000000800030000000700120000000200160000000100000000',
  'hex',
)

/** Answers ApiVersions, then reads nothing before `readAll`. */
export class StoppedPeer {
  readonly #connections: { socket: Socket; chunks: Buffer[]; closed: Promise<unknown> }[] = []
  readonly #server = createServer(socket => {
    const chunks: Buffer[] = []
    this.#connections.push({ socket, chunks, closed: new Promise(resolve => socket.once('close', resolve)) })
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      if (chunks.push(chunk) > 1) return
      socket.write(API_VERSIONS_ANSWER)
      socket.pause()
    })
  })

  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  readAll(): void {
    for (const { socket } of this.#connections) socket.resume()
  }

  sizeOf(connection: number): number {
    return this.#connections[connection]?.chunks.reduce((sum, { length }) => sum + length, 0) ?? 0
  }

  bytesOf(connection: number): Buffer {
    return Buffer.concat(this.#connections[connection]?.chunks ?? [])
  }

  async closed(connection: number): Promise<void> {
    await this.#connections[connection]?.closed
  }

  close(): void {
    this.#server.close()
  }
}

export async function connectTo(port: number): Promise<BrokerConnection> {
  const connection = new BrokerConnection({
    host: '127.0.0.1',
    port,
    clientId: CLIENT_ID,
    clock: systemClock,
    security: { tls: undefined, credentials: undefined },
    answerTimes: new AnswerTimes(),
    lookup: rotatingLookup(0),
    listenFirstMs: 0,
    onDestroyed: () => undefined,
    onGrace: () => undefined,
    onAnswer: () => undefined,
    onThrottle: () => undefined,
  })
  await connection.connect(5000, undefined)
  return connection
}
