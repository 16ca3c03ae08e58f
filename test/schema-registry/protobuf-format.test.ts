// Values of Protobuf schemas: their bytes, and the violations of values that do not fit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerializationError } from '../../lib/errors.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { descriptorsOf } from '../../lib/schema-registry/protobuf/descriptors-of.ts'
import { createProtobufEncoder } from '../../lib/schema-registry/protobuf/protobuf-encoder.ts'
import { protobufFormat } from '../../lib/schema-registry/protobuf/protobuf-format.ts'
import type { SchemaEncoder } from '../../lib/schema-registry/schema-format.ts'
import { protobufSchema } from '../support/protobuf-schema.ts'

const SCHEMA = `syntax = "proto3";
package shop;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Order {
  int64 id = 1;
  repeated uint64 numbers = 2;
  map<string, int64> counts = 3;
  Kind kind = 4;
  optional string note = 5;
  oneof payment { string card = 6; bool cash = 7; }
  Line line = 8;
  repeated Line order_lines = 9;
  bytes raw = 10;
  double amount = 11;
  float rate = 12;
  int32 small = 13;
  google.protobuf.Timestamp at = 14;
  google.protobuf.Duration took = 15;
  google.protobuf.FieldMask mask = 16;
  google.protobuf.Struct more = 17;
  google.protobuf.Value value = 18;
  google.protobuf.ListValue list = 19;
  google.protobuf.NullValue nothing = 20;
  google.protobuf.Int64Value wrapped = 21;
  google.protobuf.Any any = 22;
  google.protobuf.Empty empty = 23;
  map<int32, Line> lines_by_number = 24;
  map<bool, string> by_flag = 25;
  bool is_paid = 26 [json_name = "paid"];
  Order parent = 27;
}
message Line { string sku = 1; }
enum Kind { UNKNOWN = 0; GIFT = 1; }
`

const order = await encoder(SCHEMA)

async function encoder(text: string, message?: string, imports?: Record<string, string>): Promise<SchemaEncoder> {
  return await protobufFormat.compile(protobufSchema(text, imports), { message })
}

const json = (text: string) => new JsonText(text, JSON.parse(text))
const hex = (encoded: Uint8Array) => Buffer.from(encoded).toString('hex')

/** Of the JSON as a text and of what it says. */
function bytes(text: string, by = order): string {
  const encoded = hex(by.encode(json(text)))
  assert.equal(hex(by.encode(JSON.parse(text))), encoded)
  return encoded
}

function violations(data: unknown, by = order): string[] {
  try {
    by.encode(data)
  } catch (error) {
    assert.ok(error instanceof SerializationError)
    assert.deepEqual([error.kind, error.code, error.retriable], ['invalid-record', 'schema', false])
    assert.doesNotMatch(error.message, /secret/)
    assert.doesNotMatch(JSON.stringify(error.violations.map(({ expected }) => expected)), /secret/)
    assert.equal(error.cause, undefined)
    return error.violations.map(({ pointer, rule, expected }) => `${pointer} ${rule}: ${expected}`)
  }
  return []
}

test('fields are written by their numbers, without those that have their default', () => {
  assert.equal(bytes('{"note": "", "id": 1, "kind": "UNKNOWN", "small": 0}'), '08012a00')
  assert.equal(bytes('{"kind": "GIFT", "numbers": [1, 300], "id": "1"}'), '0801' + '12' + '03' + '01ac02' + '2001')
})

test('a field has its name and its name in JSON', () => {
  assert.equal(
    bytes('{"order_lines": [{"sku": "a"}], "paid": true}'),
    bytes('{"orderLines":[{"sku":"a"}],"is_paid":true}'),
  )
})

