// A contract whose keys and values need a schema registry: each trigger, each fate of its records, and their redrive.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleEventBridge } from '../../functions/eventbridge/handle-eventbridge.ts'
import { handleSqs } from '../../functions/sqs/handle-sqs.ts'
import type { Contract } from '../../lib/contracts/contract.ts'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { ConfigError } from '../../lib/errors.ts'
import { checkByContract, editDeadLetter } from '../../lib/redrive/edit-dead-letter.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { acceptingProducer } from '../fakes/accepting-producer.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { contractsOf } from '../support/contracts.ts'
import { functionHarness, httpHarness, recordsOf, sqsMessage } from '../support/function-harness.ts'
import { Registry } from '../support/registry-codec.ts'

const [{ sqs, eventbridge }] = [
  ...contractsOf([
    { topic: 'orders', json: { from: { sqs: [{ queue: 'orders' }], eventbridge: [{ source: ['shop'] }] } } },
  ]).values(),
] as [Contract]

function setUp(from: readonly string[] = ['record', 'value:/customer']) {
  const registry = new Registry()
  const codec = registry.codec(isKey => (isKey ? 7 : 9))
  const contract: Contract = {
    ...defineContract('orders', { key: { from, codec }, value: { codec } }),
    sqs,
    eventbridge,
  }
  return { registry, contracts: new Map([['orders', contract]]), options: { retries: 0, deliveryTimeoutMs: 30_000 } }
}

const VALUE = '{"id": 1.0, "customer": {"no": 5}}'
const KEY = '{"no":5}'
/** The frame of the registry, with the id of the schema. */
const framed = (id: number, text: string) => Buffer.concat([Buffer.from([0, id]), Buffer.from(text)]).toString('latin1')
const latin1 = (bytes: Uint8Array | null | undefined) => bytes && Buffer.from(bytes).toString('latin1')
const base64 = (text: string | null) => Buffer.from(text ?? '', 'base64').toString('latin1')

test('HTTP: key and value are encoded after an answer of the registry, from the text of the body', async () => {
  const { contracts, registry } = setUp()
  const harness = httpHarness({ contracts })
  const { status } = await harness.post('orders', `{"key": ${KEY}, "value": ${VALUE}}`)
  assert.equal(status, 200)
  const [record] = recordsOf(harness)
  assert.deepEqual([record?.key, record?.value], [framed(7, KEY), framed(9, VALUE)])
  assert.deepEqual(
    registry.contexts.map(({ isKey, topic }) => [isKey, topic]),
    [
      [true, 'orders'],
      [false, 'orders'],
    ],
  )
})

test('SQS and EventBridge: keys come from the value; what can’t be encoded goes back or is stored', async () => {
  const { contracts, registry, options } = setUp(['value:/customer'])
  const sqs = functionHarness(handleSqs, { contracts, options })
  const batch = { Records: [sqsMessage('orders', VALUE)] }
  assert.deepEqual(await sqs.invoke(batch), { batchItemFailures: [] })
  const eventbridge = functionHarness(handleEventBridge, { contracts, options })
  const event = { id: 'e-1', source: 'shop', 'detail-type': 'Order', detail: { id: 2, customer: 'ada' } }
  await eventbridge.invoke(event)
  for (const [harness, key, value] of [
    [sqs, KEY, VALUE],
    [eventbridge, '"ada"', '{"id":2,"customer":"ada"}'],
  ] as const) {
    const [record] = recordsOf(harness)
    assert.deepEqual([record?.key, record?.value], [framed(7, key), framed(9, value)])
  }
  registry.isUp = false
  assert.deepEqual(await sqs.invoke(batch), { batchItemFailures: [{ itemIdentifier: 'm-1' }] })
  await eventbridge.invoke(event)
  const [stored] = eventbridge.deadLetters.deadLetters
  assert.deepEqual([stored?.failure.code, stored?.record.encoding], ['serializer', 'source'])
  assert.equal(base64(stored?.record.value ?? null), '{"id":2,"customer":"ada"}')
})

async function redriven(store: MemoryDeadLetterStore, { contracts }: Pick<ReturnType<typeof setUp>, 'contracts'>) {
  const producer = acceptingProducer()
  const result = await redrive(store, { producer, contracts, includeInvalid: true })
  const sent = producer.sent.map(({ key, value }) => [latin1(key as Uint8Array), latin1(value as Uint8Array)])
  return { result, sent }
}

/** The shortest deadline that settings accept. */
const SHORT = { retries: 0, ackTimeoutMs: 10, requestTimeoutMs: 50, deliveryTimeoutMs: 100 }

test('a record of a registry that is down is a dead letter of its source’s text, which a redrive encodes', async () => {
  const parts = setUp()
  const { registry, contracts, options } = parts
  const harness = httpHarness({ contracts, options })
  registry.isUp = false
  const { status, body } = await harness.post('orders', `{"key": ${KEY}, "value": ${VALUE}}`)
  assert.equal(status, 202)
  assert.match(JSON.stringify(body), /dead-lettered/)
  const [deadLetter] = harness.deadLetters.deadLetters as [DeadLetter]
  const { encoding, key, value } = deadLetter.record
  assert.deepEqual([encoding, base64(key), base64(value)], ['source', KEY, VALUE])
  assert.deepEqual([deadLetter.failure.kind, deadLetter.failure.outcome], ['delivery-failure', 'not-sent'])
  const store = new MemoryDeadLetterStore([deadLetter])
  const down = await redriven(store, parts)
  assert.deepEqual([down.result.failed, down.sent, store.open.size], [{ serializer: 1 }, [], 1])
  registry.isUp = true
  const up = await redriven(store, parts)
  assert.deepEqual([up.result.resent, up.sent, store.open.size], [1, [[framed(7, KEY), framed(9, VALUE)]], 0])
})

