// The checker of the fault rig's queues reports each wrong result of a message and accepts each right one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countMessages, type Message, type Observed } from '../../local/faults/queue-check.ts'

const GOOD = { lost: 0, duplicated: 0, twoFates: 0, noFate: 0, late: 0, disordered: 0 }

function count(message: Partial<Message>, observed: Partial<Observed>) {
  const subject: Message = { group: 'g', n: 0, isInvalid: false, completed: 0, returned: 0, cutOff: 0, ...message }
  const { acked, unknown, deadLettered, returned, ...counts } = countMessages(new Map([['a', subject]]), {
    log: [],
    ordered: [],
    deadLetters: [],
    atSource: [],
    unknown: 0,
    late: 0,
    ...observed,
  })
  return counts
}

const ROWS: [what: string, message: Partial<Message>, observed: Partial<Observed>, wrong: Partial<typeof GOOD>][] = [
  ['in the log once', { completed: 1 }, { log: ['a'] }, {}],
  ['still in its queue', { returned: 3 }, { atSource: ['a'] }, {}],
  ['in a batch that was cut off, then reported', { completed: 1, cutOff: 1 }, { log: ['a', 'a'] }, {}],
  ['in two concurrent batches, both reported', { completed: 2 }, { log: ['a', 'a'] }, {}],
  ['returned as unknown, then reported', { completed: 1, returned: 1 }, { log: ['a', 'a'], unknown: 1 }, {}],
  ['invalid, a dead letter', { isInvalid: true, completed: 1 }, { deadLetters: ['a'] }, {}],
  ['reported, and not in the log', { completed: 1 }, {}, { lost: 1 }],
  ['once too often', { completed: 1 }, { log: ['a', 'a'] }, { duplicated: 1 }],
  ['returned as not written, and in the log', { completed: 1, returned: 1 }, { log: ['a', 'a'] }, { duplicated: 1 }],
  ['nowhere', { returned: 1 }, {}, { noFate: 1 }],
  ['invalid, and in the log', { isInvalid: true, completed: 1 }, { deadLetters: ['a'], log: ['a'] }, { twoFates: 1 }],
  ['invalid, and deleted without a dead letter', { isInvalid: true, completed: 1 }, {}, { noFate: 1 }],
  ['in the log and a dead letter', { completed: 1 }, { log: ['a'], deadLetters: ['a'] }, { twoFates: 1 }],
  ['sent by nobody', { completed: 1 }, { log: ['a', 'b'] }, { twoFates: 1 }],
]
for (const [what, message, observed, wrong] of ROWS)
  test(`a message ${what}`, () => assert.deepEqual(count(message, observed), { ...GOOD, ...wrong }))

test('a group whose second message appears first is out of order; a later repeat is not', () => {
  const messages = new Map(
    ['a', 'b'].map((id, n) => [id, { group: 'g', n, isInvalid: false, completed: 1, returned: 0, cutOff: 1 }]),
  )
  const of = (ordered: string[]) =>
    countMessages(messages, { log: ['a', 'b'], ordered, deadLetters: [], atSource: [], unknown: 0, late: 0 }).disordered
  assert.equal(of(['b', 'a']), 1)
  assert.equal(of(['a', 'b', 'a']), 0)
})
