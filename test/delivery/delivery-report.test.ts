// What a report says of an outcome of the Sender.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordOutcome } from '../../lib/accumulate/pending-record.ts'
import { type Failed, notSent, toReport } from '../../lib/delivery/delivery-report.ts'
import { fateWithoutDeadLetter } from '../../lib/delivery/record-fate.ts'
import { DeliveryError, InvalidRecordError, TransportError } from '../../lib/errors.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { pendingRecord } from '../support/pending-record.ts'

const record = { topic: 't', value: 'value' }
const CAUSE = new Error('cause')
const pending = { ...pendingRecord(new VirtualClock(), 'value'), timestamp: 5, indexInBatch: 3 }

const acked = (changes: object = {}): RecordOutcome => ({
  kind: 'acked',
  baseOffset: 10n,
  logAppendTime: null,
  attempts: 2,
  proof: 'all',
  ...changes,
})
const failed = (kind: 'rejected' | 'not-sent' | 'unknown', causeCode: string, changes: object = {}): RecordOutcome => ({
  kind,
  failureKind: 'delivery-failure',
  causeCode,
  attempts: 4,
  firstAt: 100,
  lastAt: 200,
  cause: CAUSE,
  ...changes,
})

function reportOf(outcome: RecordOutcome, sent = pending): Failed {
  const report = toReport(record, sent, outcome)
  assert.equal(report.kind, 'failed')
  return report as Failed
}

test('the offset of an acknowledged record is that of its batch and its place there, the time its own', () => {
  const report = toReport(record, pending, acked())
  assert.equal(report.kind, 'delivered')
  assert.deepEqual(report.kind === 'delivered' && { ...report.metadata }, {
    topic: 't',
    partition: 0,
    offset: 13n,
    timestamp: 5,
    proof: 'all',
    serializedKeySize: -1,
    serializedValueSize: 5,
  })
  assert.equal(report.attempts, 2)
  assert.equal(report.record, record)
})

test('without an offset of the batch a record has none, and the time of the log counts where it keeps one', () => {
  const report = toReport(record, pending, acked({ baseOffset: null, logAppendTime: 77 }))
  assert.deepEqual(report.kind === 'delivered' && [report.metadata.offset, report.metadata.timestamp], [null, 77])
})

test('the sizes are those of the bytes that were sent', () => {
  const sent = { ...pending, record: { ...pending.record, key: Buffer.from('key'), value: null } }
  const report = toReport(record, sent, acked())
  assert.deepEqual(
    report.kind === 'delivered' && [report.metadata.serializedKeySize, report.metadata.serializedValueSize],
    [3, -1],
  )
})

test('a delivery failure names topic, partition, attempts and cause, and keeps the record as it was sent', () => {
  const report = reportOf(failed('rejected', 'NOT_ENOUGH_REPLICAS'))
  const { error, ...fields } = report
  assert.deepEqual(
    { ...fields },
    {
      kind: 'failed',
      record,
      serialized: pending.record,
      failureKind: 'delivery-failure',
      outcome: 'rejected',
      code: 'unavailable',
      causeCode: 'NOT_ENOUGH_REPLICAS',
      attempts: 4,
      firstAt: 100,
      lastAt: 200,
    },
  )
  assert.ok(error instanceof DeliveryError)
  assert.equal(
    error.message,
    'The record for t-0 was not acknowledged: rejected after 4 attempt(s) (NOT_ENOUGH_REPLICAS).',
  )
  assert.equal(error.cause, CAUSE)
})

test('an unknown outcome has one code, whatever caused it, and where to look for the record', () => {
  const inDoubt = {
    producerId: 7n,
    epoch: 1,
    baseSequence: 2,
    indexInBatch: 3,
    clusterId: 'c',
    fromOffset: null,
  }
  const report = reportOf(failed('unknown', 'REQUEST_TIMEOUT', { inDoubt }))
  assert.equal(report.code, 'delivery-unknown')
  assert.deepEqual(report.inDoubt, inDoubt)
  const json = JSON.parse(JSON.stringify(report)) as { inDoubt: object; serialized?: object }
  assert.deepEqual(json.inDoubt, { ...inDoubt, producerId: '7' })
  assert.equal(json.serialized, undefined)
})

test('the advice of a failure says which right or quota was expected', () => {
  assert.match(
    reportOf(failed('rejected', 'TOPIC_AUTHORIZATION_FAILED')).error.message,
    /; expected an ACL for WRITE on the topic \(MSK: kafka-cluster:WriteData\)\.$/,
  )
  assert.match(
    reportOf(failed('not-sent', 'THROTTLED')).error.message,
    /; expected a higher quota for this client\.id or user on the brokers \(producer_byte_rate\)\.$/,
  )
})

test('a record that the broker refuses is invalid; its code says what is wrong with it', () => {
  const codeOf = (causeCode: string, sent = pending) => {
    const { code, failureKind, error } = reportOf(
      failed('rejected', causeCode, { failureKind: 'invalid-record' }),
      sent,
    )
    assert.equal(failureKind, 'invalid-record')
    assert.ok(error instanceof InvalidRecordError)
    assert.equal(error.message, `The broker refused the record (${causeCode}).`)
    assert.deepEqual([error.outcome, error.causeCode, error.cause], ['rejected', causeCode, CAUSE])
    return code
  }
  const withKey = { ...pending, record: { ...pending.record, key: Buffer.from('key') } }
  assert.equal(codeOf('MESSAGE_TOO_LARGE'), 'record-too-large')
  assert.equal(codeOf('INVALID_TIMESTAMP'), 'bad-timestamp')
  assert.equal(codeOf('INVALID_RECORD'), 'key-missing')
  assert.equal(codeOf('INVALID_RECORD', withKey), 'rejected-by-broker')
})

test('a record that failed before the Sender: no attempt, and whether its value was never encoded', () => {
  const unreachable = new TransportError('unreachable', 'No broker answered.', { causeCode: 'UNREACHABLE' })
  const summaryOf = ({ outcome, code, causeCode, attempts, firstAt, lastAt, isUnencoded, serialized }: Failed) => ({
    outcome,
    code,
    causeCode,
    attempts,
    times: [firstAt, lastAt],
    isUnencoded,
    isSerialized: serialized !== undefined,
  })
  const common = { outcome: 'not-sent', attempts: 0, times: [9, 9] }
  const late = { ...common, code: 'unreachable', causeCode: 'UNREACHABLE' }
  assert.deepEqual(summaryOf(notSent(record, undefined, unreachable, 9)), {
    ...late,
    isUnencoded: true,
    isSerialized: false,
  })
  assert.deepEqual(summaryOf(notSent(record, pending.record, unreachable, 9)), {
    ...late,
    isUnencoded: undefined,
    isSerialized: true,
  })
  const invalid = new InvalidRecordError('bad-timestamp', 'No time.')
  assert.deepEqual(summaryOf(notSent(record, undefined, invalid, 9)), {
    ...common,
    code: 'bad-timestamp',
    causeCode: null,
    isUnencoded: undefined,
    isSerialized: false,
  })
})

test('without a dead letter a record is delivered, or goes back with outcome and code', () => {
  const delivered = toReport(record, pending, acked())
  assert.deepEqual(fateWithoutDeadLetter(delivered), {
    fate: 'delivered',
    metadata: delivered.kind === 'delivered' && delivered.metadata,
  })
  assert.deepEqual(fateWithoutDeadLetter(reportOf(failed('rejected', 'NOT_ENOUGH_REPLICAS'))), {
    fate: 'returned',
    outcome: 'rejected',
    code: 'unavailable',
  })
})
