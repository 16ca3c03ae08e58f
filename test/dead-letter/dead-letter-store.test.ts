// What stores have in common: their errors, copies of one dead letter, messages with several.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Copies, fingerprintOf, identityOf } from '../../lib/dead-letter/copies.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import {
  leaseWaitText,
  NotCompletedError,
  type OpenDeadLetter,
  redriveRunning,
  stopRequested,
} from '../../lib/dead-letter/dead-letter-store.ts'
import { MessageParts, notEditable } from '../../lib/dead-letter/message-parts.ts'
import { sizeInMemory } from '../../lib/dead-letter/size-in-memory.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

test('the errors of a lease say that a later attempt may succeed', () => {
  const running = redriveRunning('table')
  assert.deepEqual([running.code, running.retriable], ['redrive-running', true])
  assert.match(running.message, /^Another redrive of this table is running/)
  const stopped = stopRequested()
  assert.deepEqual([stopped.code, stopped.retriable], ['stop-requested', true])
  assert.match(leaseWaitText('topic'), /redrive of this topic .* up to 60 s/)
})

test('entries that could not be completed are in the error, with the reason', () => {
  const cause = new Error('why')
  const entries = [{ open: {} as OpenDeadLetter, location: 'discarded' }]
  const error = new NotCompletedError(entries, { cause })
  assert.deepEqual(
    [error.name, error.code, error.retriable, error.cause, error.entries],
    ['NotCompletedError', 'dead-letter', true, cause, entries],
  )
  assert.equal(error.message, '1 completed dead letter(s) could not be removed from their target.')
  assert.equal(new NotCompletedError([]).cause, undefined)
})

test('copies have one handle until it is completed; what comes later is reported', () => {
  const late: number[] = []
  const copies = new Copies<number>(key => late.push(key))
  const [a, b] = [deadLetterOf('a'), deadLetterOf('b')]
  const first = copies.add(a, 1)
  assert.deepEqual(first, { keys: [1], isCompleted: false })
  assert.equal(copies.add(a, 2), first)
  assert.deepEqual(copies.add(b, 3)?.keys, [3])
  assert.deepEqual([first?.keys, late], [[1, 2], []])
  if (first) first.isCompleted = true
  assert.equal(copies.add(a, 4), undefined)
  assert.deepEqual([first?.keys, late], [[1, 2], [4]])
})

test('dead letters are copies only if everything of the record that an attempt does not choose is equal', () => {
  const base = deadLetterOf('a')
  const { record } = base
  const changed = (changes: Partial<DeadLetter['record']>): DeadLetter => ({
    ...base,
    record: { ...record, ...changes },
  })
  const traced = { name: 'traceparent', value: 'AAAA' }
  const equal: DeadLetter[] = [
    base,
    changed({ encoding: 'wire' }),
    changed({ partition: 3, partitionFixedBy: 'partitioner' }),
    changed({ headers: [traced] }),
    { ...base, failure: { ...base.failure, attempts: 9 }, redrive: { ...base.redrive, count: 2 } },
  ]
  assert.deepEqual(new Set(equal.map(fingerprintOf)), new Set([fingerprintOf(base)]))
  const claimCheck = { target: 's3://b/k', sha256: 'a'.repeat(64), bytes: 1 }
  const others: DeadLetter[] = [
    { ...base, deadLetterId: 'x'.repeat(22) },
    { ...base, recordId: 'b' },
    changed({ encoding: 'source' }),
    changed({ topic: 'other' }),
    changed({ topic: null }),
    changed({ partition: 3, partitionFixedBy: 'source' }),
    changed({ partition: 4, partitionFixedBy: 'source' }),
    changed({ timestamp: 1 }),
    changed({ key: null }),
    changed({ value: 'AAAA' }),
    changed({ headers: [{ name: 'h', value: 'AAAA' }] }),
    changed({ headers: [{ name: 'h', value: null }] }),
    { ...base, claimCheck },
    { ...base, claimCheck: { ...claimCheck, target: 's3://b/l' } },
    { ...base, claimCheck: { ...claimCheck, sha256: 'b'.repeat(64) } },
    { ...base, claimCheck: { ...claimCheck, bytes: 2 } },
  ]
  assert.equal(new Set([base, ...others].map(identityOf)).size, others.length + 1)
  assert.equal(new Set([base, ...others].map(fingerprintOf)).size, others.length + 1)
})

