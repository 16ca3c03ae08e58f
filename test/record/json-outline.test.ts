// The parts of a JSON text: where they lie, and what is wrong with them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JsonOutline, type JsonShape, outlineJson } from '../../lib/record/json-outline.ts'
import { MAX_POINTER } from '../../lib/record/json-pointer.ts'
import { countedText } from '../support/counting.ts'

const LEAF: JsonShape = {}
const UNIQUE: JsonShape = { uniqueNames: true }
const fields = (shapes: Record<string, JsonShape>): JsonShape => ({ fields: new Map(Object.entries(shapes)) })
const RECORD = fields({ key: LEAF, value: UNIQUE })
const BODY = fields({ records: { items: RECORD, maxItems: 10 }, value: UNIQUE })

const outline = (text: string, shape = BODY) => outlineJson(text, shape, 100).root
const textOf = (text: string, part: JsonOutline | undefined) => part && text.slice(part.start, part.end)

test('a part is the very text of its sender', () => {
  const values = [
    '1.0',
    '-0',
    '1E+2',
    '12345678901234567890',
    ' "\\u0041\\/" ',
    '{ "b":1, "10" : 2,"2":3 }',
    '[1 , 2]',
    'null',
  ]
  const text = ` {"records" :[${values.map(value => `{"key": "k" ,"value":${value}\n}`).join(' ,')}]}\t`
  const items = outline(text).fields?.get('records')?.items ?? []
  assert.deepEqual(
    items.map(item => textOf(text, item.fields?.get('value'))),
    values.map(value => value.trim()),
  )
  assert.deepEqual(
    items.map(item => textOf(text, item.fields?.get('key'))),
    values.map(() => '"k"'),
  )
  assert.equal(textOf(text, outline(text)), text.trim())
})

test('brackets, commas and quotes in a text do not end it', () => {
  const value = String.raw`"\\\"]},[{:\\"`
  const text = `{"value":${value},"x":[${value}]}`
  assert.equal(textOf(text, outline(text).fields?.get('value')), value)
})

test('elements of a list are found by their index', () => {
  const text = '{"value":[[1,2],[3, 45 ]]}'
  const found = outline(text, fields({ value: fields({ 1: fields({ 1: LEAF }) }) }))
  assert.equal(textOf(text, found.fields?.get('value')?.fields?.get('1')?.fields?.get('1')), '45')
})

test('the first fields of an object are outlined in the order of the text', () => {
  const each: JsonShape = { items: LEAF, maxItems: 3 }
  const found = outline(String.raw`{"value":{"b":1,"2":"x","\u0061":[],"1":0}}`, fields({ value: each }))
  assert.deepEqual([...(found.fields?.get('value')?.fields?.keys() ?? [])], ['b', '2', 'a'])
})

test('of a repeated name the last one counts, and the object has a fault', () => {
  const text = String.raw`{"value":1,"v\u0061lue":2}`
  const found = outline(text)
  assert.equal(textOf(text, found.fields?.get('value')), '2')
  assert.deepEqual(found.fault, { code: 'repeated-name', pointer: '/value' })
})

test('a name that is not looked up may be repeated, unless names must be unique', () => {
  assert.equal(outline('{"x":1,"x":2,"value":0}').fault, undefined)
  assert.equal(outline('{"value":{"a":{"x":1},"b":{"x":1}}}').fault, undefined)
  assert.deepEqual(outline('{"value":{"a/b":[0,{"x~":1,"x~":2}]}}').fields?.get('value')?.fault, {
    code: 'repeated-name',
    pointer: '/a~1b/1/x~0',
  })
})

test('each record around a fault has the way to it, and its neighbours have none', () => {
  const found = outline('{"records":[{"value":{"x":1}},{"value":{"x":1,"x":2}},{"value":{"y":1,"y":1}}]}')
  const items = found.fields?.get('records')?.items ?? []
  assert.deepEqual(
    items.map(item => item.fault?.pointer),
    [undefined, '/value/x', '/value/y'],
  )
  assert.equal(found.fault?.pointer, '/records/1/value/x')
})

test('elements beyond the requested number are only checked for faults', () => {
  const found = outline(`{"records":[${'{},'.repeat(20)}{"__proto__":1}]}`)
  assert.equal(found.fields?.get('records')?.items?.length, 10)
  assert.equal(found.fault?.pointer, '/records/20/__proto__')
})

test('a fault of the names of an object is kept apart from those beneath it', () => {
  const found = outline('{"records":[{"value":{"x":1,"x":2},"value":2}],"records":[]}')
  assert.equal(found.fault?.pointer, '/records/0/value/x')
  assert.equal(found.ownFault?.pointer, '/records')
})

