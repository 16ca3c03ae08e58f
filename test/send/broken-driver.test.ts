// A driver that does not keep its contract: no caller waits forever, and no record that may be written is reported as
// not-sent.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import type { EncodedBatch, ProduceOutcome, ProduceRequest } from '../../lib/transport/kafka-client.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

type Produce = (request: ProduceRequest, produce: () => Promise<ProduceOutcome[]>) => Promise<ProduceOutcome[]>

async function sendThrough(produce: Produce): Promise<{ summaries: string[]; isUsable: boolean }> {
  const clock = new VirtualClock()
  const client = new (class extends ScriptedKafkaClient {
    override produce(leader: number, batches: readonly EncodedBatch[], request: ProduceRequest) {
      return produce(request, () => super.produce(leader, batches, request))
    }
  })({ partitions: 1, brokers: 1, clock })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'], batchSize: 1 }, {}), { client, clock })
  const sending = producer.sendAll(['a', 'b'].map(value => ({ topic: 't', key: 'k', value })))
  return { summaries: (await whenDone(clock, sending)).map(summaryOf), isUsable: producer.isUsable }
}

test('after a missing outcome the batch is unknown, waiting records are not-sent, and the producer ends', async () => {
  const result = await sendThrough(async (_request, produce) => (await produce()).slice(1))
  assert.deepEqual(result, { summaries: ['unknown:delivery-unknown', 'not-sent:unavailable'], isUsable: false })
})

test('after a rejection behind the write the batch is unknown, and the producer ends', async () => {
  const result = await sendThrough(async (_request, produce) => {
    await produce()
    throw new Error('driver')
  })
  assert.deepEqual(result, { summaries: ['unknown:delivery-unknown', 'not-sent:unavailable'], isUsable: false })
})

test('a rejection before the write: nothing was sent', async () => {
  const result = await sendThrough(() => Promise.reject(new Error('driver')))
  assert.deepEqual(result, { summaries: ['not-sent:unavailable', 'not-sent:unavailable'], isUsable: false })
})

test('beginWrite is asked again after its request has ended: false', async () => {
  const requests: ProduceRequest[] = []
  const result = await sendThrough((request, produce) => {
    requests.push(request)
    return produce()
  })
  assert.deepEqual(result, { summaries: ['delivered', 'delivered'], isUsable: true })
  assert.deepEqual(
    requests.map(request => request.beginWrite()),
    [false, false],
  )
})

test('a driver that throws when connections are dropped: each record has a report, the producer ends', async () => {
  const clock = new VirtualClock()
  const client = new (class extends ScriptedKafkaClient {
    override dropConnections(): Promise<void> {
      throw new Error('driver')
    }
  })({ partitions: 2, brokers: 2, clock, latencyMs: 1000 })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'] }, {}), { client, clock })
  await producer.connect()
  const send = (partition: number, deadlineMs: number) =>
    producer.sendAll([{ topic: 't', partition, value: 'v' }], Deadline.after(clock, deadlineMs))
  const reports = await whenDone(clock, Promise.all([send(0, 100), send(1, 60_000)]))
  assert.deepEqual(reports.flat().map(summaryOf), ['unknown:delivery-unknown', 'unknown:delivery-unknown'])
  assert.equal(producer.isUsable, false)
  assert.equal(clock.now(), 100)
})
