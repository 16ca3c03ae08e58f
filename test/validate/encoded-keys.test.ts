// Keys with a codec: what they may be, when two sources have the same one, and how a wrong one is named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contract } from '../../lib/contracts/contract.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { behindAdded } from '../../lib/record/header-list.ts'
import { JsonText, NumberText } from '../../lib/record/json-text.ts'
import { callersCodec } from '../../lib/serialize/callers-codec.ts'
import { VALUE_FORMATS } from '../../lib/serialize/formats/value-formats.ts'
import type { ValueCodec } from '../../lib/serialize/value-codec.ts'
import { checkedKey } from '../../lib/validate/read-key.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'
import { isSentAsItIs, sourceForm } from '../../lib/validate/source-form.ts'
import { contractsOf } from '../support/contracts.ts'

const compile = await createSchemaCompiler({ schemas: [] })
const place = { part: 'key', readSchema: () => assert.fail('There is no file.') } as const
/** Can be copied with other fields. */
const jsonCodec = (schema: unknown) =>
  callersCodec(
    'key.codec',
    VALUE_FORMATS.json.parse({ schema } as never, assert.fail, place)('t', part => compile('t', part)),
  )

const [plain] = contractsOf([
  { topic: 't', json: { key: { required: false, from: ['record', 'value:/k'] }, limits: { keyBytes: 30 } } },
]).values() as Iterable<Contract>
assert.ok(plain)
const withKey = (codec: ValueCodec): Contract => ({ ...plain, key: { ...plain.key, codec } })
const contract = withKey(jsonCodec(true))

const jsonText = (text: string) => new JsonText(text, JSON.parse(text))
const validate = (key: unknown, value: unknown, by = contract) =>
  validateRecord({ topic: 't', key, value } as never, { contracts: new Map([['t', by]]) })
const codeOf = (key: unknown, value: unknown, by = contract) => {
  try {
    validate(key, value, by)
  } catch (error) {
    assert.ok(error instanceof InvalidRecordError)
    return error.code
  }
  return 'accepted'
}

test('two sources have one key if they say the same in the same order, however it is written', () => {
  for (const [key, inValue, expected] of [
    ['{"id":1,"a":[2]}', '{ "id": 1, "a": [ 2 ] }', 'accepted'],
    ['{ "id": 1 }', '{"id":1}', 'accepted'],
    ['[ 1 ]', '[1]', 'accepted'],
    ['{"id":1}', '{"id":1.0}', 'accepted'],
    ['{"id":1}', '{"id":2}', 'key-mismatch'],
    ['{"id":1,"a":2}', '{"a":2,"id":1}', 'key-mismatch'],
    ['{"id":9007199254740993}', '{"id":9007199254740992}', 'key-mismatch'],
    ['{"id":9007199254740993}', '{ "id": 9007199254740993 }', 'accepted'],
    ['[1]', '{"0":1}', 'key-mismatch'],
    ['7', '7', 'accepted'],
    ['7', '8', 'key-mismatch'],
    ['9007199254740993', '9007199254740992', 'key-mismatch'],
    ['true', 'true', 'accepted'],
    ['"a"', '"a"', 'accepted'],
    ['"a"', '"\\u0061"', 'accepted'],
    ['"a"', '"b"', 'key-mismatch'],
    ['"7"', '7', 'key-mismatch'],
  ] as const)
    assert.equal(codeOf(jsonText(key), jsonText(`{"k":${inValue}}`)), expected, `${key} and ${inValue}`)
})

test('a key of a program agrees with the same key in a JSON text', () => {
  assert.equal(codeOf({ id: 1 }, jsonText('{"k":{ "id": 1 }}')), 'accepted')
  assert.equal(codeOf({ id: 2 }, jsonText('{"k":{"id":1}}')), 'key-mismatch')
  assert.equal(codeOf(Buffer.from('{"id":1}'), { k: { id: 1 } }), 'accepted')
  assert.equal(codeOf(Buffer.from('"a"'), { k: 'a' }), 'accepted')
  assert.equal(codeOf(7, { k: 7 }), 'accepted')
  for (const none of [null, undefined, jsonText('null')])
    assert.deepEqual(validate(none, { k: { id: 1 } }).key, { id: 1 }, 'null is no key to agree with')
})

test('null is no key, also as JSON text; the record then has no encoded key', () => {
  for (const key of [undefined, null, jsonText('null'), Buffer.from('null')]) {
    const { key: read, keyCodec } = validate(key, {})
    assert.deepEqual([read, keyCodec], [null, undefined])
  }
  const { keyCodec, keyContent, maxKeyBytes } = validate({ id: 1 }, {})
  assert.equal(keyCodec, contract.key.codec)
  assert.deepEqual([keyContent, maxKeyBytes], [{ id: 1 }, 30])
})

test('the text of a key counts for limits.keyBytes before it is encoded', () => {
  assert.equal(codeOf(jsonText(`{"id":"${'x'.repeat(21)}"}`), {}), 'accepted')
  assert.equal(codeOf(jsonText(`{"id":"${'x'.repeat(22)}"}`), {}), 'record-too-large')
  assert.equal(codeOf('x'.repeat(31), {}), 'record-too-large')
  assert.equal(codeOf({ id: 'x'.repeat(100) }, {}), 'accepted')
})