test('__proto__ is found at any depth, however it is spelled', () => {
  for (const name of [
    '__proto__',
    String.raw`\u005f_proto_\u005F`,
    String.raw`\u005f\u005f\u0070\u0072\u006f\u0074\u006f\u005f\u005f`,
  ])
    for (const text of [`{"${name}":1}`, `{"x":[{"y":{"${name}":1}}]}`])
      assert.equal(outline(text).fault?.code, 'proto-name', text)
  for (const text of ['{"x":"__proto__"}', '["__proto__"]', '{"__proto___":1}'])
    assert.equal(outline(text).fault, undefined)
})

test('a value that is nested too deeply is a fault of its record', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  const found = outline(`{"records":[{"value":${nested(97)}},{"value":${nested(98)}}]}`)
  assert.deepEqual(
    found.fields?.get('records')?.items?.map(({ fault }) => fault?.code),
    [undefined, 'too-deep'],
  )
  assert.equal(outline(nested(2_000_000), LEAF).fault?.code, 'too-deep')
})

test('a pointer is bounded however long the names are', () => {
  const name = 'n/'.repeat(1_000_000)
  const { fault } = outline(`{"value":{"${name}":{"x":1,"x":2}}}`)
  assert.equal(fault?.pointer.length, MAX_POINTER)
})

const HOSTILE: Record<string, (size: number) => string> = {
  'escaped quotes': size => `"${'\\"'.repeat(size)}"`,
  backslashes: size => `"${'\\\\'.repeat(size)}"`,
  'white space': size => `[${' '.repeat(size)}1${' '.repeat(size)}]`,
  'open lists': size => '['.repeat(size) + ']'.repeat(size),
  'open objects': size => '{"x":'.repeat(size) + 0 + '}'.repeat(size),
  numbers: size => `[${'1,'.repeat(size)}1]`,
  'one long number': size => '1'.repeat(size),
  'repeated names': size => `{"value":{${'"x":1,'.repeat(size)}"x":1}}`,
  'names with escapes': size => `{"value":{${'"\\u0078":1,'.repeat(size)}"y":1}}`,
  'other names': size => `{"value":{${Array.from({ length: size }, (_, n) => `"${n}":1`).join()}}}`,
  'faults in many records': size => `{"records":[${'{"value":{"x":1,"x":2}},'.repeat(size)}0]}`,
  'one long name, faulty': size => `{"value":{"${'n'.repeat(size)}":{${'"x":1,'.repeat(100)}"x":1}}}`,
}

for (const [what, textOfSize] of Object.entries(HOSTILE))
  test(`${what}: ten times the text takes ten times the steps`, () => {
    const [small, large] = [1_000, 10_000].map(size => {
      const text = textOfSize(size)
      const source = countedText(text)
      outlineJson(source, BODY, 100)
      return source.steps / text.length
    }) as [number, number]
    assert.ok(large <= small * 1.1, `${small} and ${large} steps a character`)
    assert.ok(large < 8, `${large} steps a character`)
  })

test('values nested too deeply are skipped, and their neighbours are outlined', () => {
  const deep = (inside: string) => '['.repeat(200) + inside + ']'.repeat(200)
  const text = `{"records":[{"value":${deep('{"__proto__":"]}","x":1,"x":2}')},"key":1},{"value":{"x":1,"x":2}}]}`
  const [first, second] = outline(text).fields?.get('records')?.items ?? []
  assert.equal(first?.fault?.code, 'too-deep')
  assert.equal(textOf(text, first?.fields?.get('key')), '1')
  assert.equal(second?.fault?.pointer, '/value/x')
})

test('levels count from the value on, wherever it lies', () => {
  const value: JsonShape = { isDepthRoot: true }
  const shape = fields({ value, records: { items: fields({ value }), maxItems: 9 } })
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  for (const [levels, code] of [
    [100, undefined],
    [101, 'too-deep'],
  ] as const)
    for (const text of [`{"value":${nested(levels)}}`, `{"records":[{"value":${nested(levels)}}]}`])
      assert.equal(outline(text, shape).fault?.code, code, text.slice(0, 10))
})

// The original bug: millions of levels around a fault were walked once for each fault.
test('many faults in a deep value take linear time', () => {
  const [small, large] = [20_000, 200_000].map(size => {
    const text = `{"value":${'['.repeat(90)}{${'"__proto__":1,"x":1,"x":2,'.repeat(size)}"y":1}${']'.repeat(90)}}`
    const begin = process.cpuUsage()
    outline(text)
    const { user, system } = process.cpuUsage(begin)
    return user + system
  }) as [number, number]
  assert.ok(large < 60 * small, `${small} and ${large} µs of CPU`)
})
