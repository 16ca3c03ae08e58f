// A broker that stops reading: bytes written to it stay in this process.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ProduceAnswer } from '../../lib/transport/produce/produce-codec.ts'
import { PRODUCE_V8 } from '../../lib/transport/produce/produce-fixed.ts'
import { connectTo, StoppedPeer } from '../fakes/stopped-peer.ts'
import { pause, until } from '../support/time.ts'

/** More than any operating system takes for one socket. */
const BYTES = 64 * 1024 * 1024

async function produced(t: TestContext, requestTimeoutMs: number) {
  const peer = new StoppedPeer()
  const connection = await connectTo(await peer.listen())
  t.after(() => {
    connection.destroy('CLOSE')
    peer.close()
  })
  const results: string[] = []
  const answer: Promise<ProduceAnswer | undefined> = connection.produce(
    PRODUCE_V8,
    [{ topic: 't', partition: 0, bytes: Buffer.alloc(BYTES) }],
    {
      acks: 0,
      idempotent: false,
      ackTimeoutMs: 100,
      connectTimeoutMs: 1000,
      requestTimeoutMs,
      beginWrite: () => true,
    },
  )
  answer.then(
    () => results.push('written'),
    error => results.push(error.causeCode),
  )
  await pause(20)
  return { peer, connection, results }
}

// The original bug: the records were reported and their memory counted as free at once, so 149 MB were held with a
// buffer.memory of 32 MB.
test('with acks=0 a Produce is over when the operating system has taken its bytes', async t => {
  const { peer, connection, results } = await produced(t, 60_000)
  assert.deepEqual(results, [])
  assert.equal(connection.inFlight, 1)

  peer.readAll()
  await until(() => results.length > 0)
  assert.deepEqual(results, ['written'])
  assert.equal(connection.inFlight, 0)
})

test('with acks=0 a broker that reads nothing for request.timeout.ms loses its connection', async t => {
  const { connection, results } = await produced(t, 100)
  await until(() => results.length > 0)
  assert.deepEqual(results, ['REQUEST_TIMEOUT'])
  assert.equal(connection.isDestroyed, true)
})

test('with acks=0 a Produce whose connection is destroyed under it is not reported as written', async t => {
  const { connection, results } = await produced(t, 60_000)
  connection.destroy('DEADLINE')
  await until(() => results.length > 0)
  assert.deepEqual(results, ['CONNECTION_BROKEN'])
})
