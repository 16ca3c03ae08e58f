// What the batches of one partition prove about a record that may be among them, without a log.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type DeadLetter, UNKNOWN_PRODUCER_ID } from '../../lib/dead-letter/dead-letter.ts'
import { RecordBatchError } from '../../lib/errors.ts'
import { PartitionScan, type Sought } from '../../lib/redrive/partition-scan.ts'
import type { LogBatch, LogRecord } from '../../lib/wire-format/record-batch-decoder.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'

const FAILED_AT = Date.parse('2026-01-01T00:00:00.000Z')
const [KEY, VALUE] = [Buffer.from('k'), Buffer.from('v')]

interface Numbers {
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly indexInBatch?: number
  readonly earlier?: 'same-partition' | 'elsewhere'
}

/** A dead letter in doubt, from producer 1 in epoch 2, with sequence 7. */
function doubted(id: string, numbers: Numbers = {}, { hasId = true, value = 'v' } = {}): DeadLetter {
  const deadLetter = deadLetterOf(id, value, 'chat', FAILED_AT)
  const headers = hasId ? [{ name: 'kp-id', value: Buffer.from(id).toString('base64') }] : []
  const { firstAt: from, lastAt: to } = deadLetter.failure
  return withOwnId({
    ...deadLetter,
    record: { ...deadLetter.record, headers },
    inDoubt: { partition: 0, producerId: 1, producerEpoch: 2, baseSequence: 5, indexInBatch: 2, from, to, ...numbers },
  })
}

type Parts = Partial<Omit<LogRecord, 'offset'>>

/** A batch of producer 1 in epoch 2, whose records begin with sequence 7. */
function batchAt(offset: number, records: readonly Parts[], changes: Partial<LogBatch> = {}): LogBatch {
  const { producerId = 1n, producerEpoch = 2, baseSequence = 7 } = changes
  const identity = { producerId, producerEpoch }
  return {
    ...identity,
    baseOffset: BigInt(offset),
    lastOffset: BigInt(offset + Math.max(0, records.length - 1)),
    baseSequence,
    isTransactional: false,
    records: records.map((parts, index) => ({
      ...identity,
      offset: BigInt(offset + index),
      timestamp: FAILED_AT,
      key: KEY,
      value: VALUE,
      headers: [],
      sequence: baseSequence + index,
      ...parts,
    })),
    ...changes,
  }
}

const idHeader = (id: string): Parts => ({ headers: [['kp-id', Buffer.from(id)]] })
const other = { producerId: 9n, baseSequence: 0 }
const found = (offset: number) => ({ kind: 'found', offset: BigInt(offset) })
const seek = (deadLetter: DeadLetter, changes: Partial<Sought> = {}): Sought => ({
  deadLetter,
  from: 0n,
  checkNewer: false,
  ...changes,
})

function proofOf(deadLetter: DeadLetter, batches: readonly LogBatch[], changes: Partial<Sought> = {}) {
  const scan = new PartitionScan([seek(deadLetter, changes)])
  for (const batch of batches) scan.take(batch)
  return scan.proofOf(deadLetter)
}

const unreadable = (offset: number, producerId = 1n) =>
  batchAt(offset, [], { producerId, unreadable: new RecordBatchError('corrupt-batch', 'It is damaged.') })

test('a record is found by its producer, epoch and sequence, with the same key and value', () => {
  const deadLetter = doubted('a')
  const notSeen = { kind: 'not-seen' }
  const rows: [name: string, batch: LogBatch, proof: object][] = [
    ['the same', batchAt(3, [{}]), found(3)],
    ['the second of its batch', batchAt(3, [{}, {}], { baseSequence: 6 }), found(4)],
    ['another sequence', batchAt(3, [{}], { baseSequence: 8 }), notSeen],
    ['another producer', batchAt(3, [{}], { producerId: 4n }), notSeen],
    ['an earlier epoch', batchAt(3, [{}], { producerEpoch: 1 }), notSeen],
    ['another key', batchAt(3, [{ key: Buffer.from('x') }]), notSeen],
    ['no key', batchAt(3, [{ key: null }]), notSeen],
    ['another value', batchAt(3, [{ value: Buffer.from('x') }]), notSeen],
    ['no value', batchAt(3, [{ value: null }]), notSeen],
    ['a record in a transaction', batchAt(3, [{}], { isTransactional: true }), notSeen],
    ['the marker of a transaction', batchAt(3, [{}], { marker: 'commit' }), notSeen],
  ]
  for (const [name, batch, proof] of rows) assert.deepEqual(proofOf(deadLetter, [batch]), proof, name)
  assert.deepEqual(proofOf(deadLetter, [batchAt(3, [{}])], { from: 3n }), found(3))
  assert.deepEqual(proofOf(deadLetter, [batchAt(3, [{}])], { from: 4n }), notSeen)
  // The first copy is the record.
  assert.deepEqual(proofOf(deadLetter, [batchAt(3, [{}]), batchAt(9, [idHeader('a')], other)]), found(3))
})

