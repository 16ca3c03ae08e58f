// What a Produce request has: virtual time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import type { EncodedBatch, ProduceOutcome, ProduceRequest } from '../../lib/transport/kafka-client.ts'
import { whenDone } from '../support/time.ts'

const PARTITIONS = 20
/** What a request and each batch in it may add to the bytes of the batches. */
const REQUEST_BYTES = 512
const BATCH_BYTES = 270

class RecordingClient extends ScriptedKafkaClient {
  /** Bytes of each batch, by request. */
  readonly requests: number[][] = []
  most = 0
  connectTimeoutMs: number | undefined

  override async produce(
    leader: number,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<ProduceOutcome[]> {
    this.requests.push(batches.map(({ bytes }) => bytes.length))
    this.connectTimeoutMs = request.connectTimeoutMs
    const outcomes = super.produce(leader, batches, request)
    this.most = Math.max(this.most, this.inFlight)
    return outcomes
  }
}

function producerOf(options: ProducerOptions) {
  const clock = new VirtualClock()
  const client = new RecordingClient({ partitions: PARTITIONS, brokers: 1, clock })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1', 'c:1'], ...options }, {}), {
    client,
    clock,
  })
  return { clock, client, producer }
}

/** Sends a record of `bytes` to each partition, all of one leader. */
async function sendToAll(
  bytes: number,
  maxRequestSize: number,
  options: ProducerOptions = {},
): Promise<RecordingClient> {
  const { clock, client, producer } = producerOf({ maxRequestSize, batchSize: maxRequestSize, ...options })
  const records = Array.from({ length: PARTITIONS }, (_, partition) => ({
    topic: 't',
    partition,
    value: Buffer.alloc(bytes),
  }))
  const reports = await whenDone(clock, producer.sendAll(records))
  assert.ok(reports.every(({ kind }) => kind === 'delivered'))
  return client
}

test('rule 10: small batches share a request until it is full, with its header and their names', async () => {
  const maxRequestSize = 3000
  const { requests } = await sendToAll(10, maxRequestSize)
  const sizeOf = (batches: readonly number[]) =>
    batches.reduce((sum, bytes) => sum + bytes + BATCH_BYTES, REQUEST_BYTES)
  for (const request of requests) assert.ok(sizeOf(request) <= maxRequestSize, `${sizeOf(request)} bytes`)
  const [batch = 0] = requests[0] ?? []
  assert.ok(
    sizeOf(requests[0] ?? []) + batch + BATCH_BYTES > maxRequestSize,
    'the first request has no room for another',
  )
})

test('a leader has as many requests in flight as max.in.flight.requests.per.connection', async () => {
  for (const maxInFlightRequestsPerConnection of [1, 3]) {
    const { most, requests } = await sendToAll(1000, 3000, { maxInFlightRequestsPerConnection })
    assert.equal(most, maxInFlightRequestsPerConnection)
    assert.equal(requests.flat().length, PARTITIONS)
  }
})

test('a connection attempt for a request takes no longer than its records have time', async () => {
  const { clock, client, producer } = producerOf({ socketConnectionSetupTimeoutMs: 5000 })
  const send = async (deadlineMs: number) => {
    await whenDone(clock, producer.sendAll([{ topic: 't', value: 'a' }], Deadline.after(clock, deadlineMs)))
    return client.connectTimeoutMs
  }
  assert.equal(await send(60_000), 5000)
  assert.equal(await send(300), 300)
})
