// KafkaTemplate and its factory: calls as in Spring, and promises that nobody awaits.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { parseConfig } from '../lib/config/parse-config.ts'
import { InvocationScope } from '../lib/delivery/invocation-scope.ts'
import { DeliveryError, type KafkaProducerError } from '../lib/errors.ts'
import { KafkaTemplate, type KafkaTemplateOptions } from '../lib/kafka-template.ts'
import { ProducerFactory, type ProducerFactoryOptions } from '../lib/producer-factory.ts'
import type { ProducerRecord } from '../lib/record/producer-record.ts'
import { RoutingKafkaTemplate } from '../lib/routing-kafka-template.ts'
import { type Attempt, ScriptedKafkaClient } from '../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../lib/time/clock.ts'
import { summaryOf } from './support/producer-of.ts'
import { isDoneWithin, pause } from './support/time.ts'

interface TemplateUnderTest<K, V> {
  readonly template: KafkaTemplate<K, V>
  readonly factory: ProducerFactory
  readonly clients: ScriptedKafkaClient[]
  readonly values: () => (string | null)[]
}

function createTemplate<K = string, V = string>(
  script: readonly Attempt[] = [],
  options: KafkaTemplateOptions<K, V> = {},
  settings: object = {},
  factoryOptions: ProducerFactoryOptions = {},
): TemplateUnderTest<K, V> {
  const clients: ScriptedKafkaClient[] = []
  const factory = new ProducerFactory({
    config: parseConfig({ bootstrapServers: ['a:1', 'b:2'], retries: 0, ...settings }, {}),
    createClient: () => {
      const client = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock: systemClock, script, latencyMs: 1 })
      clients.push(client)
      return client
    },
    ...factoryOptions,
  })
  const template = new KafkaTemplate<K, V>(factory, options)
  return {
    template,
    factory,
    clients,
    values: () => clients.flatMap(({ logs }) => logs.flatMap(({ records }) => records.map(({ value }) => value))),
  }
}

test('send accepts each of Spring’s forms and resolves with the record and its metadata', async () => {
  const { template, clients } = createTemplate()
  const { producerRecord, recordMetadata } = await template.send('t', 'k', 'v')
  assert.deepEqual([producerRecord.topic, producerRecord.key, producerRecord.value], ['t', 'k', 'v'])
  assert.deepEqual(
    [
      recordMetadata.topic,
      recordMetadata.offset,
      recordMetadata.serializedKeySize,
      recordMetadata.serializedValueSize,
      recordMetadata.proof,
    ],
    ['t', 0n, 1, 1, 'all'],
  )

  await template.send('t', 'only a value')
  assert.equal((await template.send('t', 1, 'k', 'v')).recordMetadata.partition, 1)
  const withTimestamp = await template.send('t', 0, 1517966773840, null, 'v')
  assert.deepEqual([withTimestamp.recordMetadata.partition, withTimestamp.recordMetadata.timestamp], [0, 1517966773840])
  assert.equal((await template.send({ topic: 't', value: 'v', partition: 1 })).recordMetadata.partition, 1)
  assert.equal((await template.send('t', null, 'k', null)).producerRecord.value, null)
  assert.equal(clients[0]?.logs.flatMap(({ records }) => records).length, 6)
})

test('headers as an object, and a Date, are sent; the record gets its id beside them', async () => {
  const { template, clients } = createTemplate()
  const sent = await template.send({ topic: 't', value: 'v', headers: { source: 'web', empty: null } })
  const dated = await template.send('t', null, new Date(5), 'k', 'v')
  assert.equal(dated.recordMetadata.timestamp, 5)
  const written = clients[0]?.logs.flatMap(({ records }) => records)
  const headers = written?.find(({ key }) => key === null)?.headers ?? []
  assert.deepEqual(
    headers.map(([name, value]) => [name, name === 'source' ? value?.toString() : typeof value]),
    [
      ['kp-id', 'object'],
      ['traceparent', 'object'],
      ['source', 'web'],
      ['empty', 'object'],
    ],
  )
  assert.equal(sent.producerRecord.topic, 't')
})

test('a template that is disposed sends what waits and closes its producer; a later send opens a new one', async () => {
  const { template, factory, values, clients } = createTemplate([], {}, { lingerMs: 5000 })
  const other = new KafkaTemplate(factory, { config: parseConfig({ bootstrapServers: ['c:3', 'd:4'] }, {}) })
  const sending = template.send('t', 'k', 'waits')
  await template[Symbol.asyncDispose]()
  assert.equal((await sending).recordMetadata.offset, 0n)
  assert.equal(clients.length, 2)

  await other.send('t', 'k', 'of another configuration')
  assert.equal(clients.length, 2)
  const again = template.send('t', 'k', 'again')
  await template.close()
  await again
  assert.deepEqual([clients.length, values().sort()], [3, ['again', 'of another configuration', 'waits']])
})

