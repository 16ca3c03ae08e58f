// The ids of records that code sends: which records get one, which keep theirs, and that retries and redrives keep it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { parseConfig } from '../lib/config/parse-config.ts'
import type { DeliveryReport } from '../lib/delivery/delivery-report.ts'
import { outsideScopes } from '../lib/delivery/invocation-scope.ts'
import { ConfigError, InvalidRecordError } from '../lib/errors.ts'
import type { RecordIdOption } from '../lib/identify-records.ts'
import { KafkaProducer } from '../lib/kafka-producer.ts'
import { KafkaTemplate, type KafkaTemplateOptions } from '../lib/kafka-template.ts'
import { type KafkaContext, kafkaProducer } from '../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../lib/producer-factory.ts'
import type { ProducerRecord } from '../lib/record/producer-record.ts'
import { recordIdIn } from '../lib/record/record-id.ts'
import { isTraceparent } from '../lib/record/traceparent.ts'
import { type Attempt, ScriptedKafkaClient } from '../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../lib/time/clock.ts'
import { summaryOf } from './support/producer-of.ts'
import { publishedFailures } from './support/published-failures.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const record = { topic: 't', key: 'k', value: 'v' }

function setUp(script: readonly Attempt[] = [], settings: object = {}, recordId?: RecordIdOption) {
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:2'], retries: 0, ...settings }, {})
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, script, latencyMs: 1 })
  const factory = new ProducerFactory({ config, createClient: () => client, ...(recordId ? { recordId } : {}) })
  /** The headers in the log, record by record. */
  const written = () => client.logs.flatMap(({ records }) => records.map(({ headers }) => headers))
  return { config, factory, client, written, ids: () => written().map(recordIdIn) }
}

function templateOf(options: KafkaTemplateOptions = {}, ...parts: Parameters<typeof setUp>) {
  const set = setUp(...parts)
  return { ...set, template: new KafkaTemplate(set.factory, { listener: {}, ...options }) }
}

test('a template gives each record an id and a traceparent, which the result and the listener show', async () => {
  const heard: ProducerRecord[] = []
  const { template, ids, written } = templateOf({ listener: { onSuccess: sent => void heard.push(sent) } })
  const { producerRecord } = await template.send('t', 'k', 'v')
  await template.send(record)
  const [first, second] = ids()
  assert.match(first ?? '', UUID)
  assert.match(second ?? '', UUID)
  assert.notEqual(first, second)
  assert.deepEqual(
    [recordIdIn(producerRecord.headers), ...heard.map(sent => recordIdIn(sent.headers))],
    [first, first, second],
  )
  for (const headers of written()) {
    assert.deepEqual(
      headers.map(([name]) => name),
      ['kp-id', 'traceparent'],
    )
    assert.ok(isTraceparent(String(headers[1]?.[1])))
  }
})

test('ids and traceparents of the caller are kept, and its other headers stay in their order', async () => {
  const { template, written } = templateOf()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const headers = [
    ['a', '1'],
    ['kp-id', 'mine'],
    ['a', '2'],
    ['traceparent', traceparent],
  ] as const
  await template.send({ ...record, headers })
  assert.deepEqual(
    written()[0]?.map(([name, value]) => [name, String(value)]),
    headers.map(pair => [...pair]),
  )
})

test('a function names the id; a record for which it has none is invalid, and the others are sent', async () => {
  const { template, ids } = templateOf({
    recordId: ({ value }) => {
      if (value === 'throws') throw new Error('secret')
      return (
        value === 'number' ? 5 : value === 'long' ? 'x'.repeat(4097) : value === 'empty' ? '' : `id ${value}`
      ) as string
    },
  })
  const values = ['a', 'throws', 'number', 'long', 'empty', 'b']
  const reports = await template.sendAll(values.map(value => ({ ...record, value })))
  assert.deepEqual(reports.map(summaryOf), [
    'delivered',
    ...Array.from({ length: 4 }, () => 'not-sent:bad-header'),
    'delivered',
  ])
  assert.deepEqual(
    reports.flatMap(report => (report.kind === 'failed' ? [report.error.message] : [])),
    [
      'recordId: the function threw an error (Error).',
      'recordId: expected 1 to 4096 characters, got number.',
      'recordId: expected 1 to 4096 characters, got 4097 characters.',
      'recordId: expected 1 to 4096 characters, got 0 characters.',
    ],
  )
  assert.deepEqual(ids(), ['id a', 'id b'])
})

