// Queues and batches of many records: each step looks at a record a bounded number of times, however many wait.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PendingRecord } from '../../lib/accumulate/pending-record.ts'
import { ProducerBatch } from '../../lib/accumulate/producer-batch.ts'
import { RecordAccumulator } from '../../lib/accumulate/record-accumulator.ts'
import type { PartitionedRecord } from '../../lib/record/producer-record.ts'
import { PartitionState } from '../../lib/send/partition-state.ts'
import { RecordCompleter } from '../../lib/send/record-completer.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { BATCH_OVERHEAD } from '../../lib/wire-format/record-batch.ts'
import { counting, isLinear } from '../support/counting.ts'

const clock = new VirtualClock()
const WIRE_SIZE = 30

const caller = () => ({ deadline: Deadline.after(clock, 1000), completed: () => {} })

/** Records that wait, with all reads of them counted. */
function waiting(count: number, options: { batchSize?: number; orderGroup?: string; partitions?: number } = {}) {
  const counter = { reads: 0 }
  const { batchSize = 1_000_000, partitions = 1, ...group } = options
  const accumulator = new RecordAccumulator(batchSize, clock)
  const append = (fields: { partition?: number; orderGroup?: string | undefined } = group) => {
    const record: PartitionedRecord = {
      topic: 't',
      partition: 0,
      partitionFixedBy: 'source',
      key: null,
      value: Buffer.from('v'),
      headers: [],
      wireSize: WIRE_SIZE,
      ...(fields.partition === undefined ? {} : { partition: fields.partition }),
      ...(fields.orderGroup === undefined ? {} : { orderGroup: fields.orderGroup }),
    }
    return accumulator.append(counting(record, counter), caller(), 0)
  }
  const records = Array.from({ length: count }, (_, index) => append({ ...group, partition: index % partitions }))
  counter.reads = 0
  return { accumulator, records, counter, append }
}

function completerOf(clusterId: string | null = null): RecordCompleter {
  return new RecordCompleter(
    clock,
    () => clusterId,
    () => {},
    () => {},
  )
}

// The original bug: each of n records was searched and removed separately, and the rest was summed twice each time.
test('records that expire together are taken out of their queue in linear time', () => {
  assert.ok(
    isLinear(count => {
      const { accumulator, records, counter } = waiting(count)
      for (const pending of records) assert.equal(accumulator.remove(pending), true)
      assert.equal(accumulator.has('t', 0), false)
      assert.ok(counter.reads >= count)
      return counter.reads
    }),
  )
})

test('a long queue is taken batch by batch in linear time', () => {
  assert.ok(
    isLinear(count => {
      const { accumulator, counter } = waiting(count, { batchSize: 5 * WIRE_SIZE })
      let taken = 0
      for (let batch = accumulator.take('t', 0); batch; batch = accumulator.take('t', 0)) taken += batch.records.length
      assert.equal(taken, count)
      return counter.reads
    }),
  )
})

test('the records of a batch of unknown outcome are reported in linear time', () => {
  assert.ok(
    isLinear(count => {
      const { accumulator } = waiting(count)
      const counter = { reads: 0 }
      const batch = new ProducerBatch('t', 0, counting([...accumulator.takeAll('t', 0)], counter))
      batch.number({ producerId: 7n, epoch: 0, baseSequence: 0 })
      counter.reads = 0
      completerOf().allFailed(batch, 'unknown', { causeCode: 'REQUEST_TIMEOUT' })
      assert.ok(batch.records.every(({ completed, indexInBatch }, index) => completed && indexInBatch === index))
      return counter.reads
    }),
  )
})

test('records that leave a batch at deadlines of their own are counted out in linear time', () => {
  assert.ok(
    isLinear(count => {
      const { accumulator, records } = waiting(count)
      const counter = { reads: 0 }
      const partition = new PartitionState('t', 0, { idempotent: true, onEpochBumped: () => {} })
      partition.assignProducerId({ producerId: 7n, epoch: 0 })
      partition.open(new ProducerBatch('t', 0, counting([...accumulator.takeAll('t', 0)], counter)))
      partition.numberBatch()
      partition.beginRequest(moment(clock))
      partition.attemptFailed({ kind: 'not-sent', causeCode: 'UNREACHABLE', cause: undefined })
      counter.reads = 0
      for (const pending of records) {
        pending.completed = true
        partition.recordsLeft()
      }
      assert.equal(partition.hasRecords, false)
      return counter.reads
    }),
  )
})

