// The bounds of every field of an envelope: what is just within them is read, what is just beyond is named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asDeadLetter, wrongField } from '../../lib/dead-letter/check-dead-letter.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const letter = (count: number) => 'x'.repeat(count)
const good = {
  ...deadLetterOf('id'),
  editedFrom: letter(22),
  inDoubt: {
    topic: 'chat',
    partition: 0,
    producerId: 7,
    producerEpoch: 1,
    baseSequence: 3,
    indexInBatch: 0,
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-01T00:00:00.000Z',
  },
}
const claimCheck = { target: 's3://b/claims/x', sha256: 'a'.repeat(64), bytes: 1 }
const withClaim = { ...good, record: { ...good.record, value: null }, claimCheck }

const INT32 = 2 ** 31 - 1
const integers = (max: number) => [
  [0, max],
  [-1, max + 1, 0.5, '0', undefined],
]
const times = [
  ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00Z', `2026-01-01T00:00:00.${'0'.repeat(9)}Z`],
  ['2026-01-01T00:00:00.000', '2026-13-01T00:00:00.000Z', `2026-01-01T00:00:00.${'0'.repeat(10)}Z`, 1, null, undefined],
]
const texts = (max: number) => [
  ['', letter(max)],
  [letter(max + 1), 7, undefined],
]
const orNull = ([right = [], wrong = []]: unknown[][]) => [[...right, null], wrong.filter(value => value !== null)]
const optional = ([right = [], wrong = []]: unknown[][]) => [
  [...right, undefined],
  wrong.filter(value => value !== undefined),
]
const oneOf = (...values: string[]) => [values, ['', 'other', ...values.map(value => `${value} `), 7, undefined]]
const codes = [
  ['a', '0', `A${letter(63)}`, 'a_b-C9'],
  ['', '_a', '-a', `A${letter(64)}`, 'a b', 'a\n', ' a', 'é', 7, undefined],
]
const ids = [
  [letter(22), 'aZ09-_aZ09-_aZ09-_aZ09'],
  [letter(21), letter(23), `${letter(21)}.`, `${letter(22)}\n`, 7, undefined],
]
const base64 = [
  ['', 'AA==', 'AAA=', 'AAAA', '+/+/'],
  ['AA', 'AB==', 'A', 'AAAA\n', '-_-_', 7, undefined],
]

/** Each field with values that it may have, and values that it may not have. */
const FIELDS: Readonly<Record<string, unknown[][]>> = {
  deadLetterId: ids,
  recordId: texts(4096),
  editedFrom: optional(ids),
  'record.encoding': optional(oneOf('wire', 'source')),
  'record.topic': orNull(texts(249)),
  'record.partition': orNull(integers(INT32)),
  'record.partitionFixedBy': orNull(oneOf('source', 'partitioner')),
  'record.timestamp': orNull(integers(8.64e15)),
  'record.key': orNull(base64),
  'record.value': orNull(base64),
  'record.headers': [
    [[], [{ name: '', value: null }], [{ name: letter(32_767), value: 'AA==' }]],
    [
      [{ name: letter(32_768), value: null }],
      [{ name: 'n', value: 'AA' }],
      [{ name: 'n' }],
      [{ value: null }],
      [
        { name: 'n', value: null },
        { name: 7, value: null },
      ],
      [null],
      [[]],
      ['n'],
      {},
      null,
      undefined,
    ],
  ],
  'failure.kind': oneOf('invalid-record', 'delivery-failure'),
  'failure.outcome': oneOf('rejected', 'not-sent', 'unknown'),
  'failure.class': texts(128),
  'failure.code': codes,
  'failure.causeCode': orNull(texts(128)),
  'failure.attempts': integers(INT32),
  'failure.firstAt': times,
  'failure.lastAt': times,
  'source.trigger': [
    ['http', 'a', `a${letter(31)}`, 'a-9'],
    ['', 'A', '9a', '-a', `a${letter(32)}`, 'a b', 'http\n', ' http', 7, undefined],
  ],
  'source.id': texts(4096),
  'source.index': integers(INT32),
  'source.function': orNull(texts(4096)),
  'source.arn': orNull(texts(4096)),
  'source.receiveCount': orNull(integers(INT32)),
  'redrive.count': integers(INT32),
  'redrive.lastAt': orNull(times),
  'redrive.lastCode': orNull(codes),
  'inDoubt.topic': optional(texts(249)),
  'inDoubt.partition': integers(INT32),
  'inDoubt.producerId': integers(Number.MAX_SAFE_INTEGER),
  'inDoubt.producerEpoch': integers(32_767),
  'inDoubt.baseSequence': integers(INT32),
  'inDoubt.indexInBatch': integers(INT32),
  'inDoubt.from': times,
  'inDoubt.to': times,
  'inDoubt.clusterId': optional(orNull(texts(4096))),
  'inDoubt.fromOffset': optional(orNull(integers(Number.MAX_SAFE_INTEGER))),
  'inDoubt.earlier': optional(oneOf('same-partition', 'elsewhere')),
  'inDoubt.anyPartition': [
    [true, undefined],
    [false, 1, 'true', null],
  ],
  'claimCheck.target': texts(4096),
  'claimCheck.sha256': [
    ['a'.repeat(64), '0123456789abcdef'.repeat(4)],
    ['a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), 'g'.repeat(64), `${'a'.repeat(64)}\n`, 7, undefined],
  ],
  'claimCheck.bytes': integers(100_500_000),
}

/** The envelope with this value in the field. */
function withField(field: string, value: unknown): Record<string, unknown> {
  const envelope: Record<string, unknown> = field.startsWith('claimCheck') ? withClaim : good
  const [part = '', name] = field.split('.')
  if (name === undefined) return { ...envelope, [part]: value }
  return { ...envelope, [part]: { ...(envelope[part] as object), [name]: value } }
}

const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 60)