// The original bug: the rejection ended the process after the record had been refused.
test('a function that returns a promise has no id, and the promise may reject', async t => {
  const unhandled = t.mock.fn()
  process.on('unhandledRejection', unhandled)
  t.after(() => process.off('unhandledRejection', unhandled))
  const recordId: unknown = async () => {
    throw new Error('no id')
  }
  const { template } = templateOf({ recordId: recordId as RecordIdOption })
  await assert.rejects(template.send(record), { code: 'bad-header', outcome: 'not-sent' })
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(unhandled.mock.callCount(), 0)
})

test('a forgotten await, whose promise rejects, refuses the record and does not end the process', async t => {
  const unhandled = t.mock.fn()
  process.on('unhandledRejection', unhandled)
  t.after(() => process.off('unhandledRejection', unhandled))
  const { template, factory } = templateOf()
  const rejected = (): never => Promise.reject(new Error('late')) as never
  await assert.rejects(template.send('t', rejected()), { code: 'bad-value' })
  await assert.rejects(template.send('t', rejected(), 'v'), InvalidRecordError)
  const [report] = await factory.getProducer().sendAll([rejected()])
  assert.equal(report?.kind, 'failed')
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(unhandled.mock.callCount(), 0)
})

// The original bug: the option NONE was treated as uuid.
test('another option than uuid, none or a function is refused at once, wherever it is given', () => {
  const { config, factory, client } = setUp()
  for (const wrong of ['NONE', '', 5, null]) {
    const recordId = wrong as RecordIdOption
    for (const create of [
      () => new KafkaTemplate(factory, { recordId }),
      () => new ProducerFactory({ config, recordId }),
      () => new KafkaProducer(config, { client, recordId }),
      () => kafkaProducer({ factory, config, recordId }),
    ])
      assert.throws(create, ConfigError, String(wrong))
  }
})

test('a list that can’t be read is refused as not sent, by the promise and before a record is sent', async () => {
  const { template, factory, written } = templateOf()
  const { proxy: revoked, revoke } = Proxy.revocable([], {})
  revoke()
  const throwing = Object.defineProperty([record], 1, {
    get: () => {
      throw new Error('secret')
    },
  })
  for (const list of [revoked, throwing, 'text', null] as unknown[])
    for (const sender of [factory.getProducer(), template]) {
      const call: Promise<unknown> = sender.sendAll(list as readonly ProducerRecord<string, string>[])
      await assert.rejects(call, (error: InvalidRecordError) => {
        assert.ok(error instanceof InvalidRecordError)
        assert.deepEqual([error.code, error.outcome], ['bad-value', 'not-sent'])
        assert.ok(!error.message.includes('secret'))
        return true
      })
    }
  assert.deepEqual(written(), [])
})

test('after a record without an id the later ones of its order group are not sent', async () => {
  const { template, ids } = templateOf({ recordId: ({ value }) => (value === 'a' ? '' : 'id') })
  const reports = await template.sendAll(['a', 'b'].map(value => ({ ...record, value, orderGroup: 'g' })))
  assert.deepEqual(reports.map(summaryOf), ['not-sent:bad-header', 'not-sent:order-group-stopped'])
  assert.deepEqual(ids(), [])
})

test('a value that is not a record is refused, with every kind of ids', async () => {
  const { template } = templateOf()
  const throwing = Object.defineProperty({ topic: 't', value: 'v' }, 'headers', {
    get: () => {
      throw new Error('secret')
    },
  })
  const inputs = [null, 'text', Promise.resolve(record), throwing, { ...record, headers: 'text' }]
  const reports = await template.sendAll(inputs as unknown as ProducerRecord[])
  assert.deepEqual(reports.map(summaryOf), [
    ...Array.from({ length: 4 }, () => 'not-sent:bad-value'),
    'not-sent:bad-header',
  ])
})

test('the fields that a record’s class declares as accessors are sent with an id, too', async () => {
  class Order {
    get topic() {
      return 't'
    }
    get key() {
      return 'k'
    }
    get value() {
      return 'of a class'
    }
  }
  const { template, client, ids } = templateOf()
  await template.send(new Order() as ProducerRecord)
  assert.deepEqual(
    client.logs[0]?.records.map(({ value }) => value),
    ['of a class'],
  )
  assert.match(ids()[0] ?? '', UUID)
})

test('a producer created directly adds no header, unless its factory is configured with an id', async () => {
  const bare = setUp()
  await bare.factory.getProducer().send(record)
  assert.deepEqual(bare.written(), [[]])
  const identified = setUp([], {}, () => 'of the factory')
  await identified.factory.getProducer().send(record)
  await new KafkaTemplate(identified.factory).send(record)
  await new KafkaTemplate(identified.factory, { recordId: 'none' }).send(record)
  assert.deepEqual(identified.ids(), ['of the factory', 'of the factory', undefined])
})

