// The envelope of a failed record, field by field, and the record of an envelope.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  type DeadLetterSource,
  deadLetterId,
  recordOf,
  toDeadLetter,
  type UnencodedParts,
} from '../../lib/dead-letter/dead-letter.ts'
import { createProbe, isProbe } from '../../lib/dead-letter/probe.ts'
import { checkDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { type Failed, notSent } from '../../lib/delivery/delivery-report.ts'
import { InvalidRecordError, TransportError } from '../../lib/errors.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import type { PartitionedRecord, ProducerRecord, RecordHeader } from '../../lib/record/producer-record.ts'

const source: DeadLetterSource = { trigger: 'sqs', id: 's', index: 3, function: 'f', arn: 'arn:x', receiveCount: 2 }
const base64 = (text: string) => Buffer.from(text).toString('base64')
const bytes: PartitionedRecord = {
  topic: 'chat',
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: [
    ['h', Buffer.from('1')],
    ['n', null],
  ],
  timestamp: 1234,
  partition: 5,
  partitionFixedBy: 'partitioner',
  wireSize: 10,
}

function failedOf(changes: Partial<Failed> = {}): Failed {
  const down = new TransportError('unreachable', 'No broker.', { retriable: true })
  return {
    ...notSent({ topic: 'chat', value: 'v' }, bytes, down, 1000),
    outcome: 'unknown',
    causeCode: 'REQUEST_TIMED_OUT',
    attempts: 4,
    lastAt: 2000,
    ...changes,
  }
}

test('a dead letter has the record’s bytes, its failure, its source, and where it may be in the log', () => {
  const inDoubt = { producerId: 9n, epoch: 1, baseSequence: 7, indexInBatch: 2, clusterId: 'c', fromOffset: 40n }
  const id = deadLetterId(bytes, 'id')
  assert.deepEqual(toDeadLetter(failedOf({ inDoubt }), 'id', source), {
    schemaVersion: 2,
    deadLetterId: id,
    recordId: 'id',
    source,
    record: {
      topic: 'chat',
      partition: 5,
      partitionFixedBy: 'partitioner',
      timestamp: 1234,
      key: base64('k'),
      value: base64('v'),
      headers: [
        { name: 'h', value: base64('1') },
        { name: 'n', value: null },
      ],
    },
    failure: {
      kind: 'delivery-failure',
      outcome: 'unknown',
      class: 'DeliveryError',
      code: 'unreachable',
      causeCode: 'REQUEST_TIMED_OUT',
      attempts: 4,
      firstAt: '1970-01-01T00:00:01.000Z',
      lastAt: '1970-01-01T00:00:02.000Z',
    },
    inDoubt: {
      partition: 5,
      producerId: 9,
      producerEpoch: 1,
      baseSequence: 7,
      indexInBatch: 2,
      from: '1970-01-01T00:00:01.000Z',
      to: '1970-01-01T00:00:02.000Z',
      clusterId: 'c',
      fromOffset: 40,
    },
    redrive: { count: 0, lastAt: null, lastCode: null },
    claimCheck: null,
  })
  const withoutOffset = toDeadLetter(failedOf({ inDoubt: { ...inDoubt, fromOffset: null } }), 'id', source)
  assert.equal(withoutOffset.inDoubt?.fromOffset, null)
  assert.equal(toDeadLetter(failedOf(), 'id', source).inDoubt, null)
})

test('texts that are longer than their field are cut, and a topic that is too long is left out', () => {
  const long = 'x'.repeat(5000)
  const error = Object.assign(new InvalidRecordError('schema', 'wrong'), { name: long })
  const topic = 'x'.repeat(250)
  const written = toDeadLetter(failedOf({ error, causeCode: long, serialized: { ...bytes, topic } }), long, {
    ...source,
    id: long,
    arn: long,
  })
  assert.deepEqual(
    [written.recordId, written.source.id, written.source.arn, written.failure.class, written.failure.causeCode].map(
      text => text?.length,
    ),
    [4096, 4096, 4096, 128, 128],
  )
  assert.equal(written.record.topic, null)
  const longest = toDeadLetter(failedOf({ serialized: { ...bytes, topic: 'x'.repeat(249) } }), 'id', source)
  assert.equal(longest.record.topic?.length, 249)
  for (const each of [written, longest]) assert.equal(checkDeadLetter(each).kind, 'dead-letter')
  const none = toDeadLetter(failedOf({ causeCode: null }), 'id', { ...source, arn: null })
  assert.deepEqual([none.failure.causeCode, none.source.arn], [null, null])
})

test('who fixed the partition is what the record says; a partition without that is the source’s', () => {
  const { partitionFixedBy: _, ...unsaid } = bytes
  const { partition: _partition, ...none } = unsaid
  const fixedBy = (serialized: object) => {
    const { record } = toDeadLetter(failedOf({ serialized: serialized as PartitionedRecord }), 'id', source)
    return [record.partition, record.partitionFixedBy]
  }
  assert.deepEqual(fixedBy({ ...bytes, partitionFixedBy: 'source' }), [5, 'source'])
  assert.deepEqual(fixedBy(unsaid), [5, 'source'])
  assert.deepEqual(fixedBy(none), [null, null])
})

/** The record of a dead letter that never became bytes. */
function unencodedOf(record: unknown, unencoded?: UnencodedParts) {
  const failed = notSent(record as ProducerRecord, undefined, new InvalidRecordError('schema', 'wrong'), 1000)
  return toDeadLetter(failed, 'id', source, unencoded).record
}

test('a record that never became bytes has what fits its fields, and nothing else', () => {
  const record = {
    topic: 'chat',
    value: { a: 1 },
    key: 'not this one',
    headers: { h: 'text', b: Buffer.from('bytes'), n: null, j: { x: 1 } },
    partition: 0,
    timestamp: new Date(77),
  }
  assert.deepEqual(unencodedOf(record, { key: 'k' }), {
    topic: 'chat',
    partition: 0,
    partitionFixedBy: 'source',
    timestamp: 77,
    key: base64('k'),
    value: base64('{"a":1}'),
    headers: [
      { name: 'h', value: base64('text') },
      { name: 'b', value: base64('bytes') },
      { name: 'n', value: null },
      { name: 'j', value: base64('{"x":1}') },
    ],
  })
  const wrong = { topic: 7, value: null, headers: 'none', partition: -1, timestamp: 8.64e15 + 1 }
  const empty = { topic: null, partition: null, partitionFixedBy: null, timestamp: null, key: null, value: null }
  assert.deepEqual(unencodedOf(wrong), { ...empty, headers: [] })
  assert.deepEqual(unencodedOf(undefined), { ...empty, value: '', headers: [] })
  const bounds = { topic: '', value: '', partition: 2 ** 31 - 1, timestamp: 8.64e15 }
  assert.deepEqual(
    [unencodedOf(bounds).partition, unencodedOf(bounds).timestamp, unencodedOf(bounds).topic],
    [2 ** 31 - 1, 8.64e15, null],
  )
  assert.equal(unencodedOf({ ...bounds, partition: 2 ** 31 }).partition, null)
  assert.equal(unencodedOf({ ...bounds, partition: 0.5 }).partition, null)
})

test('headers that are no pairs, or have no name that fits, are left out', () => {
  const name = 'x'.repeat(32_767)
  const headers = [['a', '1'], ['b'], 'c', [7, 'x'], [`${name}x`, 'x'], [name, null], null]
  assert.deepEqual(unencodedOf({ topic: 't', value: '', headers }).headers, [
    { name: 'a', value: base64('1') },
    { name: 'b', value: null },
    { name, value: null },
  ])
  const many = Array.from({ length: 100_001 }, () => ['n', null])
  assert.equal(unencodedOf({ topic: 't', value: '', headers: many }).headers.length, 100_000)
})

test('a value is text as it is, JSON for anything else, and empty where it has no such form', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const valueIn = (value: unknown) => String(Buffer.from(unencodedOf({ topic: 't', value }).value ?? 'null', 'base64'))
  for (const [value, text] of [
    ['text', 'text'],
    [Buffer.from('bytes'), 'bytes'],
    [new JsonText('{"a": 1.0}'), '{"a": 1.0}'],
    [7, '7'],
    [true, 'true'],
    [[1n, { m: new Map([['k', 2n]]) }, '3'], '[1,{"m":{"k":2}},"3"]'],
    [[1n, -1n], '[1,-1]'],
    [cyclic, ''],
    [() => 1, ''],
    [undefined, ''],
  ])
    assert.equal(valueIn(value), text)
})

