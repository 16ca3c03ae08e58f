// The key of a record that a feed took from the message, not from the value: check, edit and redrive keep it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contract } from '../../lib/contracts/contract.ts'
import { type DeadLetter, toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { InvalidRecordError } from '../../lib/errors.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { checkedOrigin, originOf } from '../../lib/redrive/dead-letter-origin.ts'
import { checkByContract, editDeadLetter } from '../../lib/redrive/edit-dead-letter.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { contractsOf } from '../support/contracts.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const contracts = contractsOf([
  {
    topic: 'orders',
    json: {
      key: { from: ['value:/id'] },
      from: {
        sqs: [
          { queue: 'orders.fifo' },
          { queue: 'tenants', key: ['sqs:attribute:tenant', 'value:/id'] },
          { queue: 'customers', key: ['value:/customer'] },
          { queue: 'orders' },
        ],
        eventbridge: [
          { source: ['shop'], key: ['event:/account'] },
          { source: ['stock'], key: ['value:/id'] },
        ],
      },
    },
  },
])
const VALUE = '{"id":"i-1","customer":"c-1"}'
const arnOf = (queue: string) => `arn:aws:sqs:eu-west-1:123456789012:${queue}`

/** A dead letter with a key, from a queue, or from an event without one. */
function from(queue: string | undefined, key: string): DeadLetter {
  const deadLetter = deadLetterOf('d', VALUE, 'orders')
  const place = queue === undefined ? { trigger: 'eventbridge', arn: null } : { trigger: 'sqs', arn: arnOf(queue) }
  return {
    ...deadLetter,
    source: { ...deadLetter.source, ...(place as Pick<DeadLetter['source'], 'trigger' | 'arn'>) },
    record: { ...deadLetter.record, key: Buffer.from(key).toString('base64') },
  }
}

const mismatch = { code: 'key-mismatch' }

test('check accepts a key that the feed took from the message; one from the value has to agree', async () => {
  for (const [queue, key] of [
    ['orders.fifo', 'group'],
    ['tenants', 'tenant'],
    ['unclaimed.fifo', 'group'],
    ['customers', 'c-1'],
    ['orders', 'i-1'],
    [undefined, 'account'],
  ] as const)
    await checkByContract(from(queue, key), contracts)
  await assert.rejects(checkByContract(from('customers', 'i-1'), contracts), mismatch)
  await assert.rejects(checkByContract(from('orders', 'c-1'), contracts), mismatch)
  await assert.rejects(checkByContract(from('unclaimed', 'c-1'), contracts), mismatch)
})

test('an edit leaves a key that the feed took from the message, and follows the value otherwise', async () => {
  const keyOf = async (queue: string, key: string) => {
    const edited = await editDeadLetter(
      from(queue, key),
      { value: Buffer.from('{"id":"i-2","customer":"c-2"}') },
      contracts,
    )
    return Buffer.from(edited.record.key ?? '', 'base64').toString()
  }
  assert.equal(await keyOf('orders.fifo', 'group'), 'group')
  assert.equal(await keyOf('tenants', 'tenant'), 'tenant')
  assert.equal(await keyOf('customers', 'c-1'), 'c-2')
  assert.equal(await keyOf('orders', 'i-1'), 'i-2')
})

// The original bug: the record of a FIFO queue was sent with the contract's key instead of its group, out of order.
test('an invalid record that is sent again keeps the key that the feed took from the message', async () => {
  const invalidOf = (queue: string, key: string | null = null) => {
    const error = new InvalidRecordError('schema', 'value: 1 violation.')
    const record = { topic: 'orders', value: Buffer.from(VALUE) }
    const source = { trigger: 'sqs', id: queue, index: 0, function: null, arn: arnOf(queue), receiveCount: 1 } as const
    return toDeadLetter(notSent(record, undefined, error, Date.now()), queue, source, { key })
  }
  const store = new MemoryDeadLetterStore([
    invalidOf('orders.fifo', 'group'),
    invalidOf('orders'),
    invalidOf('customers'),
    invalidOf('unclaimed.fifo'),
  ])
  const sent: ProducerRecord[] = []
  const producer = {
    sendAll: async (records: readonly ProducerRecord[]) => {
      sent.push(...records)
      return []
    },
  }
  const { failed } = await redrive(store, { producer, contracts, includeInvalid: true })
  assert.deepEqual(
    sent.map(({ sourceId, key }) => [sourceId, String(key)]),
    [
      ['orders.fifo', 'group'],
      ['orders', 'i-1'],
      ['customers', 'c-1'],
    ],
  )
  assert.deepEqual(failed, { 'key-missing': 1 })
})

// The original bug: a TypeError for the first dead letter ended every redrive, and the later ones were never sent.
test('the key of a record from an unknown trigger is its own, and the run goes on', async () => {
  const deadLetters = ['scheduler', 'constructor', 'http'].map((trigger, i) => {
    const deadLetter = deadLetterOf(`d-${i}`, VALUE, 'orders')
    return {
      ...deadLetter,
      source: { ...deadLetter.source, trigger: trigger as DeadLetter['source']['trigger'] },
      failure: { ...deadLetter.failure, kind: 'invalid-record' as const, code: 'schema' as const },
    }
  })
  const store = new MemoryDeadLetterStore(deadLetters)
  const sent: ProducerRecord[] = []
  const sendAll: Parameters<typeof redrive>[1]['producer']['sendAll'] = async records => {
    sent.push(...records)
    const metadata = { topic: 'orders', partition: 0, offset: 0n, timestamp: 0 }
    return records.map(record => ({ kind: 'delivered', record, metadata, attempts: 1 }) as never)
  }
  const result = await redrive(store, { producer: { sendAll }, contracts, includeInvalid: true })
  assert.deepEqual([result.resent, result.stopped, result.failed], [3, undefined, {}])
  assert.deepEqual(
    sent.map(({ key }) => String(key)),
    ['k', 'k', 'i-1'],
  )
})

test('the key of an S3 object stays as it was, though the value has it as in a URL', () => {
  const [objects] = contractsOf([
    {
      topic: 'objects',
      json: { key: { from: ['value:/s3/object/key'] }, from: { sqs: [{ queue: 'objects', unwrap: 's3' }] } },
    },
  ]).values()
  const deadLetter = deadLetterOf('d-1', '{"s3":{"object":{"key":"my+photo"}}}', 'objects')
  const source = { ...deadLetter.source, trigger: 'sqs' as const, arn: 'arn:aws:sqs:eu-west-1:1:objects' }
  assert.deepEqual(originOf({ ...deadLetter, source }, objects as Contract).keyFrom, ['record'])
  const elsewhere = { ...source, arn: 'arn:aws:sqs:eu-west-1:1:other' }
  assert.deepEqual(originOf({ ...deadLetter, source: elsewhere }, objects as Contract).keyFrom, [
    'value:/s3/object/key',
  ])
})

test('the key is read from what is left: the value, or the record where the message said it', () => {
  const [orders] = contractsOf([
    {
      topic: 'orders',
      json: {
        key: { from: ['value:/id'] },
        from: {
          sqs: [
            { queue: 'tenants', key: ['sqs:attribute:tenant', 'value:/id'] },
            { queue: 'values', key: ['value:/a', 'sqs:attribute:tenant', 'value:/b'] },
            { queue: 'records', key: ['record', 'value:/a'] },
            { queue: 'orders' },
          ],
          eventbridge: [{ source: ['shop'], key: ['value:/e'] }],
        },
      },
    },
  ]).values() as Iterable<Contract> as [Contract]
  const sourceOf = (trigger: string, queue?: string): DeadLetter => {
    const deadLetter = deadLetterOf('d', VALUE, 'orders')
    const place = { trigger: trigger as DeadLetter['source']['trigger'], arn: queue ? arnOf(queue) : null }
    return { ...deadLetter, source: { ...deadLetter.source, ...place } }
  }
  const rows: [trigger: string, queue: string | undefined, expected: readonly string[]][] = [
    ['http', undefined, ['value:/id']],
    ['template', undefined, ['value:/id']],
    ['http', 'tenants', ['value:/id']],
    ['sqs', 'orders', ['value:/id']],
    ['sqs', 'tenants', ['record']],
    ['sqs', 'values', ['record', 'value:/a']],
    ['sqs', 'records', ['record', 'value:/a']],
    ['sqs', 'unclaimed', ['value:/id']],
    ['sqs', 'unclaimed.fifo', ['record']],
    // Which of the queues it was, nobody knows, and they differ.
    ['sqs', undefined, ['record']],
    ['eventbridge', undefined, ['value:/e']],
    ['scheduler', undefined, ['record']],
  ]
  for (const [trigger, queue, expected] of rows)
    assert.deepEqual(originOf(sourceOf(trigger, queue), orders).keyFrom, expected, `${trigger} ${queue}`)
  const invalid = (deadLetter: DeadLetter): DeadLetter => ({
    ...deadLetter,
    failure: { ...deadLetter.failure, kind: 'invalid-record' },
  })
  // The key of a valid record is known, and has to agree with the value.
  assert.deepEqual(checkedOrigin(sourceOf('http'), orders).keyFrom, ['record', 'value:/id'])
  assert.deepEqual(checkedOrigin(invalid(sourceOf('http')), orders).keyFrom, ['value:/id'])
  assert.deepEqual(checkedOrigin(sourceOf('sqs', 'values'), orders).keyFrom, ['record', 'value:/a'])
})
