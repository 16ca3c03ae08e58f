// In Java, a batch that expired in flight gave its pooled buffer to the next batch, which overwrote it in the socket
// (CVE-2026-35554, KAFKA-19012): records were written to another topic without an error. Here a peer does not read,
// requests expire, and more follow: each byte that the peer gets must be one that was encoded for this connection.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EncodedBatch } from '../../lib/transport/kafka-client.ts'
import type { BrokerConnection } from '../../lib/transport/kafkajs/broker-connection.ts'
import { PRODUCE_V8 } from '../../lib/transport/produce/produce-fixed.ts'
import { CLIENT_ID, connectTo, StoppedPeer } from '../fakes/stopped-peer.ts'
import { until } from '../support/time.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 15)
const API_VERSIONS_BYTES = 14 + CLIENT_ID.length
/** More than the operating system buffers, so that what is sent after it waits in the process. */
const FILLER: EncodedBatch = { topic: 'filler', partition: 0, bytes: Buffer.alloc(12 * 1024 * 1024, 0x2e) }

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
