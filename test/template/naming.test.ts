// Logical ids and names: one per source, whatever its letters, and within AWS's limits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitName } from '../../lib/contracts/fit-name.ts'
import { prefixOf, queueId, ruleNames, sourceDlqName } from '../../scripts/template/naming.ts'

test('queues that differ in case or punctuation only have ids of their own', () => {
  const queues = ['a_b', 'a-b', 'aB', 'ab', 'a-1b', 'a1b', 'orders.fifo', 'orders-fifo', 'orders_fifo', 'ordersFifo']
  const ids = queues.map(queueId)
  assert.equal(new Set(ids).size, queues.length, ids.join(' '))
  for (const id of ids) assert.match(id, /^[A-Za-z0-9]+Queue$/)
})

test('plain names keep the ids that 0.1 gave them', () => {
  assert.deepEqual(['earthquakes', 'my-queue', 'chat.fifo'].map(queueId), [
    'EarthquakesQueue',
    'MyQueueQueue',
    'ChatFifoQueue',
  ])
})

test('no queue of a contract has the id of a queue that the template creates', () => {
  for (const queue of ['dead-letters', 'event-failures', 'event-rule-failures', 'redrive-lease'])
    assert.match(queueId(queue), /[0-9a-f]{8}Queue$/)
})

test('long names are cut and get a hash of the whole', () => {
  const [one, other] = ['a', 'b'].map(last => `${'x'.repeat(300)}${last}.fifo`) as [string, string]
  for (const name of [one, other]) {
    assert.equal(fitName(name, 80).length, 80)
    assert.match(fitName(name, 80), /-[0-9a-f]{8}\.fifo$/)
  }
  assert.notEqual(fitName(one, 80), fitName(other, 80))
  const prefix = prefixOf({ service: 'a-service-of-a-very-long-name-indeed', stage: 'a-stage-of-a-long-name-too' })
  const topics = [
    `${'t'.repeat(248)}1`,
    `${'t'.repeat(248)}2`,
    'T',
    't',
    'payments.settlement.reconciliation.completed.v1',
  ]
  const rules = topics.map(topic => ruleNames(prefix, topic, { source: ['shop'] }))
  for (const field of ['id', 'name'] as const) assert.equal(new Set(rules.map(rule => rule[field])).size, topics.length)
  for (const { name } of rules) assert.ok(name.length <= 64 && name.startsWith(`${prefix}-`), name)
  assert.ok(`${prefix}-eventbridge`.length <= 64)
  assert.ok(sourceDlqName(prefix, 'q'.repeat(80)).length <= 80)
})

test('a rule is known by its topic and its pattern', () => {
  const of = (topic: string, source: string) => ruleNames('p', topic, { source: [source] }).id
  assert.equal(of('t', 'a'), of('t', 'a'))
  assert.equal(new Set([of('t', 'a'), of('t', 'b'), of('u', 'a')]).size, 3)
})
