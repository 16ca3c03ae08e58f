// Whatever the reason of a failed send, its caller handles two classes: InvalidRecordError, and DeliveryError, whose
// outcome says what is known of the record. The cause keeps its own class.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import { InvocationScope } from '../../lib/delivery/invocation-scope.ts'
import { DeliveryError, InvalidRecordError, TransportError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { KafkaTemplate, type KafkaTemplateOptions } from '../../lib/kafka-template.ts'
import { ProducerFactory, type ProducerFactoryOptions } from '../../lib/producer-factory.ts'
import { RoutingKafkaTemplate } from '../../lib/routing-kafka-template.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { transportError } from '../../lib/transport/error-codes.ts'
import type { KafkaClient } from '../../lib/transport/kafka-client.ts'
import type { ValidationRules } from '../../lib/validate/record-validator.ts'

const RECORD = { topic: 'chat', key: 'lobby', value: 'hello' }

interface Sending {
  readonly settings?: ProducerOptions
  readonly rules?: ValidationRules
  readonly script?: readonly Attempt[]
  /** Replaces methods of the client. */
  readonly client?: Partial<KafkaClient>
  readonly record?: unknown
  readonly before?: (producer: KafkaProducer, clock: VirtualClock) => unknown
  readonly scope?: (clock: VirtualClock) => InvocationScope
}

/** What `send` of a producer rejects with; the report of `sendAll` in the same situation must have the same error. */
async function rejection(sending: Sending): Promise<unknown> {
  const [error, reported] = [await attempt(sending, 'send'), await attempt(sending, 'sendAll')]
  const facts = ({ name, message, outcome }: { name: string; message: string; outcome?: string }) => ({
    name,
    message,
    outcome,
  })
  assert.deepEqual(facts(reported as Error), facts(error as Error))
  return error
}

async function attempt(sending: Sending, method: 'send' | 'sendAll'): Promise<unknown> {
  const { settings, rules, script, client, record = RECORD, before, scope } = sending
  const clock = new VirtualClock()
  const scripted = new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock, ...(script ? { script } : {}) })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['a:1', 'b:2'], retries: 0, ...settings }, {}), {
    client: Object.assign(scripted, client),
    clock,
    warn: () => {},
    ...(rules ? { rules } : {}),
  })
  await before?.(producer, clock)
  let result: { readonly error: unknown } | undefined
  const call = async () => {
    if (method === 'send') return await producer.send(record as never)
    const [report] = await producer.sendAll([record as never])
    throw report?.kind === 'failed' ? report.error : new Error('It was delivered.')
  }
  const work = scope ? scope(clock).run(call) : call()
  void work.then(
    () => {
      result = { error: new Error('It was delivered.') }
    },
    (error: unknown) => {
      result = { error }
    },
  )
  await clock.run(() => result !== undefined)
  return result?.error
}

const unreachable = async () => {
  throw transportError('UNREACHABLE', 'No broker answers.', { retriable: true })
}

type Row = readonly [
  situation: string,
  sending: Sending,
  expected: readonly [name: string, outcome: string, code: string, cause?: string],
]

