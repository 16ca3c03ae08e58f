// What one call's append does with records that get no place in a batch.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Appender } from '../../lib/accumulate/appender.ts'
import type { PendingRecord } from '../../lib/accumulate/pending-record.ts'
import { RecordAccumulator } from '../../lib/accumulate/record-accumulator.ts'
import { TransportError } from '../../lib/errors.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { pendingRecord } from '../support/pending-record.ts'

function setUp(bufferMemory = 10_000) {
  const clock = new VirtualClock()
  const takenOver: (readonly PendingRecord[])[] = []
  const accumulator = new RecordAccumulator(1000, clock)
  const appender = new Appender(accumulator, bufferMemory, clock, records => takenOver.push(records))
  const { record } = pendingRecord(clock, 'v')
  /** Appends records by a call with this time left. @returns why each was refused */
  const append = async (count: number, ms: number, toPartitioned = () => record) => {
    const refused: unknown[] = []
    await appender.append(
      Array.from({ length: count }, (_, index) => ({ index })),
      { deadline: Deadline.after(clock, ms), completed: () => {} },
      { blockMs: 1000, lingerMs: () => 0 },
      { toPartitioned, checkAgain: () => {}, refuse: (_, error) => refused.push(error) },
    )
    return refused
  }
  return { appender, takenOver, append }
}

test('records of a call whose deadline has passed are refused, and share an error that says so', async () => {
  const { appender, takenOver, append } = setUp()
  const [first, second] = await append(2, 0)
  assert.ok(first instanceof TransportError)
  assert.deepEqual(
    { code: first.code, message: first.message, retriable: first.retriable },
    { code: 'deadline', message: 'The deadline passed before the record was in a batch.', retriable: true },
  )
  assert.equal(second, first)
  assert.deepEqual([appender.bufferUsed, takenOver], [0, []])
})

test('a call whose records are all refused hands over nothing, not even an empty list', async () => {
  const { takenOver, append } = setUp()
  const error = new Error('no topic')
  const refuse = () => {
    throw error
  }
  assert.deepEqual(await append(2, 1000, refuse), [error, error])
  assert.deepEqual(takenOver, [], 'an empty list would end the linger time of all other records')
  await append(2, 1000)
  assert.deepEqual(
    takenOver.map(({ length }) => length),
    [2],
  )
})

test('a call after one that waited does not count as waiting if there is room for its records', async () => {
  const { appender, takenOver, append } = setUp(60)
  const releaseLast = () => appender.release(takenOver.flat().at(-1) as PendingRecord)
  await append(1, 1000)
  const second = append(1, 1000)
  releaseLast()
  assert.deepEqual(await second, [])
  releaseLast()
  assert.deepEqual(await append(1, 1000), [])
  assert.equal(appender.waits.count, 1)
})
