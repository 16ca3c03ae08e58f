// Deserializers trust headers that name a schema more than the bytes, so no caller may send them where a registry's
// schema serializes the key or the value.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import { type ContractFile, toContracts } from '../../lib/contracts/load-contracts.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { KafkaTemplate } from '../../lib/kafka-template.ts'
import { ProducerFactory } from '../../lib/producer-factory.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { checkByContract, editDeadLetter } from '../../lib/redrive/edit-dead-letter.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { ConfluentAvroSerializer, registryCodec } from '../../lib/schema-registry/index.ts'
import type { ValueCodec } from '../../lib/serialize/value-codec.ts'
import { createFakeKafka } from '../../lib/testing/index.ts'
import { acceptingProducer } from '../fakes/accepting-producer.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { RegistryServer } from '../fakes/registry-server.ts'
import { functionHarness, httpHarness, sqsMessage } from '../support/function-harness.ts'
import { registeredSchema, ScriptedRegistry } from '../support/scripted-registry.ts'

const GUID = '00010203-0405-0607-0809-0a0b0c0d0e0f'
const SCHEMA_ID = Buffer.from(`01${GUID.replaceAll('-', '')}`, 'hex')
const FORGED = Buffer.alloc(17, 1)
const AVRO = { format: 'avro', registry: 'confluent' }
const JSON_FORMAT = { format: 'json' }

/** The topics `prefix` and `header` have values of a registry, `keys` only keys, `plain` nothing of one. */
async function setUp(t: TestContext) {
  const registry = await RegistryServer.start(t, () => ({
    body: { id: 7, version: 1, guid: GUID, schema: '"string"' },
  }))
  const file = (topic: string, value: object, key: object = {}): ContractFile => ({
    topic,
    json: {
      key: { required: false, ...key },
      value,
      tombstones: true,
      from: { sqs: [{ queue: topic }] },
    } as ContractFile['json'],
  })
  const contracts = toContracts(
    [
      file('prefix', AVRO),
      file('header', { ...AVRO, schemaIdIn: 'header' }),
      file('keys', JSON_FORMAT, AVRO),
      file('plain', JSON_FORMAT),
    ],
    () => assert.fail('There is no other schema.'),
    { formats: CONTRACT_FORMATS },
  )
  return { registry, contracts, options: { schemaRegistryUrl: [registry.url] } }
}

const base64 = FORGED.toString('base64')
const listed = (name: string) => ({
  key: 'k',
  value: 'v',
  headers: [
    { name: 'a', value: '1' },
    { name, base64 },
  ],
})

test('HTTP refuses them with a pointer into the body, in each place of the id, also for a tombstone', async t => {
  const harness = httpHarness(await setUp(t))
  const post = async (topic: string, body: object) => {
    const answer = await harness.post(topic, JSON.stringify(body))
    const [record] = answer.body.records
    return [answer.status, record.code, record.violations?.[0]?.pointer]
  }
  for (const topic of ['prefix', 'header', 'keys'])
    for (const name of ['__value_schema_id', '__key_schema_id'])
      assert.deepEqual(await post(topic, listed(name)), [422, 'reserved-header', '/headers/1/name'], topic)
  const asObject = { value: null, key: 'k', headers: { a: '1', __value_schema_id: 'x' } }
  assert.deepEqual(await post('header', asObject), [422, 'reserved-header', '/headers/__value_schema_id'])
  assert.equal((await post('plain', listed('__value_schema_id')))[0], 200)
  assert.equal((await post('prefix', listed('__VALUE_schema_id')))[0], 200)
})

test('SQS refuses them as it refuses kp-, and its dead letter is without them', async t => {
  const { contracts, options } = await setUp(t)
  const harness = functionHarness(handleSqs, { contracts, options })
  const messageAttributes = { __value_schema_id: { dataType: 'Binary', binaryValue: base64 } } as never
  await harness.invoke({ Records: [sqsMessage('prefix', '"v"', { messageAttributes })] })
  const [deadLetter] = harness.deadLetters.deadLetters as [DeadLetter]
  assert.equal(deadLetter.failure.code, 'reserved-header')
  assert.ok(deadLetter.record.headers.every(({ name }) => name !== '__value_schema_id'))
  await checkByContract(deadLetter, contracts, { config: parseConfig({ bootstrapServers: ['a:1'], ...options }, {}) })
  harness.deadLetters.deadLetters.length = 0
  await harness.invoke({ Records: [sqsMessage('plain', '"v"', { messageAttributes })] })
  assert.deepEqual(harness.deadLetters.deadLetters, [])
  const { headers } = harness.client.logs.flatMap(({ records }) => records)[0] ?? {}
  assert.ok(JSON.stringify(headers).includes('__value_schema_id'))
})

