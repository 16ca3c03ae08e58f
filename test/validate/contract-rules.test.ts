// What a contract makes of a record: where its key comes from, and which keys, headers, tombstones and sizes it
// refuses, each at its limit and beyond.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contract } from '../../lib/contracts/contract.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { behindAdded } from '../../lib/record/header-list.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { readRecord } from '../../lib/validate/read-record.ts'
import { checkRules, type ValidationRules, validateRecord } from '../../lib/validate/record-validator.ts'
import { sourceForm } from '../../lib/validate/source-form.ts'
import { checkTraceparents } from '../../lib/validate/text-rules.ts'
import { contractsOf } from '../support/contracts.ts'

const contracts = contractsOf([
  { topic: 'keyed', json: { key: { from: ['record', 'value:/room'] } } },
  { topic: 'choice', json: { key: { from: ['value:/a', 'value:/b'] } } },
  { topic: 'origin', json: { key: { from: ['event:/id', 'record'] } } },
  { topic: 'small', json: { key: { required: false }, limits: { keyBytes: 4, headers: 2, headerBytes: 10 } } },
  { topic: 'closed', json: { key: { required: false }, headers: { required: ['tenant'], allow: ['tenant', 'b'] } } },
  { topic: 'deletes', json: { tombstones: true } },
  { topic: 'texts', json: { key: { required: false }, value: { format: 'text' }, limits: { valueBytes: 4 } } },
])
const contractOf = (topic: string) => contracts.get(topic) as Contract
const validate = (record: object) => validateRecord({ value: {}, ...record } as ProducerRecord, { contracts })

/** The code and the message of a refusal. */
function refusalOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof InvalidRecordError)
    return `${error.code} · ${error.message}`
  }
  return 'accepted'
}

function pointersOf(call: () => unknown): string[] {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof InvalidRecordError)
    return error.violations.map(({ pointer }) => pointer)
  }
  return []
}

test('the key is that of the first source that has one', () => {
  for (const [record, key] of [
    [{ topic: 'keyed', key: 'k', value: {} }, 'k'],
    [{ topic: 'keyed', value: { room: 'r' } }, 'r'],
    [{ topic: 'keyed', key: null, value: { room: 7 } }, '7'],
    [{ topic: 'keyed', key: 'r', value: { room: 'r' } }, 'r'],
    [{ topic: 'choice', value: { a: '1', b: '2' } }, '1'],
    [{ topic: 'choice', value: { b: '2' } }, '2'],
    [{ topic: 'choice', value: { a: null, b: '2' } }, '2'],
    [{ topic: 'choice', key: 'of the caller', value: { a: '1' } }, '1'],
    [{ topic: 'small', value: {} }, null],
  ] as const)
    assert.equal(validate(record).key, key, JSON.stringify(record))
})

test('the caller’s key and that of the next source are one: as text, as bytes, or as an integer', () => {
  const room = (key: unknown, value: unknown) => refusalOf(() => validate({ topic: 'keyed', key, value }))
  const mismatch = 'key-mismatch · key: expected the key at value:/room, got another.'
  for (const [key, value, expected] of [
    ['a', { room: 'a' }, 'accepted'],
    [Buffer.from('a'), { room: 'a' }, 'accepted'],
    [Buffer.from('7'), { room: 7 }, 'accepted'],
    [7, { room: '7' }, 'accepted'],
    ['a', { room: 'b' }, mismatch],
    [Buffer.from('a'), { room: 'b' }, mismatch],
    ['7', { room: 8 }, mismatch],
  ] as const)
    assert.equal(room(key, value), expected, JSON.stringify([key, value]))
  assert.ok(validate({ topic: 'keyed', key: Buffer.from('a'), value: { room: 'a' } }).key instanceof Uint8Array)
  const origin = { lookup: new Map([['sqs:attribute:k', Buffer.from('a')]]), keyFrom: ['record', 'sqs:attribute:k'] }
  assert.equal(validate({ topic: 'keyed', key: 'a', origin }).key, 'a')
  assert.match(
    refusalOf(() => validate({ topic: 'keyed', key: 'b', origin })),
    /^key-mismatch/,
  )
})

