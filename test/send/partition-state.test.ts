// The states of a partition, one transition at a time. Their combinations are tested in test/property.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PendingRecord } from '../../lib/accumulate/pending-record.ts'
import { ProducerBatch } from '../../lib/accumulate/producer-batch.ts'
import { RecordQueue } from '../../lib/accumulate/record-queue.ts'
import { nextSequence, PartitionState } from '../../lib/send/partition-state.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { pendingRecord } from '../support/pending-record.ts'

const clock = new VirtualClock()
const LAST_EPOCH = 32767
const lost = { kind: 'unknown', causeCode: 'REQUEST_TIMEOUT', cause: undefined } as const
const refused = { kind: 'rejected', causeCode: 'NOT_LEADER_OR_FOLLOWER', cause: undefined } as const
const notSent = { kind: 'not-sent', causeCode: 'UNREACHABLE', cause: undefined } as const

const deadline = Deadline.after(clock, 1000)
const pending = (value: string): PendingRecord => pendingRecord(clock, value, deadline)

function valuesOf(records: readonly PendingRecord[] | undefined): string[] | undefined {
  return records?.map(({ record }) => String(record.value))
}

function partitionOf({ idempotent = true, epoch = 0 } = {}) {
  const bumps: ('bumped' | 'exhausted')[] = []
  const partition = new PartitionState('t', 0, {
    idempotent,
    onEpochBumped: isExhausted => void bumps.push(isExhausted ? 'exhausted' : 'bumped'),
  })
  if (idempotent) partition.assignProducerId({ producerId: 7n, epoch })
  return { partition, bumps }
}

/** A partition with an open, numbered batch. */
function opened(values: readonly string[] = ['a', 'b', 'c'], options: Parameters<typeof partitionOf>[0] = {}) {
  const { partition, bumps } = partitionOf(options)
  const records = values.map(pending)
  const batch = open(partition, records)
  return { partition, bumps, batch, records }
}

function open(partition: PartitionState, records: readonly PendingRecord[]): ProducerBatch {
  const batch = new ProducerBatch('t', 0, records)
  partition.open(batch)
  partition.numberBatch()
  return batch
}

function write(partition: PartitionState): void {
  partition.beginRequest(moment(clock))
  partition.wrote()
}

function complete(record: PendingRecord | undefined): void {
  if (record) record.completed = true
}

test('rule 3: the batch after an acknowledged one follows it in the sequence', () => {
  const { partition, bumps, batch } = opened(['a', 'b', 'c'])
  assert.deepEqual(batch.identity, { producerId: 7n, epoch: 0, baseSequence: 0 })
  write(partition)
  partition.acknowledged()
  assert.equal(partition.batch, undefined)
  assert.equal(partition.hasRecords, false)

  assert.deepEqual(open(partition, [pending('d')]).identity, { producerId: 7n, epoch: 0, baseSequence: 3 })
  write(partition)
  partition.acknowledged()
  assert.equal(open(partition, [pending('e')]).identity?.baseSequence, 4)
  assert.deepEqual(bumps, [])
})

test('rule 3: a retry sends the identical bytes', () => {
  const { partition, batch } = opened()
  const { identity, bytes } = batch
  for (const outcome of [notSent, refused, lost, refused]) {
    write(partition)
    assert.equal(partition.attemptFailed(outcome), true)
    partition.backOff(0)
    partition.numberBatch()
    assert.equal(batch.identity, identity)
    assert.equal(batch.bytes, bytes)
  }
})

test('rule 3: an unacknowledged batch that left this machine moves the partition to the next epoch', () => {
  for (const outcome of [refused, lost])
    for (const end of ['gaveUp', 'split'] as const) {
      const { partition, bumps } = opened()
      write(partition)
      partition.attemptFailed(outcome)
      end === 'split' ? partition.split([]) : partition.gaveUp()
      assert.deepEqual(bumps, ['bumped'])
      assert.deepEqual(open(partition, [pending('d')]).identity, { producerId: 7n, epoch: 1, baseSequence: 0 })
    }
})

test('rule 3: the sequence begins at 0 in each epoch', () => {
  const { partition } = opened()
  write(partition)
  partition.acknowledged()
  assert.equal(open(partition, [pending('d')]).identity?.baseSequence, 3)
  write(partition)
  partition.attemptFailed(lost)
  partition.gaveUp()
  assert.deepEqual(open(partition, [pending('e')]).identity, { producerId: 7n, epoch: 1, baseSequence: 0 })
})

