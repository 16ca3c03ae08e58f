// The formats of values and keys, and the serializers that use them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { VALUE_FORMATS } from '../../lib/serialize/formats/value-formats.ts'
import { namedSerializer } from '../../lib/serialize/named-serializers.ts'
import { serializerContext } from '../support/serializer-context.ts'
import { testValueCodec } from './value-codec.contract.ts'

testValueCodec({
  value: { format: 'json' },
  texts: [
    ['{ "n" : 12345678901234567890 }', '{ "n" : 12345678901234567890 }'],
    [String.raw`"\u00e9é"`, String.raw`"\u00e9é"`],
  ],
  values: [
    [{ room: 'lobby', left: undefined, n: [1, null] }, '{"room":"lobby","n":[1,null]}'],
    ['text', '"text"'],
    [new JsonText('1.0', 1), '1.0'],
  ],
  invalid: [
    [new JsonText('{"hunter2"'), 'bad-json'],
    [new JsonText('"\ud800"'), 'not-utf8'],
    [Buffer.from([0xff]), 'bad-json'],
    [new JsonText('{"__proto__":"hunter2"}'), 'unknown-field'],
    [['hunter2', undefined], 'bad-value'],
  ],
})

testValueCodec({
  value: { format: 'text' },
  texts: [
    ['hello é', 'hello é'],
    ['{"n":1}', '{"n":1}'],
  ],
  values: [['', '']],
  invalid: [
    [{ hunter2: 1 }, 'bad-value'],
    [5, 'bad-value'],
  ],
})

testValueCodec({
  value: { format: 'base64' },
  texts: [
    ['AP8=', Buffer.from([0, 255])],
    ['', Buffer.alloc(0)],
  ],
  values: [['aGk=', 'hi']],
  invalid: [
    ['hunter2', 'bad-value'],
    [5, 'bad-value'],
  ],
})

test('a format’s serializers write what its codec writes', async () => {
  const samples = { json: new JsonText('{"a":1}', { a: 1 }), text: 'hello', base64: Buffer.from([1, 2]) }
  for (const [format, value] of Object.entries(samples)) {
    const { codec } = parseContract('t', { value: { format } }, () => assert.fail('There is no schema.')).value
    const bytes = await codec.encode({ value, content: codec.read(value) }, serializerContext())
    for (const name of codec.serializers) {
      const data = value instanceof JsonText ? (name === 'string' ? value.text : value.parsed) : value
      assert.deepEqual(await namedSerializer(name).serialize(data, serializerContext()), bytes, `${format} ${name}`)
    }
  }
  assert.deepEqual(Object.keys(samples), Object.keys(VALUE_FORMATS))
})

test('a contract says which formats there are, and which of their fields are wrong', () => {
  const problemsOf = (value: unknown, from = {}) => {
    try {
      parseContract('t', { value, from }, () => assert.fail('A contract with problems has no codec.'))
    } catch (error) {
      return (error as Error).message.replaceAll('contracts/t.json: ', '').split('\n')
    }
    return []
  }
  assert.deepEqual(problemsOf({ format: 'avro' }), ['value.format: expected json | text | base64'])
  assert.deepEqual(problemsOf({ format: 'constructor' }), ['value.format: expected json | text | base64'])
  assert.deepEqual(problemsOf({ schema: 5 }), ['value.schema: expected true or a JSON Schema'])
  assert.deepEqual(problemsOf({ format: 'text', schema: {} }), [
    'value.schema: expected true unless value.format is json',
  ])
  assert.deepEqual(problemsOf({ subject: 's' }), ['value.subject: unknown field; expected format, schema'])
  assert.deepEqual(problemsOf({ format: 'text' }, { eventbridge: [{ source: ['shop'] }] }), [
    'value.format: expected json where events feed it',
  ])
  assert.deepEqual(problemsOf(5), ['value: expected an object'])
})
