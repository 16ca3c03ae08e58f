// Which requests of a leader are without an answer, and which records its pause holds back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PendingRecord } from '../../lib/accumulate/pending-record.ts'
import { ProducerBatch } from '../../lib/accumulate/producer-batch.ts'
import { InFlight } from '../../lib/send/in-flight.ts'
import { PartitionState } from '../../lib/send/partition-state.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { pendingRecord } from '../support/pending-record.ts'

const clock = new VirtualClock()

/** A partition whose batch of one record is in a request. */
function requested(isWritten = true) {
  const partition = new PartitionState('t', 0, { idempotent: false, onEpochBumped: () => {} })
  const record = pendingRecord(clock, 'v')
  partition.open(new ProducerBatch('t', 0, [record]))
  partition.numberBatch()
  partition.beginRequest(moment(clock))
  if (isWritten) partition.wrote()
  return { partition, record }
}

test('each leader has room for its own requests, until they end', () => {
  const inFlight = new InFlight(2)
  const [one, other] = [[requested().partition], [requested().partition]]
  assert.equal(inFlight.free(1), 2)
  inFlight.add(1, one)
  inFlight.add(1, other)
  assert.deepEqual([inFlight.free(1), inFlight.free(2)], [0, 2])
  inFlight.delete(1, one)
  inFlight.delete(1, one)
  inFlight.delete(2, other)
  assert.deepEqual([inFlight.free(1), inFlight.free(2)], [1, 2])
})

test('a leader is abandoned when every one of its requests is written and no caller waits for any', () => {
  const inFlight = new InFlight(5)
  const [a, b, c] = [requested(), requested(), requested(false)]
  assert.deepEqual(inFlight.abandonedLeaders(), [])
  inFlight.add(1, [a.partition, b.partition])
  a.record.completed = true
  assert.deepEqual(inFlight.abandonedLeaders(), [], 'a caller waits for the second partition')
  b.record.completed = true
  assert.deepEqual(inFlight.abandonedLeaders(), [1])
  inFlight.add(1, [c.partition])
  c.record.completed = true
  assert.deepEqual(inFlight.abandonedLeaders(), [], 'the second request is not written')
  c.partition.wrote()
  assert.deepEqual(inFlight.abandonedLeaders(), [1])
})

test('a leader without a request is not abandoned', () => {
  const inFlight = new InFlight(5)
  const { partition, record } = requested()
  const partitions = [partition]
  inFlight.add(1, partitions)
  record.completed = true
  inFlight.delete(1, partitions)
  assert.deepEqual(inFlight.abandonedLeaders(), [])
})

test('a pause holds back the records that were ready before its end', () => {
  const inFlight = new InFlight(1)
  const readyAt = (at: number): PendingRecord => ({ ...pendingRecord(clock, 'v'), readyAt: at })
  assert.equal(inFlight.mutedUntil(1), 0)
  assert.equal(inFlight.wasHeldBack(1, readyAt(0)), false)
  inFlight.mute(1, 100)
  assert.deepEqual([inFlight.mutedUntil(1), inFlight.mutedUntil(2)], [100, 0])
  assert.deepEqual(
    [99, 100].map(at => inFlight.wasHeldBack(1, readyAt(at))),
    [true, false],
  )
})

test('after a pause, a record is too late if an answer takes all the time that it has left', () => {
  const answerMs = 30
  const now = 100
  const record = (deadlineAt: number, changes: Partial<PendingRecord> = {}): PendingRecord => ({
    ...pendingRecord(clock, String(deadlineAt), new Deadline(clock, deadlineAt)),
    ...changes,
  })
  const records = [
    record(now + answerMs - 1),
    record(now + answerMs),
    record(now + answerMs + 1),
    record(now, { completed: true }),
    record(now, { readyAt: now }),
  ]
  const batch = new ProducerBatch('t', 0, records)
  const inFlight = new InFlight(1)
  assert.deepEqual(inFlight.tooLate(1, batch, now), [], 'the leader asked for no pause')
  inFlight.mute(1, now, answerMs)
  assert.deepEqual(inFlight.tooLate(1, batch, now), records.slice(0, 2))
  assert.deepEqual(inFlight.tooLate(2, batch, now), [])
  batch.beginAttempt(moment(clock))
  assert.deepEqual(inFlight.tooLate(1, batch, now), [], 'an attempt was made before, and may be in the log')
})
