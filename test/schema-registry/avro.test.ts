// Avro: parsing schemas and encoding values.
import assert from 'node:assert/strict'
import test from 'node:test'
import { isInstance, SerializationError } from '../../lib/errors.ts'
import { avroEncoder, encodeAvro as encode, jsonText as json } from '../support/avro/avro-encoder.ts'
import { avscLong } from '../support/avro/avsc-type.ts'

function violations(schema: unknown, value: unknown): SerializationError['violations'] {
  const error = errorOf(() => encode(schema, value))
  assert.equal(error.kind, 'invalid-record')
  assert.equal(error.code, 'schema')
  return error.violations
}

function errorOf(run: () => unknown): SerializationError {
  try {
    run()
  } catch (error) {
    assert.ok(isInstance(error, SerializationError), String(error))
    return error
  }
  assert.fail('expected an error')
}

const record = (name: string, fields: unknown[], more = {}) => ({ type: 'record', name, fields, ...more })
const field = (name: string, type: unknown, more = {}) => ({ name, type, ...more })

test('encodes as the specification shows', () => {
  assert.equal(encode(record('test', [field('a', 'long'), field('b', 'string')]), { a: 27, b: 'foo' }), '3606666f6f')
  assert.equal(encode({ type: 'array', items: 'long' }, [3, 27]), '04063600')
  assert.equal(encode(['null', 'string'], null), '00')
  assert.equal(encode(['null', 'string'], 'a'), '020261')
  assert.equal(encode('null', null), '')
  assert.equal(encode('boolean', true), '01')
  assert.equal(encode('float', 1.5), '0000c03f')
  assert.equal(encode('double', 1.5), '000000000000f83f')
  assert.equal(encode({ type: 'map', values: 'int' }, { a: 1 }), '0202610200')
  assert.equal(encode({ type: 'array', items: 'int' }, []), '00')
  assert.equal(encode({ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B'), '02')
})

test('numbers of a text keep all their digits', () => {
  for (const long of ['9007199254740993', '-9007199254740993', '9223372036854775807', '-9223372036854775808'])
    assert.equal(encode('long', json(long)), avscLong(BigInt(long)), long)
  assert.equal(encode('long', json('1152921504606846976')), avscLong(2n ** 60n))
  assert.equal(encode('long', json('1152921504606847000')), avscLong(1152921504606847000n), 'the digits of the text')
  assert.equal(encode(record('R', [field('a', 'long')]), json('{"a":9007199254740993}')), avscLong(9007199254740993n))
  assert.equal(encode('long', json('1e3')), avscLong(1000n))
  assert.equal(encode('long', 2n ** 63n - 1n), avscLong(2n ** 63n - 1n))
  for (const number of ['9223372036854775808', '9223372036854776000', '-9223372036854775809', '1.5', '1e400', '1e-9'])
    assert.equal(violations('long', json(number)).length, 1, number)
  assert.equal(violations('long', 2 ** 53).length, 1, "a program's double may have lost digits")
  assert.equal(violations('int', json('2147483648')).length, 1)
  assert.equal(violations('int', 1n << 31n).length, 1)
})

test('a float takes the nearest number and refuses one that would become infinite', () => {
  assert.equal(encode('float', 0.1), 'cdcccc3d')
  assert.equal(encode('double', json('"NaN"')), encode('double', Number.NaN))
  assert.equal(encode('float', json('"-Infinity"')), encode('float', Number.NEGATIVE_INFINITY))
  assert.equal(violations('float', 1e39)[0]?.rule, 'type')
  assert.equal(violations('double', json('1e400'))[0]?.rule, 'type')
  assert.equal(violations('double', '1.5')[0]?.rule, 'type')
})

test('bytes are text of the characters up to U+00FF, or bytes of a program', () => {
  assert.equal(encode('bytes', 'a\u00ff'), '0461ff')
  assert.equal(encode('bytes', Buffer.of(1, 2)), '040102')
  assert.equal(encode({ type: 'fixed', name: 'F', size: 2 }, '\u0001\u0002'), '0102')
  assert.equal(violations('bytes', '\u0100').length, 1)
  assert.equal(violations({ type: 'fixed', name: 'F', size: 2 }, 'abc').length, 1)
  assert.equal(violations('bytes', new ArrayBuffer(1)).length, 1)
})

test("a schema that is nothing but bytes is written as Confluent's serializers do", () => {
  const confluent = { registry: 'confluent', id: 1, guid: undefined } as const
  for (const [schema, value, hex] of [
    ['bytes', 'a'.repeat(100), '61'.repeat(100)],
    [{ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }, '12.34', '04d2'],
    [{ type: 'array', items: 'bytes' }, ['a'], '02026100'],
  ] as const)
    assert.equal(Buffer.from(avroEncoder(schema, undefined, confluent).encode(value)).toString('hex'), hex)
  assert.equal(encode('bytes', 'a'), '0261', 'for Glue it is as Avro has it')
})

test('text without a UTF-8 form is refused', () => {
  assert.equal(violations('string', json('"\\ud800"'))[0]?.rule, 'utf-8')
  assert.equal(violations({ type: 'map', values: 'int' }, { '\ud800': 1 })[0]?.rule, 'utf-8')
})

test('a union takes the name of a branch, and plain JSON where the schema leaves no doubt', () => {
  const pet = record('Dog', [field('name', 'string')], { namespace: 'com.pets' })
  const union = ['null', 'string', pet, { type: 'array', items: 'int' }]
  assert.equal(encode(union, { string: 'x' }), '020278')
  assert.equal(encode(union, 'x'), '020278')
  assert.equal(encode(union, { 'com.pets.Dog': { name: 'x' } }), '040278')
  assert.equal(encode(union, { name: 'x' }), '040278')
  assert.equal(encode(union, [1]), encode(union, { array: [1] }))
  assert.equal(encode(['int', { type: 'map', values: 'int' }], { int: 1 }), '0002', 'the name of a branch comes first')
  assert.deepEqual(violations(union, { string: 1 }), [{ pointer: '/string', rule: 'type', expected: 'string' }])
  assert.deepEqual(violations(union, 1), [
    { pointer: '', rule: 'union', expected: 'null | string | com.pets.Dog | array' },
  ])
})

test('plain JSON for which a union has several branches is refused, whatever the value', () => {
  const symbols = { type: 'enum', name: 'E', symbols: ['A'] }
  for (const [union, value] of [
    [['int', 'long'], 2 ** 40],
    [['string', 'bytes'], '\u0100'],
    [['string', symbols], 'B'],
    [['string', { type: 'long', logicalType: 'timestamp-millis' }], 'text'],
    [[record('A', [field('a', 'int')]), record('B', [field('b', 'int')])], { b: 1 }],
  ] as const) {
    const [violation] = violations(union, value)
    assert.equal(violation?.rule, 'union')
    assert.match(violation?.expected ?? '', /^an object that names one of several branches, as \{"<branch>": …\}: /)
  }
  assert.equal(encode(['null', 'double'], 'NaN'), encode(['null', 'double'], { double: 'NaN' }))
})

test('a missing field has its default, also of nested records, bytes, fixed and unions', () => {
  const inner = record('Inner', [field('n', 'int', { default: 3 }), field('u', ['null', 'int'], { default: null })])
  const outer = record('Outer', [
    field('inner', inner, { default: {} }),
    field('bytes', 'bytes', { default: '\u00ff' }),
    field('fixed', { type: 'fixed', name: 'F', size: 1 }, { default: '\u0001' }),
    field('second', ['string', 'null'], { default: null }),
    field('list', { type: 'array', items: inner.name }, { default: [{ n: 1 }] }),
    field('map', { type: 'map', values: 'long' }, { default: { a: 1 } }),
    field('e', { type: 'enum', name: 'E', symbols: ['A', 'B'] }, { default: 'B' }),
    field('d', { type: 'int', logicalType: 'date' }, { default: 1 }),
  ])
  assert.equal(encode(outer, {}), '0600' + '02ff' + '01' + '02' + '02020000' + '0202610200' + '02' + '02')
  assert.equal(encode(outer, { inner: undefined }), encode(outer, {}), 'undefined is missing')
  assert.equal(violations(outer, { inner: null })[0]?.pointer, '/inner', 'null is a value')
})

test('a default keeps all its digits', () => {
  const text = '{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":9007199254740993}]}'
  assert.equal(Buffer.from(avroEncoder(text).encode({})).toString('hex'), encode('long', 9007199254740993n))
})

test('a default that does not fit counts as none', () => {
  const self = record('R', [field('r', 'R', { default: {} })])
  assert.equal(violations(record('R', [field('a', 'int', { default: 'x' })]), {})[0]?.rule, 'required')
  assert.equal(violations(self, {})[0]?.rule, 'required', 'it would have no end')
})

test('defaults that double each other end', () => {
  const level = (at: number): unknown =>
    at === 0
      ? record('R0', [field('a', 'string', { default: 'x' })])
      : record(`R${at}`, [field('a', level(at - 1), { default: {} }), field('b', `R${at - 1}`, { default: {} })])
  assert.equal(violations(level(60), {})[0]?.rule, 'required')
})

test('missing and unknown fields are refused without the names that the caller made up', () => {
  const schema = record('R', [field('a', ['null', 'int']), field('b', 'int')], { namespace: 'x' })
  assert.deepEqual(violations(schema, { b: 1, secret: 2 }), [
    { pointer: '', rule: 'required', expected: 'a' },
    { pointer: '', rule: 'unknown-field', expected: 'only fields of x.R' },
  ])
  assert.equal(encode(schema, { a: null, b: 1, c: undefined }), '0002')
})

test('violations point to the data, and at most 20 are listed', () => {
  const schema = { type: 'map', values: { type: 'array', items: 'int' } }
  assert.deepEqual(violations(schema, { 'a/b': [1, 'x'] })[0]?.pointer, '/a~1b/1')
  const error = errorOf(() => encode({ type: 'array', items: 'int' }, new Array(100_000).fill('x')))
  assert.deepEqual([error.violations.length, error.truncated], [20, true])
})

test('names are resolved by namespaces, and records may contain themselves', () => {
  const list = record('List', [field('value', 'int'), field('next', ['null', 'List'])], { namespace: 'a.b' })
  assert.equal(encode(list, { value: 1, next: { value: 2, next: null } }), '02020400')
  assert.equal(encode(list, { value: 1, next: { 'a.b.List': { value: 2, next: null } } }), '02020400')
  const nested = record('a.R', [
    field('e', { type: 'enum', name: 'E', symbols: ['A'] }),
    field('f', 'a.E'),
    field('g', { type: 'fixed', name: 'x.F', size: 0 }),
    field('h', 'x.F'),
    field('i', { type: 'int', logicalType: 'unknown' }),
    field('j', { type: { type: 'array', items: 'int' } }),
  ])
  assert.equal(encode(nested, { e: 'A', f: 'A', g: '', h: '', i: 1, j: [] }), '00000200')
})

test('imports are read first', () => {
  const imports = new Map([
    ['com.Id', JSON.stringify({ type: 'fixed', name: 'com.Id', size: 1 })],
    ['com.Ids', JSON.stringify(record('com.Ids', [field('id', 'Id')]))],
  ])
  const encoder = avroEncoder(record('com.R', [field('ids', { type: 'array', items: 'com.Ids' })]), imports)
  assert.equal(Buffer.from(encoder.encode({ ids: [{ id: 'a' }] })).toString('hex'), '026100')
})

test('imports whose names are of one text are read once', () => {
  const text = JSON.stringify([record('com.A', []), record('com.B', [])])
  const imports = new Map([
    ['com.A', text],
    ['com.B', text],
  ])
  const both = record('com.R', [field('a', 'com.A'), field('b', 'com.B')])
  assert.equal(avroEncoder(both, imports).encode({ a: {}, b: {} }).length, 0)
})

test('invalid schemas are unusable', () => {
  for (const schema of [
    'unknown',
    5,
    {},
    { type: 'constructor' },
    { type: 'record', name: 'R' },
    record('', []),
    record('string', []),
    record('R', [field('a', 'int'), field('a', 'int')]),
    record('R', [{ name: 'a' }]),
    record('R', [field('a', record('R', []))]),
    ['int', 'int'],
    ['int', ['string']],
    { type: 'enum', name: 'E', symbols: ['A', 'A'] },
    { type: 'enum', name: 'E', symbols: [1] },
    { type: 'fixed', name: 'F', size: -1 },
    { type: 'array' },
  ]) {
    const error = errorOf(() => avroEncoder(schema))
    assert.deepEqual([error.kind, error.code, error.retriable], ['delivery-failure', 'schema-unusable', false])
  }
})

test('a schema that is nested too deeply is unusable', () => {
  const text = `${'{"type":"array","items":'.repeat(5000)}"int"${'}'.repeat(5000)}`
  assert.equal(errorOf(() => avroEncoder(text)).code, 'schema-unusable')
})

test('thousands of types, branches and symbols are parsed and encoded in bounded time', () => {
  const names = Array.from({ length: 5000 }, (_, at) => `R${at}`)
  const union = ['null', ...names.map(name => record(name, [field('x', 'int')]))]
  const list = names.map(name => ({ [name]: { x: 1 } }))
  assert.equal(encode({ type: 'array', items: union }, list).length / 2, 2 + 63 * 2 + (5000 - 63) * 3 + 1)
  assert.equal(encode({ type: 'enum', name: 'E', symbols: names }, 'R4999'), '8e4e')
  const error = errorOf(() => encode(union, { x: 1 }))
  assert.match(error.violations[0]?.expected ?? '', /R18 \| … \(5001\)$/, 'the list of branches is short')
})

test('a short value that expands to many defaults is refused', () => {
  const padded = record('R', [field('a', 'string', { default: 'x'.repeat(100_000) })])
  const empty = record(
    'R',
    Array.from({ length: 1000 }, (_, at) => field(`f${at}`, 'null', { default: null })),
  )
  for (const [items, count] of [
    [padded, 200],
    [empty, 20_000],
  ] as const)
    assert.equal(errorOf(() => encode({ type: 'array', items }, new Array(count).fill({}))).code, 'record-too-large')
})

test('names such as __proto__ and constructor are ordinary names', () => {
  const schema = record('constructor', [field('__proto__', 'int'), field('toString', 'int'), field('this', 'int')])
  assert.equal(encode(schema, json('{"__proto__":1,"toString":2,"this":3}')), '020406')
  assert.equal(violations(schema, { this: 1 }).length, 2)
  assert.equal(encode({ type: 'map', values: 'long' }, json('{"__proto__":9007199254740993}')).slice(0, 4), '0212')
})

test('values from code whose fields don’t hold their data are refused', () => {
  const optional = record('R', [field('a', 'int', { default: 1 })])
  class Hidden {
    #a = 2
    get a() {
      return this.#a
    }
  }
  for (const value of [new Hidden(), new Set(), new Map(), Promise.resolve(), new Error('x'), [], () => 1])
    assert.equal(violations(optional, value).length, 1)
  assert.equal(encode({ type: 'map', values: 'int' }, new Map([['a', 1]])), '0202610200')
  assert.equal(encode(optional, { toJSON: () => ({ a: 2 }) }), '04')
})

test('a value that throws, or contains itself, is an invalid record', () => {
  const schema = record('R', [field('a', ['null', 'R'])])
  const cycle: Record<string, unknown> = {}
  cycle.a = cycle
  assert.equal(violations(schema, cycle)[0]?.rule, 'depth')
  const getter = {
    get a() {
      throw new Error('secret')
    },
  }
  const error = errorOf(() => encode(schema, getter))
  assert.equal(error.code, 'bad-value')
  assert.doesNotMatch(error.message, /secret/)
})

test('a getter may encode another value', () => {
  const encoder = avroEncoder(record('R', [field('a', 'string'), field('b', 'int')]))
  const value = {
    a: 'x',
    get b() {
      return encoder.encode({ a: 'y', b: 5 }).length
    },
  }
  assert.equal(Buffer.from(encoder.encode(value)).toString('hex'), '027806')
})