test('integers beyond 2^53 have the digits of the source', () => {
  assert.equal(hex(order.encode(json('{"id": 9007199254740993}'))), hex(order.encode({ id: 9007199254740993n })))
  assert.equal(
    hex(order.encode(json('{"numbers": [18446744073709551615, 18446744073709551614]}'))),
    bytes('{"numbers": ["18446744073709551615", "18446744073709551614"]}'),
  )
  assert.equal(
    hex(order.encode(json('{"counts": {"a": -9223372036854775807}}'))),
    hex(order.encode({ counts: { a: -(2n ** 63n) + 1n } })),
  )
  assert.equal(hex(order.encode(json('{"wrapped": 9007199254740993}'))), bytes('{"wrapped": "9007199254740993"}'))
  assert.equal(
    hex(order.encode(json('{"any": {"@type": "type.googleapis.com/shop.Order", "id": 9007199254740993}}'))),
    bytes('{"any": {"@type": "type.googleapis.com/shop.Order", "id": "9007199254740993"}}'),
  )
  assert.deepEqual(violations(json('{"id": 9007199254740992.5}')), ['/id type: int64'])
  assert.deepEqual(violations(json('{"numbers": [1, 18446744073709551616]}')), ['/numbers/1 type: uint64'])
  assert.deepEqual(violations(json('{"id": 9223372036854775808}')), ['/id type: int64'])
})

test('a message that is a number itself has the digits of the source', async () => {
  const schema = 'syntax = "proto3"; package google.protobuf; message Int64Value { int64 value = 1; }'
  const wrapper = await encoder(schema)
  assert.equal(hex(wrapper.encode(json('9007199254740993'))), bytes('"9007199254740993"', wrapper))
})

test('what does not fit a scalar is refused at its place', () => {
  const refused: [field: string, values: string[], type: string][] = [
    [
      'id',
      ['""', '"0x10"', '" 1"', '1.5', 'true', '"1e-1"', '"1e19"', '"1e999999999"', '"1."', '"+1"', '[]', '{}'],
      'int64',
    ],
    ['small', ['2147483648', '""', '"0x10"', '"secret"', '1.5'], 'int32'],
    ['note', ['1', '{}', '"\\ud800"'], 'string'],
    ['cash', ['"true"', '1'], 'bool'],
    ['raw', ['"a"', '"secret!"', '"AA="', '1'], 'bytes'],
    ['amount', ['""', '1e400', '"secret"', '" 1"', '"0x1"'], 'double'],
    ['rate', ['3.5e38', '"inf"'], 'float'],
  ]
  for (const [field, values, type] of refused)
    for (const value of values)
      assert.deepEqual(violations(json(`{"${field}": ${value}}`)), [`/${field} type: ${type}`], `${field} ${value}`)
  assert.deepEqual(violations(json('{"kind": "secret"}')), ['/kind enum: a name of shop.Kind'])
  assert.deepEqual(violations(json('{"kind": 2147483648}')), ['/kind enum: a name of shop.Kind'])
})

test('other spellings of scalars are accepted', () => {
  assert.equal(bytes('{"small": 1e2}'), bytes('{"small": "100"}'))
  assert.equal(bytes('{"id": "1e18"}'), bytes('{"id": "1000000000000000000"}'))
  assert.equal(bytes('{"id": "-9007199254740993.0"}'), bytes('{"id": "-9007199254740993"}'))
  assert.equal(bytes('{"id": "90071992547409930e-1"}'), bytes('{"id": "9007199254740993"}'))
  assert.equal(hex(order.encode(json('{"id": 90071992547409930e-1}'))), bytes('{"id": "9007199254740993"}'))
  assert.equal(bytes('{"id": "00.5e1"}'), bytes('{"id": "0005"}'))
  for (const zero of ['0e9', '-0', '0.000', `${'0'.repeat(1000)}`])
    assert.equal(bytes(`{"note": "", "id": "${zero}"}`), bytes('{"note": "", "id": 0}'), zero)
  assert.equal(bytes('{"raw": "-_8"}'), bytes('{"raw": "+/8="}'))
  assert.equal(bytes('{"amount": "1.5e1"}'), bytes('{"amount": 15}'))
  assert.equal(bytes('{"kind": 7}'), '2007')
  assert.notEqual(bytes('{"amount": -0.0}'), '')
  for (const value of ['NaN', 'Infinity', '-Infinity'])
    assert.equal(hex(order.encode({ rate: Number(value) })), bytes(`{"rate": "${value}"}`))
})