test('what the contract knows of a record stands for the record’s own key, value and encoding', () => {
  const record = { topic: 'chat', value: 'own' }
  const parts = { key: Buffer.from('k'), value: Buffer.from('of the source'), encoding: 'source' } as const
  const { encoding, key, value } = unencodedOf(record, parts)
  assert.deepEqual([encoding, key, value], ['source', base64('k'), base64('of the source')])
  assert.equal(unencodedOf(record, { key: null, value: null }).value, null)
  assert.equal('encoding' in unencodedOf(record), false)
  const encoded = toDeadLetter(failedOf(), 'id', source, parts)
  assert.deepEqual([encoded.record.value, 'encoding' in encoded.record], [base64('v'), false])
})

test('the id is the hash of topic, id, key, value and headers, each with its length; null is no text', () => {
  const part = (text: string | null) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(text === null ? -1 : Buffer.byteLength(text))
    return Buffer.concat([length, Buffer.from(text ?? '')])
  }
  const hash = createHash('sha256')
  for (const text of ['chat', 'id', 'k', 'v', 'h', '1', 'n', null]) hash.update(part(text))
  const expected = hash.digest('base64url').slice(0, 22)
  assert.equal(deadLetterId(bytes, 'id'), expected)
  const traced = { ...bytes, headers: [['traceparent', Buffer.from('x')], ...bytes.headers] as RecordHeader[] }
  assert.equal(deadLetterId(traced, 'id'), expected)
  const others = [
    { ...bytes, topic: 'other' },
    { ...bytes, key: null },
    { ...bytes, key: Buffer.alloc(0) },
    { ...bytes, value: null },
    { ...bytes, headers: [...bytes.headers].reverse() },
    {
      ...bytes,
      headers: [
        ['h1', Buffer.alloc(0)],
        ['n', null],
      ] as RecordHeader[],
    },
  ].map(record => deadLetterId(record, 'id'))
  assert.equal(new Set([...others, expected, deadLetterId(bytes, 'id2')]).size, others.length + 2)
})

