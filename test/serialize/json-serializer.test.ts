// JSON.stringify silently changes values: a forgotten `await` and a Map become {}, NaN becomes null. The serializer
// refuses them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { SerializationError } from '../../lib/errors.ts'
import { jsonSerializer } from '../../lib/serialize/json-serializer.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { serializerContext } from '../support/serializer-context.ts'

const write = (data: unknown, serializer = jsonSerializer()) =>
  String(serializer.serialize(data, serializerContext()) as Uint8Array)

function refusal(data: unknown): SerializationError {
  try {
    write(data)
  } catch (error) {
    assert.ok(error instanceof SerializationError, String(error))
    return error
  }
  return assert.fail('It was accepted.')
}

class Priced {
  readonly #cents = 5
  readonly currency = 'EUR'
  get cents() {
    return this.#cents
  }
}
class Money {
  readonly #cents = 5
  get cents() {
    return this.#cents
  }
}
const cyclic: Record<string, unknown> = { room: 'lobby' }
cyclic.self = [cyclic]

for (const [what, value, message] of [
  ['a forgotten await', Promise.resolve('x'), 'expected an awaited value, got a promise'],
  // biome-ignore lint/suspicious/noThenProperty: a query of a library, which runs when it is awaited
  ['a promise of another library', { sql: 'select', then: () => {} }, 'expected an awaited value, got a promise'],
  ['a Map', new Map([['hunter2', 1]]), 'expected an object or a list, got a Map'],
  ['a Set', new Set(['hunter2']), 'expected a list, got a Set'],
  ['a WeakMap', new WeakMap(), 'expected a value with a JSON form, got a WeakMap'],
  ['an Error', new Error('hunter2'), 'expected a value with a JSON form, got an Error'],
  [
    'an Error with fields',
    Object.assign(new Error(), { code: 'E' }),
    'expected a value with a JSON form, got an Error',
  ],
  ['a Buffer', Buffer.from('hunter2'), 'expected text, such as base64, got bytes'],
  ['a typed array', new Float64Array([1.5]), 'expected text, such as base64, got bytes'],
  ['a RegExp', /hunter2/, 'expected a value with a JSON form, got a RegExp'],
  ['an invalid date', new Date('hunter2'), 'expected a valid date, got an invalid one'],
  ['a function', () => 'hunter2', 'expected a value with a JSON form, got a function'],
  ['a symbol', Symbol('hunter2'), 'expected a value with a JSON form, got a symbol'],
  ['NaN', Number.NaN, 'expected a finite number, got NaN or an infinity'],
  ['an infinity', Number.NEGATIVE_INFINITY, 'expected a finite number, got NaN or an infinity'],
  ['NaN as an object', Object(Number.NaN), 'expected a finite number, got NaN or an infinity'],
  ['a BigInt', 5n, 'expected a number, or a serializer with the option bigint, got a BigInt'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'expected a value with a JSON form, got an object that JSON writes as {}'],
  [
    'URL parameters',
    new URLSearchParams('a=1'),
    'expected a value with a JSON form, got an object that JSON writes as {}',
  ],
  [
    'an instance of a class without fields of its own',
    new Money(),
    'expected a value with a JSON form, got an object that JSON writes as {}',
  ],
  [
    'a Date that toJSON returns',
    { toJSON: () => new Date(0) },
    'expected a value with a JSON form, got an object that JSON writes as {}',
  ],
  ['a Buffer that toJSON returns', { toJSON: () => Buffer.from('x') }, 'expected text, such as base64, got bytes'],
  ['what toJSON returns', { toJSON: () => new Map() }, 'expected an object or a list, got a Map'],
  ['a cycle', cyclic, 'expected no cycle, got one'],
  ['a Map of another realm', runInNewContext('new Map()'), 'expected an object or a list, got a Map'],
  ['an invalid date of another realm', runInNewContext('new Date(NaN)'), 'expected a valid date, got an invalid one'],
] as const)
  test(`${what} is refused with its place, and not quoted`, () => {
    const places: readonly (readonly [unknown, string])[] = [
      [value, ''],
      [{ 'a/b': [0, { 'c~': value }] }, '/a~1b/1/c~0'],
      [{ before: { deep: [1] }, list: ['text', value] }, '/list/1'],
    ]
    for (const [data, place] of places) {
      const { message: got, violations, kind } = refusal(data)
      assert.deepEqual([got, kind], [message, 'invalid-record'])
      const pointer = value === cyclic ? `${place}/self/0` : place
      assert.deepEqual(violations, [{ pointer, rule: 'json', expected: message.slice(9).split(', got')[0] }])
      assert.ok(!JSON.stringify([got, violations]).includes('hunter2'))
    }
  })