test('a record without key or value is found as such', () => {
  const empty = doubted('a')
  const deadLetter = withOwnId({ ...empty, record: { ...empty.record, key: null, value: null } })
  assert.deepEqual(proofOf(deadLetter, [batchAt(3, [{ key: null, value: null }])]), found(3))
  assert.deepEqual(proofOf(deadLetter, [batchAt(3, [{ key: null, value: Buffer.alloc(0) }])]), { kind: 'not-seen' })
})

test('a value in a claim check is found by its size and hash', () => {
  const sha256 = createHash('sha256').update(VALUE).digest('hex')
  const of = (changes: object) => {
    const plain = doubted('a')
    const claimCheck = { target: 'disk:x', bytes: VALUE.length, sha256, ...changes }
    return { ...plain, record: { ...plain.record, value: null }, claimCheck }
  }
  const batches = [batchAt(3, [{}])]
  assert.deepEqual(proofOf(of({}), batches), found(3))
  assert.deepEqual(proofOf(of({ sha256: 'x' }), batches), { kind: 'not-seen' })
  assert.deepEqual(proofOf(of({ bytes: 2 }), batches), { kind: 'not-seen' })
  assert.deepEqual(proofOf(of({}), [batchAt(3, [{ value: null }])]), { kind: 'not-seen' })
})

test('a record is found by its id under any producer, if its bytes are the same', () => {
  const rows: [name: string, parts: Parts, isFound: boolean][] = [
    ['its id', idHeader('a'), true],
    ['another id', idHeader('b'), false],
    ['no id', {}, false],
    ['another value', { ...idHeader('a'), value: Buffer.from('x') }, false],
    [
      'one header more',
      {
        headers: [
          ['kp-id', Buffer.from('a')],
          ['trace', null],
        ],
      },
      false,
    ],
  ]
  for (const [name, parts, isFound] of rows)
    assert.deepEqual(
      proofOf(doubted('a'), [batchAt(3, [parts], other)]),
      isFound ? found(3) : { kind: 'not-seen' },
      name,
    )
  // A redrive adds the id to a record without one, and may send it to another topic.
  const withoutId = doubted('a', {}, { hasId: false })
  assert.deepEqual(proofOf(withoutId, [batchAt(3, [idHeader('a')], other)]), found(3))
  const traced = withOwnId({
    ...withoutId,
    record: { ...withoutId.record, headers: [{ name: 'trace', value: null }] },
  })
  const headers: LogRecord['headers'] = [
    ['kp-id', Buffer.from('a')],
    ['trace', null],
  ]
  assert.deepEqual(proofOf(traced, [batchAt(3, [{ headers }], other)]), found(3))
  const noTopic = { ...doubted('a'), record: { ...doubted('a').record, topic: null } }
  assert.deepEqual(proofOf(withOwnId(noTopic), [batchAt(3, [idHeader('a')], other)]), found(3))
  const notInDoubt = { ...doubted('a'), inDoubt: null }
  assert.deepEqual(proofOf(notInDoubt, [batchAt(3, [idHeader('a')], other)]), { kind: 'not-seen' })
})

test('two attempts of one record are each found in their own part of the log', () => {
  const [first, second] = [doubted('a'), doubted('a', { producerId: 3 })]
  const scan = new PartitionScan([seek(first, { from: 2n }), seek(second, { from: 6n })])
  scan.take(batchAt(3, [idHeader('a')], other))
  assert.deepEqual([scan.proofOf(first), scan.proofOf(second)], [found(3), { kind: 'not-seen' }])
  assert.equal(scan.isDone, false)
  scan.take(batchAt(7, [idHeader('a')], other))
  assert.deepEqual([scan.proofOf(first), scan.proofOf(second)], [found(3), found(7)])
  assert.equal(scan.isDone, true)
})