test('a record without a key is sent, unless keyRequired asks for one', async () => {
  const { template } = createTemplate([], { defaultTopic: 'chat' })
  assert.equal((await template.send('chat', 'hello')).recordMetadata.serializedKeySize, -1)
  assert.equal((await template.sendDefault('hello')).recordMetadata.serializedKeySize, -1)
  assert.equal((await template.send('chat', '', 'hello')).recordMetadata.serializedKeySize, 0)

  const { template: strict, clients } = createTemplate([], {}, {}, { rules: { keyRequired: true } })
  for (const key of [null, ''])
    await assert.rejects(strict.send('chat', key, 'hello'), {
      name: 'InvalidRecordError',
      code: 'key-missing',
      outcome: 'not-sent',
    })
  assert.equal(clients[0]?.produces, 0)
  assert.equal((await strict.send('chat', 'lobby', 'hello')).recordMetadata.serializedKeySize, 5)
})

test('sendDefault sends to the default topic of the options or the settings', async () => {
  const { template } = createTemplate([], { defaultTopic: 'chat' })
  const results = [
    await template.sendDefault('v'),
    await template.sendDefault('k', 'v'),
    await template.sendDefault(1, 'k', 'v'),
    await template.sendDefault(1, 5, 'k', 'v'),
  ]
  assert.deepEqual(
    results.map(({ recordMetadata: { topic } }) => topic),
    ['chat', 'chat', 'chat', 'chat'],
  )
  assert.deepEqual([results[2]?.recordMetadata.partition, results[3]?.recordMetadata.timestamp], [1, 5])
  assert.equal(
    (await createTemplate([], {}, { defaultTopic: 'set' }).template.sendDefault('v')).recordMetadata.topic,
    'set',
  )
  await assert.rejects(createTemplate().template.sendDefault('v'), { name: 'DeliveryError', code: 'unavailable' })
})

// The original bug: with the argument order of Java's ProducerRecord, the value was sent as the key and the headers as
// the value.
test('one argument too many is an invalid record, which the listener gets', async () => {
  const errors: unknown[] = []
  const listener = { onError: (_record: unknown, error: unknown) => errors.push(error) }
  const { template } = createTemplate([], { defaultTopic: 'set', listener })
  const send = template.send.bind(template) as (...args: unknown[]) => Promise<unknown>
  const sendDefault = template.sendDefault.bind(template) as (...args: unknown[]) => Promise<unknown>
  for (const sending of [
    send('t', 0, 5, 'key', 'value', [['h', 'x']]),
    send({ topic: 't', value: 'v' }, 'more'),
    sendDefault(0, 5, 'key', 'value', []),
  ])
    await assert.rejects(sending, { name: 'InvalidRecordError', code: 'bad-value', outcome: 'not-sent' })
  assert.equal(errors.length, 3)
})

test('sendDefault without a default topic, not awaited, tells the listener and ends no process', async t => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  const errors: string[] = []
  const { template } = createTemplate([], { listener: { onError: (_, error) => void errors.push(error.name) } })
  void template.sendDefault('v')
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual([errors, unhandled], [['DeliveryError'], []])
})

test('sendAll reports each record without lingering; flush, partitionsFor and metrics work', async () => {
  const { template } = createTemplate(['ok', 'refuse'], {}, { lingerMs: 5000 })
  const reports = await template.sendAll([
    { topic: 't', value: 'a', partition: 0 },
    { topic: 't', value: 'b', partition: 1 },
  ])
  assert.deepEqual(
    reports.map(({ kind }) => kind),
    ['delivered', 'failed'],
  )
  const sending = template.send('t', 'c')
  await template.flush()
  assert.equal((await sending).recordMetadata.topic, 't')
  assert.equal((await template.partitionsFor('t')).count, 2)
  assert.ok(template.metrics().requests >= 2)
})

test('listener and interceptors are called for every outcome; an error that they throw changes nothing', async () => {
  const calls: string[] = []
  const warnings: string[] = []
  const { template, values } = createTemplate<string, string>(
    ['ok', 'refuse'],
    {
      listener: {
        onSuccess: (record, { offset }) => calls.push(`success ${record.value} ${offset}`),
        onError: (record, error) => calls.push(`error ${record.value} ${error.code}`),
      },
      interceptors: [
        {
          onSend: record => ({ ...record, value: `${record.value}!` }),
          onAcknowledgement: (metadata, error) => calls.push(`ack ${metadata?.offset ?? error?.code}`),
        },
        {
          onSend: () => {
            throw new Error('secret')
          },
          onAcknowledgement: () => {
            throw new Error('secret')
          },
        },
      ],
    },
    {},
    { warn: text => warnings.push(text) },
  )
  assert.equal((await template.send('t', 'k', 'a')).producerRecord.value, 'a!')
  await assert.rejects(template.send('t', 'k', 'b'), (error: unknown) => error instanceof DeliveryError)

  assert.deepEqual(values(), ['a!'])
  assert.deepEqual(calls, ['ack 0', 'success a! 0', 'ack no-leader', 'error b! no-leader'])
  assert.equal(warnings.length, 4)
  assert.ok(!warnings.join().includes('secret'))
})

