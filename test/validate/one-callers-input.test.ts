// What one caller passes or returns fails only its own record: other callers' records are delivered, and nothing ends
// the process or the producer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { ValidationRules } from '../../lib/validate/record-validator.ts'
import { summaryOf } from '../support/producer-of.ts'
import { pause } from '../support/time.ts'

function producerWith(
  options: ProducerOptions = {},
  rules: ValidationRules = { anyTopic: true },
): { producer: KafkaProducer; warnings: string[] } {
  const client = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock: systemClock, latencyMs: 1 })
  const config = parseConfig({ bootstrapServers: ['b:1'], ...options }, {})
  const warnings: string[] = []
  return { producer: new KafkaProducer(config, { client, rules, warn: text => warnings.push(text) }), warnings }
}

const record = { topic: 't', key: 'k', value: 'v' }

for (const [what, bad, code] of [
  ['null', null, 'bad-value'],
  ['a promise of a record', Promise.resolve(record), 'bad-value'],
  ['a topic that is a number', { ...record, topic: 5 }, 'unknown-topic'],
  ['headers that are text', { ...record, headers: 'h' }, 'bad-header'],
  ['a header without a value', { ...record, headers: [['h']] }, 'bad-header'],
  ['a header that is a number', { ...record, headers: [['h', 5]] }, 'bad-header'],
] as const)
  test(`${what} fails its own record, not the others of the call or of another caller`, async () => {
    const { producer } = producerWith()
    const [mixed, other] = await Promise.all([
      producer.sendAll([record, bad as never, record]),
      producer.sendAll([record]),
    ])
    assert.deepEqual([...mixed, ...other].map(summaryOf), ['delivered', `not-sent:${code}`, 'delivered', 'delivered'])
    assert.ok(producer.isUsable)
  })

// A draft of immer is such a proxy: it is revoked when its recipe ends.
test('a record that can’t be read any more after the call began changes nothing', async () => {
  const { producer } = producerWith()
  const { proxy, revoke } = Proxy.revocable({ ...record, partition: 9 }, {})
  const [mixed, other] = [producer.sendAll([record, proxy, record]), producer.sendAll([record])]
  revoke()
  const reports = [...(await mixed), ...(await other)].map(summaryOf)
  assert.deepEqual(reports, ['delivered', 'not-sent:partition-out-of-range', 'delivered', 'delivered'])
})

test('an order group is the one that a record had when the call began', async () => {
  const { producer } = producerWith({ maxBlockMs: 200 })
  const first = { ...record, orderGroup: 'g', partition: 9 }
  const sending = producer.sendAll([first, { ...record, orderGroup: 'g' }])
  first.orderGroup = 'another'
  assert.deepEqual((await sending).map(summaryOf), ['not-sent:partition-out-of-range', 'not-sent:order-group-stopped'])
})

test('a getter that throws fails its own record', async () => {
  const { producer } = producerWith()
  for (const name of ['topic', 'orderGroup', 'value']) {
    const bad = Object.defineProperty({ ...record }, name, { get: failNow })
    assert.deepEqual((await producer.sendAll([record, bad])).map(summaryOf), ['delivered', 'not-sent:bad-value'])
  }
})

test('a sparse list has a report for each missing element', async () => {
  const { producer } = producerWith()
  const list = [record]
  list[2] = record
  assert.deepEqual((await producer.sendAll(list)).map(summaryOf), ['delivered', 'not-sent:bad-value', 'delivered'])
})

test('a call without a list is rejected, and says so', async () => {
  const { producer } = producerWith()
  for (const wrong of [null, record, 'text', new Set([record])] as never[])
    await assert.rejects(producer.sendAll(wrong), { code: 'bad-value', message: /expected a list of records, got/ })
})

const failLater = (): never => Promise.reject(new RangeError('secret')) as never
const failNow = (): never => {
  throw new RangeError('secret')
}

