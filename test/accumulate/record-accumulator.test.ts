// The queues of records, one call at a time. What producers see of them is in the other files of this folder.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PendingRecord } from '../../lib/accumulate/pending-record.ts'
import { RecordAccumulator } from '../../lib/accumulate/record-accumulator.ts'
import type { PartitionedRecord } from '../../lib/record/producer-record.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { BATCH_OVERHEAD } from '../../lib/wire-format/record-batch.ts'
import { pendingRecord } from '../support/pending-record.ts'

const RECORD_BYTES = 100
const NEVER = Number.POSITIVE_INFINITY
const NOW = Number.NEGATIVE_INFINITY

function setUp(batchSize = BATCH_OVERHEAD + 3 * RECORD_BYTES) {
  const clock = new VirtualClock()
  const accumulator = new RecordAccumulator(batchSize, clock)
  const caller = { deadline: Deadline.after(clock, 60_000), completed: () => {} }
  const append = (value: string, lingerMs = 0, changes: Partial<PartitionedRecord> = {}) => {
    const { record } = pendingRecord(clock, value)
    return accumulator.append({ ...record, wireSize: RECORD_BYTES, ...changes }, caller, 0, lingerMs)
  }
  const readyAt = () => accumulator.readyAt('t', 0)
  const taken = () => valuesOf(accumulator.take('t', 0)?.records)
  return { clock, accumulator, append, readyAt, taken }
}

function valuesOf(records: readonly PendingRecord[] | undefined): string | undefined {
  return records?.map(({ record }) => String(record.value)).join('')
}

test('a batch may leave when the first of its records has waited for its linger time', async () => {
  const { clock, append, readyAt } = setUp()
  assert.equal(readyAt(), NEVER)
  append('a', 50)
  await clock.advance(10)
  append('b', 20)
  assert.equal(readyAt(), 30)
})

test('a batch that is full leaves at once, from the last byte on', () => {
  const { append, readyAt } = setUp()
  append('a', 50)
  append('b', 50)
  assert.equal(readyAt(), 50)
  append('c', 50)
  assert.equal(readyAt(), NOW)
  const almost = setUp(BATCH_OVERHEAD + RECORD_BYTES + 1)
  almost.append('a', 50)
  assert.equal(almost.readyAt(), 50)
})

test('a batch has as many records as it holds, and the next ones wait for their own linger time', async () => {
  const { clock, append, readyAt, taken } = setUp()
  for (const value of ['a', 'b', 'c']) append(value, 50)
  await clock.advance(10)
  append('d', 70)
  append('e', 60)
  assert.equal(taken(), 'abc')
  assert.equal(readyAt(), 70)
  assert.equal(taken(), 'de')
  assert.deepEqual([taken(), readyAt()], [undefined, NEVER])
})

test('a record that is larger than a batch is a batch of its own', () => {
  const { append, taken } = setUp()
  append('a', 0, { wireSize: 10_000 })
  append('b')
  assert.deepEqual([taken(), taken(), taken()], ['a', 'b', undefined])
})

test('what a flush found leaves at once, over several batches, and later records linger again', () => {
  const { accumulator, append, readyAt, taken } = setUp()
  for (const value of ['a', 'b', 'c', 'd']) append(value, 50)
  accumulator.flush()
  assert.equal(readyAt(), NOW)
  taken()
  assert.equal(readyAt(), NOW, 'd was there when it was flushed')
  assert.equal(taken(), 'd')
  append('e', 50)
  assert.equal(readyAt(), 50)
})

test('records of another topic or partition have queues of their own', () => {
  const { accumulator, append, taken } = setUp()
  append('a')
  append('b', 0, { partition: 1 })
  append('c', 0, { topic: 'u' })
  assert.deepEqual(
    [accumulator.has('t', 0), accumulator.has('t', 1), accumulator.has('u', 0), accumulator.has('u', 1)],
    [true, true, true, false],
  )
  assert.equal(taken(), 'a')
  assert.equal(accumulator.has('t', 0), false)
  assert.equal(accumulator.take('v', 0), undefined)
  assert.deepEqual(accumulator.takeAll('v', 0), [])
})

test('a record leaves its queue once, and its place closes up', () => {
  const { accumulator, append, taken } = setUp()
  const [a, b, c] = ['a', 'b', 'c'].map(value => append(value)) as [PendingRecord, PendingRecord, PendingRecord]
  assert.equal(accumulator.remove(b), true)
  assert.equal(accumulator.remove(b), false)
  assert.equal(taken(), 'ac')
  assert.deepEqual([accumulator.remove(a), accumulator.remove(c)], [false, false])
})

test('records that waited behind one of their order group leave in the order of the append', () => {
  const { accumulator, append, readyAt, taken } = setUp()
  const orderGroup = 'g'
  const first = append('x', 0, { orderGroup, partition: 1 })
  append('a', 90, { orderGroup })
  append('b', 0, { key: Buffer.from('k') })
  append('c', 40, { orderGroup })
  assert.equal(valuesOf(accumulator.take('t', 1)?.records), 'x')
  assert.equal(readyAt(), 0)
  assert.equal(accumulator.has('t', 0), true)

  accumulator.orderGroups.completed(first, true)
  assert.equal(valuesOf(accumulator.release(first))?.length, 1)
  assert.equal(taken(), 'abc')
  assert.equal(accumulator.has('t', 0), false)
})

test('a record that was held lingers no longer than it would have otherwise', () => {
  const { accumulator, append, readyAt } = setUp()
  const orderGroup = 'g'
  const first = append('x', 0, { orderGroup, partition: 1 })
  append('a', 90, { orderGroup })
  append('b', 40, { orderGroup })
  assert.equal(readyAt(), NEVER)
  accumulator.take('t', 1)
  accumulator.orderGroups.completed(first, true)
  accumulator.release(first)
  assert.equal(readyAt(), 40)
})

test('all records that wait are taken in the order of the append, those that are held too', () => {
  const { accumulator, append } = setUp()
  const orderGroup = 'g'
  append('x', 0, { orderGroup, partition: 1 })
  append('a', 0, { orderGroup })
  append('b')
  append('c', 0, { orderGroup })
  assert.equal(valuesOf(accumulator.takeAll('t', 0)), 'abc')
  assert.equal(accumulator.has('t', 0), false)
})
