// What a batch notes about its attempts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProducerBatch } from '../../lib/accumulate/producer-batch.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { pendingRecord } from '../support/pending-record.ts'

test('a batch keeps how its last attempt failed, and counts the attempts that left this machine', () => {
  const batch = new ProducerBatch('t', 0, [pendingRecord(new VirtualClock(), 'a')])
  const state = () => [batch.attempts, batch.maybeWritten, batch.lastCauseCode, batch.lastCause]
  assert.deepEqual(state(), [0, false, undefined, undefined])
  const [first, second] = [new Error('first'), new Error('second')]
  batch.attemptFailed({ kind: 'not-sent', causeCode: 'ECONNREFUSED', cause: first })
  assert.deepEqual(state(), [0, false, 'ECONNREFUSED', first])
  batch.attemptFailed({ kind: 'rejected', causeCode: 'NOT_LEADER_OR_FOLLOWER', cause: undefined })
  assert.deepEqual(state(), [1, false, 'NOT_LEADER_OR_FOLLOWER', undefined])
  batch.attemptFailed({ kind: 'unknown', causeCode: 'REQUEST_TIMEOUT', cause: second })
  assert.deepEqual(state(), [2, true, 'REQUEST_TIMEOUT', second])
  batch.attemptFailed({ kind: 'not-sent', causeCode: 'ECONNREFUSED', cause: first })
  assert.deepEqual(state(), [2, true, 'ECONNREFUSED', first])
})