test('a batch of a higher epoch of the producer proves that no earlier one can follow', () => {
  const fence = (producerEpoch: number, producerId = 1n) => batchAt(3, [], { producerId, producerEpoch })
  const [fenced, notSeen] = [{ kind: 'fenced' }, { kind: 'not-seen' }]
  const rows: [name: string, deadLetter: DeadLetter, batch: LogBatch, proof: object][] = [
    ['a higher epoch', doubted('a'), fence(3), fenced],
    ['the same epoch', doubted('a'), fence(2), notSeen],
    ['a lower epoch', doubted('a'), fence(1), notSeen],
    ['of another producer', doubted('a'), fence(3, 4n), notSeen],
    ['an earlier attempt was by another', doubted('a', { earlier: 'same-partition' }), fence(3), notSeen],
  ]
  for (const [name, deadLetter, batch, proof] of rows) assert.deepEqual(proofOf(deadLetter, [batch]), proof, name)
  // What is written later, or was found before, is what counts.
  assert.deepEqual(proofOf(doubted('a'), [fence(3), batchAt(5, [idHeader('a')], other)]), found(5))
  assert.deepEqual(proofOf(doubted('a'), [batchAt(1, [{}]), fence(3)]), found(1))
  assert.deepEqual(proofOf(doubted('a'), [fence(3), unreadable(6)]), fenced)
  const [first, second] = [doubted('a'), doubted('b', { producerEpoch: 4, baseSequence: 50 })]
  const scan = new PartitionScan([seek(first), seek(second)])
  scan.take(fence(3))
  assert.deepEqual([scan.proofOf(first), scan.proofOf(second), scan.isDone], [fenced, notSeen, false])
  scan.take(fence(5))
  assert.deepEqual([scan.proofOf(second), scan.isDone], [fenced, true])
})

test('a batch of the producer that can’t be read may hold the record', () => {
  const [incomplete, notSeen] = [{ kind: 'unreadable' }, { kind: 'not-seen' }]
  const unknown = doubted('a', { producerId: UNKNOWN_PRODUCER_ID })
  const rows: [name: string, deadLetter: DeadLetter, batches: LogBatch[], changes: Partial<Sought>, proof: object][] = [
    ['of the producer', doubted('a'), [unreadable(3)], {}, incomplete],
    ['of another', doubted('a'), [unreadable(3, 4n)], {}, notSeen],
    ['before its part of the log', doubted('a'), [unreadable(3)], { from: 4n }, notSeen],
    ['at the begin of its part', doubted('a'), [unreadable(3)], { from: 3n }, incomplete],
    ['of any, for it is not known which sent it', unknown, [unreadable(3, 4n)], {}, incomplete],
    ['of any: an earlier attempt', doubted('a', { earlier: 'elsewhere' }), [unreadable(3, 4n)], {}, incomplete],
    ['after it was found', doubted('a'), [batchAt(1, [{}]), unreadable(3)], {}, found(1)],
    ['before it is found', doubted('a'), [unreadable(1), batchAt(3, [{}])], {}, found(3)],
  ]
  for (const [name, deadLetter, batches, changes, proof] of rows)
    assert.deepEqual(proofOf(deadLetter, batches, changes), proof, name)
})

test('a scan is done once every record in doubt has its proof, unless newer records of keys count', () => {
  const deadLetter = doubted('a')
  for (const [batch, checkNewer, isDone] of [
    [batchAt(3, [{}]), false, true],
    [unreadable(3), false, true],
    [batchAt(3, [], { producerEpoch: 3 }), false, true],
    [batchAt(3, [{ key: null }]), false, false],
    [batchAt(3, [{}]), true, false],
  ] as const) {
    const scan = new PartitionScan([seek(deadLetter, { checkNewer })])
    assert.equal(scan.isDone, false)
    scan.take(batch)
    // A second proof of the same record counts once.
    scan.take(batchAt(9, [idHeader('a')], other))
    scan.take(batchAt(10, [idHeader('a')], other))
    assert.equal(scan.isDone, isDone || (batch.lastOffset === 3n && !checkNewer))
  }
  assert.equal(new PartitionScan([]).isDone, true)
  const keyless = { ...deadLetterOf('b'), record: { ...deadLetterOf('b').record, key: null } }
  assert.equal(new PartitionScan([seek(keyless, { checkNewer: true })]).isDone, true)
})

