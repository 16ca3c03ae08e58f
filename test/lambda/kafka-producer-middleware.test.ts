// What the middleware gives to a handler, and what it does around it: deadlines, the pause of an outage, ids, init.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { parseConfig } from '../../lib/config/parse-config.ts'
import {
  connectInInit,
  type KafkaContext,
  type KafkaProducerMiddlewareOptions,
  kafkaProducer,
} from '../../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { RECORD_ID_EXPECTED } from '../../lib/record/record-id.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'

const config = parseConfig(
  { bootstrapServers: ['a:1'], retries: 0, requestTimeoutMs: 2000, ackTimeoutMs: 1500, deadlineReserveMs: 1000 },
  {},
)
const record = { topic: 't', value: 'v' }

function setUp({
  script = [],
  ...options
}: { script?: readonly Attempt[] } & Partial<KafkaProducerMiddlewareOptions> = {}) {
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, script, latencyMs: 1 })
  const factory = new ProducerFactory({ createClient: () => client, rules: { anyTopic: true } })
  let seen: KafkaContext['kafka'] | undefined
  const handler = middy()
    .use(kafkaProducer({ factory, config, ...options }))
    .handler(async (_event: unknown, { kafka }: Context & KafkaContext) => {
      seen = kafka
      return kafka.producer.sendAll([record])
    })
  const invoke = async (remainingMs?: number) => {
    const clock = remainingMs === undefined ? {} : { getRemainingTimeInMillis: () => remainingMs }
    const [report] = await handler({}, clock as Context & KafkaContext)
    return report?.kind === 'failed' ? report : undefined
  }
  return { client, factory, invoke, seen: () => seen as KafkaContext['kafka'] }
}

test('a timeout that leaves no attempt fails each record, and says how long it must be', async () => {
  const { invoke, client } = setUp()
  for (const remainingMs of [2999, 3000]) {
    const report = await invoke(remainingMs)
    assert.equal(report?.code, 'deadline-too-short')
    assert.equal(
      report.error.message,
      'The function’s timeout is too short. Raise it to more than 3000 ms ' +
        '(KAFKA_DEADLINE_RESERVE_MS + request.timeout.ms).',
    )
  }
  assert.equal(client.produces, 0)
  assert.equal(await invoke(5000), undefined)
})

test('too short a timeout starts no pause', async () => {
  const { invoke } = setUp()
  for (let n = 0; n < 4; n++) assert.equal((await invoke(1000))?.code, 'deadline-too-short')
  assert.equal(await invoke(10_000), undefined)
})

test('after three invocations that delivered nothing, the next one sends nothing', async () => {
  const { invoke, client } = setUp({ script: Array(9).fill('refuse') })
  for (let n = 0; n < 3; n++) assert.notEqual((await invoke(10_000))?.code, 'unavailable')
  const { produces } = client
  assert.equal((await invoke(10_000))?.code, 'unavailable')
  assert.equal(client.produces, produces)
})

test('a handler has the producer, both deadlines and the invocations in progress', async () => {
  const { invoke, seen, factory } = setUp()
  await invoke(10_000)
  const { producer, deadline, answerBy, invocations, isGatewayClockIgnored } = seen()
  assert.equal(producer, factory.getProducer(config))
  assert.equal(invocations, factory.invocations)
  assert.equal(isGatewayClockIgnored, false)
  assert.ok(deadline.remaining <= 9000 && deadline.remaining > 4000)
  assert.equal(Math.round(answerBy.at - deadline.at), 750)
  assert.equal(factory.invocations.active, 0)
})

test('a context without a clock has the time of a delivery beside the reserve', async () => {
  const { invoke, seen } = setUp()
  await invoke()
  const { deadline } = seen()
  const { requestTimeoutMs, deliveryTimeoutMs } = config
  assert.ok(deadline.remaining <= requestTimeoutMs + deliveryTimeoutMs)
  assert.ok(deadline.remaining > requestTimeoutMs + deliveryTimeoutMs - 10_000)
})

const idOf = ({ client }: { client: ScriptedKafkaClient }) =>
  client.logs[0]?.records[0]?.headers.find(([name]) => name === 'kp-id')?.[1]

test('a record gets an id unless the option says none', async () => {
  const [withId, without] = [setUp(), setUp({ recordId: 'none' })]
  await withId.invoke(10_000)
  await without.invoke(10_000)
  assert.match(String(idOf(withId)), /^[0-9a-f-]{36}$/)
  assert.equal(idOf(without), undefined)
})

test('after an error of the handler the sends that it began are awaited, and the error stays its own', async () => {
  const { factory, client } = setUp({ script: ['refuse'] })
  const error = new Error('of the handler')
  const handler = middy()
    .use(kafkaProducer({ factory, config }))
    .handler((_event: unknown, { kafka }: Context & KafkaContext) => {
      void kafka.producer.send(record)
      throw error
    })
  await assert.rejects(async () => handler({}, {} as Context & KafkaContext), error)
  assert.deepEqual([client.produces, client.inFlight, factory.invocations.active], [1, 0, 0])
})

test('what is neither a factory nor a record id is a problem of the configuration', () => {
  const { factory } = setUp()
  for (const wrong of [{}, { factory: {} }, { factory: 'text' }])
    assert.throws(() => kafkaProducer(wrong as never), {
      name: 'ConfigError',
      message: /kafkaProducer: factory: expected a ProducerFactory, got /,
    })
  assert.throws(() => kafkaProducer({ factory }), { name: 'ConfigError', message: /kafkaProducer: config: expected/ })
  assert.throws(() => kafkaProducer({ factory, config, recordId: 'other' as never }), {
    name: 'ConfigError',
    problems: [RECORD_ID_EXPECTED],
  })
})

test('a failure to connect during init is reported and thrown to nobody', async () => {
  const failure = new Error('no broker')
  const connected: unknown[] = []
  const factory = {
    config,
    connect: async (of: unknown, deadline: { remaining: number }) => {
      connected.push([of, deadline.remaining > 2000 && deadline.remaining <= 3000])
      throw failure
    },
  } as unknown as ProducerFactory
  const failures: unknown[] = []
  const other = parseConfig({ bootstrapServers: ['b:1'] }, {})
  await connectInInit({ factory }, error => failures.push(error))
  await connectInInit({ factory, config: other }, error => failures.push(error))
  assert.deepEqual(failures, [failure, failure])
  assert.deepEqual(connected, [
    [config, true],
    [other, true],
  ])
})