test('rule 3: sequence numbers are used again when no attempt left this machine', () => {
  const { partition, bumps } = opened()
  partition.beginRequest(moment(clock))
  partition.attemptFailed(notSent)
  partition.gaveUp()
  assert.deepEqual(open(partition, [pending('d')]).identity, { producerId: 7n, epoch: 0, baseSequence: 0 })
  assert.deepEqual(bumps, [])
})

test('rule 3: after the last epoch the partition needs another producer id and numbers nothing before', () => {
  const { partition, bumps } = opened(['a'], { epoch: LAST_EPOCH - 1 })
  write(partition)
  partition.attemptFailed(lost)
  partition.gaveUp()
  assert.equal(open(partition, [pending('b')]).identity?.epoch, LAST_EPOCH)
  write(partition)
  partition.attemptFailed(lost)
  partition.gaveUp()
  assert.deepEqual(bumps, ['bumped', 'exhausted'])
  assert.equal(partition.needsProducerId, true)
  partition.open(new ProducerBatch('t', 0, [pending('c')]))
  assert.throws(() => partition.numberBatch(), /without a producer id/)

  partition.assignProducerId({ producerId: 8n, epoch: 0 })
  partition.numberBatch()
  assert.deepEqual(partition.batch?.identity, { producerId: 8n, epoch: 0, baseSequence: 0 })
})

test('rule 3: sequences wrap as in Java', () => {
  assert.equal(nextSequence(2 ** 31 - 1, 1), 0)
  assert.equal(nextSequence(2 ** 31 - 3, 5), 2)
  assert.equal(nextSequence(5, 3), 8)
})

test('rule 3: a batch that the broker takes for out of sequence is encoded anew in the next epoch', () => {
  const { partition, bumps, batch, records } = opened()
  const { bytes } = batch
  write(partition)
  partition.attemptFailed({ kind: 'rejected', causeCode: 'OUT_OF_ORDER_SEQUENCE_NUMBER', cause: undefined })
  partition.renumberBatch()
  partition.numberBatch()
  assert.equal(partition.batch, batch)
  assert.deepEqual(bumps, ['bumped'])
  assert.deepEqual(batch.identity, { producerId: 7n, epoch: 1, baseSequence: 0 })
  assert.notDeepEqual(batch.bytes, bytes)
  assert.deepEqual(batch.records, records)
})

test('rule 3: without idempotence batches have no identity, and there are no epochs', () => {
  const { partition, bumps, batch } = opened(['a'], { idempotent: false })
  assert.equal(partition.needsProducerId, false)
  assert.deepEqual(batch.identity, { producerId: -1n, epoch: -1, baseSequence: -1 })
  write(partition)
  partition.attemptFailed(lost)
  partition.gaveUp()
  assert.deepEqual(bumps, [])
})

test('rule 2: an unknown attempt is not undone by a later refusal', () => {
  const { partition, batch } = opened()
  assert.equal(partition.outcomeSoFar, 'not-sent')
  write(partition)
  assert.equal(partition.outcomeSoFar, 'unknown', 'from the write to its answer')
  partition.attemptFailed(refused)
  assert.equal(partition.outcomeSoFar, 'rejected')
  for (const outcome of [lost, refused, notSent]) {
    write(partition)
    partition.attemptFailed(outcome)
    assert.equal(partition.outcomeSoFar, 'unknown')
  }
  assert.equal(batch.attempts, 3, 'the attempts that left this machine')
})

test('rule 7: a record that leaves an open batch is not in its bytes', () => {
  const { partition, bumps, batch, records } = opened(['a', 'b', 'c'])
  complete(records[1])
  partition.recordsLeft()
  partition.numberBatch()
  assert.deepEqual(valuesOf(batch.records), ['a', 'c'])
  assert.ok(!batch.bytes.includes('b'))
  assert.deepEqual(batch.identity, { producerId: 7n, epoch: 0, baseSequence: 0 })
  assert.deepEqual(bumps, [])
})

