// How full a batch gets: it depends on how well the topic's records compress, and on the batch sizes that brokers
// refused.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { BatchSizes } from '../../lib/accumulate/batch-sizes.ts'
import type { ProducerBatch } from '../../lib/accumulate/producer-batch.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import type { EncodedBatch, ProduceOutcome, ProduceRequest } from '../../lib/transport/kafka-client.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'
import { BATCH_OVERHEAD, PRODUCER_EPOCH_AT, RECORD_COUNT_AT } from '../../lib/wire-format/record-batch.ts'
import { summaryOf } from '../support/producer-of.ts'

const BATCH_SIZE = 100_000

/** A broker that refuses batches above a size, and notes all that it gets. */
class Broker extends ScriptedKafkaClient {
  maxBatchBytes = Number.POSITIVE_INFINITY
  /** The records, by index, for which the next batch is refused. */
  invalidRecords: readonly number[] = []
  batches: { bytes: number; records: number; epoch: number; isRefused: boolean }[] = []

  override async produce(
    _: number,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<ProduceOutcome[]> {
    request.beginWrite()
    return batches.map(({ bytes }) => {
      const isRefused = bytes.length > this.maxBatchBytes
      const [records, epoch] = [bytes.readInt32BE(RECORD_COUNT_AT), bytes.readInt16BE(PRODUCER_EPOCH_AT)]
      this.batches.push({ bytes: bytes.length, records, epoch, isRefused })
      if (isRefused) return failure('rejected', 'MESSAGE_TOO_LARGE', false)
      const recordErrors = this.invalidRecords.map(index => ({ index, message: null }))
      this.invalidRecords = []
      if (recordErrors.length > 0) return { ...failure('rejected', 'INVALID_RECORD', false), recordErrors }
      return { kind: 'acked', baseOffset: 0n, logAppendTime: null, proof: 'all' }
    })
  }
}

async function connected(options: ProducerOptions = {}) {
  const clock = new VirtualClock()
  const broker = new Broker({ partitions: 1, brokers: 1, clock })
  const config = parseConfig({ bootstrapServers: ['b:1'], batchSize: BATCH_SIZE, ...options }, {})
  const producer = new KafkaProducer(config, { client: broker, clock })
  await producer.connect()
  /** Sends records of these values and returns the batches that the broker got. */
  const send = async (values: readonly string[], summaries: readonly string[] = ['delivered']) => {
    broker.batches = []
    const reports = await producer.sendAll(values.map(value => ({ topic: 't', key: 'k', value })))
    assert.deepEqual(new Set(reports.map(summaryOf)), new Set(summaries))
    return broker.batches
  }
  return { clock, broker, send }
}

const alike = (count: number) => Array.from({ length: count }, (_, i) => `${i}`.padEnd(1000, 'abcdefghij'))
const random = (count: number) => Array.from({ length: count }, () => randomBytes(500).toString('hex'))

test('a batch is filled until its compressed size is near batch.size', async () => {
  const { send } = await connected({ compressionType: 'gzip' })
  const values = random(400)
  const before = await send(values)
  for (let round = 0; round < 5; round++) await send(values)

  const after = await send(values)

  const full = after.slice(0, -1)
  assert.ok(after.length < before.length && full.length > 0)
  assert.ok(full.every(({ bytes }) => bytes > 0.85 * BATCH_SIZE && bytes <= BATCH_SIZE))
})

test('a batch that compresses worse than those before is split before it is sent, in the same epoch', async () => {
  const maxRequestSize = 2 * BATCH_SIZE
  const { send } = await connected({ compressionType: 'gzip', maxRequestSize })
  for (let round = 0; round < 8; round++) await send(alike(1000))

  const sent = await send(random(1000))

  assert.ok(sent.every(({ bytes, epoch }) => bytes < maxRequestSize && epoch === 0))
  assert.equal(
    sent.reduce((sum, { records }) => sum + records, 0),
    1000,
  )
  // Batches after the refused one are already bounded by what was learnt from it.
  assert.ok((await send(random(1000))).every(({ bytes }) => bytes <= BATCH_SIZE))
})

test('the records of a batch stay below a bound, however well they compress', async () => {
  const { send } = await connected({ compressionType: 'gzip', bufferMemory: 2 ** 30 })
  for (let round = 0; round < 12; round++) await send(alike(500))

  const sent = await send(alike(9000))

  assert.ok(sent.every(({ records }) => records * 1000 <= 8 * 1024 * 1024))
  assert.ok(sent.some(({ records }) => records * 1000 > 4 * 1024 * 1024))
})

// The original bug: every later batch was refused again, and each refusal cost an epoch.
test('rule 5: after a refused batch those of its topic are smaller, for metadata.max.age.ms', async () => {
  const { clock, broker, send } = await connected({ metadataMaxAgeMs: 60_000 })
  broker.maxBatchBytes = 60_000
  const refused = (batches: typeof broker.batches) => batches.filter(({ isRefused }) => isRefused).length

  assert.equal(refused(await send(random(300))), 1)
  assert.equal(refused(await send(random(300))), 0)
  await clock.advance(60_001)
  broker.maxBatchBytes = Number.POSITIVE_INFINITY
  assert.ok((await send(random(300))).some(({ bytes }) => bytes > 60_000))
})

test('rule 5: a record that is larger than a size that was refused is sent', async () => {
  const { broker, send } = await connected()
  broker.maxBatchBytes = 60_000
  await send(random(90))

  const sent = await send([...random(1), 'x'.repeat(59_000), ...random(1)])

  assert.deepEqual(
    sent.map(({ isRefused }) => isRefused),
    sent.map(() => false),
  )
})

test('a batch that is refused for one of its records says nothing about the size of the next ones', async () => {
  const { broker, send } = await connected()
  const before = await send(random(300))
  broker.invalidRecords = [1]
  await send(random(50), ['delivered', 'rejected:rejected-by-broker'])

  const after = await send(random(300))

  assert.deepEqual(
    after.map(({ records }) => records),
    before.map(({ records }) => records),
  )
})

/** A batch whose records have `uncompressed` bytes with its header, and which was sent in `bytes`. */
const batch = (uncompressed: number, bytes: number) =>
  ({
    topic: 't',
    records: [{ record: { wireSize: uncompressed - BATCH_OVERHEAD } }],
    bytes: Buffer.alloc(bytes),
  }) as unknown as ProducerBatch

test('a refused size counts until its time is over, to the millisecond', async () => {
  const clock = new VirtualClock()
  const sizes = new BatchSizes(BATCH_SIZE, 1000, clock)
  sizes.refused(batch(60_000, 60_000))
  await clock.advance(1000)
  assert.deepEqual([sizes.limit('t'), sizes.limit('u')], [30_000, BATCH_SIZE])
  await clock.advance(1)
  assert.equal(sizes.limit('t'), BATCH_SIZE)
  sizes.refused(batch(20_000, 20_000))
  assert.equal(sizes.limit('t'), 16_384)
})

test('a better compression ratio counts by half, a worse one at once, and small batches do not count', () => {
  const limitAfter = (...batches: readonly (readonly [uncompressed: number, bytes: number])[]) => {
    const sizes = new BatchSizes(BATCH_SIZE, 1000, new VirtualClock())
    for (const [uncompressed, bytes] of batches) sizes.compressed(batch(uncompressed, bytes))
    return Math.round(sizes.limit('t'))
  }
  const limit = (ratio: number) => Math.round(BATCH_SIZE / (ratio * 1.05))
  assert.equal(limitAfter([16_383, 1000]), BATCH_SIZE)
  assert.equal(limitAfter([16_384, 8192]), limit(0.75))
  assert.equal(limitAfter([20_000, 10_000], [20_000, 5000]), limit(0.5))
  assert.equal(limitAfter([20_000, 10_000], [20_000, 16_000]), limit(0.8))
})
