// A handler may return or log the result of a send as JSON: if that threw, its caller would send the record again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { toReport } from '../../lib/delivery/delivery-report.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { KafkaTemplate } from '../../lib/kafka-template.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'

const SECRET = 'hunter2'
const PAYLOAD = 'the customer’s own words'

function templateOf<V>(settings: object = {}): { factory: ProducerFactory; template: KafkaTemplate<string, V> } {
  const factory = new ProducerFactory({
    config: parseConfig({ bootstrapServers: ['a:1', 'b:2'], ...settings }, {}),
    createClient: () => new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock, latencyMs: 0 }),
  })
  return { factory, template: new KafkaTemplate<string, V>(factory, { listener: {} }) }
}

const parsed = (value: unknown) => JSON.parse(JSON.stringify(value))

test('JSON of a result: offsets are text, and the record is without key, value and headers', async () => {
  const { template } = templateOf<bigint>({ valueSerializer: 'long' })
  const result = await template.send({ topic: 'counts', key: PAYLOAD, value: 2n ** 60n, headers: [['h', PAYLOAD]] })

  const metadata = {
    topic: 'counts',
    partition: 0,
    offset: '0',
    timestamp: result.recordMetadata.timestamp,
    proof: 'all',
    serializedKeySize: Buffer.byteLength(PAYLOAD),
    serializedValueSize: 8,
  }
  assert.deepEqual(parsed(result), { producerRecord: { topic: 'counts' }, recordMetadata: metadata })
  assert.equal(result.recordMetadata.offset, 0n)

  const reports = await template.sendAll([{ topic: 'counts', value: 1n, sourceId: 'r-1', timestamp: 5 }])
  assert.deepEqual(parsed(reports), [
    {
      kind: 'delivered',
      record: { topic: 'counts', timestamp: 5, sourceId: 'r-1' },
      metadata: { ...metadata, offset: '1', timestamp: 5, serializedKeySize: -1 },
      attempts: 1,
    },
  ])
})

test('JSON of a failed report: its error has the message, and no payload', async () => {
  const { template } = templateOf<unknown>()
  const cyclic: Record<string, unknown> = { words: PAYLOAD }
  cyclic.self = cyclic
  const records = [{ topic: 't', value: cyclic }, null, { topic: 5n, value: 'v' }]
  const reports = await template.sendAll(records as never)
  const text = JSON.stringify(reports)

  assert.ok(!text.includes(PAYLOAD))
  const [first, ...others] = JSON.parse(text)
  assert.deepEqual([first.record, first.outcome, first.code], [{ topic: 't' }, 'not-sent', 'bad-value'])
  assert.match(first.error.message, /^value: expected/)
  assert.deepEqual(
    others.map(({ record, code }: { record: object; code: string }) => [record, code]),
    [
      [{}, 'bad-value'],
      [{}, 'unknown-topic'],
    ],
  )
})

test('JSON of a report in doubt: producer id and offset are text', () => {
  const sent = {
    topic: 't',
    partition: 1,
    key: null,
    value: null,
    headers: [],
    wireSize: 9,
    partitionFixedBy: 'source',
  }
  const report = toReport({ topic: 't', value: PAYLOAD }, { record: sent as never, timestamp: 1, indexInBatch: 0 }, {
    kind: 'unknown',
    failureKind: 'delivery-failure',
    causeCode: 'REQUEST_TIMEOUT',
    retriable: true,
    attempts: 1,
    firstAt: 1,
    lastAt: 2,
    inDoubt: { producerId: 2n ** 62n, epoch: 0, baseSequence: 0, indexInBatch: 0, clusterId: null, fromOffset: 7n },
  } as never)
  const { inDoubt, serialized, record } = parsed(report)
  assert.deepEqual(
    [inDoubt.producerId, inDoubt.fromOffset, serialized, record],
    [String(2n ** 62n), '7', undefined, { topic: 't' }],
  )
})

test('JSON of an error has its message and violations', () => {
  const violations = [{ pointer: '/a', rule: 'type', expected: 'text' }]
  const error = new InvalidRecordError('schema', 'One violation.', { violations, cause: new Error(PAYLOAD) })
  assert.deepEqual(parsed({ error }), {
    error: {
      name: 'InvalidRecordError',
      code: 'schema',
      causeCode: null,
      retriable: false,
      violations,
      truncated: false,
      outcome: 'not-sent',
      message: 'One violation.',
    },
  })
})

test('what is printed or logged of a configuration, a factory, a producer and a template shows no secret', () => {
  const { factory, template } = templateOf({
    securityProtocol: 'SASL_SSL',
    saslMechanism: 'PLAIN',
    saslUsername: 'me',
    saslPassword: SECRET,
    sslKeyPassword: SECRET,
  })
  const things = [factory.config, factory, factory.getProducer(), template]
  for (const thing of [...things, { things }]) {
    assert.ok(!inspect(thing, { depth: 20, showHidden: true }).includes(SECRET))
    assert.ok(!JSON.stringify(thing).includes(SECRET))
  }
  assert.match(inspect(factory.config), /saslPassword: '\[redacted\]'/)
})
