// Which items of a batch are sent together, which become dead letters, and when the rest of a group goes on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  firstFailures,
  groupContinues,
  isDelivered,
  nextRound,
  type ReportedItem,
  shouldDeadLetter,
} from '../../functions/batch/plan-round.ts'
import type { BatchPolicy, SourceItem } from '../../functions/batch/source-item.ts'
import { type DeliveryReport, notSent } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { InvalidRecordError, TransportError } from '../../lib/errors.ts'

const record = { topic: 't', value: 'v' }
const invalid = new InvalidRecordError('schema', 'value: …')
const item = (id: string, orderGroup?: string, isInvalid = false): SourceItem => ({
  id,
  arn: 'arn',
  receiveCount: 1,
  orderGroup,
  records: [{ id, record, ...(isInvalid ? { error: invalid } : {}) }],
})
const ids = (items: readonly SourceItem[]) => items.map(({ id }) => id)

const DELIVERED = { kind: 'delivered', record } as unknown as DeliveryReport
const INVALID = notSent(record, undefined, invalid, 0)
const FAILED = notSent(record, undefined, new TransportError('unreachable', 'No broker.', { retriable: true }), 0)
const sent = (of: SourceItem, ...reports: DeliveryReport[]): ReportedItem => ({ item: of, reports })

test('a group is sent up to and including its first item with an invalid record', () => {
  const { now, later } = nextRound([
    item('a1', 'a'),
    item('a2', 'a', true),
    item('a3', 'a'),
    item('b1', 'b'),
    item('a4', 'a', true),
    item('b2', 'b'),
  ])
  assert.deepEqual(
    [ids(now), ids(later)],
    [
      ['a1', 'a2', 'b1', 'b2'],
      ['a3', 'a4'],
    ],
  )
})

test('items without a group wait for none, even behind an invalid one', () => {
  const { now, later } = nextRound([item('1', undefined, true), item('2'), item('3', undefined, true)])
  assert.deepEqual([ids(now), ids(later)], [['1', '2', '3'], []])
})

test('an item is delivered when each of its records is; one without records is', () => {
  assert.equal(isDelivered(sent(item('1'), DELIVERED, DELIVERED)), true)
  assert.equal(isDelivered(sent(item('1'), DELIVERED, INVALID)), false)
  assert.equal(isDelivered(sent(item('1'))), true)
})

test('of a group only the first failure counts, without a group each one', () => {
  const failures = firstFailures([
    sent(item('a1', 'a'), DELIVERED),
    sent(item('a2', 'a'), FAILED),
    sent(item('1'), FAILED),
    sent(item('a3', 'a'), INVALID),
    sent(item('b1', 'b'), FAILED),
    sent(item('2'), INVALID),
    sent(item('3'), DELIVERED),
  ])
  assert.deepEqual(ids(failures.map(failure => failure.item)), ['a2', '1', 'b1', '2'])
})

test('the policies decide whether a failed item becomes a dead letter', () => {
  const of = (one: ReportedItem, policy: Partial<BatchPolicy> = {}) =>
    shouldDeadLetter(one, { onFailure: 'return', onInvalid: 'continue', ...policy })
  const [grouped, alone] = [item('g', 'g'), item('1')]
  assert.equal(of(sent(alone, FAILED)), false)
  assert.equal(of(sent(alone, FAILED), { onFailure: 'dead-letter' }), true)
  assert.equal(of(sent(alone, INVALID, FAILED)), false)
  assert.equal(of(sent(alone, INVALID)), true)
  assert.equal(of(sent(alone, INVALID), { onInvalid: 'stop' }), true)
  assert.equal(of(sent(grouped, INVALID)), true)
  assert.equal(of(sent(grouped, INVALID), { onInvalid: 'stop', onFailure: 'dead-letter' }), false)
})

test('a failed record beside an acknowledged one becomes a dead letter whatever the policy', () => {
  const policy = { onFailure: 'return', onInvalid: 'stop' } as const
  assert.equal(shouldDeadLetter(sent(item('g', 'g'), DELIVERED, FAILED), policy), true)
  assert.equal(shouldDeadLetter(sent(item('g', 'g'), INVALID, DELIVERED), policy), true)
})

test('a group continues when each invalid record of its failed item is stored, and no other way', () => {
  const fates = (fate: string) => new Map([[INVALID as DeliveryReport, { fate } as RecordFate]])
  const grouped = item('g', 'g')
  assert.equal(groupContinues(sent(grouped, INVALID), fates('dead-lettered')), true)
  assert.equal(groupContinues(sent(grouped, DELIVERED, INVALID), fates('dead-lettered')), true)
  assert.equal(groupContinues(sent(grouped, INVALID), fates('returned')), false)
  assert.equal(groupContinues(sent(grouped, INVALID), new Map()), false)
  assert.equal(groupContinues(sent(item('1'), INVALID), fates('dead-lettered')), false)
  const stored = new Map([[FAILED as DeliveryReport, { fate: 'dead-lettered' } as RecordFate]])
  assert.equal(groupContinues(sent(grouped, FAILED), stored), false)
})