test('the middleware’s producer gives ids in its invocation, and no other producer does', async () => {
  const { factory, config, ids } = setUp()
  const other = setUp()
  const outside = factory.getProducer(config)
  const handlerOf = (recordId?: RecordIdOption) =>
    middy()
      .use(kafkaProducer({ factory, config, ...(recordId ? { recordId } : {}) }))
      .handler(async (_event: unknown, { kafka }: Context & KafkaContext) => {
        assert.equal(kafka.producer, outside)
        await kafka.producer.send(record)
        await other.factory.getProducer().send(record)
        await new KafkaTemplate(factory, { recordId: 'none' }).send(record)
      })
  const context = { awsRequestId: '1', getRemainingTimeInMillis: () => 20_000 } as Context & KafkaContext
  await handlerOf()({}, { ...context })
  await handlerOf('none')({}, { ...context })
  await handlerOf(() => 'of the handler')({}, { ...context })
  await outsideScopes(() => outside.send(record))
  const [first, ...others] = ids()
  assert.match(first ?? '', UUID)
  assert.deepEqual(others, [undefined, undefined, undefined, 'of the handler', undefined, undefined])
  assert.deepEqual(other.ids(), [undefined, undefined, undefined])
})

test('the library’s own retry writes a record again with the id that it had', async () => {
  const settings = { enableIdempotence: false, retries: 1, retryBackoffMs: 1, retryBackoffMaxMs: 1 }
  const { template, ids } = templateOf({}, ['lose-answer'], settings)
  const { producerRecord } = await template.send(record)
  const [first, second, ...others] = ids()
  assert.match(first ?? '', UUID)
  assert.deepEqual([second, recordIdIn(producerRecord.headers), others], [first, first, []])
})

test('a report’s record can be sent again under its id', async () => {
  const { template, ids } = templateOf({}, ['lose-answer'])
  const [report] = await template.sendAll([record])
  assert.equal(summaryOf(report), 'unknown:delivery-unknown')
  await template.send((report as DeliveryReport).record)
  assert.equal(new Set(ids()).size, 1)
  assert.equal(ids().length, 2)
})

test('a dead letter has the id of its record’s header, whatever the caller would name', async () => {
  const { template, ids } = templateOf({}, ['lose-answer', 'lose-answer'])
  const reports = await template.sendAll([record, { ...record, headers: [['kp-id', 'mine']] }, { ...record, key: 5 }])
  const named = await publishedFailures(reports, { idOf: index => `other ${index}` })
  const unnamed = await publishedFailures(reports)
  const [generated] = ids()
  assert.deepEqual(ids(), [generated, 'mine'])
  const idsOfLetters = [...named.stored, ...unnamed.stored].map(({ recordId }) => recordId)
  assert.deepEqual(idsOfLetters.slice(0, 2), [generated, 'mine'])
  assert.deepEqual(idsOfLetters.slice(3, 5), [generated, 'mine'])
  assert.match(idsOfLetters[2] ?? '', UUID)
  assert.ok(reports[2]?.kind === 'failed' && reports[2].error instanceof InvalidRecordError)
  assert.equal(idsOfLetters[5], idsOfLetters[2])
})

// The original bug: the message for a record with one header named `headers[2]`, because the id and the traceparent
// were counted.
test('what is wrong with a header is said at its place in the caller’s headers', async () => {
  const { template } = templateOf()
  const whereOf = async (headers: NonNullable<ProducerRecord['headers']>) => {
    const error: unknown = await template.send({ ...record, headers }).catch(reason => reason)
    assert.ok(error instanceof InvalidRecordError, String(error))
    return [/^headers\[-?\d+\]/.exec(error.message)?.[0], error.violations[0]?.pointer]
  }
  assert.deepEqual(await whereOf({ n: 5 } as never), ['headers[0]', '/headers/0/value'])
  assert.deepEqual(await whereOf([['a', 'b'], 5] as never), ['headers[1]', '/headers/1'])
  assert.deepEqual(
    await whereOf([
      ['a', 'b'],
      ['c\0', ''],
    ]),
    [undefined, '/headers/1/name'],
  )
  assert.deepEqual(
    await whereOf([
      ['kp-id', 'mine'],
      ['n', 5],
    ] as never),
    ['headers[1]', '/headers/1/value'],
  )
})
