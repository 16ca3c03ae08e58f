// A message with several records is deleted as a whole, so what is open, completed and in doubt of it is kept together.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../../lib/dead-letter/dead-letter-store.ts'
import { MessageParts, notEditable } from '../../lib/dead-letter/message-parts.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const partOf = (id: string): OpenDeadLetter<string> => ({
  deadLetter: deadLetterOf(id),
  location: `sqs:m-${id}`,
  verified: true,
  handle: id,
})

function doubted({ deadLetter }: OpenDeadLetter<string>): DeadLetter {
  const { firstAt: from, lastAt: to } = deadLetter.failure
  const numbers = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0 }
  return { ...deadLetter, inDoubt: { ...numbers, from, to } }
}

/** Of each group, how many are completed, and the open ones with whether they are in doubt. */
function groupsOf(parts: MessageParts, open: readonly string[]): unknown[] {
  return parts
    .partlyDone(handle => open.includes(handle))
    .map(group => [
      group.completed,
      group.open.map(({ handle, deadLetter: { inDoubt } }) => `${handle}${inDoubt === null ? '' : ' in doubt'}`).join(),
    ])
}

test('the parts of a message know the others; a message with one record has no others', () => {
  const parts = new MessageParts()
  const [a, b, c] = ['a', 'b', 'c'].map(partOf) as [
    OpenDeadLetter<string>,
    OpenDeadLetter<string>,
    OpenDeadLetter<string>,
  ]
  const alone = [a]
  assert.equal(parts.add('m-1', alone), alone)
  assert.deepEqual(parts.add('m-0', []), [])
  assert.deepEqual(parts.add('m-2', [a, b, c]), [
    { ...a, siblings: [b.deadLetter, c.deadLetter] },
    { ...b, siblings: [a.deadLetter, c.deadLetter] },
    { ...c, siblings: [a.deadLetter, b.deadLetter] },
  ])
})

test('a message is partly done while some of its records are completed and others are open', () => {
  const parts = new MessageParts()
  parts.add('m-1', ['a', 'b', 'c'].map(partOf))
  parts.add('m-2', ['d', 'e'].map(partOf))
  parts.add('m-3', [partOf('f')])
  assert.deepEqual(groupsOf(parts, ['a', 'b', 'c', 'd', 'e', 'f']), [])
  assert.deepEqual(groupsOf(parts, ['a', 'c', 'e']), [
    [1, 'a,c'],
    [1, 'e'],
  ])
  assert.deepEqual(groupsOf(parts, ['b', 'd', 'e']), [[2, 'b']])
  assert.deepEqual(groupsOf(parts, []), [])
})

test('an unknown outcome makes a message partly done, with its other open records, also if it has only one', () => {
  const parts = new MessageParts()
  const [a, b, f] = ['a', 'b', 'f'].map(partOf) as [
    OpenDeadLetter<string>,
    OpenDeadLetter<string>,
    OpenDeadLetter<string>,
  ]
  parts.add('m-1', [a, b])
  parts.add('m-2', ['c', 'd'].map(partOf))
  parts.add('m-3', [f])
  // Without a doubt nothing has to be kept.
  parts.replace(b, b.deadLetter)
  assert.deepEqual(groupsOf(parts, ['a', 'b', 'f']), [])
  parts.replace(b, doubted(b))
  parts.replace(f, doubted(f))
  assert.deepEqual(groupsOf(parts, ['a', 'b', 'c', 'd', 'f']), [
    [0, 'a,b in doubt'],
    [0, 'f in doubt'],
  ])
  assert.deepEqual(groupsOf(parts, ['a']), [[1, 'a']])
  assert.deepEqual(groupsOf(parts, ['b']), [[1, 'b in doubt']])
  parts.clear()
  assert.deepEqual(groupsOf(parts, ['a', 'b', 'c', 'd', 'f']), [])
})

test('a record of a message is not edited', () => {
  const parts = new MessageParts()
  const a = partOf('a')
  const message = 'A message of a source DLQ or failure destination can’t be edited; send it to its source again.'
  assert.throws(() => parts.replace(a, deadLetterOf('edited')), { code: 'dead-letter', message })
  assert.equal(notEditable().message, message)
})