// An unhandled rejection would fail the test, as it ends a process.
for (const [how, fail] of [
  ['throws', failNow],
  ['rejects later', failLater],
] as const) {
  test(`a partitioner that ${how} makes its record invalid`, async () => {
    const partitionerClass = { partition: ({ key }: { key: Uint8Array | null }) => (key === null ? fail() : 0) }
    const { producer, warnings } = producerWith({ partitionerClass })
    const reports = await producer.sendAll([record, { topic: 't', value: 'keyless' }])
    assert.deepEqual(reports.map(summaryOf), ['delivered', 'not-sent:bad-partition'])
    await pause(1)
    assert.deepEqual(
      warnings,
      how === 'throws' ? [] : ['partitioner.class returned a promise, which rejected (RangeError); expected a number.'],
    )
  })

  test(`a schema that ${how} makes its record invalid`, async () => {
    const schema = {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => (value === 'bad' ? fail() : {}) },
    } as const
    const contract = defineContract('t', { key: { required: false }, value: { schema } })
    const { producer } = producerWith({}, { contracts: new Map([['t', contract]]) })
    const reports = await producer.sendAll([record, { ...record, value: 'bad' }])
    assert.deepEqual(reports.map(summaryOf), ['delivered', 'not-sent:schema'])
    await pause(1)
  })

  test(`serializers of key and value that ${how} make their record invalid`, async () => {
    const serialize = (data: unknown) => (data === 'bad' ? fail() : Buffer.from(String(data)))
    const { producer } = producerWith({ keySerializer: { serialize }, valueSerializer: { serialize } })
    const reports = await producer.sendAll([
      record,
      { ...record, value: 'bad' },
      { ...record, key: 'bad', value: 'bad' },
    ])
    assert.equal(summaryOf(reports[0]), 'delivered')
    assert.deepEqual(
      reports.slice(1).map(report => report.kind === 'failed' && report.failureKind),
      ['invalid-record', 'invalid-record'],
    )
    await pause(1)
  })
}

test('the value’s serializer throws, and then the key’s promise rejects: one invalid record', async () => {
  const { producer } = producerWith({
    keySerializer: { serialize: failLater },
    valueSerializer: { serialize: failNow },
  })
  assert.deepEqual((await producer.sendAll([record])).map(summaryOf), ['not-sent:bad-value'])
  await pause(1)
})

const revokedProxy = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const namelessError = (): unknown =>
  Object.defineProperty(new Error('secret'), 'name', {
    get: () => {
      throw new Error('secret')
    },
  })

// The original bug: reading the error's name for a warning threw, so the call rejected, or an unhandled rejection ended
// the process.
for (const [what, thrown] of [
  ['a revoked proxy', revokedProxy],
  ['an error without a readable name', namelessError],
] as const)
  test(`${what} that the caller’s code throws, or rejects with, fails its own record`, async () => {
    const hostile = (isLater: boolean) => {
      if (isLater) return Promise.reject(thrown()) as never
      throw thrown()
    }
    const codes: string[] = []
    for (const isLater of [false, true]) {
      const serialize = (data: unknown) => (data === 'bad' ? hostile(isLater) : Buffer.from(String(data)))
      const partition = ({ value }: { value: Uint8Array | null }) => (String(value) === 'bad' ? hostile(isLater) : 0)
      const validate = (value: unknown) => (value === 'bad' ? hostile(isLater) : {})
      const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
      const contract = defineContract('t', { key: { required: false }, value: { schema } })
      for (const { producer } of [
        producerWith({ valueSerializer: { serialize } }),
        producerWith({ partitionerClass: { partition } }),
        producerWith({}, { contracts: new Map([['t', contract]]) }),
      ])
        codes.push((await producer.sendAll([record, { ...record, value: 'bad' }])).map(summaryOf).join())
    }
    const getter = Object.defineProperty({ ...record }, 'value', { get: () => hostile(false) })
    codes.push((await producerWith().producer.sendAll([record, getter])).map(summaryOf).join())
    await pause(1)
    const each = ['bad-value', 'bad-partition', 'schema']
    assert.deepEqual(
      codes,
      [...each, ...each, 'bad-value'].map(code => `delivered,not-sent:${code}`),
    )
  })
