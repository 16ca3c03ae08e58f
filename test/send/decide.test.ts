// What a failed attempt means for its batch.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PendingRecord } from '../../lib/accumulate/pending-record.ts'
import { ProducerBatch } from '../../lib/accumulate/producer-batch.ts'
import { type Decision, decide, type Failure } from '../../lib/send/decide.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'
import { pendingRecord } from '../support/pending-record.ts'

const RETRIES = 3
const clock = new VirtualClock()
const OUT_OF_SEQUENCE = failure('rejected', 'OUT_OF_ORDER_SEQUENCE_NUMBER', true)
const TOO_LARGE = failure('rejected', 'MESSAGE_TOO_LARGE', false)
const LOST = failure('unknown', 'REQUEST_TIMEOUT', true)

/** A batch after these attempts. */
function after(outcomes: readonly Failure[], values: readonly string[] = ['a', 'b', 'c']): ProducerBatch {
  const batch = new ProducerBatch(
    't',
    0,
    values.map(value => pendingRecord(clock, value)),
  )
  for (const outcome of outcomes) {
    batch.beginAttempt(moment(clock))
    batch.attemptFailed(outcome)
  }
  return batch
}

/** The decision after the last of these attempts. */
const decisionAfter = (outcomes: readonly Failure[], values?: readonly string[]): Decision =>
  decide(after(outcomes, values), outcomes.at(-1) as Failure, RETRIES)
const valuesOf = (records: readonly PendingRecord[]) => records.map(({ record }) => String(record.value)).join('')

function splitOf(decision: Decision) {
  assert.equal(decision.action, 'split-batch')
  return decision.action === 'split-batch' && [valuesOf(decision.invalid), decision.others.map(valuesOf)]
}

test('rule 4: a retriable failure is followed by a retry, until the attempts that left the machine are used up', () => {
  const refused = failure('rejected', 'NOT_ENOUGH_REPLICAS', true)
  assert.deepEqual(decisionAfter(Array(RETRIES).fill(refused)), { action: 'retry' })
  assert.deepEqual(decisionAfter(Array(RETRIES + 1).fill(refused)), { action: 'give-up', kind: 'rejected' })
})

test('rule 4: a failure that is not retriable ends the batch at once', () => {
  const refused = failure('rejected', 'TOPIC_AUTHORIZATION_FAILED', false)
  assert.deepEqual(decisionAfter([refused]), { action: 'give-up', kind: 'rejected' })
})

test('rule 3: a batch out of sequence goes on in the next epoch if nothing of it can be in the log', () => {
  assert.deepEqual(decisionAfter([OUT_OF_SEQUENCE]), { action: 'bump-epoch' })
})

test('rule 3: a batch out of sequence that may be in the log ends as unknown, as it could be written twice', () => {
  assert.deepEqual(decisionAfter([LOST, OUT_OF_SEQUENCE]), { action: 'give-up', kind: 'unknown' })
})

test('rule 5: a batch that may be in the log is not split', () => {
  assert.deepEqual(decisionAfter([LOST, TOO_LARGE]), { action: 'give-up', kind: 'unknown' })
})

test('rule 5: without a name of the invalid record the batch is halved, the first half the larger one', () => {
  assert.deepEqual(splitOf(decisionAfter([TOO_LARGE])), ['', ['ab', 'c']])
})

test('rule 5: a record that is alone in its batch is invalid', () => {
  assert.deepEqual(splitOf(decisionAfter([TOO_LARGE], ['a'])), ['a', []])
})

test('rule 5: the records that the broker names are invalid, and the others stay together', () => {
  const named = (...indexes: number[]): Failure => ({
    ...failure('rejected', 'INVALID_RECORD', false),
    recordErrors: indexes.map(index => ({ index, message: null })),
  })
  assert.deepEqual(splitOf(decisionAfter([named(1)])), ['b', ['ac']])
  assert.deepEqual(splitOf(decisionAfter([named(0, 1, 2)])), ['abc', []])
  assert.deepEqual(splitOf(decisionAfter([named(7)])), ['', ['ab', 'c']])
})
