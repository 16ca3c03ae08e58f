// Which outcome each record of a batch gets: once, with its attempts, its times and, in doubt, its place in the log.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PendingRecord, RecordOutcome } from '../../lib/accumulate/pending-record.ts'
import { ProducerBatch } from '../../lib/accumulate/producer-batch.ts'
import { RecordCompleter } from '../../lib/send/record-completer.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { pendingRecord } from '../support/pending-record.ts'

const APPENDED_AT = 1
const identity = { producerId: 7n, epoch: 2, baseSequence: 5 }
const lost = { kind: 'unknown', causeCode: 'REQUEST_TIMEOUT', cause: undefined } as const
const refused = { kind: 'rejected', causeCode: 'NOT_LEADER_OR_FOLLOWER', cause: undefined } as const
const cause = new Error('of the broker')

function setUp() {
  const clock = new VirtualClock()
  const passed: (readonly PendingRecord[])[] = []
  const completed: [string, boolean][] = []
  const outcomes: RecordOutcome[] = []
  const completer = new RecordCompleter(
    clock,
    () => 'the cluster',
    records => passed.push(records),
    (pending, acknowledged) => completed.push([String(pending.record.value), acknowledged]),
  )
  const record = (value: string, ms = 1000): PendingRecord => {
    const deadline = Deadline.after(clock, ms)
    return {
      ...pendingRecord(clock, value, deadline),
      caller: { deadline, completed: (_, outcome) => void outcomes.push(outcome) },
    }
  }
  const [a, b] = [record('a'), record('b')]
  const batch = new ProducerBatch('t', 0, [a, b])
  return { clock, completer, passed, completed, outcomes, record, a, b, batch }
}

test('all records of an acknowledged batch share an outcome, with the attempt that succeeded', () => {
  const { completer, completed, outcomes, batch } = setUp()
  batch.attemptFailed(refused)
  completer.acknowledged(batch, { kind: 'acked', baseOffset: 40n, logAppendTime: 9n, proof: 'leader' })
  const outcome = { kind: 'acked', baseOffset: 40n, logAppendTime: 9, attempts: 2, proof: 'leader' }
  assert.deepEqual(outcomes, [outcome, outcome])
  assert.deepEqual(completed, [
    ['a', true],
    ['b', true],
  ])
})

test('without a time of the broker an acknowledged record has none', () => {
  const { completer, outcomes, batch } = setUp()
  completer.acknowledged(batch, { kind: 'acked', baseOffset: null, logAppendTime: null, proof: 'none' })
  assert.deepEqual(outcomes[0], { kind: 'acked', baseOffset: null, logAppendTime: null, attempts: 1, proof: 'none' })
})

test('a failed record has the time of its first attempt, and a kind that the reason may name', async () => {
  const { clock, completer, completed, outcomes, a, b, batch } = setUp()
  await clock.advance(20)
  batch.number(identity)
  batch.beginAttempt(moment(clock))
  batch.attemptFailed(refused)
  const firstAt = clock.epochMs()
  await clock.advance(30)
  completer.failed(a, batch, 'rejected', { causeCode: 'C', cause })
  completer.failed(b, batch, 'rejected', { causeCode: 'D', failureKind: 'invalid-record' })
  const common = { kind: 'rejected', attempts: 1, firstAt, lastAt: firstAt + 30 }
  assert.deepEqual(outcomes, [
    { ...common, failureKind: 'delivery-failure', causeCode: 'C', cause },
    { ...common, failureKind: 'invalid-record', causeCode: 'D', cause: undefined },
  ])
  assert.deepEqual(completed, [
    ['a', false],
    ['b', false],
  ])
})

test('a record in doubt has its place in the batch, the identity, the cluster and the offset before it', () => {
  const { completer, outcomes, batch } = setUp()
  batch.number(identity, 90n)
  completer.allFailed(batch, 'unknown', { causeCode: 'C' })
  const places = outcomes.map(outcome => outcome.kind !== 'acked' && outcome.inDoubt)
  const place = { ...identity, clusterId: 'the cluster', fromOffset: 90n }
  assert.deepEqual(places, [
    { ...place, indexInBatch: 0 },
    { ...place, indexInBatch: 1 },
  ])
})

test('only a record that may be written, in a batch with a producer id, has a place', () => {
  for (const [kind, numbered] of [
    ['rejected', identity],
    ['not-sent', identity],
    ['unknown', undefined],
    ['unknown', { producerId: -1n, epoch: -1, baseSequence: -1 }],
  ] as const) {
    const { completer, outcomes, batch } = setUp()
    if (numbered) batch.number(numbered)
    completer.allFailed(batch, kind, { causeCode: 'C' })
    for (const outcome of outcomes) assert.ok(!('inDoubt' in outcome), `${kind} ${numbered?.producerId}`)
  }
  const { completer, outcomes, batch } = setUp()
  batch.number({ ...identity, producerId: 0n })
  completer.allFailed(batch, 'unknown', { causeCode: 'C' })
  assert.ok('inDoubt' in (outcomes[0] as RecordOutcome), '0 is the first id')
})

test('an attempt in progress counts once it may be written', () => {
  for (const [failures, kind, attempts] of [
    [[], 'not-sent', 0],
    [[], 'unknown', 1],
    [[lost], 'unknown', 1],
    [[lost, refused], 'unknown', 2],
  ] as const) {
    const { completer, outcomes, batch } = setUp()
    for (const failure of failures) batch.attemptFailed(failure)
    completer.allFailed(batch, kind, { causeCode: 'C' })
    assert.deepEqual(
      outcomes.map(outcome => outcome.attempts),
      [attempts, attempts],
    )
  }
})

test('a record that no attempt had was appended and failed at times of its own', async () => {
  const { clock, completer, outcomes, a, b, batch } = setUp()
  await clock.advance(10)
  completer.unsent(a, 'C', cause)
  completer.failed(b, batch, 'not-sent', { causeCode: 'C', cause })
  const outcome = { kind: 'not-sent', failureKind: 'delivery-failure', causeCode: 'C', attempts: 0, cause }
  const times = { firstAt: APPENDED_AT, lastAt: clock.epochMs() }
  assert.deepEqual(outcomes, [
    { ...outcome, ...times },
    { ...outcome, ...times },
  ])
})

test('a record is completed once, and only then has no deadline any more', async () => {
  const { clock, completer, passed, completed, record } = setUp()
  const [early, same, late] = [record('early', 50), record('same', 50), record('late', 49.5)]
  for (const one of [early, same, late]) completer.watch(one)
  completer.unsent(early, 'C')
  completer.unsent(early, 'D')
  assert.deepEqual([completed, early.completed], [[['early', false]], true])
  await clock.advance(49)
  assert.deepEqual(passed, [])
  await clock.advance(1)
  assert.deepEqual(passed, [[same, late]])
})

test('no timer is left when the last record of a moment is completed', async () => {
  const { clock, completer, passed, record } = setUp()
  const [one, other] = [record('one', 50), record('other', 50)]
  completer.watch(one)
  completer.watch(other)
  completer.unsent(one, 'C')
  completer.unsent(other, 'C')
  await assert.rejects(
    clock.run(() => false),
    /No timer is left/,
  )
  assert.deepEqual([passed, clock.now()], [[], 0])
})