test('a number is a key with its own digits', () => {
  const { key } = validate(new NumberText('9007199254740993'), {})
  assert.ok(key instanceof JsonText)
  assert.deepEqual([key.text, key.parsed], ['9007199254740993', 9007199254740992])
})

test('what is wrong with a key is named in the key, in the words of its codec', () => {
  const typed = withKey(jsonCodec({ properties: { id: { type: 'string' } }, required: ['id'] }))
  for (const [key, pointer, rule] of [
    [{ id: 1 }, '/key/id', 'type'],
    [{}, '/key', 'required'],
  ] as const)
    assert.throws(
      () => validate(key, {}, typed),
      (error: unknown) => {
        assert.ok(error instanceof InvalidRecordError)
        assert.deepEqual(
          [error.code, error.violations.map(each => [each.pointer, each.rule])],
          ['schema', [[pointer, rule]]],
        )
        assert.match(error.message, /^key: /)
        assert.match(String((error.cause as Error).message), /^value: /)
        return true
      },
    )
})

test('one violation of a key suffices', () => {
  const typed = withKey(jsonCodec({ properties: { a: { type: 'string' }, b: { type: 'string' } } }))
  assert.throws(
    () => validate({ a: 1, b: 2 }, {}, typed),
    (error: unknown) => {
      assert.deepEqual(
        (error as InvalidRecordError).violations.map(({ pointer }) => pointer),
        ['/key/a'],
      )
      return true
    },
  )
})

const throwing = (error: unknown): ValueCodec => ({
  ...jsonCodec(true),
  read: () => {
    throw error
  },
})

test('only the pointer of the whole value becomes that of the key', () => {
  const violations = ['/value', '/value/value', '/values', '/a/value'].map(pointer => ({
    pointer,
    rule: 'r',
    expected: 'e',
  }))
  const error = new InvalidRecordError('schema', 'at value: wrong', { violations })
  assert.throws(
    () => checkedKey('k', throwing(error)),
    (thrown: unknown) => {
      const { message, violations: found } = thrown as InvalidRecordError
      assert.equal(message, 'at value: wrong')
      assert.deepEqual(
        found.map(({ pointer, rule, expected }) => [pointer, rule, expected].join(' ')),
        ['/key r e', '/key/value r e', '/values r e', '/a/value r e'],
      )
      return true
    },
  )
})

test('where a registry’s schema serializes a part, a header that names a schema is refused', () => {
  const uses = { clients: [], subjects: [] } as never
  const bySchema: ValueCodec = { ...jsonCodec(true), uses }
  const headers = behindAdded(
    [['kp-id', 'r']],
    [
      ['a', 'x'],
      ['__value_schema_id', 'x'],
    ],
  )
  const pointersBy = (by: Contract) => {
    try {
      validateRecord({ topic: 't', value: {}, headers } as never, { contracts: new Map([['t', by]]) })
    } catch (error) {
      assert.ok(error instanceof InvalidRecordError)
      return [error.code, ...error.violations.map(({ pointer }) => pointer)]
    }
    return []
  }
  const refused = ['reserved-header', '/headers/1/name']
  assert.deepEqual(pointersBy({ ...plain, value: { codec: bySchema } }), refused)
  assert.deepEqual(pointersBy(withKey(bySchema)), refused)
  assert.deepEqual(pointersBy(contract), [])
})

test('an unexpected error of a key’s codec is thrown as it is', () => {
  const error = new RangeError('broken')
  assert.throws(() => checkedKey('k', throwing(error)), error)
})

test('a dead letter of an unencoded record has key and value as its source wrote them', () => {
  const form = (key: unknown, value: unknown, by = contract) => sourceForm({ topic: 't', key, value } as never, by)
  const encoding = 'source'
  const parsed: ValueCodec = { ...jsonCodec(true), keepsBytes: false }
  const bothParsed = { ...withKey(parsed), value: { codec: parsed } }
  assert.equal(isSentAsItIs(contract), true)
  assert.equal(isSentAsItIs(withKey(parsed)), false)
  assert.equal(isSentAsItIs({ ...contract, value: { codec: parsed } }), false)
  assert.equal(isSentAsItIs(plain), true)
  assert.deepEqual(form(jsonText('{ "id": 1 }'), {}), { key: '{ "id": 1 }' })
  assert.deepEqual(form('a', {}), { key: '"a"' })
  assert.deepEqual(form('a', { b: 1 }, bothParsed), { key: '"a"', value: '{"b":1}', encoding })
  assert.deepEqual(form(null, jsonText('{ "b": 1 }'), bothParsed), { key: null, value: '{ "b": 1 }', encoding })
  assert.deepEqual(form(null, null, bothParsed), { key: null, value: null, encoding })
  assert.deepEqual(form(null, undefined, bothParsed), { key: null, value: null, encoding })
  const bytes = Buffer.from('{"b":1}')
  assert.deepEqual(form(null, bytes, bothParsed), { key: null, value: bytes, encoding })
  const text: ValueCodec = { ...parsed, isJson: false }
  assert.deepEqual(form(null, 'text', { ...bothParsed, value: { codec: text } }), {
    key: null,
    value: 'text',
    encoding,
  })
  assert.deepEqual(form(null, { b: 1 }, { ...bothParsed, value: { codec: text } }), {
    key: null,
    value: '{"b":1}',
    encoding,
  })
})