test('the record of a dead letter has its bytes, and its partition only if the source chose it', () => {
  const written = toDeadLetter(failedOf(), 'id', source)
  assert.deepEqual(recordOf(written), {
    topic: 'chat',
    key: bytes.key,
    value: bytes.value,
    headers: bytes.headers,
    timestamp: 1234,
    partition: null,
  })
  const fixed = { ...written, record: { ...written.record, partitionFixedBy: 'source', key: null } as const }
  assert.deepEqual([recordOf(fixed).partition, recordOf(fixed).key], [5, null])
})

test('the doctor’s dead letter is no record’s: it has no topic, and anything more in it is somebody’s data', () => {
  const probe = createProbe()
  assert.equal(checkDeadLetter(probe).kind, 'dead-letter')
  assert.notEqual(createProbe().recordId, probe.recordId)
  assert.deepEqual(
    [probe.record.topic, probe.failure.code, probe.failure.kind, probe.source.trigger, probe.source.function],
    [null, 'unknown-topic', 'invalid-record', 'template', 'doctor'],
  )
  assert.match(probe.recordId, /^doctor-[0-9a-f-]{36}$/)
  assert.equal(isProbe(probe), true)
  const { record } = probe
  for (const other of [
    { ...probe, source: { ...probe.source, function: 'another' } },
    { ...probe, source: { ...probe.source, id: 'another' } },
    { ...probe, record: { ...record, topic: 'chat' } },
    { ...probe, record: { ...record, key: 'AAAA' } },
    { ...probe, record: { ...record, value: 'AAAA' } },
    { ...probe, record: { ...record, headers: [{ name: 'h', value: null }] } },
    { ...probe, claimCheck: { target: 's3://b/k', sha256: 'a'.repeat(64), bytes: 1 } },
  ])
    assert.equal(isProbe(other), false)
})
