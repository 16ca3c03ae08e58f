// Sends within an invocation: they are awaited before the response, and an unobserved failure fails the invocation.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { InvocationScope } from '../../lib/delivery/invocation-scope.ts'
import { type KafkaContext, kafkaProducer } from '../../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { deadlineIn, pause } from '../support/time.ts'

function handlerOf(work: (context: KafkaContext) => unknown, script: readonly Attempt[] = [], latencyMs = 20) {
  const client = new ScriptedKafkaClient({
    partitions: 1,
    brokers: 1,
    clock: systemClock,
    script,
    latencyMs,
    poison: 'poison',
  })
  const config = parseConfig({ bootstrapServers: ['a:1'], retries: 0 }, {})
  const factory = new ProducerFactory({ createClient: () => client })
  const handler = middy()
    .use(kafkaProducer({ factory, config }))
    .handler((_event: unknown, context: Context & KafkaContext) => work(context))
  const invoke = () =>
    handler({}, { awsRequestId: '1', getRemainingTimeInMillis: () => 20_000 } as Context & KafkaContext)
  return { client, invoke, factory, config }
}

const record = { topic: 't', key: 'k', value: 'v' }

test('rule 14: a send that nobody awaits is acknowledged before the answer is returned', async () => {
  const { client, invoke } = handlerOf(({ kafka }) => {
    void kafka.producer.send(record)
    return 'answered'
  })
  assert.equal(await invoke(), 'answered')
  assert.equal(client.logs[0]?.records.length, 1)
  assert.equal(client.inFlight, 0)
})

test('rule 14: a failure that nobody observed fails the invocation, and not the process', async () => {
  const { invoke } = handlerOf(({ kafka }) => void kafka.producer.send(record), ['refuse'])
  await assert.rejects(async () => invoke(), { name: 'DeliveryError' })
})

test('rule 14: a failure that the handler observed does not fail the invocation', async () => {
  const { invoke } = handlerOf(({ kafka }) => kafka.producer.send(record).catch(() => 'handled'), ['refuse'])
  assert.equal(await invoke(), 'handled')
})

test('rule 14: a failed report that nobody observed fails the invocation with its error', async () => {
  const { invoke } = handlerOf(({ kafka }) => void kafka.producer.sendAll([record, { ...record, partition: -1 }]))
  await assert.rejects(async () => invoke(), { name: 'InvalidRecordError', code: 'bad-partition' })
  const delivered = handlerOf(({ kafka }) => void kafka.producer.sendAll([record]))
  assert.equal(await delivered.invoke(), undefined)
})

// The original bug: the second promise was completed before the handler awaited it, and the whole SQS batch was
// returned.
test('rule 14: failed reports that the handler looks at later do not fail the invocation', async () => {
  const { invoke } = handlerOf(async ({ kafka }) => {
    const delivered = kafka.producer.sendAll([record])
    const failed = kafka.producer.sendAll([{ ...record, partition: -1 }])
    return [...(await delivered), ...(await failed)].map(({ kind }) => kind)
  })
  assert.deepEqual(await invoke(), ['delivered', 'failed'])
})

test('rule 14: a rejection that the handler looks at later fails neither the invocation nor the process', async () => {
  const { invoke } = handlerOf(async ({ kafka }) => {
    const failing = kafka.producer.send({ ...record, value: 'poison' })
    await pause(60)
    return failing.catch(() => 'handled')
  })
  assert.equal(await invoke(), 'handled')
})

test('rule 14: after an error of the handler its sends are awaited too', async () => {
  const { client, invoke } = handlerOf(({ kafka }) => {
    void kafka.producer.send(record)
    throw new Error('mine')
  })
  await assert.rejects(async () => invoke(), { message: 'mine' })
  assert.equal(client.inFlight, 0)
})

test('rule 14: a send after the scope closed is refused', async () => {
  let late: Promise<unknown> | undefined
  const { invoke } = handlerOf(({ kafka }) => {
    setTimeout(() => {
      late = kafka.producer.send(record).then(
        () => 'sent',
        error => error.message,
      )
    }, 50)
    return 'answered'
  })
  await invoke()
  await pause(80)
  assert.match(String(await late), /after its invocation had ended/)
})