const ROWS: readonly Row[] = [
  ['a record that is no object', { record: 5 }, ['InvalidRecordError', 'not-sent', 'bad-value']],
  ['a record without a topic', { record: { value: 'v' } }, ['InvalidRecordError', 'not-sent', 'unknown-topic']],
  [
    'a header of a wrong shape',
    { record: { ...RECORD, headers: [['a', 5]] } },
    ['InvalidRecordError', 'not-sent', 'bad-header'],
  ],
  [
    'a value that the serializer refuses',
    { record: { ...RECORD, value: 5 } },
    ['InvalidRecordError', 'not-sent', 'bad-value', 'SerializationError'],
  ],
  [
    'a record that is too large',
    { record: { ...RECORD, value: 'x'.repeat(3000) }, settings: { maxRequestSize: 2048, batchSize: 1000 } },
    ['InvalidRecordError', 'not-sent', 'record-too-large'],
  ],
  [
    'a partition that the topic does not have',
    { record: { ...RECORD, partition: 9 } },
    ['InvalidRecordError', 'not-sent', 'partition-out-of-range'],
  ],
  [
    'a key is missing where one is required',
    { record: { ...RECORD, key: null }, rules: { keyRequired: true } },
    ['InvalidRecordError', 'not-sent', 'key-missing'],
  ],
  [
    'a partitioner that throws',
    { settings: { partitionerClass: { partition: () => assert.fail('Mine.') } } },
    ['InvalidRecordError', 'not-sent', 'bad-partition', 'AssertionError'],
  ],
  [
    'no broker can be reached',
    { client: { metadata: unreachable } },
    ['DeliveryError', 'not-sent', 'unreachable', 'TransportError'],
  ],
  [
    'the brokers refuse the credentials',
    {
      client: {
        metadata: async () => {
          throw transportError('AUTHENTICATION_FAILED', 'Refused.')
        },
      },
    },
    ['DeliveryError', 'not-sent', 'authentication', 'TransportError'],
  ],
  [
    'the topic does not exist',
    {
      client: {
        metadata: async topics => ({
          topics: topics.map(topic => ({ topic, error: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] })),
        }),
      },
    },
    ['DeliveryError', 'not-sent', 'topic-not-on-cluster', 'TransportError'],
  ],
  [
    'the buffer stays full',
    {
      record: { ...RECORD, value: 'x'.repeat(600) },
      settings: { bufferMemory: 2048, maxBlockMs: 50 },
      script: ['slow-connect'],
      before: producer => void producer.send({ ...RECORD, value: 'x'.repeat(600) }).catch(() => undefined),
    },
    ['DeliveryError', 'not-sent', 'buffer', 'BufferExhaustedError'],
  ],
  [
    'the record can’t fit into the buffer',
    { record: { ...RECORD, value: 'x'.repeat(6000) }, settings: { bufferMemory: 2048 } },
    ['InvalidRecordError', 'not-sent', 'record-too-large'],
  ],
  [
    'the deadline passes while the serializer works',
    { settings: { valueSerializer: { serialize: () => new Promise<Uint8Array>(() => {}) } } },
    ['DeliveryError', 'not-sent', 'deadline', 'TransportError'],
  ],
  [
    'the invocation’s deadline has passed already',
    { scope: clock => new InvocationScope(new Deadline(clock, clock.now())) },
    ['DeliveryError', 'not-sent', 'deadline', 'TransportError'],
  ],
  [
    'the invocation may not send',
    { scope: () => new InvocationScope(undefined, () => new TransportError('deadline-too-short', 'Too short.')) },
    ['DeliveryError', 'not-sent', 'deadline-too-short', 'TransportError'],
  ],
  [
    'the producer is closed',
    { before: producer => producer.close({ timeoutMs: 0 }) },
    ['DeliveryError', 'not-sent', 'unavailable'],
  ],
  [
    'the producer is closed while the record waits',
    {
      client: { metadata: () => new Promise(() => {}) },
      before: (producer, clock) => void clock.setTimeout(() => void producer.close({ timeoutMs: 0 }), 10),
    },
    ['DeliveryError', 'not-sent', 'unavailable', 'TransportError'],
  ],
  ['the broker refuses the batch', { script: ['refuse'] }, ['DeliveryError', 'rejected', 'no-leader']],
  [
    'nothing leaves the client before the deadline',
    { script: Array(1000).fill('not-sent'), settings: { deliveryTimeoutMs: 4000 } },
    ['DeliveryError', 'not-sent', 'unreachable'],
  ],
  ['the answer is lost', { script: ['lose-answer'] }, ['DeliveryError', 'unknown', 'delivery-unknown']],
  [
    'a defect of the driver',
    { client: { produce: () => assert.fail('Its own.') } },
    ['DeliveryError', 'not-sent', 'unavailable', 'AssertionError'],
  ],
]

