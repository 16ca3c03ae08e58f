// Reading an envelope back: it is untrusted, so each field, the id and the size are checked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DeadLetter, type DeadLetterSource, toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { checkDeadLetter, parseDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { sizeInMemory } from '../../lib/dead-letter/size-in-memory.ts'
import { type Failed, notSent } from '../../lib/delivery/delivery-report.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const read = (json: unknown) => parseDeadLetter(JSON.stringify(json))
const good = deadLetterOf('id')
const inDoubt = {
  partition: 0,
  producerId: 7,
  producerEpoch: 1,
  baseSequence: 3,
  indexInBatch: 0,
  from: good.failure.firstAt,
  to: good.failure.lastAt,
}

test('the dead letter of any record, however malformed, can be read back', () => {
  const anything = fc.anything({ withBigInt: true, withTypedArray: true, withDate: true })
  const record = fc.record({
    topic: fc.oneof(fc.string({ maxLength: 300 }), anything),
    value: anything,
    headers: fc.oneof(anything, fc.array(fc.tuple(fc.oneof(fc.string(), anything), anything))),
    partition: anything,
    timestamp: fc.oneof(fc.double(), fc.integer(), anything),
  })
  const text = fc.oneof(fc.string(), fc.string({ minLength: 5000, maxLength: 5001 }))
  fc.assert(
    fc.property(record, text, text, fc.option(fc.string()), (invalid, recordId, sourceId, key) => {
      const failed = {
        kind: 'failed',
        record: invalid as unknown as ProducerRecord,
        serialized: undefined,
        failureKind: 'invalid-record',
        outcome: 'not-sent',
        code: 'bad-value',
        causeCode: null,
        error: new InvalidRecordError('bad-value', 'wrong'),
        attempts: 0,
        firstAt: 1,
        lastAt: 2,
      } as const satisfies Failed
      const source: DeadLetterSource = { ...good.source, id: sourceId, arn: sourceId }
      const written = toDeadLetter(failed, recordId, source, { key })
      const result = read(written)
      assert.equal(result.kind, 'dead-letter', JSON.stringify(result))
      assert.deepEqual(result.kind === 'dead-letter' && result.deadLetter, JSON.parse(JSON.stringify(written)))
    }),
  )
})

test('a value of a program keeps the digits of its bigints, and its maps', () => {
  const textOf = (value: unknown) => {
    const record = { topic: 't', value } as unknown as ProducerRecord
    const failed = notSent(record, undefined, new InvalidRecordError('schema', 'wrong'), 1)
    return Buffer.from(toDeadLetter(failed, 'id', good.source).record.value ?? '', 'base64').toString()
  }
  const value = { l: 9007199254740993n, n: [-5n], m: new Map([['a', 1n]]), text: '5', at: new Date(0) }
  assert.equal(textOf(value), '{"l":9007199254740993,"n":[-5],"m":{"a":1},"text":"5","at":"1970-01-01T00:00:00.000Z"}')
  assert.equal(textOf(7n), '7')
})