test('a batch with one order group that fails looks at its records a bounded number of times', () => {
  assert.ok(
    isLinear(count => {
      const { accumulator } = waiting(count, { orderGroup: 'g' })
      const { orderGroups } = accumulator
      const batch = accumulator.take('t', 0) as ProducerBatch
      return batch.records.reduce((sum, pending) => sum + orderGroups.completed(pending, false).length, 0)
    }),
  )
})

test('after a record of a group failed in a batch, those that waited are stopped once, and later ones anew', () => {
  const { accumulator, records, append } = waiting(4, { orderGroup: 'g' })
  const { orderGroups } = accumulator
  const [first, second, third, fourth] = records as [PendingRecord, PendingRecord, PendingRecord, PendingRecord]
  // The fourth expires in the queue: the third still waits for those of the batch.
  accumulator.remove(fourth)
  assert.deepEqual(orderGroups.completed(fourth, false), [])
  accumulator.remove(first)
  accumulator.remove(second)
  new ProducerBatch('t', 0, [first, second])
  assert.deepEqual(orderGroups.completed(first, false), [second, third])
  orderGroups.forget(third)
  const fifth = append()
  assert.deepEqual(orderGroups.completed(second, false), [fifth])
})

// The original bug: the whole queue was scanned for each record that could leave, 5,001 reads per record for 10,000
// records.
test('an order group that alternates between two partitions is sent in linear time', () => {
  assert.ok(
    isLinear(count => {
      const { accumulator, counter } = waiting(count, { orderGroup: 'g', partitions: 2 })
      for (let sent = 0; sent < count; sent++) {
        const batch = accumulator.take('t', sent % 2) as ProducerBatch
        assert.equal(batch.records.length, 1)
        assert.equal(accumulator.take('t', (sent + 1) % 2), undefined)
        const [completed] = batch.records as [PendingRecord]
        accumulator.orderGroups.completed(completed, true)
        accumulator.release(completed)
      }
      return counter.reads
    }),
  )
})

test('records held back by their group are queued in the order of the append, and stay flushed', () => {
  const { accumulator, append } = waiting(0)
  const appendTo = (partition: number, orderGroup?: string) => append({ partition, orderGroup })
  const elsewhere = appendTo(1, 'g')
  const queue = [appendTo(0), appendTo(0, 'g'), appendTo(0), appendTo(0, 'g'), appendTo(0)]
  appendTo(1, 'g')
  const last = appendTo(0, 'g')
  accumulator.flush()
  const taken = accumulator.take('t', 1)
  assert.deepEqual(
    taken?.records,
    [elsewhere],
    'the other record of the group waits behind those of the other partition',
  )
  accumulator.orderGroups.completed(elsewhere, true)

  assert.deepEqual(accumulator.release(elsewhere), [queue[1]])

  assert.equal(accumulator.readyAt('t', 0), Number.NEGATIVE_INFINITY)
  assert.deepEqual(accumulator.take('t', 0)?.records, queue)
  assert.deepEqual([accumulator.take('t', 0), accumulator.take('t', 1)], [undefined, undefined])
  assert.deepEqual(accumulator.takeAll('t', 0), [last])
})

test('the rest of a queue waits for its own linger, not for that of records that left', () => {
  const accumulator = new RecordAccumulator(3 * WIRE_SIZE + BATCH_OVERHEAD, clock)
  const append = (lingerMs: number) =>
    accumulator.append(
      {
        topic: 't',
        partition: 0,
        partitionFixedBy: 'source',
        key: null,
        value: null,
        headers: [],
        wireSize: WIRE_SIZE,
      },
      caller(),
      0,
      lingerMs,
    )
  const now = clock.now()
  const [first] = [append(10), append(20), append(30), append(40)]
  assert.equal(accumulator.readyAt('t', 0), Number.NEGATIVE_INFINITY, 'full')
  assert.equal(accumulator.take('t', 0)?.records[0], first)
  assert.equal(accumulator.readyAt('t', 0), now + 40)
  accumulator.take('t', 0)
  assert.equal(accumulator.readyAt('t', 0), Number.POSITIVE_INFINITY, 'empty')
  append(50)
  assert.equal(accumulator.readyAt('t', 0), now + 50)
})