test('what does not fit its schema is invalid with its pointer; edited, it is checked and encoded', async () => {
  const parts = setUp(['value:/customer'])
  const { contracts, options } = parts
  const http = httpHarness({ contracts, options })
  const { status, body } = await http.post('orders', '{"value": {"customer": "ada"}}')
  assert.equal(status, 422)
  assert.match(JSON.stringify(body), /"pointer":"\/value\/id"/)
  const sqs = functionHarness(handleSqs, { contracts, options })
  await sqs.invoke({ Records: [sqsMessage('orders', '{"customer": "ada"}')] })
  const [invalid] = sqs.deadLetters.deadLetters as [DeadLetter]
  assert.deepEqual([invalid.failure.kind, invalid.record.encoding], ['invalid-record', 'source'])
  await assert.rejects(checkByContract(invalid, contracts), { code: 'bad-value' })
  await assert.rejects(editDeadLetter(invalid, { value: Buffer.from('{}') }, contracts), { code: 'key-missing' })
  const edited = await editDeadLetter(invalid, { value: Buffer.from('{"id":3,"customer":"bob"}') }, contracts)
  await checkByContract(edited, contracts)
  const { sent } = await redriven(new MemoryDeadLetterStore([edited]), parts)
  assert.deepEqual(sent, [[framed(7, '"bob"'), framed(9, '{"id":3,"customer":"bob"}')]])
})

test('a dead letter of encoded bytes is sent as it is, and edited only with a new value', async () => {
  const parts = setUp(['value:/customer'])
  const { contracts, options } = parts
  const harness = functionHarness(handleEventBridge, { contracts, options, script: ['refuse', 'refuse', 'refuse'] })
  const event = { id: 'e-1', source: 'shop', 'detail-type': 'Order', detail: { id: 2, customer: 'ada' } }
  await harness.invoke(event)
  const [encoded] = harness.deadLetters.deadLetters as [DeadLetter]
  assert.equal(encoded.record.encoding, undefined)
  const bytes = [framed(7, '"ada"'), framed(9, '{"id":2,"customer":"ada"}')]
  assert.deepEqual([base64(encoded.record.key), base64(encoded.record.value)], bytes)
  await checkByContract(encoded, contracts)
  await assert.rejects(editDeadLetter(encoded, { headers: [] }, contracts), { code: 'bad-value' })
  const edited = await editDeadLetter(encoded, { value: Buffer.from('{"id":4,"customer":"bob"}') }, contracts)
  assert.equal(edited.record.encoding, 'source')
  const { sent } = await redriven(new MemoryDeadLetterStore([encoded, edited]), parts)
  assert.deepEqual(sent, [bytes, [framed(7, '"bob"'), framed(9, '{"id":4,"customer":"bob"}')]])
})

test('a message that its source stopped retrying is read without the registry, and encoded when sent', async () => {
  const parts = setUp(['value:/customer'])
  const { registry, contracts } = parts
  registry.isUp = false
  const reader = createSourceMessageReader(contracts, { defaultTopic: undefined, maxRequestSize: 1_000_000 })
  const message = { messageId: 'm-1', body: VALUE, attributes: {}, messageAttributes: {} }
  const deadLetters = reader.read(message, { kind: 'source-dlq', sourceQueue: 'orders' })
  assert.deepEqual(
    deadLetters.map(({ record, failure }) => [record.encoding, failure.kind]),
    [['source', 'delivery-failure']],
  )
  registry.isUp = true
  const { sent } = await redriven(new MemoryDeadLetterStore(deadLetters), parts)
  assert.deepEqual(sent, [[framed(7, KEY), framed(9, VALUE)]])
})

test('a key of the caller has to agree with that of the value, however each is written', async () => {
  const { contracts } = setUp()
  const harness = httpHarness({ contracts })
  const post = async (key: string) => (await harness.post('orders', `{"key": ${key}, "value": ${VALUE}}`)).status
  assert.deepEqual([await post('{ "no" : 5 }'), await post('{"no":6}'), await post('5')], [200, 422, 422])
})

test('a registry that never answers ends with the record’s deadline', async () => {
  const { contracts, registry } = setUp()
  registry.isSilent = true
  const harness = httpHarness({ contracts, options: { ...SHORT } })
  const { status } = await harness.post('orders', `{"key": ${KEY}, "value": ${VALUE}}`)
  assert.equal(status, 202)
  assert.deepEqual(
    registry.contexts.map(({ signal }) => signal.aborted),
    [true, true],
  )
  const [deadLetter] = harness.deadLetters.deadLetters
  assert.deepEqual([deadLetter?.failure.code, deadLetter?.record.encoding], ['deadline', 'source'])
})

test('what is no codec is refused where the contract is defined; bytes of a codec are copied', async () => {
  const { codec } = { codec: new Registry().codec(() => 1) }
  const { encode: _encode, ...incomplete } = codec
  assert.throws(
    () => defineContract('orders', { value: { codec: incomplete as never } }),
    (error: unknown) =>
      error instanceof ConfigError && /value\.codec: expected a ValueCodec.*encode\(\)/.test(error.message),
  )
  assert.throws(() => defineContract('orders', { key: { codec: 5 as never } }), /key\.codec: expected a ValueCodec/)
})