// An unhandled rejection would fail the test, as it ends a process.
test('a listener or an interceptor whose promise rejects: a warning, and nothing else', async () => {
  const warnings: string[] = []
  const fail = async () => {
    throw new RangeError('secret')
  }
  const { template, values } = createTemplate<string, string>(
    ['ok', 'refuse'],
    { listener: { onSuccess: fail, onError: fail }, interceptors: [{ onAcknowledgement: fail }] },
    {},
    { warn: text => warnings.push(text) },
  )
  await template.send('t', 'k', 'a')
  await assert.rejects(template.send('t', 'k', 'b'), { name: 'DeliveryError' })
  await pause(1)
  assert.deepEqual(values(), ['a'])
  assert.deepEqual(warnings, Array(4).fill('A listener or interceptor failed (RangeError).'))
})

// The original bug: reading the error's name for the warning threw, so the call rejected although its records were
// delivered.
test('a listener or an interceptor that throws a revoked proxy, or rejects with one: a warning', async () => {
  const warnings: string[] = []
  const hostile = () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  const throws = () => {
    throw hostile()
  }
  const rejects = () => Promise.reject(hostile()) as never
  const { template } = createTemplate<string, string>(
    [],
    { listener: { onSuccess: rejects }, interceptors: [{ onSend: throws, onAcknowledgement: throws }] },
    {},
    { warn: text => warnings.push(text) },
  )
  const reports = await template.sendAll([{ topic: 't', key: 'k', value: 'a' }])
  await pause(1)
  assert.deepEqual(reports.map(summaryOf), ['delivered'])
  assert.deepEqual(warnings, Array(3).fill('A listener or interceptor failed (an error that can’t be read).'))
})

test('an interceptor that returns a promise or no record makes its record invalid', async () => {
  for (const onSend of [
    async (record: ProducerRecord) => record,
    async () => {
      throw new Error('secret')
    },
    () => 5,
  ]) {
    const { template, values } = createTemplate<string, string>(
      [],
      { interceptors: [{ onSend: onSend as never }, { onSend: record => ({ ...record }) }] },
      {},
      { warn: () => {} },
    )
    await assert.rejects(template.send('t', 'k', 'v'), { name: 'InvalidRecordError' })
    await pause(1)
    assert.deepEqual(values(), [])
  }
})

test('what is no record, or no list, is an invalid record', async () => {
  const { template } = createTemplate<string, string>([], { listener: {} }, {}, { warn: () => {} })
  const routing = new RoutingKafkaTemplate([[/./, template]])
  for (const wrong of [null, 5, { value: 'v' }] as never[]) {
    await assert.rejects(template.send(wrong), { name: 'InvalidRecordError' })
    await assert.rejects(routing.send(wrong), { name: 'InvalidRecordError' })
    await assert.rejects(template.sendAll(wrong), { name: 'InvalidRecordError' })
  }
})

test('a warn that throws, or rejects, disturbs nothing', async () => {
  const emitted: string[] = []
  const onWarning = ({ message }: Error) => emitted.push(message)
  process.on('warning', onWarning)
  const listener = {
    onSuccess: () => {
      throw new Error('mine')
    },
  }
  const warns = [
    () => {
      throw new TypeError('secret')
    },
    async () => {
      throw new TypeError('secret')
    },
  ]
  for (const warn of warns) {
    const { template } = createTemplate<string, string>([], { listener }, {}, { warn })
    assert.ok(await template.send('t', 'k', 'v'))
  }
  await pause(5)
  process.off('warning', onWarning)
  assert.deepEqual(
    emitted.filter(text => text.includes('"warn"')),
    Array(2).fill('The option "warn" failed (TypeError).'),
  )
})

test('a failure that nobody awaits goes to the listener, and does not end the process', () => {
  const program = `
    import { parseConfig } from './lib/config/parse-config.ts'
    import { KafkaTemplate } from './lib/kafka-template.ts'
    import { ProducerFactory } from './lib/producer-factory.ts'
    const config = parseConfig({ bootstrapServers: ['127.0.0.1:1'], maxBlockMs: 100 }, {})
    const template = new KafkaTemplate(new ProducerFactory({ config }))
    template.send('chat', 'k', 'v')
    setTimeout(() => { console.log('alive'); process.exit(0) }, 600)`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=TimeoutNegativeWarning', '--input-type=module-typescript', '-e', program],
    {
      encoding: 'utf8',
    },
  )
  assert.equal(status, 0, stderr)
  assert.match(stdout, /alive/)
  assert.match(stderr, /A record for topic chat was not delivered \(unreachable\)/)
})