test('every wrong place is listed, up to 20', () => {
  const text =
    '{"id": "x", "line": 1, "orderLines": [{}, {"sku": 1}, null], "linesByNumber": {"1": {"sku": 2}, "x": {}}}'
  assert.deepEqual(violations(json(text)), [
    '/id type: int64',
    '/line type: object',
    '/orderLines/1/sku type: string',
    '/orderLines/2 type: object',
    '/linesByNumber/1/sku type: string',
    '/linesByNumber/x key: int32',
  ])
  assert.equal(violations({ numbers: new Array(1000).fill('x') }).length, 20)
  assert.deepEqual(violations({ counts: { 'a/~b': 'x' } }), ['/counts/a~1~0b type: int64'])
})

test('the search ends beyond the violations that are listed, and pointers are cut', () => {
  let looks = 0
  const line = { get: () => looks++, enumerable: true }
  const orderLines = Array.from({ length: 1000 }, () => Object.defineProperty({}, 'sku', line))
  const key = 'k'.repeat(100_000)
  assert.throws(
    () => order.encode({ linesByNumber: { [key]: {} }, orderLines }),
    (error: unknown) => {
      assert.ok(error instanceof SerializationError)
      const { violations: listed, truncated } = error
      assert.deepEqual([listed.length, truncated, listed.at(-1)?.pointer], [20, true, '/orderLines/18/sku'])
      assert.equal(listed[0]?.pointer, `/linesByNumber/${key}`.slice(0, 256))
      return true
    },
  )
  assert.ok(looks < 100, String(looks))
  // Each level holds itself twice: a walk through all would not end.
  const list: unknown[] = []
  list.push(list, list)
  assert.match(violations({ list }).join(), /depth/)
})

test('an unknown field is refused without its name', () => {
  assert.deepEqual(violations(json('{"line": {"secret": 1}}')), ['/line additionalProperties: no other properties'])
  assert.deepEqual(violations(JSON.parse('{"__proto__": 1}')), [' additionalProperties: no other properties'])
  assert.deepEqual(violations({ '[shop.secret]': 1 }), [' additionalProperties: no other properties'])
  for (const value of ['1', '"secret"', '[]', 'null', 'true'])
    assert.deepEqual(violations(json(value)), [' type: object'])
})

test('a field, or a oneof, has one value', () => {
  assert.deepEqual(violations(json('{"orderLines": [], "order_lines": []}')), [
    '/order_lines duplicate: one value of the field',
  ])
  assert.deepEqual(violations(json('{"card": "a", "cash": true}')), ['/cash oneof: one field of payment'])
  assert.equal(bytes('{"card": null, "cash": true}'), '3801')
})

test('null is a field that is not set, except where it is a value', () => {
  assert.equal(bytes('{"id": null, "line": null, "orderLines": null, "counts": null, "at": null, "wrapped": null}'), '')
  assert.equal(bytes('{"value": null}'), '920102' + '0800')
  assert.deepEqual(violations(json('{"counts": {"a": null}}')), ['/counts/a type: int64'])
  assert.deepEqual(violations(json('{"numbers": [null]}')), ['/numbers/0 type: uint64'])
})

test('keys of maps are any text, or canonical', () => {
  assert.equal(bytes('{"counts": {"__proto__": 1}}'), '1a0d0a095f5f70726f746f5f5f1001')
  assert.equal(bytes('{"byFlag": {"true": "a"}}'), 'ca0105080112' + '0161')
  for (const key of ['01', '1e3', '0x1', '', '2147483648', ' 1', '+1', '-0'])
    assert.deepEqual(violations({ linesByNumber: { [key]: {} } }), [`/linesByNumber/${key} key: int32`])
  assert.deepEqual(violations({ byFlag: { 1: 'x' } }), ['/byFlag/1 key: bool'])
  assert.deepEqual(violations({ counts: { '\ud800': 1 } }), ['/counts/\ud800 key: string'])
})