test('a dead letter with a field of the wrong type or size is not used; the error names the field', () => {
  const rows: [string, (deadLetter: DeadLetter) => object][] = [
    ['deadLetterId', d => ({ ...d, deadLetterId: '../../../../etc/hostname' })],
    ['recordId', d => ({ ...d, recordId: 'x'.repeat(4097) })],
    ['record.topic', d => ({ ...d, record: { ...d.record, topic: 'x'.repeat(250) } })],
    ['record.partition', d => ({ ...d, record: { ...d.record, partition: 2 ** 40 } })],
    ['record.timestamp', d => ({ ...d, record: { ...d.record, timestamp: 1e300 } })],
    ['record.value', d => ({ ...d, record: { ...d.record, value: 'not base64!' } })],
    ['record.encoding', d => ({ ...d, record: { ...d.record, encoding: 'avro' } })],
    ['failure.code', d => ({ ...d, failure: { ...d.failure, code: '__proto__' } })],
    ['failure.kind', d => ({ ...d, failure: { ...d.failure, kind: 'record' } })],
    ['redrive.count', d => ({ ...d, redrive: { ...d.redrive, count: -(2 ** 53) } })],
    ['inDoubt.partition', d => ({ ...d, inDoubt: { ...inDoubt, partition: -1 } })],
    ['inDoubt.topic', d => ({ ...d, inDoubt: { ...inDoubt, topic: 'x'.repeat(250) } })],
    ['inDoubt.from', d => ({ ...d, inDoubt: { ...inDoubt, from: '1970' } })],
    ['claimCheck.sha256', d => ({ ...d, claimCheck: { target: 's3://b/claims/x', sha256: 'x', bytes: 1 } })],
    ['claimCheck', d => ({ ...d, claimCheck: { target: 's3://b/k', sha256: 'a'.repeat(64), bytes: 1 } })],
    ['source', d => ({ ...d, source: [] })],
  ]
  for (const [field, change] of rows) {
    const result = read(change(good))
    assert.deepEqual(result, { kind: 'unreadable', reason: `${field} has a wrong type or size` }, field)
  }
})

test('a dead letter whose id is not that of its record is refused, because it could complete another one', () => {
  const other = deadLetterOf('other', 'another value')
  assert.equal(read({ ...good, deadLetterId: other.deadLetterId }).kind, 'unreadable')
  assert.equal(read({ ...good, record: { ...good.record, value: 'AAAA' } }).kind, 'unreadable')
  assert.equal(read(good).kind, 'dead-letter')
})

test('an id can’t be verified while the value is in a claim check', () => {
  const claimCheck = { target: 's3://b/claims/x', sha256: 'a'.repeat(64), bytes: 1 }
  const result = read({ ...good, record: { ...good.record, value: null }, claimCheck })
  assert.deepEqual(result.kind === 'dead-letter' && result.verified, false)
})

test('a newer version is unreadable, with an error that says so; anything else is foreign', () => {
  const newer = read({ ...good, schemaVersion: 3 })
  assert.match(newer.kind === 'unreadable' ? newer.reason : '', /version 3 of the envelope is newer than this release/)
  for (const foreign of [null, 7, 'text', [], {}, { schemaVersion: 2 }, { room: 'lobby' }])
    assert.equal(read(foreign).kind, 'foreign', JSON.stringify(foreign))
  assert.equal(parseDeadLetter('{"schemaVersion":2').kind, 'foreign')
})

test('fields that later releases add are kept when they are read', () => {
  const result = read({ ...good, later: 1 })
  assert.equal(result.kind === 'dead-letter' && (result.deadLetter as { later?: number }).later, 1)
})

test('further fields stay if they are short; large and nested ones are dropped', () => {
  const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)
  const before = deadLetterOf('a', 'v')
  const further = { fromLater: 'x', flag: true, large: 'x'.repeat(100_000), deep, none: null }
  const result = checkDeadLetter({ ...before, ...further, failure: { ...before.failure, ...further } })
  assert.ok(result.kind === 'dead-letter')
  const kept = { fromLater: 'x', flag: true, none: null }
  assert.deepEqual(result.deadLetter, { ...before, ...kept, failure: { ...before.failure, ...kept } })
  const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`further${n}`, n]))
  const bounded = checkDeadLetter({ ...before, ...many })
  assert.ok(bounded.kind === 'dead-letter')
  assert.ok(JSON.stringify(bounded.deadLetter).length < JSON.stringify(before).length + 1000)
})

test('whatever makes a dead letter large counts as its size in memory', () => {
  const large = 'x'.repeat(50_000)
  const small = deadLetterOf('a', 'v')
  const { record, source } = small
  for (const each of [
    { ...small, record: { ...record, value: large } },
    { ...small, record: { ...record, headers: [{ name: 'h', value: large }] } },
    { ...small, record: { ...record, key: large } },
    { ...small, source: { ...source, id: large } },
  ])
    assert.ok(sizeInMemory(each) >= sizeInMemory(small) + 49_000)
})
