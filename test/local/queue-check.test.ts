// The checker of the fault rig's queues: each wrong end of a message is found, and what is right is not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countMessages, type Found, type Message } from '../../local/faults/queue-check.ts'

const GOOD = { lost: 0, duplicated: 0, twoFates: 0, noFate: 0, late: 0, disordered: 0 }

function count(message: Partial<Message>, found: Partial<Found>) {
  const known: Message = { group: 'g', n: 0, isPoison: false, completed: 0, returned: 0, cutOff: 0, ...message }
  const { acked, unknown, deadLettered, returned, ...counts } = countMessages(new Map([['a', known]]), {
    log: [],
    ordered: [],
    deadLetters: [],
    atSource: [],
    unknown: 0,
    late: 0,
    ...found,
  })
  return counts
}

const ROWS: [what: string, message: Partial<Message>, found: Partial<Found>, wrong: Partial<typeof GOOD>][] = [
  ['in the log once', { completed: 1 }, { log: ['a'] }, {}],
  ['still in its queue', { returned: 3 }, { atSource: ['a'] }, {}],
  ['a batch cut off, then told', { completed: 1, cutOff: 1 }, { log: ['a', 'a'] }, {}],
  ['two batches at once, both told', { completed: 2 }, { log: ['a', 'a'] }, {}],
  ['gone back as unknown, then told', { completed: 1, returned: 1 }, { log: ['a', 'a'], unknown: 1 }, {}],
  ['at fault, a dead letter', { isPoison: true, completed: 1 }, { deadLetters: ['a'] }, {}],
  ['told, and not in the log', { completed: 1 }, {}, { lost: 1 }],
  ['once too often', { completed: 1 }, { log: ['a', 'a'] }, { duplicated: 1 }],
  [
    'gone back as surely not written, and in the log',
    { completed: 1, returned: 1 },
    { log: ['a', 'a'] },
    { duplicated: 1 },
  ],
  ['nowhere', { returned: 1 }, {}, { noFate: 1 }],
  ['at fault, and in the log', { isPoison: true, completed: 1 }, { deadLetters: ['a'], log: ['a'] }, { twoFates: 1 }],
  ['at fault, and forgotten', { isPoison: true, completed: 1 }, {}, { noFate: 1 }],
  ['in the log and a dead letter', { completed: 1 }, { log: ['a'], deadLetters: ['a'] }, { twoFates: 1 }],
  ['sent by nobody', { completed: 1 }, { log: ['a', 'b'] }, { twoFates: 1 }],
]
for (const [what, message, found, wrong] of ROWS)
  test(`a message ${what}`, () => assert.deepEqual(count(message, found), { ...GOOD, ...wrong }))

test('a group whose second message appears first; a repeat later on is no disorder', () => {
  const messages = new Map(
    ['a', 'b'].map((id, n) => [id, { group: 'g', n, isPoison: false, completed: 1, returned: 0, cutOff: 1 }]),
  )
  const of = (ordered: string[]) =>
    countMessages(messages, { log: ['a', 'b'], ordered, deadLetters: [], atSource: [], unknown: 0, late: 0 }).disordered
  assert.equal(of(['b', 'a']), 1)
  assert.equal(of(['a', 'b', 'a']), 0)
})
