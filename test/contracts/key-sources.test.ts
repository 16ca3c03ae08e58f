// A contract's key comes from the event. Every kind of source provides its values as data in `origin.lookup`, so the
// validator knows no service by name.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Contract } from '../../lib/contracts/contract.ts'
import { atKeySource, isKeySources } from '../../lib/contracts/key-sources.ts'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'

const contract = parseContract('t', {}, () => () => ({ violations: [], truncated: false }))
const keyed = (from: readonly string[]): Contract => ({ ...contract, key: { required: true, from } })
const keyOf = (from: readonly string[], lookup: ReadonlyMap<string, unknown>, keyFrom?: readonly string[]) =>
  validateRecord(
    { topic: 't', value: { id: 'v-1' }, origin: { lookup, ...(keyFrom ? { keyFrom } : {}) } },
    { contracts: new Map([['t', keyed(from)]]) },
  ).key

test('an unknown kind of source provides keys by name and by pointer', () => {
  const lookup = new Map<string, unknown>([
    ['stream:partitionKey', 'shard-key'],
    ['stream:record', { keys: { id: 7 } }],
    ['change', { keys: { 'a/b': 'old' } }],
  ])
  assert.equal(keyOf(['stream:partitionKey'], lookup), 'shard-key')
  assert.equal(keyOf(['change:/keys/a~1b'], lookup), 'old')
  assert.equal(keyOf(['value:/id'], lookup, ['stream:partitionKey']), 'shard-key')
  assert.equal(keyOf(['change:/keys/none', 'value:/id'], lookup), 'v-1')
})

test('a key source with a colon and a slash is looked up as a name first, then as a pointer', () => {
  const lookup = new Map<string, unknown>([
    ['sqs:attribute:event:/id', 'attribute'],
    ['event', { id: 'event' }],
  ])
  assert.equal(atKeySource('sqs:attribute:event:/id', {}, lookup), 'attribute')
  assert.equal(atKeySource('event:/id', {}, lookup), 'event')
  assert.deepEqual(atKeySource('event:', {}, lookup), { id: 'event' })
  assert.equal(atKeySource('sqs:attribute:none', {}, lookup), undefined)
  assert.equal(atKeySource('event:/id', {}, undefined), undefined)
})

test('a contract may name each of the key sources and no other', () => {
  for (const source of [
    'record',
    'value:',
    'value:/a',
    'event:',
    'event:/a/0',
    'sqs:MessageGroupId',
    'sqs:attribute:x',
  ])
    assert.ok(isKeySources([source]), source)
  for (const source of ['', 'value', 'value:a', 'events:/a', 'sqs:attribute:', 'sqs:MessageGroupIds', 7])
    assert.ok(!isKeySources([source]), String(source))
})

test('lib/record and lib/validate name no AWS service', () => {
  for (const file of globSync('lib/{record,validate}/**/*.ts'))
    assert.doesNotMatch(readFileSync(file, 'utf8'), /sqs|eventbridge|kinesis|dynamo|sns|aws/i, file)
})