test('rule 14: a send that begins while the answer is streamed, or after it, is refused', async () => {
  let kafka: KafkaContext['kafka'] | undefined
  const outcome = (sending: Promise<unknown> | undefined) =>
    sending?.then(
      () => 'sent',
      error => error.code,
    )
  const { invoke, client } = handlerOf(context => {
    kafka = context.kafka
    return (async function* () {
      yield outcome(context.kafka.producer.send(record))
    })()
  })
  const streamed: unknown[] = []
  for await (const part of (await invoke()) as AsyncIterable<unknown>) streamed.push(part)
  assert.deepEqual([streamed, await outcome(kafka?.producer.send(record))], [['unavailable'], 'unavailable'])
  assert.deepEqual(client.logs[0]?.records, [])
})

test('a context without a clock, as in a unit test, has time to send', async () => {
  const { factory, config, client } = handlerOf(() => undefined)
  const handler = middy()
    .use(kafkaProducer({ factory, config }))
    .handler((_event: unknown, { kafka }: Context & KafkaContext) => kafka.producer.send(record))
  await handler({}, {} as Context & KafkaContext)
  assert.equal(client.logs[0]?.records.length, 1)
})

test('invocations are counted per factory, until their sends are completed', async () => {
  const counts: number[] = []
  const one = handlerOf(({ kafka }) => {
    counts.push(kafka.invocations.active)
    void kafka.producer.send(record)
  })
  const other = handlerOf(({ kafka }) => counts.push(kafka.invocations.active))
  const first = one.invoke()
  const second = one.invoke()
  await other.invoke()
  assert.deepEqual(counts, [1, 2, 1])
  await Promise.all([first, second])
  assert.equal(one.factory.invocations.active, 0)
})

test('rule 14: of concurrent invocations only the one whose unobserved send failed fails', async () => {
  const values = ['a', 'poison', 'b', 'c']
  const { invoke, client } = handlerOf(({ kafka }) => void kafka.producer.send({ ...record, value: values.shift() }))
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(async () => invoke()))

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.equal(client.inFlight, 0)
  assert.deepEqual(client.logs[0]?.records.map(({ value }) => value).sort(), ['a', 'b', 'c'])
})

test('many callers share one warm producer and one connection attempt; a closed producer is replaced', async () => {
  const { factory, config, client } = handlerOf(() => undefined)
  let requests = 0
  const metadata = client.metadata.bind(client)
  client.metadata = topics => {
    requests++
    return metadata(topics)
  }
  await Promise.all(Array.from({ length: 20 }, () => factory.connect(config)))
  const first = factory.getProducer(config)

  assert.equal(requests, 1)
  assert.equal(factory.getProducer(config), first)
  await first.close()
  assert.notEqual(factory.getProducer(config), first)
})

// The original bug: the second caller waited until the deadline of the first.
test('callers that share a connection attempt each wait until their own deadline', async () => {
  const { factory, config, client } = handlerOf(() => undefined)
  const isAllowed = Promise.withResolvers<void>()
  const initProducerId = client.initProducerId.bind(client)
  client.initProducerId = () => isAllowed.promise.then(initProducerId)
  const ended: string[] = []
  const connect = (name: string, ms: number) =>
    factory.connect(config, deadlineIn(ms)).then(
      () => ended.push(`${name} connected`),
      error => ended.push(`${name} ${error.code}`),
    )
  const calls = [connect('first', 300), connect('long', 30_000), connect('second', 100)]
  await Promise.all([calls[0], calls[2]])
  assert.deepEqual(ended, ['second unreachable', 'first unreachable'])
  isAllowed.resolve()
  await Promise.all(calls)
  assert.equal(ended[2], 'long connected')
})

test('a failed connection attempt is not cached', async () => {
  const { factory, config, client } = handlerOf(() => undefined)
  const metadata = client.metadata.bind(client)
  client.metadata = () => Promise.reject(new Error('down'))
  await assert.rejects(factory.connect(config, deadlineIn(150)))
  client.metadata = metadata
  await factory.connect(config)
})

test('a scope counts delivered records and delivery failures; invalid records are neither', async () => {
  const script: Attempt[] = ['ok', 'refuse', 'ok', 'refuse']
  const { factory, config } = handlerOf(() => undefined, script, 1)
  const scope = new InvocationScope()
  const producer = factory.getProducer(config)
  await scope.run(async () => {
    for (let n = 0; n < 2; n++) await producer.send(record).catch(() => 'refused')
    await producer.send({ ...record, partition: -1 }).catch(() => 'invalid')
    for (let n = 0; n < 2; n++) await producer.sendAll([record])
    await producer.sendAll([{ ...record, partition: -1 }])
  })
  await scope.close()
  assert.deepEqual(scope.outcomes, { delivered: 2, deliveryFailures: 2 })
  await factory.close()
})
