// Avro's logical types: the values that each accepts, and their exact numbers.
import assert from 'node:assert/strict'
import test from 'node:test'
import { isInstance, SerializationError } from '../../lib/errors.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { encodeAvro as encode, jsonText as json } from '../support/avro/avro-encoder.ts'

function refusal(schema: unknown, value: unknown): SerializationError {
  try {
    encode(schema, value)
  } catch (error) {
    if (isInstance(error, SerializationError)) return error
    throw error
  }
  return assert.fail(`taken: ${value instanceof JsonText ? value.text : value}`)
}

function refuses(schema: unknown, value: unknown): void {
  assert.equal(refusal(schema, value).code, 'schema')
}

const logical = (type: string, logicalType: string) => ({ type, logicalType })
const decimal = (precision: number, scale?: number) => ({ type: 'bytes', logicalType: 'decimal', precision, scale })
const long = (value: number | bigint) => encode('long', value)

test('a decimal is the number that its text says, exactly', () => {
  for (const [value, hex] of [
    ['12.34', '0404d2'],
    ['-12.34', '04fb2e'],
    ['12.3', '0404ce'],
    ['12.340', '0404d2'],
    ['1.234e1', '0404d2'],
    ['0', '0200'],
    ['-1.28', '0280'],
    ['1.27', '027f'],
    ['1.28', '040080'],
    ['123456789012345678901234567890.12', '1c009bd30a3c645943dd1690a03a14'],
  ] as const) {
    assert.equal(encode(decimal(32, 2), value), hex, value)
    assert.equal(encode(decimal(32, 2), json(value)), hex, `the number ${value}`)
  }
  assert.equal(encode(decimal(32, 2), 12.34), '0404d2')
  assert.equal(encode(decimal(32, 2), 12n), '0404b0')
  assert.equal(encode(decimal(32, 2), Buffer.of(4, 0xd2)), '0404d2', 'bytes of a program are what Avro writes')
})

test('a decimal is never rounded', () => {
  for (const value of ['12.345', '123.45', '', ' 1', '0x10', '1e', 'NaN', '.5', '\u0004\u00d2', 0.1 + 0.2, 1e20, null])
    refuses(decimal(4, 2), value)
  refuses(decimal(4, 2), json('1e99999999999'))
  refuses(decimal(4, 2), json('1e-99999999999'))
})

test('a decimal has at most 100,000 digits, whatever the schema allows', () => {
  const { violations } = refusal(decimal(1_000_000, 0), json('1e100000'))
  assert.match(violations[0]?.expected ?? '', /at most 100000 digits/)
  // Its digits would not fit into memory: they are counted before they are there.
  refuses(decimal(2 ** 40, 0), json('1e999999999'))
  const digits = `${'7'.repeat(99_999)}8`
  const written = encode(decimal(1_000_000, 0), digits)
  assert.equal(BigInt(`0x${written.slice(6)}`), BigInt(digits))
})

test('a short text that expands to many long decimals is refused', () => {
  // The original bug: 160 characters became 8 MB in two seconds, and a longer text ended the process.
  const fixed = { type: 'fixed', name: 'F', size: 1_000_000, logicalType: 'decimal', precision: 9 }
  const huge = { ...fixed, size: 2 ** 31 - 1 }
  for (const [items, text] of [
    [decimal(100_000, 0), '1e99999'],
    [decimal(100_000, 99_999), '1'],
    [fixed, '1'],
    [huge, '1'],
  ] as const) {
    const list = json(`[${Array(500).fill(text)}]`)
    assert.equal(refusal({ type: 'array', items }, list).code, 'record-too-large')
  }
  const many = json(`[${Array(50_000).fill('1')}]`)
  assert.equal(encode({ type: 'array', items: decimal(150, 149) }, many).length / 2, 3 + 50_000 * 63 + 1)
})

test('a decimal fills a fixed, with its sign', () => {
  const fixed = { type: 'fixed', name: 'F', size: 4, logicalType: 'decimal', precision: 9, scale: 2 }
  assert.equal(encode(fixed, '12.34'), '000004d2')
  assert.equal(encode(fixed, '-12.34'), 'fffffb2e')
  refuses(fixed, '12345678.90')
})

test('a logical type that does not fit its type is ignored', () => {
  assert.equal(encode({ ...decimal(2, 3) }, '12'), '043132')
  assert.equal(encode({ ...decimal(0) }, '12'), '043132')
  assert.equal(encode({ type: 'fixed', name: 'F', size: 1, logicalType: 'decimal', precision: 3 }, 'a'), '61')
  assert.equal(encode(logical('string', 'date'), 'x'), '0278')
  assert.equal(encode(logical('int', 'uuid'), 1), '02')
})