test('a required key is neither missing nor empty', () => {
  const missing = 'key-missing · key: expected a key that is not empty (record, value:/room), got none.'
  for (const key of [undefined, null, '', Buffer.alloc(0)])
    assert.equal(
      refusalOf(() => validate({ topic: 'keyed', key })),
      missing,
    )
  assert.equal(
    refusalOf(() => validate({ topic: 'keyed', value: { room: '' } })),
    missing,
  )
  assert.equal(validate({ topic: 'small', key: '' }).key, '')
})

test('without contracts a key may be missing, unless keyRequired says otherwise', () => {
  const missing = 'key-missing · key: expected a key that is not empty, got none.'
  const withKey = (key: unknown, rules: ValidationRules) =>
    refusalOf(() => validateRecord({ topic: 't', value: 'v', key } as ProducerRecord, rules))
  for (const key of [undefined, null, '', Buffer.alloc(0)]) {
    assert.equal(withKey(key, { keyRequired: true }), missing)
    for (const rules of [{ keyRequired: false }, { anyTopic: true }] as const)
      assert.equal(withKey(key, rules), 'accepted')
  }
  for (const key of ['k', Buffer.from('k')]) assert.equal(withKey(key, { keyRequired: true }), 'accepted')
})

test('a key is text, bytes or an integer; the message has its type and not its content', () => {
  const room = (value: unknown) => refusalOf(() => validate({ topic: 'keyed', value }))
  const message = (kind: string) => `key-type · key: expected a string or an integer, got ${kind}.`
  assert.equal(room({ room: true }), message('boolean'))
  assert.equal(room({ room: 1.5 }), message('number'))
  assert.equal(room({ room: 2 ** 53 }), message('number'))
  assert.equal(room({ room: ['a'] }), message('object'))
  const text = '{"room":1.0}'
  assert.equal(room(new JsonText(text, JSON.parse(text))), message('a number with a point or an exponent'))
  const large = '{"room":9007199254740993}'
  assert.equal(validate({ topic: 'keyed', value: new JsonText(large, JSON.parse(large)) }).key, '9007199254740993')
})

test('a lone surrogate in a key is named where the key comes from', () => {
  const bad = '\ud800'
  const lookup = new Map([['event', { id: bad }]])
  for (const [record, pointer] of [
    [{ topic: 'keyed', key: bad }, '/key'],
    [{ topic: 'keyed', value: { room: bad } }, '/value/room'],
    [{ topic: 'keyed', key: bad, value: { room: bad } }, '/key'],
    [{ topic: 'choice', value: { b: bad } }, '/value/b'],
    [{ topic: 'origin', origin: { lookup } }, '/key'],
  ] as const)
    assert.deepEqual(
      pointersOf(() => validate(record)),
      [pointer],
    )
})

test('a lone surrogate in a text is named as the value', () => {
  const call = () => validate({ topic: 'texts', value: '\ud800' })
  assert.deepEqual(pointersOf(call), ['/value'])
  assert.equal(refusalOf(call), 'not-utf8 · value: expected text with a UTF-8 form, got a lone surrogate.')
})

test('a header of the wrong form is named by its place, with what was expected', () => {
  const violationsOf = (headers: unknown) => {
    try {
      readRecord({ topic: 't', value: 'v', headers })
    } catch (error) {
      return (error as InvalidRecordError).violations
    }
    return []
  }
  const violation = (pointer: string, rule: string, expected: string) => [{ pointer, rule, expected }]
  for (const [headers, expected] of [
    ['text', violation('/headers', 'type', 'a list of [name, value], or an object')],
    [[['a', null], 'b'], violation('/headers/1', 'type', '[name, value]')],
    [[['a', 5]], violation('/headers/0/value', 'type', 'bytes, text or null')],
    [[['', 'x']], violation('/headers/0/name', 'printable', 'visible characters')],
    [[['a', '\ud800']], violation('/headers/0/value', 'utf-8', 'no lone surrogate')],
  ] as const)
    assert.deepEqual(violationsOf(headers), expected)
})

