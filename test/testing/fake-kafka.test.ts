// The in-memory cluster of `./testing`, with which users test their code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DeliveryError,
  InvalidRecordError,
  jsonSerializer,
  KafkaProducerError,
  KafkaTemplate,
} from '../../lib/index.ts'
import { createFakeKafka, type FakeFailure, type FakeKafka } from '../../lib/testing/index.ts'
import { errorCodeRow } from '../../lib/transport/error-codes.ts'

interface Order {
  readonly id: number
}

const IMPATIENT = { deliveryTimeoutMs: 400, requestTimeoutMs: 100, ackTimeoutMs: 50, retryBackoffMs: 10, lingerMs: 0 }

function templateOf(kafka: FakeKafka): KafkaTemplate<string, Order> {
  return new KafkaTemplate<string, Order>(kafka.producerFactory({ ...IMPATIENT, valueSerializer: jsonSerializer() }))
}

const asOrder = (bytes: Buffer): Order => JSON.parse(bytes.toString())

async function errorOf(promise: Promise<unknown>): Promise<KafkaProducerError> {
  const error = await promise.then(
    () => assert.fail('It was delivered.'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof KafkaProducerError, String(error))
  return error
}

test('records are acknowledged by themselves, and read with their types', async () => {
  const kafka = createFakeKafka({ topics: { orders: 1, audit: 2 } })
  const template = templateOf(kafka)
  const { recordMetadata } = await template.send('orders', 'k', { id: 1 })
  await template.send({ topic: 'audit', key: 'k', value: { id: 2 }, headers: [['source', 'web']] })
  await template.send('orders', 'k', { id: 3 })

  assert.deepEqual([recordMetadata.partition, recordMetadata.offset], [0, 0n])
  const orders = kafka.records('orders', { value: asOrder })
  assert.deepEqual(
    orders.map(({ partition, offset, key, value }) => [partition, offset, key, value?.id]),
    [
      [0, 0n, 'k', 1],
      [0, 1n, 'k', 3],
    ],
  )
  const all = kafka.records()
  assert.deepEqual(
    all.map(({ topic, value }) => [topic, value]),
    [
      ['orders', '{"id":1}'],
      ['audit', '{"id":2}'],
      ['orders', '{"id":3}'],
    ],
  )
  assert.ok(all[1]?.headers.some(([name, value]) => name === 'source' && value === 'web'))
  kafka.clear()
  assert.deepEqual(kafka.records(), [])
  assert.equal((await template.send('orders', 'k', { id: 4 })).recordMetadata.offset, 2n)
})

test('a retriable failure is retried, and a repeat that the log recognises is stored once', async () => {
  const failures = [
    'NOT_LEADER_OR_FOLLOWER',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'lost-request',
    'lost-answer',
  ] as const
  for (const failure of failures) {
    const kafka = createFakeKafka()
    kafka.failNext(failure)
    await templateOf(kafka).send('orders', 'k', { id: 1 })
    assert.deepEqual(
      kafka.records('orders').map(({ value }) => value),
      ['{"id":1}'],
      failure,
    )
  }
})

test('each lasting failure has the outcome that a real cluster gives', async () => {
  const outcomes: readonly (readonly [FakeFailure, outcome: string, isStored: boolean])[] = [
    ['unreachable', 'not-sent', false],
    ['lost-request', 'unknown', false],
    ['lost-answer', 'unknown', true],
    ['TOPIC_AUTHORIZATION_FAILED', 'rejected', false],
    ['NOT_ENOUGH_REPLICAS', 'rejected', false],
    ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'unknown', true],
  ]
  for (const [failure, outcome, isStored] of outcomes) {
    const kafka = createFakeKafka()
    const template = templateOf(kafka)
    await template.send('audit', 'k', { id: 0 })
    kafka.fail(failure, { topic: 'orders' })
    const error = await errorOf(template.send('orders', 'k', { id: 1 }))
    assert.ok(error instanceof DeliveryError, `${failure}: ${error.name}`)
    assert.equal(error.outcome, outcome, failure)
    assert.equal(kafka.records('orders').length, isStored ? 1 : 0, failure)
    await template.send('audit', 'k', { id: 2 })
    assert.equal(kafka.records('audit').length, 2, failure)
  }
})

test('after recover() a record that waits is delivered', async () => {
  const kafka = createFakeKafka()
  const template = new KafkaTemplate<string, string>(kafka.producerFactory())
  kafka.fail('NOT_ENOUGH_REPLICAS')
  const sent = template.send('orders', 'k', 'v')
  kafka.recover()
  assert.equal((await sent).recordMetadata.offset, 0n)
})

test('while the whole cluster is unreachable, nothing is sent', async () => {
  const kafka = createFakeKafka()
  kafka.fail('unreachable')
  const error = await errorOf(templateOf(kafka).send('orders', 'k', { id: 1 }))
  assert.equal(error.code, 'unreachable')
  assert.deepEqual(kafka.records(), [])
})

test('a record that the broker calls invalid is an InvalidRecordError', async () => {
  const kafka = createFakeKafka()
  kafka.failNext('MESSAGE_TOO_LARGE')
  assert.ok((await errorOf(templateOf(kafka).send('orders', 'k', { id: 1 }))) instanceof InvalidRecordError)
})

test('only listed topics exist', async () => {
  const kafka = createFakeKafka({ topics: { orders: 1 } })
  const error = await errorOf(templateOf(kafka).send('others', 'k', { id: 1 }))
  assert.equal(error.code, 'topic-not-on-cluster')
})

test('wrong options and unknown failures are errors', () => {
  assert.throws(
    () => createFakeKafka({ topics: { orders: 0 } }),
    /partitions of orders: expected an integer of at least 1/,
  )
  assert.throws(
    () => createFakeKafka().failNext('unreachable', { times: 0 }),
    /times: expected an integer of at least 1/,
  )
  // Every topic failed.
  const misspelled = { topics: ['t'] } as object
  assert.throws(
    () => createFakeKafka().fail('unreachable', misspelled),
    /topics is not an option; did you mean topic\?/,
  )
  assert.throws(() => createFakeKafka().failNext('unreachable', misspelled), /topics is not an option/)
  assert.throws(() => createFakeKafka().fail('NOT_A_FAILURE' as FakeFailure), /name of a failure/)
})

test('the names of failures are those of Kafka', async () => {
  const { BROKER_ERRORS } = await import('../../lib/testing/fake-kafka-client.ts')
  for (const [name, code] of Object.entries(BROKER_ERRORS)) assert.equal(errorCodeRow(code).name, name)
})