test('well-known types have their own JSON', () => {
  assert.equal(bytes('{"at": "2024-02-29T01:00:00.5+01:00"}'), '720c088092ffae0610' + '80cab5ee01')
  assert.equal(bytes('{"took": "-1.5s"}'), '7a1608ffffffffffffffffff0110' + '80b6ca91feffffffff01')
  assert.equal(bytes('{"mask": "orderLines,line.sku"}'), '820117' + '0a0b6f726465725f6c696e65730a086c696e652e736b75')
  assert.equal(bytes('{"list": [true]}'), '9a01040a022001')
  assert.equal(bytes('{"more": {"a": {"b": [null]}}}'), bytes('{"more": {"a": {"b": [null]}}}'))
  assert.equal(bytes('{"nothing": null, "empty": {}}'), 'ba0100')
  assert.equal(bytes('{"any": {}}'), 'b20100')
  assert.equal(hex(order.encode({ at: new Date(1500) })), bytes('{"at": "1970-01-01T00:00:01.500Z"}'))
  const duration = '{"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}'
  assert.match(bytes(`{"any": ${duration}}`), /12020801$/)
})

test('messages of google/protobuf without a JSON of their own are objects', async () => {
  const schema = `syntax = "proto3"; import "google/protobuf/type.proto";
    message M { google.protobuf.EnumValue value = 1; }`
  assert.equal(bytes('{"value": {"name": "a", "number": 1}}', await encoder(schema)), '0a05' + '0a01611001')
})

