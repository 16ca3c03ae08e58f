// The dead letter of an edited record: what it keeps of the one before, and what its contract decides.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import { type DeadLetter, recordOf } from '../../lib/dead-letter/dead-letter.ts'
import { checkDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { checkByContract, editDeadLetter, type RecordEdit } from '../../lib/redrive/edit-dead-letter.ts'
import { contractsOf } from '../support/contracts.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'
import { Registry } from '../support/registry-codec.ts'

const contracts = contractsOf([
  { topic: 'chat', json: { key: { required: false }, value: { schema: { type: 'object', required: ['id'] } } } },
  { topic: 'keyed', json: { key: { from: ['value:/id'] } } },
])
const VALUE = '{"id":"i"}'

/** Of a record in doubt, tried four times, with a fixed partition and a header. */
function doubted(): DeadLetter {
  const deadLetter = deadLetterOf('a', VALUE)
  const { firstAt: from, lastAt: to } = deadLetter.failure
  return withOwnId({
    ...deadLetter,
    record: {
      ...deadLetter.record,
      partition: 3,
      partitionFixedBy: 'source',
      headers: [{ name: 'trace', value: Buffer.from('t').toString('base64') }],
    },
    failure: { ...deadLetter.failure, outcome: 'unknown' },
    inDoubt: { partition: 3, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to },
    redrive: { count: 4, lastAt: to, lastCode: 'delivery-unknown' },
  })
}

test('an edited record is not in doubt, was not tried, and keeps what the edit does not name', async () => {
  const before = doubted()
  const edited = await editDeadLetter(before, { value: Buffer.from('{"id":"j"}') }, contracts)
  const { deadLetterId, ...rest } = edited
  assert.notEqual(deadLetterId, before.deadLetterId)
  assert.equal(withOwnId(edited).deadLetterId, deadLetterId)
  assert.deepEqual(rest, {
    schemaVersion: 2,
    recordId: 'a',
    editedFrom: before.deadLetterId,
    source: before.source,
    record: { ...before.record, value: Buffer.from('{"id":"j"}').toString('base64') },
    failure: { ...before.failure, outcome: 'not-sent' },
    inDoubt: null,
    redrive: { count: 0, lastAt: null, lastCode: null },
    claimCheck: null,
  })
  assert.equal(checkDeadLetter({ ...edited }).kind, 'dead-letter')
})

test('an edit names the topic, key, value or headers; another topic has other partitions', async () => {
  const before = doubted()
  const editOf = async (edit: RecordEdit) => {
    const { topic, key, value, headers, partition } = recordOf(await editDeadLetter(before, edit, contracts))
    return [topic, key && String(key), value && String(value), headers.map(([name]) => name), partition]
  }
  const rows: [RecordEdit, unknown[]][] = [
    [{}, ['chat', 'k', VALUE, ['trace'], 3]],
    [{ topic: 'chat' }, ['chat', 'k', VALUE, ['trace'], 3]],
    [{ topic: 'keyed' }, ['keyed', 'i', VALUE, ['trace'], null]],
    [{ topic: 'no-contract' }, ['no-contract', 'k', VALUE, ['trace'], null]],
    [{ key: Buffer.from('l') }, ['chat', 'l', VALUE, ['trace'], 3]],
    [{ key: null }, ['chat', null, VALUE, ['trace'], 3]],
    [{ topic: 'no-contract', key: null }, ['no-contract', null, VALUE, ['trace'], null]],
    [{ topic: 'keyed', value: Buffer.from('{"id":"j"}') }, ['keyed', 'j', '{"id":"j"}', ['trace'], null]],
    [{ topic: 'no-contract', value: null }, ['no-contract', 'k', null, ['trace'], null]],
    [{ headers: [['other', null]] }, ['chat', 'k', VALUE, ['other'], 3]],
  ]
  for (const [edit, expected] of rows) assert.deepEqual(await editOf(edit), expected, JSON.stringify(edit))
  const { record } = await editDeadLetter(before, { topic: 'keyed' }, contracts)
  assert.equal(record.partitionFixedBy, null)
})

test('an edit that breaks the contract, or that no reader of dead letters takes, is refused', async () => {
  const refuses = (edit: RecordEdit, expected: { code: string; message?: string | RegExp }) =>
    assert.rejects(editDeadLetter(doubted(), edit, contracts), expected)
  await refuses({ value: Buffer.from('{}') }, { code: 'schema' })
  await refuses({ topic: 'keyed', value: Buffer.from('{}') }, { code: 'key-missing' })
  await refuses(
    { topic: 'no-contract', headers: [['x'.repeat(40_000), null]] },
    {
      code: 'bad-header',
      message: 'record.headers: expected the form and size of a dead letter’s field, got another.',
    },
  )
})

test('a record without a topic stays without one, with the key of the edit', async () => {
  const before = doubted()
  const without = withOwnId({ ...before, record: { ...before.record, topic: null } })
  const edited = recordOf(await editDeadLetter(without, { key: Buffer.from('l') }, contracts))
  assert.deepEqual([edited.topic, String(edited.key), edited.partition], [null, 'l', 3])
})

test('an encoded record needs a new value with its edit, and loses the headers that name its schemas', async () => {
  const asked: string[] = []
  const codec = {
    ...new Registry().codec(() => 1),
    encode: async (_value: unknown, { topic }: { readonly topic: string }) => {
      asked.push(topic)
      return Buffer.from('encoded')
    },
  }
  const encoding = new Map([['chat', defineContract('chat', { key: { required: false }, value: { codec } })]])
  const plain = doubted()
  const encoded = withOwnId({
    ...plain,
    record: {
      ...plain.record,
      headers: [{ name: '__value_schema_id', value: Buffer.from('7').toString('base64') }, ...plain.record.headers],
    },
  })
  await assert.rejects(editDeadLetter(encoded, { key: Buffer.from('l') }, encoding), {
    code: 'bad-value',
    message: 'value: expected one with the edit: the record is already serialized, so its value can’t be kept.',
  })
  const edited = await editDeadLetter(encoded, { value: Buffer.from(VALUE) }, encoding)
  const { key, value, headers } = recordOf(edited)
  assert.deepEqual([key, String(value), headers.map(([name]) => name)], [null, VALUE, ['trace']])
  assert.deepEqual([edited.record.encoding, asked], ['source', ['chat']])
  // Its own bytes are those of its source now, so that the next edit needs no value.
  assert.equal((await editDeadLetter(edited, { key: Buffer.from('l') }, encoding)).record.encoding, 'source')
  assert.equal((await editDeadLetter(plain, {}, contracts)).record.encoding, undefined)
})

test('a check reads the record by the contract of its topic as it is now', async () => {
  const invalid = (value: string, topic = 'chat') => {
    const deadLetter = deadLetterOf('a', value, topic)
    return { ...deadLetter, failure: { ...deadLetter.failure, kind: 'invalid-record' as const, attempts: 0 } }
  }
  await checkByContract(invalid(VALUE), contracts)
  await checkByContract(doubted(), contracts)
  await assert.rejects(checkByContract(invalid('{}'), contracts), { code: 'schema' })
  await assert.rejects(checkByContract(deadLetterOf('a', '{}'), contracts), { code: 'schema' })
  await assert.rejects(checkByContract(invalid(VALUE, 'no-contract'), contracts), { code: 'unknown-topic' })
  const topicless = invalid(VALUE)
  await assert.rejects(checkByContract({ ...topicless, record: { ...topicless.record, topic: null } }, contracts))
})