for (const [situation, sending, [name, outcome, code, cause]] of ROWS)
  test(`${situation}: ${name}, ${outcome}, ${code}`, async () => {
    const error = await rejection(sending)
    assert.ok(error instanceof InvalidRecordError || error instanceof DeliveryError, String(error))
    assert.deepEqual([error.name, error.outcome, error.code], [name, outcome, code], error.message)
    if (cause !== undefined) assert.equal((error.cause as Error).name, cause)
    if (error.cause instanceof TransportError)
      assert.deepEqual([error.message, error.retriable], [error.cause.message, error.cause.retriable])
  })

test('a broker that refuses the record itself: InvalidRecordError, rejected', async () => {
  const { template } = templateOf({ poison: 'poison' })
  await assert.rejects(template.send('chat', 'k', 'poison'), {
    name: 'InvalidRecordError',
    outcome: 'rejected',
    code: 'record-too-large',
  })
})

test('an earlier record of the order group failed: DeliveryError, not-sent', async () => {
  const { template } = templateOf({ script: ['refuse'] })
  const reports = await template.sendAll(
    [0, 1].map(partition => ({ topic: 'chat', partition, value: 'v', orderGroup: 'g' })),
  )
  const error = reports[1]?.kind === 'failed' ? reports[1].error : undefined
  assert.ok(error instanceof DeliveryError)
  assert.deepEqual([error.outcome, error.code], ['not-sent', 'order-group-stopped'])
})

test('after its invocation: DeliveryError, not-sent, from send and from sendAll', async () => {
  const { template } = templateOf()
  const scope = new InvocationScope()
  await scope.close()
  const record = { topic: 'chat', value: 'late' }
  for (const send of [() => template.send(record), () => template.sendAll([record])])
    await assert.rejects(scope.run<Promise<unknown>>(send), {
      name: 'DeliveryError',
      outcome: 'not-sent',
      code: 'unavailable',
    })
})

// A program that treats an invalid record as one to drop must not drop this one.
test('no topic to send to: DeliveryError, not-sent, with the ConfigError as its cause', async () => {
  const { template } = templateOf()
  const routing = new RoutingKafkaTemplate([[/^bytes-/, template]])
  for (const send of [() => template.sendDefault('v'), () => routing.send('chat', 'v')])
    await assert.rejects(send, (error: unknown) => {
      assert.ok(error instanceof DeliveryError && error.cause instanceof Error)
      assert.deepEqual([error.outcome, error.retriable, error.cause.name], ['not-sent', false, 'ConfigError'])
      return true
    })
})

test('a producer that can’t be created again: DeliveryError, not-sent, and the listener gets it', async () => {
  const failed: unknown[] = []
  let isGone = false
  const { template, factory } = templateOf(
    {},
    { listener: { onError: (record, error) => void failed.push([record.value, error.name]) } },
    client => {
      if (isGone) throw new Error('The class is gone.')
      return client
    },
  )
  await factory.close()
  isGone = true
  await assert.rejects(template.send('chat', 'v'), { name: 'DeliveryError', outcome: 'not-sent', code: 'unavailable' })
  assert.deepEqual(failed, [['v', 'DeliveryError']])
})

function templateOf(
  script: { readonly script?: readonly Attempt[]; readonly poison?: string } = {},
  options: KafkaTemplateOptions<string, string> = { listener: {} },
  createClient: (client: KafkaClient) => KafkaClient = client => client,
): { template: KafkaTemplate<string, string>; factory: ProducerFactory } {
  const factoryOptions: ProducerFactoryOptions = {
    config: parseConfig({ bootstrapServers: ['a:1', 'b:2'], retries: 0 }, {}),
    createClient: () =>
      createClient(new ScriptedKafkaClient({ partitions: 2, brokers: 1, clock: systemClock, latencyMs: 1, ...script })),
  }
  const factory = new ProducerFactory(factoryOptions)
  return { template: new KafkaTemplate<string, string>(factory, options), factory }
}
