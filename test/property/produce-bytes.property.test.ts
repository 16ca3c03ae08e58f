// In Java, a batch that expired in flight gave its pooled buffer to the next batch, which overwrote it in the socket
// (CVE-2026-35554, KAFKA-19012): records came out in another topic, and nobody noticed. Here a peer does not read,
// requests expire, and more follow: each byte that the peer gets must be one that was encoded for this connection.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../lib/time/clock.ts'
import { AnswerTimes } from '../../lib/transport/answer-times.ts'
import type { EncodedBatch } from '../../lib/transport/kafka-client.ts'
import { BrokerConnection } from '../../lib/transport/kafkajs/broker-connection.ts'
import { rotatingLookup } from '../../lib/transport/kafkajs/rotating-lookup.ts'
import { PRODUCE_V8 } from '../../lib/transport/produce/produce-v8.ts'
import { until } from '../support/time.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 15)
const CLIENT_ID = 'client'
const API_VERSIONS_BYTES = 14 + CLIENT_ID.length
/** No error; Produce 0-8, Metadata 0-7, ApiVersions 0-2, InitProducerId 0-1. */
const API_VERSIONS_ANSWER = Buffer.from(
  '000000260000000000000000000400000000000800030000000700120000000200160000000100000000',
  'hex',
)

/** More than the operating system buffers, so that what is sent after it waits in the process. */
const FILLER: EncodedBatch = { topic: 'filler', partition: 0, bytes: Buffer.alloc(12 * 1024 * 1024, 0x2e) }

/** Answers ApiVersions, then reads nothing before `readAll`. */
class StoppedPeer {
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

async function connectTo(port: number): Promise<BrokerConnection> {
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
  })
  await connection.connect(5000, undefined)
  return connection
}

const requests = fc.array(
  fc.record({
    batches: fc.array(
      fc.record({
        topic: fc.constantFrom('a', 'bb', 'ccc'),
        partition: fc.nat({ max: 9 }),
        size: fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 3000, max: 6000 }), fc.constant(40_000)),
        fill: fc.nat({ max: 255 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    /** Whether the connection is dropped before the next one is sent. */
    isDropped: fc.nat({ max: 3 }).map(n => n === 0),
  }),
  { minLength: 1, maxLength: 12 },
)

interface Sent {
  readonly connection: BrokerConnection
  /** Copies of the frames, made before they were written. */
  readonly frames: Buffer[]
}

function send({ connection, frames }: Sent, batches: readonly EncodedBatch[]): void {
  const frame = { clientId: CLIENT_ID, acks: -1, ackTimeoutMs: 9, batches } as const
  // ApiVersions had the correlation id 0.
  frames.push(Buffer.concat(PRODUCE_V8.encode({ ...frame, correlationId: frames.length + 1 })))
  const request = { ...frame, idempotent: true, connectTimeoutMs: 1, requestTimeoutMs: 60_000, beginWrite: () => true }
  connection.produce(PRODUCE_V8, batches, request).catch(() => undefined)
}

test('whatever is dropped while the peer does not read, it gets only bytes encoded for its connection', async () => {
  let comparedBytes = 0
  await fc.assert(
    fc.asyncProperty(requests, async list => {
      const peer = new StoppedPeer()
      const port = await peer.listen()
      const all: Sent[] = []
      for (const { batches, isDropped } of list) {
        if (all.at(-1)?.connection.isDestroyed !== false) {
          all.push({ connection: await connectTo(port), frames: [] })
          send(all.at(-1) as Sent, [FILLER])
        }
        const { connection } = all.at(-1) as Sent
        send(
          all.at(-1) as Sent,
          batches.map(({ topic, partition, size, fill }) => ({ topic, partition, bytes: Buffer.alloc(size, fill) })),
        )
        // As the Sender does at a deadline.
        if (isDropped) connection.destroy('DEADLINE')
      }
      peer.readAll()
      peer.close()
      for (const [index, { connection, frames }] of all.entries()) {
        const sent = Buffer.concat(frames)
        if (!connection.isDestroyed) await until(() => peer.sizeOf(index) >= API_VERSIONS_BYTES + sent.length)
        connection.destroy('CLOSE')
        await peer.closed(index)
        const received = peer.bytesOf(index).subarray(API_VERSIONS_BYTES)
        comparedBytes += received.length
        assert.ok(received.equals(sent.subarray(0, received.length)), `connection ${index}`)
      }
    }),
    { numRuns },
  )
  assert.ok(comparedBytes > FILLER.bytes.length, 'the peer received no more than the first batch')
})