test('a date is days, ISO text, or a Date at midnight UTC', () => {
  const date = logical('int', 'date')
  assert.equal(encode(date, 20784), encode('int', 20784))
  assert.equal(encode(date, '2026-11-27'), encode('int', 20784))
  assert.equal(encode(date, '0001-01-01'), encode('int', -719162))
  assert.equal(encode(date, new Date('2026-11-27')), encode('int', 20784))
  for (const value of ['2026-02-29', '2026-13-01', '2026-1-1', '2026-11-27Z', new Date(1), new Date(Number.NaN), 1.5])
    refuses(date, value)
})

test('a time is a number, or text with no more digits than the type has', () => {
  assert.equal(encode(logical('int', 'time-millis'), '08:30:00.5'), encode('int', 30600500))
  assert.equal(encode(logical('int', 'time-millis'), '08:30'), encode('int', 30600000))
  assert.equal(encode(logical('int', 'time-millis'), '08:30:00.123000'), encode('int', 30600123))
  assert.equal(encode(logical('long', 'time-micros'), '23:59:59.999999'), long(86399999999))
  for (const value of ['24:00', '08:60', '8:30', '08:30:00.1234', '08:30Z', ''])
    refuses(logical('int', 'time-millis'), value)
})

test('a timestamp is a number, text with a zone, or a Date', () => {
  const ms = Date.parse('2026-11-27T08:30:00.123Z')
  for (const [unit, factor] of [
    ['millis', 1n],
    ['micros', 1000n],
    ['nanos', 1000000n],
  ] as const) {
    const type = logical('long', `timestamp-${unit}`)
    const expected = long(BigInt(ms) * factor)
    assert.equal(encode(type, '2026-11-27T08:30:00.123Z'), expected)
    assert.equal(encode(type, '2026-11-27T10:00:00.123+01:30'), expected)
    assert.equal(encode(type, '2026-11-27T07:00:00.123-01:30'), expected)
    assert.equal(encode(type, new Date(ms)), expected)
    assert.equal(encode(type, 5), long(5))
    for (const text of ['2026-11-27T08:30:00', '2026-11-27', '2026-11-27 08:30:00Z', '2026-11-27T08:30:00+1:00'])
      refuses(type, text)
  }
  assert.equal(encode(logical('long', 'timestamp-micros'), '1969-12-31T23:59:59.999999Z'), long(-1))
  refuses(logical('long', 'timestamp-millis'), '2026-11-27T08:30:00.1234Z')
  refuses(logical('long', 'timestamp-nanos'), '2300-01-01T00:00:00Z')
})

test('a local timestamp is a number, or text without a zone', () => {
  const type = logical('long', 'local-timestamp-millis')
  assert.equal(encode(type, '1970-01-01T00:00:01'), long(1000))
  for (const value of ['1970-01-01T00:00:01Z', new Date(0)]) refuses(type, value)
})

test('a UUID is text; in a fixed its 16 bytes', () => {
  const uuid = '00112233-4455-6677-8899-aabbccddeeff'
  assert.equal(encode(logical('string', 'uuid'), uuid), encode('string', uuid))
  refuses(logical('string', 'uuid'), 'x')
  const fixed = { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' }
  assert.equal(encode(fixed, uuid), uuid.replaceAll('-', ''))
  assert.equal(encode(fixed, '0123456789abcdef'), Buffer.from('0123456789abcdef').toString('hex'))
  refuses(fixed, `${uuid}0`)
})

test('a duration is its three parts, or its bytes', () => {
  const duration = { type: 'fixed', name: 'D', size: 12, logicalType: 'duration' }
  assert.equal(encode(duration, { months: 1, days: 2, millis: 4294967295 }), '0100000002000000ffffffff')
  assert.equal(encode(duration, '\u0001'.repeat(12)), '01'.repeat(12))
  for (const value of [
    { months: 1, days: 2 },
    { months: 1, days: 2, millis: -1 },
    { months: 1, days: 2, hours: 1 },
    'P1D',
  ])
    refuses(duration, value)
})

test('a logical type in a union takes the plain values of its kind', () => {
  const timestamp = logical('long', 'timestamp-millis')
  assert.equal(encode(['null', timestamp], '1970-01-01T00:00:01Z'), `02${long(1000)}`)
  assert.equal(encode(['null', timestamp], new Date(1000)), `02${long(1000)}`)
  assert.equal(encode(['null', 'string', timestamp], new Date(1000)), `04${long(1000)}`)
  assert.equal(encode(['null', 'string', timestamp], { long: '1970-01-01T00:00:01Z' }), `04${long(1000)}`)
  assert.equal(encode(['null', decimal(4, 2)], 12.34), '020404d2')
  assert.equal(encode(['null', decimal(4, 2)], { bytes: '12.34' }), '020404d2')
})