/** The dead letters of a message; each has its id as its handle. */
const partsOf = (...ids: string[]): OpenDeadLetter<string>[] =>
  ids.map(id => ({ deadLetter: deadLetterOf(id), location: 'sqs:m', verified: true, handle: id }))
const doubted = (open: OpenDeadLetter<string>): DeadLetter => {
  const at = open.deadLetter.failure.lastAt
  const numbers = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0 }
  return { ...open.deadLetter, inDoubt: { ...numbers, from: at, to: at } }
}

test('the dead letters of one message know each other; one that is alone has no siblings', () => {
  const parts = new MessageParts()
  const one = partsOf('a')
  assert.equal(parts.add('m-1', one), one)
  const three = parts.add('m-2', partsOf('b', 'c', 'd'))
  assert.deepEqual(
    three.map(({ siblings }) => siblings?.map(({ recordId }) => recordId)),
    [
      ['c', 'd'],
      ['b', 'd'],
      ['b', 'c'],
    ],
  )
})

test('a message of which some are completed, or one is in doubt, is partly done', () => {
  const parts = new MessageParts()
  const [alone] = parts.add('m-1', partsOf('a')) as [OpenDeadLetter<string>]
  const [b, c] = parts.add('m-2', partsOf('b', 'c')) as [OpenDeadLetter<string>, OpenDeadLetter<string>]
  const open = new Set(['a', 'b', 'c'])
  const partlyDone = () =>
    parts
      .partlyDone(handle => open.has(handle))
      .map(group => [
        group.completed,
        group.open.map(({ handle, deadLetter }) => [handle, deadLetter.inDoubt !== null]),
      ])
  assert.deepEqual(partlyDone(), [])
  // A note without a doubt says nothing that would be lost.
  parts.replace(b, b.deadLetter)
  assert.deepEqual(partlyDone(), [])
  parts.replace(c, doubted(c))
  const withDoubt = [
    ['b', false],
    ['c', true],
  ]
  assert.deepEqual(partlyDone(), [[0, withDoubt]])
  parts.replace(alone, doubted(alone))
  assert.deepEqual(partlyDone(), [
    [0, withDoubt],
    [0, [['a', true]]],
  ])
  open.delete('b')
  assert.deepEqual(partlyDone()[0], [1, [['c', true]]])
  open.delete('c')
  assert.deepEqual(partlyDone(), [[0, [['a', true]]]])
  open.delete('a')
  assert.deepEqual(partlyDone(), [])
  open.add('a').add('b').add('c')
  parts.clear()
  assert.deepEqual(partlyDone(), [])
})

test('a message can’t hold an edited dead letter', () => {
  const parts = new MessageParts()
  const [a] = parts.add('m', partsOf('a', 'b')) as [OpenDeadLetter<string>]
  assert.throws(() => parts.replace(a, deadLetterOf('edited')), { message: notEditable().message })
  assert.equal(notEditable().code, 'dead-letter')
})

test('a dead letter’s size in memory is the lengths of its texts and a part for each object', () => {
  const { record, source, failure, ...rest } = deadLetterOf('')
  const empty: DeadLetter = {
    ...rest,
    record: { ...record, topic: null, key: null, value: null, headers: [] },
    source: { ...source, id: '', function: null, arn: null },
    failure: { ...failure, class: '' },
  }
  assert.equal(sizeInMemory(empty), 1024)
  const text = 'x'.repeat(10)
  for (const larger of [
    { ...empty, recordId: text },
    { ...empty, record: { ...empty.record, topic: text } },
    { ...empty, record: { ...empty.record, key: text } },
    { ...empty, record: { ...empty.record, value: text } },
    { ...empty, source: { ...empty.source, id: text } },
    { ...empty, source: { ...empty.source, function: text } },
    { ...empty, source: { ...empty.source, arn: text } },
    { ...empty, failure: { ...empty.failure, class: text } },
    { ...empty, claimCheck: { target: text, sha256: '', bytes: 0 } },
  ])
    assert.equal(sizeInMemory(larger), 1034)
  const headers = [
    { name: 'abc', value: null },
    { name: 'd', value: text },
  ]
  assert.equal(sizeInMemory({ ...empty, record: { ...empty.record, headers } }), 1024 + 103 + 111)
})
