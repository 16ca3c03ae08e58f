// What callers without TypeScript pass: a record of the wrong form is invalid, with a code that says which part.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { readRecord } from '../../lib/validate/read-record.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'

const record = { topic: 't', key: 'k', value: 'v' }
const text = (headers: readonly (readonly [string, Uint8Array | null])[]) =>
  headers.map(([name, value]) => [name, value && Buffer.from(value).toString()])

test('header values are bytes, null, or text as UTF-8', () => {
  const { headers } = readRecord({
    ...record,
    headers: [
      ['a', Buffer.from('1')],
      ['b', null],
      ['a', 'é1'],
      ['c', ''],
    ],
  })
  assert.deepEqual(text(headers), [
    ['a', '1'],
    ['b', null],
    ['a', 'é1'],
    ['c', ''],
  ])
})

test('the caller may change its header list and its bytes afterwards', () => {
  const value = Buffer.from('first')
  const list: [string, Buffer][] = [['h', value]]
  const { headers } = readRecord({ ...record, headers: list })
  value.write('LATER')
  list[0] = ['other', Buffer.from('x')]
  assert.deepEqual(text(headers), [['h', 'first']])
})

// The original bug: a number made the encoder throw, which failed the records of every other caller, and text was
// written as zeros.
for (const value of [undefined, 42, true, new Date(0), new ArrayBuffer(3), new Uint16Array(2), [1], {}, Symbol('s')])
  test(`a header value that is ${Object.prototype.toString.call(value)} is refused`, () => {
    assert.throws(() => readRecord({ ...record, headers: [['h', value]] }), { code: 'bad-header' })
  })

test('headers are a list of pairs, a Map or an object, where a name with several values has a list', () => {
  const expected = [
    ['a', '1'],
    ['b', null],
  ]
  const nothing = Object.assign(Object.create(null), { a: '1', b: null })
  for (const headers of [{ a: '1', b: null }, new Map([['a', '1'] as const, ['b', null] as const]), nothing])
    assert.deepEqual(text(readRecord({ ...record, headers }).headers), expected)
  const repeated = { a: ['1', Buffer.from('2')], b: [] }
  for (const headers of [repeated, new Map(Object.entries(repeated))])
    assert.deepEqual(text(readRecord({ ...record, headers }).headers), [
      ['a', '1'],
      ['a', '2'],
    ])
})

const NOT_HEADERS = [
  { h: undefined },
  { h: 5 },
  { h: { value: 'x' } },
  { h: [['x']] },
  new Map([[5, 'x']]),
  new Set(['h']),
  new Date(0),
  Buffer.from('h'),
  new Headers({ h: 'x' }),
  [{ name: 'h', value: 'x' }],
  'h',
  5,
  ['h'],
  [['']],
  [[5, 'x']],
  [null],
  [['a\nb', null]],
]
for (const headers of NOT_HEADERS)
  test(`headers ${JSON.stringify(headers)} (${Object.prototype.toString.call(headers)}) are refused`, () => {
    assert.throws(() => readRecord({ ...record, headers }), { code: 'bad-header' })
  })

for (const nothing of [null, undefined])
  test(`partition, timestamp and headers ${nothing} mean none`, () => {
    const { partition, timestamp, headers } = readRecord({
      ...record,
      partition: nothing,
      timestamp: nothing,
      headers: nothing,
    })
    assert.deepEqual([partition, timestamp, headers], [undefined, undefined, []])
  })

test('a Date is a timestamp', () => {
  assert.equal(readRecord({ ...record, timestamp: new Date(1_517_966_773_840) }).timestamp, 1_517_966_773_840)
})

test('a message names the type of a wrong value, never its content', () => {
  const messageOf = (source: unknown): string => {
    try {
      readRecord(source)
      return 'accepted'
    } catch (error) {
      assert.ok(error instanceof InvalidRecordError)
      return `${error.code}: ${error.message}`
    }
  }
  assert.deepEqual(
    [
      null,
      'secret',
      Promise.resolve(record),
      [record],
      { ...record, topic: 5 },
      { topic: 't' },
      { ...record, partition: -1 },
      { ...record, partition: '0' },
      { ...record, timestamp: new Date('never') },
      { ...record, timestamp: 1.5 },
      { ...record, headers: 'secret' },
      { ...record, headers: [['a', null], { name: 'secret' }] },
      { ...record, headers: [['secret', 5]] },
      { ...record, orderGroup: 7 },
      {
        ...record,
        get key(): never {
          throw new Error('secret')
        },
      },
    ].map(messageOf),
    [
      'bad-value: record: expected an object with topic and value, got null.',
      'bad-value: record: expected an object with topic and value, got string.',
      'bad-value: record: expected an object with topic and value, got a promise.',
      'unknown-topic: topic: expected text, got undefined.',
      'unknown-topic: topic: expected text, got number.',
      'bad-value: value: expected a value, or null for a tombstone; got none.',
      'bad-partition: partition: expected an integer from 0 to 2147483647, or null; got -1.',
      'bad-partition: partition: expected an integer from 0 to 2147483647, or null; got string.',
      'bad-timestamp: timestamp: expected an integer (ms since the epoch), a Date, or null; got an invalid Date.',
      'bad-timestamp: timestamp: expected an integer (ms since the epoch), a Date, or null; got 1.5.',
      'bad-header: headers: expected a list of [name, value], or an object; got string.',
      'bad-header: headers[1]: expected [name, value], got object.',
      'bad-header: headers[0]: expected bytes, text or null as value, got number.',
      'bad-value: orderGroup: expected text, got number.',
      'bad-value: record: reading one of its fields threw an error.',
    ],
  )
})

test('an error of a getter is the cause; one that says that the record is invalid is thrown as it is', () => {
  const invalid = new InvalidRecordError('bad-value', 'value: not mine.')
  for (const [thrown, isCause] of [
    [new RangeError('secret'), true],
    [invalid, false],
  ] as const) {
    const hostile = Object.defineProperty({ ...record }, 'value', {
      get: () => {
        throw thrown
      },
    })
    assert.throws(
      () => readRecord(hostile),
      (error: unknown) => (isCause ? (error as Error).cause === thrown : error === thrown),
    )
  }
})

test('partitions of a topic that is no text are not asked for', async () => {
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'] }, {}), { client })
  for (const [topic, message] of [
    [5, 'topic: expected text, got number.'],
    [null, 'topic: expected text, got null.'],
    [undefined, 'topic: expected text, got undefined.'],
    [['t'], 'topic: expected text, got a list.'],
  ])
    await assert.rejects(producer.partitionsFor(topic as never), { code: 'unknown-topic', message })
  await producer.close()
})

test('without contracts the message does not speak of contracts', () => {
  const rules = { anyTopic: true } as const
  assert.throws(() => validateRecord({ ...record, topic: 'a b' }, rules), /topic: expected 1 to 249 of/)
  assert.throws(
    () => validateRecord({ ...record, topic: 'a' }, { contracts: new Map() }),
    /expected a topic that has a contract/,
  )
})