test('the key sources of a feed replace those of the contract', () => {
  const origin = { lookup: new Map([['sqs:MessageGroupId', 'g']]), keyFrom: ['sqs:MessageGroupId'] }
  assert.equal(validate({ topic: 'choice', value: { a: '1' }, origin }).key, 'g')
})

test('a key of limits.keyBytes is accepted, one byte more is not', () => {
  const withKey = (key: unknown) => refusalOf(() => validate({ topic: 'small', key }))
  const tooLarge = (bytes: number) => `record-too-large · key: expected at most 4 bytes, got ${bytes}.`
  for (const key of ['abcd', 'éé', Buffer.alloc(4, 1), 1234]) assert.equal(withKey(key), 'accepted')
  assert.equal(withKey('abcde'), tooLarge(5))
  assert.equal(withKey('ééa'), tooLarge(5))
  assert.equal(withKey(Buffer.alloc(5)), tooLarge(5))
})

test('headers are limited in number, and in bytes of names and values together', () => {
  const withHeaders = (headers: unknown) => refusalOf(() => validate({ topic: 'small', headers }))
  assert.equal(withHeaders({ abc: '12', def: '34' }), 'accepted')
  assert.equal(withHeaders({ abcdefghij: null }), 'accepted')
  const tooMany = 'record-too-large · headers: expected at most 2 headers, got 3.'
  assert.equal(withHeaders({ a: '1', b: '2', c: '3' }), tooMany)
  const tooLarge = 'record-too-large · headers: expected at most 10 bytes, got 11.'
  assert.equal(withHeaders({ abc: '12', def: '345' }), tooLarge)
  assert.equal(withHeaders({ abcdefghijk: null }), tooLarge)
  assert.equal(withHeaders({ é: '123456789' }), tooLarge)
  assert.equal(withHeaders({ 'kp-id': '0123456789012345' }), 'accepted')
})

test('a text beyond limits.valueBytes is refused before it is encoded, by its bytes', () => {
  const withValue = (value: string) => refusalOf(() => validate({ topic: 'texts', value }))
  assert.equal(withValue('abcd'), 'accepted')
  assert.equal(withValue('abcdé'), 'record-too-large · value: expected at most 4 bytes, got 6.')
})

test('the contract says which headers a record must have, and which it may have', () => {
  const withHeaders = (headers: object) => refusalOf(() => validate({ topic: 'closed', headers }))
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  assert.equal(withHeaders({ tenant: 't' }), 'accepted')
  assert.equal(withHeaders({ tenant: 't', b: '1', 'kp-id': 'r', traceparent }), 'accepted')
  assert.equal(withHeaders({ b: '1' }), 'header-missing · headers: expected tenant, which the contract requires.')
  assert.equal(withHeaders({ tenant: 't', c: '1' }), 'bad-header · headers: expected only tenant, b, got another.')
})

test('null is a tombstone where the contract allows them, also as JSON text; bytes are a value', () => {
  const { value, content, key } = validate({ topic: 'deletes', key: 'k', value: null })
  assert.deepEqual([value, content, key], [null, null, 'k'])
  const asText = validate({ topic: 'deletes', key: 'k', value: new JsonText(' null ', null) })
  assert.deepEqual([asText.value, asText.content], [null, null])
  for (const topic of ['deletes', 'small']) {
    const bytes = validate({ topic, key: 'k', value: Buffer.from('null') })
    assert.deepEqual(bytes.value, Buffer.from('null'))
  }
  assert.equal(
    refusalOf(() => validate({ topic: 'small', value: null })),
    'tombstone · value: expected a value, got null; the contract of small does not allow tombstones.',
  )
})