test('rule 7: a request is not written after a record left it, and the batch goes on without the record', () => {
  for (const answer of ['notWritten', 'attemptFailed'] as const) {
    const { partition, batch, records } = opened(['a', 'b', 'c'])
    partition.beginRequest(moment(clock))
    complete(records[0])
    partition.recordsLeft()
    assert.equal(partition.isInFlight, true)
    assert.equal(partition.mayWrite, false)
    assert.throws(() => partition.wrote(), /can't write while it is outdated/)

    answer === 'notWritten' ? partition.notWritten() : assert.equal(partition.attemptFailed(notSent), true)
    assert.equal(partition.isInFlight, false)
    partition.numberBatch()
    assert.deepEqual(valuesOf(batch.records), ['b', 'c'])
    partition.beginRequest(moment(clock))
    assert.equal(partition.mayWrite, true)
  }
})

test('rule 7: a batch that all records left before the write is over', () => {
  for (const answer of ['notWritten', 'attemptFailed'] as const) {
    const { partition, bumps, records } = opened(['a', 'b'])
    partition.beginRequest(moment(clock))
    records.forEach(complete)
    partition.recordsLeft()
    answer === 'notWritten' ? partition.notWritten() : assert.equal(partition.attemptFailed(notSent), false)
    assert.equal(partition.hasRecords, false)
    assert.equal(open(partition, [pending('c')]).identity?.baseSequence, 0)
    assert.deepEqual(bumps, [])
  }
})

test('rule 7: a batch keeps its bytes when only another batch of its request lost a record', () => {
  const { partition, batch } = opened()
  const { bytes } = batch
  partition.beginRequest(moment(clock))
  partition.notWritten()
  partition.numberBatch()
  assert.equal(batch.bytes, bytes)
  assert.equal(batch.attempts, 0)
})

test('rule 7: a record that leaves a written batch stays in its bytes, and the batch goes on for the others', () => {
  const { partition, batch, records } = opened(['a', 'b'])
  const { bytes } = batch
  write(partition)
  complete(records[0])
  partition.recordsLeft()
  assert.equal(partition.mayWrite, true)
  assert.equal(partition.isAbandoned, false)
  partition.attemptFailed(lost)
  partition.numberBatch()
  assert.equal(batch.bytes, bytes)
  complete(records[1])
  partition.recordsLeft()
  assert.equal(partition.batch, undefined, 'nobody waits for it any more')
})

test('rule 7: a batch that may be in the log keeps its bytes when a record leaves before the next write', () => {
  const { partition, bumps, batch, records } = opened(['a', 'b'])
  const { bytes } = batch
  write(partition)
  partition.attemptFailed(lost)
  complete(records[0])
  partition.recordsLeft()
  assert.equal(batch.bytes, bytes)
  partition.beginRequest(moment(clock))
  partition.recordsLeft()
  assert.equal(partition.mayWrite, true)
  assert.deepEqual(bumps, [])
})

// The original bug: a retry that shared a request with another partition was written after its only caller had its
// report.
test('rule 7: a batch that may be in the log is not written again when nobody waits for it', () => {
  for (const answer of ['notWritten', 'attemptFailed'] as const) {
    const { partition, bumps, records } = opened(['a', 'b'])
    write(partition)
    partition.attemptFailed(lost)
    partition.beginRequest(moment(clock))
    records.forEach(complete)
    partition.recordsLeft()
    assert.equal(partition.mayWrite, false)
    answer === 'notWritten' ? partition.notWritten() : assert.equal(partition.attemptFailed(notSent), false)
    assert.equal(partition.hasRecords, false)
    assert.deepEqual(bumps, ['bumped'])
  }
})

test('rule 3: records that leave a batch one by one between two attempts cost one epoch', () => {
  const { partition, bumps, batch, records } = opened(['a', 'b', 'c'])
  write(partition)
  partition.attemptFailed(refused)
  for (const record of records.slice(0, 2)) {
    complete(record)
    partition.recordsLeft()
  }
  partition.numberBatch()
  assert.deepEqual(valuesOf(batch.records), ['c'])
  assert.deepEqual(bumps, ['bumped'])
})

test('rule 7: a request is abandoned when it is written and nobody waits for it', () => {
  const { partition, records } = opened(['a'])
  partition.beginRequest(moment(clock))
  records.forEach(complete)
  assert.equal(partition.isAbandoned, false, 'not yet written: it will not be')
  const written = opened(['a'])
  write(written.partition)
  assert.equal(written.partition.isAbandoned, false)
  written.records.forEach(complete)
  assert.equal(written.partition.isAbandoned, true)
})

test('rule 5: the parts of a split batch are sent first, in order, without records that have their outcome', () => {
  const { partition, records } = opened(['a', 'b', 'c', 'd', 'e'])
  write(partition)
  partition.attemptFailed({ kind: 'rejected', causeCode: 'MESSAGE_TOO_LARGE', cause: undefined })
  complete(records[1])
  partition.split([RecordQueue.of(records.slice(0, 3)), RecordQueue.of(records.slice(3))])
  const [firstHalf] = [partition.takeSplit()]
  assert.deepEqual(valuesOf(firstHalf), ['a', 'c'])

  open(partition, firstHalf ?? [])
  write(partition)
  partition.attemptFailed({ kind: 'rejected', causeCode: 'MESSAGE_TOO_LARGE', cause: undefined })
  partition.split([
    RecordQueue.of(records.slice(0, 1)),
    RecordQueue.of(records.slice(1, 2)),
    RecordQueue.of(records.slice(2, 3)),
  ])
  assert.deepEqual(valuesOf(partition.takeSplit()), ['a'])
  assert.deepEqual(valuesOf(partition.takeSplit()), ['c'])
  assert.equal(partition.hasRecords, true)
  assert.deepEqual(valuesOf(partition.takeSplit()), ['d', 'e'])
  assert.equal(partition.takeSplit(), undefined)
  assert.equal(partition.hasRecords, false)
})

test('a record leaves the list of a split batch that it waits in', () => {
  const { partition, records } = opened(['a', 'b', 'c'])
  write(partition)
  partition.attemptFailed({ kind: 'rejected', causeCode: 'MESSAGE_TOO_LARGE', cause: undefined })
  partition.split([RecordQueue.of(records.slice(0, 1)), RecordQueue.of(records.slice(1))])
  const [a, b] = records as [PendingRecord, PendingRecord]
  for (const pending of [a, b]) pending.queue?.delete(pending)
  assert.deepEqual(valuesOf(partition.takeSplit()), ['c'], 'an empty list is no batch')
  assert.equal(partition.takeSplit(), undefined)
})

test('a cancelled partition holds no record; what is not written is not written any more', () => {
  const split = opened(['a', 'b'])
  write(split.partition)
  split.partition.attemptFailed({ kind: 'rejected', causeCode: 'MESSAGE_TOO_LARGE', cause: undefined })
  split.partition.split(split.records.map(record => RecordQueue.of([record])))
  open(split.partition, split.partition.takeSplit() ?? [])
  assert.deepEqual(valuesOf(split.partition.cancelled()), ['b'])
  assert.equal(split.partition.hasRecords, false)

  const requested = opened(['a'])
  requested.partition.beginRequest(moment(clock))
  requested.records.forEach(complete)
  requested.partition.cancelled()
  assert.equal(requested.partition.mayWrite, false)
  requested.partition.notWritten()
  assert.equal(requested.partition.hasRecords, false)

  const written = opened(['a'])
  write(written.partition)
  written.partition.cancelled()
  written.partition.acknowledged()
  assert.equal(written.partition.hasRecords, false)
})

test('on another cluster a batch of which nothing is written is encoded anew, with an id of that cluster', () => {
  for (const phase of ['open', 'requested'] as const) {
    const { partition, bumps } = opened(['a'])
    write(partition)
    partition.acknowledged(40n)
    const batch = open(partition, [pending('b'), pending('c')])
    assert.deepEqual([batch.identity?.baseSequence, batch.fromOffset], [1, 41n])
    if (phase === 'requested') partition.beginRequest(moment(clock), 3)
    partition.leaveCluster()
    assert.equal(partition.mayWrite, false)
    if (phase === 'requested') partition.notWritten()
    assert.deepEqual([partition.needsProducerId, batch.identity, partition.attemptedEpoch], [true, undefined, -1])

    partition.assignProducerId({ producerId: 9n, epoch: 4 })
    partition.numberBatch()
    assert.equal(partition.batch, batch)
    assert.deepEqual([batch.identity, batch.fromOffset], [{ producerId: 9n, epoch: 4, baseSequence: 0 }, null])
    assert.deepEqual(bumps, [])
  }
})

test('on another cluster a batch that failed before takes no epoch of the new id', () => {
  const { partition, bumps, batch } = opened(['a'])
  write(partition)
  partition.attemptFailed(refused)
  partition.leaveCluster()
  assert.deepEqual([partition.batch, batch.identity, bumps], [batch, undefined, []])
})

test('an answer of the former cluster, or of a former log, does not say where the next batch begins', () => {
  for (const event of ['leaveCluster', 'logBeganAnew'] as const) {
    const { partition, batch } = opened(['a'])
    write(partition)
    partition[event]()
    assert.equal(batch.fromOffset, null)
    assert.equal(partition.mayWrite, true, 'it is written already')
    partition.acknowledged(40n)
    if (event === 'leaveCluster') partition.assignProducerId({ producerId: 9n, epoch: 0 })
    const next = open(partition, [pending('b')])
    assert.equal(next.fromOffset, null)
    write(partition)
    partition.acknowledged(7n)
    assert.equal(open(partition, [pending('c')]).fromOffset, 8n)
  }
})

test('a back-off and what caused it last until the batch ends', () => {
  const { partition } = opened()
  write(partition)
  partition.attemptFailed(refused)
  partition.awaitMetadata(4)
  partition.backOff(50)
  assert.deepEqual(
    [partition.failures, partition.notBefore, partition.metadataTicket, partition.reason],
    [1, 50, 4, 'NOT_LEADER_OR_FOLLOWER'],
  )
  partition.noLeader(5)
  partition.backOff(70)
  assert.deepEqual(
    [partition.failures, partition.notBefore, partition.metadataTicket, partition.reason],
    [2, 70, 5, 'NO_LEADER'],
  )
  partition.gaveUp()
  assert.deepEqual([partition.failures, partition.reason], [0, undefined])
})

test('a transition that the state does not allow throws, and says which', () => {
  const { partition } = partitionOf()
  const at = moment(clock)
  const batch = new ProducerBatch('t', 0, [pending('a')])
  const refuses = (state: string, transitions: Readonly<Record<string, readonly (() => unknown)[]>>) => {
    for (const [what, calls] of Object.entries(transitions))
      for (const call of calls) assert.throws(call, { message: `Partition 0 of t can't ${what} while it is ${state}.` })
  }
  const endOfRequest = [
    () => partition.acknowledged(),
    () => partition.notWritten(),
    () => partition.attemptFailed(lost),
  ]
  const ofOpenBatch = {
    'number a batch': [() => partition.numberBatch()],
    'begin a request': [() => partition.beginRequest(at)],
    'give up': [() => partition.gaveUp()],
    'split a batch': [() => partition.split([])],
    'renumber a batch': [() => partition.renumberBatch()],
  }
  const ofNewBatch = { 'open a batch': [() => partition.open(batch)] }
  refuses('empty', { ...ofOpenBatch, write: [() => partition.wrote()], 'end a request': endOfRequest })
  partition.open(batch)
  partition.numberBatch()
  refuses('open', { ...ofNewBatch, write: [() => partition.wrote()], 'end a request': endOfRequest })
  partition.beginRequest(at)
  refuses('requested', { ...ofNewBatch, ...ofOpenBatch })
  partition.wrote()
  refuses('written', { ...ofNewBatch, ...ofOpenBatch })
  partition.acknowledged()
  refuses('empty', { ...ofOpenBatch, write: [() => partition.wrote()], 'end a request': endOfRequest })

  const withoutId = new PartitionState('t', 0, { idempotent: true, onEpochBumped: () => {} })
  withoutId.open(new ProducerBatch('t', 0, [pending('b')]))
  assert.throws(() => withoutId.numberBatch(), {
    message: "Partition 0 of t can't number a batch without a producer id while it is open.",
  })
})

test('a batch is expired from the moment of its latest deadline', () => {
  const { partition, batch } = opened()
  const { latestDeadline } = batch
  assert.deepEqual(
    [latestDeadline - 1, latestDeadline, latestDeadline + 1].map(now => partition.isExpired(now)),
    [false, true, true],
  )
})

test('an attempt without a known leader is older than the first epoch of a leader', () => {
  const { partition } = opened()
  assert.equal(partition.attemptedEpoch, -1)
  partition.beginRequest(moment(clock), 4)
  assert.equal(partition.attemptedEpoch, 4)
  partition.notWritten()
  partition.beginRequest(moment(clock))
  assert.equal(partition.attemptedEpoch, -1)
})

test('what is known of a batch without an acknowledgement: not sent before the write, unknown after it', () => {
  assert.equal(partitionOf().partition.outcomeSoFar, 'not-sent')
  const { partition } = opened()
  assert.equal(partition.outcomeSoFar, 'not-sent')
  write(partition)
  assert.equal(partition.outcomeSoFar, 'unknown')
  partition.attemptFailed(refused)
  assert.equal(partition.outcomeSoFar, 'rejected')
})