test('undefined is refused in a list and as the whole, and left out as a field', () => {
  assert.deepEqual(refusal(undefined).violations[0]?.pointer, '')
  assert.deepEqual(refusal({ a: [1, undefined] }).violations[0]?.pointer, '/a/1')
  assert.deepEqual(refusal(Array(2)).violations[0]?.pointer, '/0')
  assert.equal(write({ a: undefined, b: null }), '{"b":null}')
})

test('what JSON writes as people expect is written', () => {
  const shared = { x: 1 }
  for (const [data, text] of [
    [new Priced(), '{"currency":"EUR"}'],
    [{ at: new Date(0), url: new URL('http://a/b') }, '{"at":"1970-01-01T00:00:00.000Z","url":"http://a/b"}'],
    [[shared, shared, { shared }], '[{"x":1},{"x":1},{"shared":{"x":1}}]'],
    [-0, '0'],
    [Object.create(null), '{}'],
    [new (class Ping {})(), '{}'],
    [[Object('text'), Object(5), Object(true)], '["text",5,true]'],
    [runInNewContext('({ a: [1], at: new Date(0) })'), '{"a":[1],"at":"1970-01-01T00:00:00.000Z"}'],
    ['a\ud800', String.raw`"a\ud800"`],
  ] as const)
    assert.equal(write(data), text)
})

test('the option bigint replaces each BigInt; what it returns is checked too', () => {
  assert.equal(write({ n: [2n ** 70n] }, jsonSerializer({ bigint: String })), '{"n":["1180591620717411303424"]}')
  assert.throws(() => write({ n: 1n }, jsonSerializer({ bigint: () => Number.NaN })), SerializationError)
})

test('a getter that throws, a revoked proxy and ten thousand levels fail by their own error', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  let deep: unknown = 1
  for (let level = 0; level < 10_000; level++) deep = [deep]
  const getter = Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('hunter2') })
  for (const data of [{ a: getter }, [proxy], deep])
    assert.equal(refusal(data).message, 'expected something JSON can express, got object')
})

test('any JSON value is written as JSON.stringify writes it', () => {
  fc.assert(fc.property(fc.jsonValue(), value => assert.equal(write(value), JSON.stringify(value))))
})

test('whatever it accepts, the text says the same as the value, apart from undefined fields and -0', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true })
  fc.assert(
    fc.property(anything, value => {
      let text: string
      try {
        text = write(value)
      } catch (error) {
        return assert.ok(error instanceof SerializationError, String(error))
      }
      assert.ok(saysTheSame(JSON.parse(text), value), text)
    }),
    { numRuns: 1000 },
  )
})

function saysTheSame(parsed: unknown, value: unknown): boolean {
  if (value instanceof Date) return parsed === value.toISOString()
  if (typeof value !== 'object' || value === null) return parsed === value || (parsed === 0 && value === 0)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) !== Array.isArray(value)) return false
  const names = Object.keys(value).filter(name => (value as Record<string, unknown>)[name] !== undefined)
  const [got, expected] = [parsed as Record<string, unknown>, value as Record<string, unknown>]
  return Object.keys(got).length === names.length && names.every(name => saysTheSame(got[name], expected[name]))
}

test('a send says in its error where the value is that JSON would change', async () => {
  const producer = producerOf(['127.0.0.1:1'], { valueSerializer: 'json' })
  const [report] = await producer.sendAll([{ topic: 't', value: { user: Promise.resolve('ada') } }])
  assert.equal(summaryOf(report), 'not-sent:bad-value')
  assert.ok(report?.kind === 'failed' && 'violations' in report.error)
  assert.equal(report.error.message, 'value: expected an awaited value, got a promise.')
  assert.deepEqual(report.error.violations, [{ pointer: '/value/user', rule: 'json', expected: 'an awaited value' }])
  await producer.close()
})

test('an empty object of any realm is written', () => {
  for (const value of [{}, Object.create(null), runInNewContext('({})')]) assert.equal(write({ value }), '{"value":{}}')
})