const forged: Pick<ProducerRecord, 'headers'> = {
  headers: [
    ['a', '1'],
    ['__value_schema_id', FORGED],
  ],
}

async function refusal(sent: Promise<unknown>) {
  const error = await sent.then(
    () => assert.fail('It was sent.'),
    error => error,
  )
  assert.ok(error instanceof InvalidRecordError, String(error))
  return [error.code, error.violations[0]?.pointer]
}

test('a program is refused with the place among its own headers, by a contract and a codec of its own', async t => {
  const { contracts, options, registry } = await setUp(t)
  const config = parseConfig({ bootstrapServers: ['a:1'], ...options }, {})
  const own = registryCodec({ format: 'avro', registry: 'confluent' })
  const wrapped: ValueCodec = {
    ...{ format: 'mine', isJson: true, keepsText: false, keepsBytes: false, shape: {}, serializers: [] },
    fromText: text => own.fromText(text),
    read: value => own.read(value),
    check: (content, extent) => own.check(content, extent),
    encode: (source, context) => own.encode(source, context),
  }
  const all = new Map([...contracts, ['wrapped', defineContract('wrapped', { value: { codec: wrapped } })]])
  const { createClient } = createFakeKafka()
  const factory = new ProducerFactory({ config, createClient, rules: { contracts: all } })
  t.after(() => factory.close())
  const template = new KafkaTemplate(factory)
  for (const topic of ['prefix', 'header'])
    assert.deepEqual(
      await refusal(template.send({ topic, key: 'k', value: Buffer.from('"v"'), ...forged })),
      ['reserved-header', '/headers/1/name'],
      topic,
    )
  const [code] = await refusal(template.send({ topic: 'wrapped', key: 'k', value: Buffer.from('"v"'), ...forged }))
  assert.equal(code, 'reserved-header')
  assert.deepEqual(registry.requests, [])
})

test('a serializer of a registry refuses them, for keys and values; topics without one may have them', async t => {
  const schema = registeredSchema('AVRO', '"string"')
  const serializer = new ConfluentAvroSerializer({
    registry: new ScriptedRegistry({ 't-key': schema, 't-value': schema }),
  })
  for (const serializers of [{ valueSerializer: serializer }, { keySerializer: serializer }]) {
    const kafka = createFakeKafka()
    const factory = kafka.producerFactory(serializers)
    t.after(() => factory.close())
    const template = new KafkaTemplate<string, string>(factory)
    const record = { topic: 't', key: 'k', value: 'v', ...forged }
    // Before the schema is here, and after.
    assert.deepEqual(await refusal(template.send(record)), ['reserved-header', '/headers/1/name'])
    await template.send('t', 'k', 'v')
    assert.deepEqual(await refusal(template.send(record)), ['reserved-header', '/headers/1/name'])
  }
  const kafka = createFakeKafka()
  const factory = kafka.producerFactory({})
  t.after(() => factory.close())
  await new KafkaTemplate<string, string>(factory).send({ topic: 't', key: 'k', value: 'v', ...forged })
  assert.equal(kafka.records('t').length, 1)
})

test('a dead letter of encoded bytes keeps their header; one with a new value gets a new one', async t => {
  const { contracts, options } = await setUp(t)
  const config = parseConfig({ bootstrapServers: ['a:1'], ...options }, {})
  const harness = httpHarness({ contracts, options, script: ['refuse', 'refuse', 'refuse'] })
  await harness.post('header', '{"key":"k","value":"v"}')
  const [encoded] = harness.deadLetters.deadLetters as [DeadLetter]
  assert.equal(encoded.record.encoding, undefined)
  await checkByContract(encoded, contracts, { config })
  const edited = await editDeadLetter(encoded, { key: Buffer.from('k'), value: Buffer.from('"w"') }, contracts, {
    config,
  })
  const accepting = acceptingProducer()
  const producer = { ...accepting, config }
  const result = await redrive(new MemoryDeadLetterStore([encoded, edited]), { producer, contracts })
  assert.equal(result.resent, 2)
  const idsOf = ({ headers }: ProducerRecord) =>
    (headers as readonly [string, Uint8Array][]).filter(([name]) => name === '__value_schema_id')
  assert.deepEqual(
    accepting.sent.map(record => [String(record.value), idsOf(record)]),
    [
      ['\x02v', [['__value_schema_id', SCHEMA_ID]]],
      ['\x02w', [['__value_schema_id', SCHEMA_ID]]],
    ],
  )
})