test('values of well-known types that do not fit are refused at their place', () => {
  const times = ['2023-02-29T00:00:00Z', '2024-02-30T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01', 'secret']
  for (const at of [...times, '2024-01-01T00:00:00.1234567890Z', '0000-01-01T00:00:00Z', 1])
    assert.match(violations({ at }).join(), /^\/at format: a date and time/)
  for (const took of ['1', '1sx', '1.1234567890s', '315576000001s', 1])
    assert.match(violations({ took }).join(), /^\/took format/)
  for (const mask of ['a_b', 'a,,b', 'é', 1, '1a']) assert.match(violations({ mask }).join(), /^\/mask format/)
  assert.deepEqual(violations({ more: [], list: {} }), ['/more type: object', '/list type: array'])
  assert.deepEqual(violations({ value: { a: ['\ud800', 1n] } }), [
    '/value/a/0 type: text in UTF-8',
    '/value/a/1 type: JSON',
  ])
  assert.deepEqual(violations(json('{"value": {"a": 1e400}}')), ['/value/a type: a finite number'])
  for (const url of ['type.googleapis.com/shop.Secret', 'shop.Line', 'example.com/shop.Line', '', 1])
    assert.match(violations({ any: { '@type': url, sku: 'a' } }).join(), /^\/any\/@type type: type.googleapis.com\//)
  assert.match(violations({ any: { sku: 'a' } }).join(), /^\/any\/@type type/)
  const line = { '@type': 'type.googleapis.com/shop.Line' }
  assert.deepEqual(violations({ any: { ...line, sku: 1 } }), ['/any/sku type: string'])
  const duration = { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' }
  assert.deepEqual(violations({ any: { ...duration, secret: 1 } }), ['/any additionalProperties: no other properties'])
})

test('more than 100 nested messages are refused, because no reader accepts them', () => {
  const nested = (levels: number, inner: object): object =>
    levels === 0 ? inner : { parent: nested(levels - 1, inner) }
  assert.equal(violations(nested(100, {})).length, 0)
  assert.match(violations(nested(101, {})).join(), /^(?:\/parent){36}\/par depth: at most 100 nested messages$/)
  const circular: Record<string, unknown> = {}
  circular.parent = circular
  assert.match(violations(circular).join(), /depth/)
  const list: unknown[] = []
  list.push(list)
  assert.match(violations({ list }).join(), /depth/)
})

test("a program's value may have bytes, bigints, dates and undefined", () => {
  const data = {
    id: 5n,
    raw: Uint8Array.of(1, 2),
    note: undefined,
    small: 3n,
    line: { sku: undefined },
    counts: { a: 1n },
  }
  assert.equal(hex(order.encode(data)), bytes('{"id": 5, "raw": "AQI=", "small": 3, "line": {}, "counts": {"a": 1}}'))
  assert.deepEqual(violations({ id: 2n ** 63n, raw: { type: 'Buffer' }, note: 5n }), [
    '/id type: int64',
    '/raw type: bytes',
    '/note type: string',
  ])
})

test("a program's value whose fields do not say what is in it is refused, at its place", () => {
  class Line {
    #sku = 'a'
    get sku() {
      return this.#sku
    }
  }
  class OpenLine {
    sku = 'a'
  }
  const lazy = Object.fromEntries([['then', () => undefined]])
  const odd: unknown[] = [
    new Map([['sku', 'a']]),
    Promise.resolve({ sku: 'a' }),
    new Error('x'),
    new WeakMap(),
    new Line(),
  ]
  odd.push(new Set(['a']), /x/, Object(5), Object('a'), new Uint16Array(1), new DataView(new ArrayBuffer(2)))
  odd.push(new Date(Number.NaN), Object.assign(Object.create(lazy), { sku: 'a' }))
  for (const value of odd) {
    assert.deepEqual(violations(value), [' type: object'])
    assert.deepEqual(violations({ line: value }), ['/line type: object'])
    assert.deepEqual(violations({ more: value }), ['/more type: object'])
    assert.deepEqual(violations({ value }), ['/value type: JSON'])
    assert.deepEqual(violations({ list: [value] }), ['/list/0 type: JSON'])
    assert.deepEqual(violations({ any: value }), ['/any type: object'])
    if (!(value instanceof Map)) assert.deepEqual(violations({ counts: value }), ['/counts type: object'])
  }
  assert.deepEqual(violations({ counts: new Map([[1, 2]]), wrapped: Object(5) }), [
    '/counts type: object',
    '/wrapped type: int64',
  ])
  const holes: unknown[] = []
  holes[1] = 5
  assert.deepEqual(violations({ numbers: holes, list: holes }), ['/numbers/0 type: uint64', '/list/0 type: JSON'])
  const counts = new Map<string, unknown>([
    ['a', 5n],
    ['__proto__', 1],
    ['b', undefined],
  ])
  assert.equal(hex(order.encode({ counts })), bytes('{"counts": {"a": 5, "__proto__": 1}}'))
  assert.equal(hex(order.encode({ line: new OpenLine() })), bytes('{"line": {"sku": "a"}}'))
})

test("a program's fields are read once", () => {
  let reads = 0
  const sku = () => (reads++ === 0 ? 'a' : 5)
  assert.equal(
    hex(order.encode({ line: Object.defineProperty({}, 'sku', { get: sku, enumerable: true }) })),
    '42030a0161',
  )
})

test('a value is not changed', () => {
  const data = Object.freeze({ id: 5n, numbers: Object.freeze([1n]), line: null })
  order.encode(data)
  assert.deepEqual(data, { id: 5n, numbers: [1n], line: null })
})

test('proto2: required fields, groups, closed enums, extensions, no packing', async () => {
  const schema = `syntax = "proto2"; package old;
    message Old {
      required int32 id = 1; repeated int32 list = 2; optional group Result = 3 { required string url = 1; }
      optional Kind kind = 4; optional int32 zero = 5 [default = 7]; extensions 100 to 199;
    }
    enum Kind { A = 1; B = 2; }
    message Other { extensions 100 to 199; }
    extend Old { optional sint32 extra = 100; }
    extend Other { optional sint32 foreign = 100; }`
  const old = await encoder(schema)
  assert.equal(bytes('{"id": 0, "list": [1, 2], "result": {"url": ""}, "zero": 0}', old), '0800100110021b0a001c2800')
  assert.equal(bytes('{"id": 1, "[old.extra]": -1}', old), '0801a00601')
  assert.deepEqual(violations(json('{"result": {}, "kind": 3, "[old.foreign]": 1}'), old), [
    '/result required: url',
    '/kind enum: a name of old.Kind',
    ' additionalProperties: no other properties',
    ' required: id',
  ])
})

test('editions: presence, packing and delimited messages by features', async () => {
  const schema = `edition = "2023"; option features.field_presence = IMPLICIT;
    message E {
      int32 implicit = 1; int32 explicit = 2 [features.field_presence = EXPLICIT];
      repeated int32 expanded = 3 [features.repeated_field_encoding = EXPANDED]; repeated int32 packed = 4;
      E child = 5 [features = { message_encoding: DELIMITED }];
    }`
  const text = '{"implicit": 0, "explicit": 0, "expanded": [1, 2], "packed": [1, 2], "child": {}}'
  assert.equal(bytes(text, await encoder(schema)), '10001801180222020102' + '2b2c')
})

test('pinned descriptors encode as the text does', async () => {
  const pinned = await createProtobufEncoder(await descriptorsOf(protobufSchema(SCHEMA)), 'shop.Line')
  assert.equal(hex(pinned.encode({ sku: 'a' })), '0a0161')
  assert.deepEqual(pinned.message, { path: [1], index: 0 })
  await assert.rejects(createProtobufEncoder(Uint8Array.of(255), undefined), { code: 'schema-unusable' })
})

test('messages have the indexes by which Java reads: as they are written, and sorted by full name', async () => {
  const schema = `syntax = "proto2"; package p;
    message B {
      map<string, string> entries = 1; optional group Item = 2 { optional int32 x = 1; }
      message C {} message A { message D {} }
    }
    message A { enum E { X = 0; } message Z {} }`
  // By full name: p.A, p.A.Z, p.B, p.B.A, p.B.A.D, p.B.C, p.B.EntriesEntry, p.B.Item
  const expected = {
    'p.B': { path: [0], index: 2 },
    'p.B.C': { path: [0, 0], index: 5 },
    'p.B.A': { path: [0, 1], index: 3 },
    'p.B.A.D': { path: [0, 1, 0], index: 4 },
    'p.A': { path: [1], index: 0 },
    'p.A.Z': { path: [1, 0], index: 1 },
  }
  for (const [name, position] of Object.entries(expected))
    assert.deepEqual((await encoder(schema, name)).message, position, name)
  assert.deepEqual((await encoder(schema)).message, expected['p.B'])
})

test('a schema without the message, or that is not supported, is unusable', async () => {
  const cases: [schema: string, message: string | undefined, reason: RegExp][] = [
    [SCHEMA, 'shop.Nope', /expected it to declare the message shop\.Nope\.$/],
    [SCHEMA, 'google.protobuf.Any', /expected it to declare the message/],
    [SCHEMA, 'shop.Order.CountsEntry', /expected it to declare the message/],
    [SCHEMA, 'Order', /expected it to declare the message/],
    ['syntax = "proto3"; enum E { A = 0; }', undefined, /expected it to declare a message\.$/],
    ['message M { option message_set_wire_format = true; extensions 4 to max; }', undefined, /message_set_wire_format/],
    ['message M { optional int32 a_b = 1; optional int32 aB = 2; }', undefined, /expected each JSON name in M to/],
    [
      'message M { optional int32 a = 1 [json_name = "b"]; optional int32 b = 2 [json_name = "c"]; }',
      undefined,
      /expected each JSON name in M to/,
    ],
  ]
  for (const [schema, message, reason] of cases)
    await assert.rejects(encoder(schema, message), (error: SerializationError) => {
      assert.deepEqual([error.kind, error.code, error.retriable], ['delivery-failure', 'schema-unusable', false])
      assert.match(error.message, reason)
      return true
    })
})
