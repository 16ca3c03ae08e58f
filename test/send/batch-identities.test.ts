// Which producer id the batches of a producer get, and what records report that get none: virtual time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { TransportError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

const LAST_EPOCH = 32767

function setUp(script: readonly Attempt[] = [], options: ProducerOptions = {}) {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock, script })
  const config = { bootstrapServers: ['b:1'], retryBackoffMs: 100, retryBackoffMaxMs: 100, ...options }
  const producer = new KafkaProducer(parseConfig(config, {}), { client, clock })
  const send = (...partitions: readonly number[]) =>
    whenDone(clock, producer.sendAll(partitions.map(partition => ({ topic: 't', partition, value: 'v' }))))
  return { clock, client, producer, send }
}

const inDoubtOf = (report: DeliveryReport | undefined) => (report?.kind === 'failed' ? report.inDoubt : undefined)

test('rule 3: when the epochs of an id are used up, its partitions get the next id', async () => {
  const { client, producer, send } = setUp(['lose-answer', 'ok', 'lose-answer', 'lose-answer'], { retries: 0 })
  let ids = 0n
  client.initProducerId = async () => ({ producerId: ++ids, epoch: LAST_EPOCH })
  const [first] = await send(0)
  assert.deepEqual([inDoubtOf(first)?.producerId, inDoubtOf(first)?.epoch], [1n, LAST_EPOCH])
  assert.deepEqual((await send(1)).map(summaryOf), ['delivered'])
  const [again] = await send(0)
  const [other] = await send(1)
  assert.deepEqual([inDoubtOf(again)?.producerId, inDoubtOf(other)?.producerId], [2n, 2n])
  assert.equal(producer.metrics().producerIds, 2)
})

test('rule 3: the next epoch of an id needs no other id, for no partition', async () => {
  const { producer, send } = setUp(['lose-answer', 'lose-answer', 'lose-answer'], { retries: 0 })
  const identities = []
  for (const partition of [0, 1, 0]) {
    const [report] = await send(partition)
    identities.push([inDoubtOf(report)?.producerId, inDoubtOf(report)?.epoch])
  }
  assert.deepEqual(identities, [
    [1n, 0],
    [1n, 0],
    [1n, 1],
  ])
  assert.equal(producer.metrics().producerIds, 1)
})

test('an error that a retry would not fix fails the records that wait for an id; the next ones ask again', async () => {
  const { clock, client, producer, send } = setUp()
  const answer = client.initProducerId.bind(client)
  let requests = 0
  client.initProducerId = async () => {
    requests++
    throw new TransportError('authorization', 'Not allowed.', { causeCode: 'CLUSTER_AUTHORIZATION_FAILED' })
  }
  const reports = await send(0, 1)
  assert.ok(clock.now() < 100, `${clock.now()} ms`)
  for (const report of reports) {
    assert.ok(report.kind === 'failed')
    assert.deepEqual(
      [report.outcome, report.causeCode, report.attempts, (report.error.cause as Error).message],
      ['not-sent', 'CLUSTER_AUTHORIZATION_FAILED', 0, 'Not allowed.'],
    )
  }
  assert.equal(requests, 1)
  client.initProducerId = answer
  assert.deepEqual((await send(0)).map(summaryOf), ['delivered'])
  assert.equal(producer.metrics().bufferUsed, 0)
})

test('one id serves all partitions, and is asked for once', async () => {
  const { client, producer, send } = setUp()
  await send(0)
  client.initProducerId = async () => assert.fail('asked again')
  assert.deepEqual((await send(1, 0)).map(summaryOf), ['delivered', 'delivered'])
  assert.equal(producer.metrics().producerIds, 1)
})

test('without idempotence no id is asked for, and a record in doubt has no place in the log', async () => {
  const { client, send } = setUp(['lose-answer'], { enableIdempotence: false, retries: 0 })
  client.initProducerId = async () => assert.fail('not needed')
  const [report] = await send(0)
  assert.equal(summaryOf(report), 'unknown:delivery-unknown')
  assert.equal(inDoubtOf(report), undefined)
})

test('a record in doubt names the cluster that it was sent to', async () => {
  const { client, send } = setUp(['lose-answer'], { retries: 0 })
  const answer = client.metadata.bind(client)
  client.metadata = async topics => ({ ...(await answer(topics)), clusterId: 'the cluster' })
  const [report] = await send(0)
  assert.deepEqual(inDoubtOf(report), {
    producerId: 1n,
    epoch: 0,
    baseSequence: 0,
    indexInBatch: 0,
    clusterId: 'the cluster',
    fromOffset: null,
  })
})

for (const [acks, fromOffset] of [
  ['all', 1n],
  [1, null],
] as const)
  test(`with acks ${acks}, a record in doubt may be anywhere from offset ${fromOffset ?? 'zero'}`, async () => {
    const { send } = setUp(['ok', 'lose-answer'], { retries: 0, acks, enableIdempotence: acks === 'all' })
    assert.deepEqual((await send(0)).map(summaryOf), ['delivered'])
    const [report] = await send(0)
    assert.equal(inDoubtOf(report)?.fromOffset ?? null, fromOffset)
  })