for (const [field, [right = [], wrong = []]] of Object.entries(FIELDS))
  test(`${field}: values within its bounds are read, and any other makes the dead letter unreadable`, () => {
    for (const value of right) assert.equal(wrongField(withField(field, value)), undefined, shown(value))
    for (const value of wrong) assert.equal(wrongField(withField(field, value)), field, shown(value))
  })

test('the test names every field that an envelope has', () => {
  const names = [good, withClaim].flatMap(envelope =>
    Object.entries(envelope).flatMap(([part, value]) =>
      value !== null && typeof value === 'object' ? Object.keys(value).map(name => `${part}.${name}`) : [part],
    ),
  )
  const tested = new Set([...Object.keys(FIELDS), 'schemaVersion', 'claimCheck', 'inDoubt'])
  assert.deepEqual(
    names.filter(name => !tested.has(name)),
    [],
  )
})

test('a key, a value or a header may be as long as the largest request, and a record may have 100,000 headers', () => {
  const MAX_BASE64 = (100_500_000 / 3) * 4
  const tooLong = letter(MAX_BASE64 + 1)
  assert.equal(wrongField(withField('record.value', letter(MAX_BASE64))), undefined)
  assert.equal(wrongField(withField('record.value', `${letter(MAX_BASE64)}AAAA`)), 'record.value')
  assert.equal(wrongField(withField('record.key', tooLong)), 'record.key')
  const headers = (count: number) => Array.from({ length: count }, () => ({ name: 'n', value: null }))
  assert.equal(wrongField(withField('record.headers', headers(100_000))), undefined)
  assert.equal(wrongField(withField('record.headers', headers(100_001))), 'record.headers')
})

test('a part that is no object is named, also where it may be null', () => {
  for (const part of ['record', 'failure', 'source', 'redrive'])
    for (const value of [null, undefined, [], 'x', 7]) assert.equal(wrongField(withField(part, value)), part)
  for (const part of ['inDoubt', 'claimCheck']) {
    assert.equal(wrongField({ ...good, [part]: null }), undefined)
    for (const value of [undefined, [], 'x', 7, true]) assert.equal(wrongField({ ...good, [part]: value }), part)
  }
})

test('a claim check stands for the value, so a dead letter with both is unreadable', () => {
  assert.equal(wrongField(withClaim), undefined)
  assert.equal(wrongField({ ...withClaim, record: good.record }), 'claimCheck')
})

test('eight further fields of each part stay if they are short, and the known ones however many there are', () => {
  const further = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`further${n}`, n]))
  const names = Object.keys(further).slice(0, 8)
  const read = asDeadLetter({
    ...further,
    ...withClaim,
    failure: { ...further, ...good.failure },
    claimCheck: { ...further, ...claimCheck },
    inDoubt: { ...further, ...good.inDoubt },
  }) as DeadLetter
  const namesIn = (part: object | null) => Object.keys(part ?? {}).filter(name => name.startsWith('further'))
  for (const part of [read, read.failure, read.claimCheck, read.inDoubt]) assert.deepEqual(namesIn(part), names)
  assert.equal(wrongField({ ...read }), undefined)
  assert.deepEqual([read.deadLetterId, read.failure.code], [good.deadLetterId, good.failure.code])
})

test('a further field stays with a name of 64 characters and a text of 4,096, and no longer ones', () => {
  const [name, tooLongName] = [letter(64), letter(65)]
  const further = { [name]: letter(4096), [tooLongName]: '', text: letter(4097), list: [], object: {}, no: false }
  const read = asDeadLetter({ ...good, ...further, failure: { ...good.failure, ...further } })
  const kept = { [name]: letter(4096), no: false }
  assert.deepEqual(read, { ...good, ...kept, failure: { ...good.failure, ...kept } })
})

test('of a header only name and value stay', () => {
  const headers = [{ name: 'a', value: null, further: 1 }]
  const read = asDeadLetter({ ...good, record: { ...good.record, headers } })
  assert.deepEqual(read.record.headers, [{ name: 'a', value: null }])
})