test('in an invocation, a failure that nobody awaits fails the invocation; an awaited one does not', async () => {
  const listener = {}
  const unobserved = new InvocationScope()
  const { template } = createTemplate(['refuse', 'refuse'], { listener })
  unobserved.run(() => void template.send('t', 'v'))
  await assert.rejects(unobserved.close(), (error: unknown) => (error as KafkaProducerError).code === 'no-leader')

  const observed = new InvocationScope()
  await observed.run(() => template.send('t', 'v').catch(() => undefined))
  await observed.close()
})

test('the end of an invocation does not wait for linger.ms', async () => {
  const { template, values } = createTemplate([], {}, { lingerMs: 20_000 })
  const scope = new InvocationScope()
  scope.run(() => void template.send('t', 'v'))
  assert.ok(await isDoneWithin(10_000, scope.close()))
  assert.deepEqual(values(), ['v'])
})

test('RoutingKafkaTemplate uses the first pattern that matches the topic', async () => {
  const text = createTemplate()
  const json = createTemplate<string, object>([], {}, { valueSerializer: 'json' })
  const routing = new RoutingKafkaTemplate([
    [/^text-/g, text.template],
    [/.-json$/, json.template],
  ])
  await routing.send('text-a', 'v')
  await routing.send('text-a', 'k', 'w')
  await routing.send({ topic: 'a-json', value: { a: 1 } })
  await routing.flush()

  assert.deepEqual([text.values().sort(), json.values()], [['v', 'w'], ['{"a":1}']])
  await assert.rejects(routing.send('other', 'v'), /expected a pattern that matches topic other/)
})

test('ProducerFactory keeps one producer per configuration until maxAge or reset, and loses no record', async () => {
  const { template, factory, clients, values } = createTemplate([], {}, { lingerMs: 30 }, { maxAge: 60 })
  const first = factory.getProducer()
  assert.equal(
    factory.getProducer(parseConfig({ bootstrapServers: ['a:1', 'b:2'], retries: 0, lingerMs: 30 }, {})),
    first,
  )
  const sending = template.send('t', 'old')
  await pause(90)
  assert.notEqual(factory.getProducer(), first)
  await sending
  const lingering = template.send('t', 'reset')
  await factory.reset()
  await lingering
  await template.send('t', 'new')

  assert.equal(clients.length, 3)
  assert.deepEqual(values(), ['old', 'reset', 'new'])
  assert.equal(first.isUsable, false)
})

// The original bug: with an interceptor the whole call rejected, and none of its records was sent.
for (const name of ['a `then` that throws', 'a revoked proxy'])
  test(`a record with ${name} is invalid, and alone so, also with an interceptor`, async () => {
    const { template, values } = createTemplate([], { interceptors: [{ onSend: record => record }] })
    const fields = { topic: 't', key: 'k', value: 'x' }
    const { proxy, revoke } = Proxy.revocable(fields, {})
    revoke()
    const get = () => {
      throw new Error('boom')
    }
    const getter = Object.defineProperty({ ...fields }, 'then', { get })
    const bad = name === 'a revoked proxy' ? proxy : getter
    const reports = await template.sendAll([{ ...fields, value: 'first' }, bad, { ...fields, value: 'last' }])
    assert.deepEqual(reports.map(summaryOf), ['delivered', 'not-sent:bad-value', 'delivered'])
    assert.deepEqual(values(), ['first', 'last'])
  })

test('sixty-four handlers at once share one connection attempt and batches', async () => {
  const { factory, clients } = createTemplate([], {}, {}, {})
  await Promise.all(Array.from({ length: 64 }, () => factory.connect(factory.config as never)))
  assert.equal(clients.length, 1)
  assert.equal(factory.getProducer().metrics().producerIds, 1)
  const outcomes = await Promise.all(
    Array.from({ length: 64 }, (_, i) => {
      const scope = new InvocationScope()
      return scope.run(async () => {
        const template = new KafkaTemplate<string, string>(factory)
        const { producerRecord, recordMetadata } = await template.send('t', `k${i}`, `v${i}`)
        await scope.close()
        return [
          producerRecord.value,
          clients[0]?.logs[recordMetadata.partition]?.records[Number(recordMetadata.offset)]?.value,
        ]
      })
    }),
  )
  assert.ok(outcomes.every(([sent, stored]) => sent === stored))
  assert.ok(factory.getProducer().metrics().requests <= 4, `${factory.getProducer().metrics().requests} requests`)
})