test('a record has one valid traceparent at most, as text or as bytes', () => {
  const valid = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const refused = 'bad-header · headers: expected one traceparent as in W3C Trace Context, got another.'
  const check = (values: readonly (string | Uint8Array | null)[]) => () =>
    checkTraceparents([['other', 'x'], ...values.map(value => ['traceparent', value] as const)])
  for (const value of [valid, Buffer.from(valid), Uint8Array.from(Buffer.from(valid))])
    assert.equal(refusalOf(check([value])), 'accepted')
  for (const values of [[null], ['00-x'], [Buffer.from('00-x')]]) {
    assert.equal(refusalOf(check(values)), refused)
    assert.deepEqual(pointersOf(check(values)), ['/headers/1/value'])
  }
  assert.equal(refusalOf(check([valid, valid])), refused)
  assert.deepEqual(pointersOf(check([valid, valid])), ['/headers/2/value'])
})

test('the places of headers do not count those that the library put in front of the caller’s', () => {
  const pointersWith = (...headers: readonly unknown[]) =>
    pointersOf(() => validate({ topic: 'small', headers: behindAdded<unknown>([['kp-id', 'r']], headers) }))
  assert.deepEqual(pointersWith(['a', null], ['traceparent', '00-x']), ['/headers/1/value'])
  assert.deepEqual(pointersWith(['a', null], ['b', 5]), ['/headers/1/value'])
})

test('partition and timestamp: the least and the largest, and what lies beyond', () => {
  const read = (fields: object) => refusalOf(() => readRecord({ topic: 't', value: 'v', ...fields }))
  for (const partition of [0, 2 ** 31 - 1]) assert.equal(read({ partition }), 'accepted')
  for (const partition of [-1, 2 ** 31, 0.5]) assert.match(read({ partition }), /^bad-partition/)
  for (const timestamp of [0, 8.64e15, new Date(0)]) assert.equal(read({ timestamp }), 'accepted')
  for (const timestamp of [-1, 8.64e15 + 2, new Date(-1), '0']) assert.match(read({ timestamp }), /^bad-timestamp/)
  assert.equal(readRecord({ topic: 't', value: 'v', partition: 0, timestamp: 0 }).timestamp, 0)
})

test('an order group of null is none', () => {
  assert.equal(readRecord({ topic: 't', value: 'v', orderGroup: null }).orderGroup, undefined)
  assert.equal(readRecord({ topic: 't', value: 'v', orderGroup: 'g' }).orderGroup, 'g')
})

test('rules that name nothing known, or contracts that are no Map, are a problem of the configuration', () => {
  const problemsOf = (rules: unknown) => {
    const problems: string[] = []
    checkRules(rules as ValidationRules, text => problems.push(text))
    return problems
  }
  for (const rules of [undefined, {}, { anyTopic: true }, { keyRequired: true }, { contracts: new Map() }])
    assert.deepEqual(problemsOf(rules), [])
  for (const rules of [null, 'any', 5]) assert.deepEqual(problemsOf(rules), ['rules: expected an object.'])
  const neither = (name: string) => `rules: expected { contracts } or { anyTopic, keyRequired }; ${name} is neither.`
  assert.deepEqual(problemsOf({ topics: [] }), [neither('topics')])
  assert.deepEqual(problemsOf({ contracts: new Map(), keyRequired: true }), [neither('keyRequired')])
  for (const wrong of [undefined, null, {}, []])
    assert.deepEqual(problemsOf({ contracts: wrong }), [
      'rules.contracts: expected a Map of topics to contracts, as loadContracts() returns.',
    ])
})

test('a dead letter of a record that was never encoded has the key that could be read, or none', () => {
  const form = (topic: string, record: object) => sourceForm({ topic, ...record } as ProducerRecord, contractOf(topic))
  assert.deepEqual(form('keyed', { value: { room: 'r' } }), { key: 'r' })
  assert.deepEqual(form('keyed', { value: '{"room":"r"}' }), { key: null })
  assert.deepEqual(form('keyed', { key: 'k', value: { room: 'other' } }), { key: null })
  assert.deepEqual(form('small', { value: {} }), { key: null })
})