test('a newer record of the key supersedes a dead letter', () => {
  const deadLetter = deadLetterOf('a', 'v', 'chat', FAILED_AT)
  const newer = { timestamp: FAILED_AT + 1 }
  const commit = (producerId = 1n) => batchAt(8, [], { producerId, marker: 'commit' })
  const abort = batchAt(8, [], { marker: 'abort' })
  const open = batchAt(3, [newer], { isTransactional: true })
  const before = new Map([[3n, FAILED_AT]])
  const after = new Map([[3n, FAILED_AT + 1]])
  type Row = [string, readonly LogBatch[], boolean, Partial<Sought>?, ReadonlyMap<bigint, number>?]
  const rows: Row[] = [
    ['none', [], false],
    ['of the key', [batchAt(3, [newer])], true],
    ['the first offset of all', [batchAt(0, [newer])], true],
    ['of another key', [batchAt(3, [{ ...newer, key: Buffer.from('x') }])], false],
    ['without a key', [batchAt(3, [{ ...newer, key: null }])], false],
    ['where newer ones do not count', [batchAt(3, [newer])], false, { checkNewer: false }],
    ['before its part of the log', [batchAt(3, [newer])], false, { from: 4n }],
    ['at the begin of its part', [batchAt(3, [newer])], true, { from: 3n }],
    ['by its time', [batchAt(3, [newer])], true, { newerSince: FAILED_AT + 1 }],
    ['older by its time', [batchAt(3, [newer])], false, { newerSince: FAILED_AT + 2 }],
    ['of a dead letter of the same time', [batchAt(3, [newer])], false, {}, before],
    ['of a newer dead letter', [batchAt(3, [newer])], true, {}, after],
    ['in an open transaction', [open], true],
    ['in a committed one', [open, commit()], true],
    ['in an aborted one', [open, abort], false],
    ['beside the end of another producer’s', [open, commit(4n), abort], false],
    ['after a record in an aborted one', [open, abort, batchAt(9, [newer])], true],
    ['outside a transaction, before its producer aborts one', [batchAt(3, [newer]), abort], true],
  ]
  for (const [name, batches, expected, changes = {}, written = new Map<bigint, number>()] of rows) {
    const scan = new PartitionScan([seek(deadLetter, { checkNewer: true, ...changes })], written)
    for (const batch of batches) scan.take(batch)
    assert.equal(scan.hasNewer(deadLetter), expected, name)
  }
  const [one, two] = ['k', 'l'].map(key => {
    const each = deadLetterOf(key, 'v', 'chat', FAILED_AT)
    return { ...each, record: { ...each.record, key: Buffer.from(key).toString('base64') } }
  }) as [DeadLetter, DeadLetter]
  const scan = new PartitionScan([one, two].map(each => seek(each, { checkNewer: true })))
  scan.take(batchAt(3, [newer, { ...newer, key: Buffer.from('l') }], { isTransactional: true }))
  assert.deepEqual([scan.hasNewer(one), scan.hasNewer(two)], [true, true])
  scan.take(abort)
  assert.deepEqual([scan.hasNewer(one), scan.hasNewer(two)], [false, false])
})

test('records that are missing from the log are noticed: before, between and at the end of batches', () => {
  const deadLetter = doubted('a')
  const far = (offset: number, count: number, lastOffset = offset + count - 1) =>
    batchAt(
      offset,
      Array.from({ length: count }, () => ({ key: null })),
      { ...other, lastOffset: BigInt(lastOffset) },
    )
  const rows: [
    name: string,
    batches: readonly LogBatch[],
    from: bigint,
    begin: bigint | undefined,
    expected: boolean,
  ][] = [
    ['nothing is missing', [far(0, 2), far(2, 3)], 0n, 0n, false],
    ['the first is missing', [far(1, 2)], 0n, 0n, true],
    ['the pass begins there', [far(1, 2)], 0n, undefined, false],
    ['between two batches', [far(0, 2), far(3, 2)], 0n, 0n, true],
    ['between, where it can’t be', [far(0, 2), far(3, 2)], 3n, 0n, false],
    ['between, at its first offset', [far(0, 2), far(3, 2)], 2n, 0n, true],
    ['at the end of a batch', [far(0, 2, 2)], 0n, 0n, true],
    ['at the end, where it can’t be', [far(0, 2, 2)], 3n, 0n, false],
    ['at the end, at its first offset', [far(0, 2, 2)], 2n, 0n, true],
    ['a marker is no record', [far(0, 2), batchAt(2, [], { ...other, marker: 'commit' }), far(3, 1)], 0n, 0n, false],
    ['an unreadable batch is there', [far(0, 2), unreadable(2, 9n), far(3, 1)], 0n, 0n, false],
  ]
  for (const [name, batches, from, begin, expected] of rows) {
    const scan = new PartitionScan([seek(deadLetter, { from })], new Map(), begin)
    for (const batch of batches) scan.take(batch)
    assert.equal(scan.hasGap(deadLetter), expected, name)
  }
})
