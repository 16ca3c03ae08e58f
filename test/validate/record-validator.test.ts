// The size limit of a value: bytes are checked at once, because a redrive has no later stage; other values after
// serialization.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordSerializer } from '../../lib/serialize/record-serializer.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf(
  (['json', 'text', 'base64'] as const).map(format => ({
    topic: format,
    json: { key: { required: false }, value: { format, schema: true }, limits: { valueBytes: 8 } } as never,
  })),
)
const tooLarge = { code: 'record-too-large' }
const serializer = new RecordSerializer(1_000_000)
const serialize = (topic: string, value: unknown) =>
  serializer.serialize(validateRecord({ topic, value }, { contracts }), () => new AbortController().signal)

test('a record beyond limits.valueBytes is invalid', () => {
  validateRecord({ topic: 'json', value: Buffer.from('"123456"') }, { contracts })
  assert.throws(() => validateRecord({ topic: 'json', value: Buffer.from('"1234567"') }, { contracts }), tooLarge)
})

for (const [topic, fits, over] of [
  ['json', '123456', '1234567'],
  ['json', ['é', 1], ['é', 12]],
  ['text', '12345678', '1234567é'],
  ['base64', Buffer.alloc(8).toString('base64'), Buffer.alloc(9).toString('base64')],
] as const)
  test(`${topic}: ${JSON.stringify(fits)} fits into eight bytes, ${JSON.stringify(over)} does not`, () => {
    assert.ok(serialize(topic, fits))
    assert.throws(() => serialize(topic, over), tooLarge)
  })

// The original bug: names such as Debezium's __debezium-heartbeat.x were refused, with a message about contracts even
// without contracts.
test('of the topics whose names begin with __, only those that brokers write are refused', () => {
  const validate = (topic: string) => validateRecord({ topic, value: 'v' }, { anyTopic: true })
  for (const topic of ['__debezium-heartbeat.x', '__', '_schemas']) assert.equal(validate(topic).topic, topic)
  for (const topic of ['__consumer_offsets', '__transaction_state', '__share_group_state', '', '..', 'a/b'])
    assert.throws(() => validate(topic), { code: 'unknown-topic' })
})

test('limits.headers counts the headers of the caller, not those that the functions add', () => {
  const limited = contractsOf([{ topic: 'two', json: { key: { required: false }, limits: { headers: 2 } } as never }])
  const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const added = [
    ['kp-id', 'r'],
    ['traceparent', trace],
  ] as const
  const validate = (names: readonly string[]) =>
    validateRecord(
      { topic: 'two', value: {}, headers: [...added, ...names.map(name => [name, 'x'] as const)] },
      { contracts: limited },
    )
  assert.equal(validate(['a', 'b']).headers.length, 4)
  assert.throws(() => validate(['a', 'b', 'c']), tooLarge)
})
