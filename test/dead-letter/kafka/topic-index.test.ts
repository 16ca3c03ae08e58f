// What the first pass over a dead-letter topic keeps: open dead letters, markers, and where markers may be missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TopicIndex } from '../../../lib/dead-letter/kafka/topic-index.ts'
import type { ReadResult } from '../../../lib/dead-letter/read-dead-letter.ts'
import type { RecordHeader } from '../../../lib/record/producer-record.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'

const FOREIGN: ReadResult = { kind: 'foreign' }
const place = (partition: number, offset: number) => ({ partition, offset: BigInt(offset) })
const read = (id: string): ReadResult => ({ kind: 'dead-letter', deadLetter: deadLetterOf(id), verified: true })
const marker = (...of: string[]): RecordHeader[] => [
  ['kp-closed', Buffer.from(JSON.stringify({ of: of.map(at => `kafka:dlt-${at}`), location: 'kafka:chat-0@1' }))],
]

/** The open places per dead letter, as `partition@offset`. */
function openIn(index: TopicIndex): string[] {
  const records = new Set([...index.open().values()].flatMap(byOffset => [...byOffset.values()]))
  return [...records]
    .map(({ places }) => places.map(({ partition, offset }) => `${partition}@${offset}`).join(' '))
    .sort()
}

test('copies of a dead letter are one entry under each of their places, in the order of reading', () => {
  const index = new TopicIndex('dlt')
  for (const [partition, offset, id] of [
    [1, 0, 'copied'],
    [0, 12, 'copied'],
    [0, 2, 'copied'],
    [0, 3, 'other'],
  ] as const)
    assert.equal(index.add(place(partition, offset), [], read(id)), undefined)
  assert.deepEqual(openIn(index), ['0@2 0@12 1@0', '0@3'])
  const open = index.open()
  assert.deepEqual([[...(open.get(0)?.keys() ?? [])].sort(), [...(open.get(1)?.keys() ?? [])]], [[12n, 2n, 3n], [0n]])
  assert.equal(open.get(0)?.get(2n), open.get(1)?.get(0n))
})

test('a marker completes what was read before it, and what is read after it from another partition', () => {
  const index = new TopicIndex('dlt')
  index.add(place(0, 0), [], read('a'))
  index.add(place(0, 1), [], read('b'))
  assert.equal(index.add(place(0, 2), marker('0@0', '1@5'), FOREIGN), undefined)
  index.add(place(1, 5), [], read('c'))
  index.add(place(1, 6), [], read('d'))
  assert.deepEqual(openIn(index), ['0@1', '1@6'])
})

test('an unreadable dead letter is reported with its reason, unless a marker has completed it', () => {
  const index = new TopicIndex('dlt')
  const unreadable: ReadResult = { kind: 'unreadable', reason: 'it is newer' }
  assert.equal(index.add(place(0, 0), [], unreadable), 'it is newer')
  index.add(place(0, 1), marker('1@0'), FOREIGN)
  assert.equal(index.add(place(1, 0), [], unreadable), undefined)
  assert.deepEqual(openIn(index), [])
})

test('a dead letter is uncertain before the end of what can’t be read in its partition', () => {
  const index = new TopicIndex('dlt')
  assert.equal(index.isUncertain(place(0, 0)), false)
  index.cantRead(0, 5n)
  assert.deepEqual(
    [place(0, 4), place(0, 5), place(1, 4)].map(each => index.isUncertain(each)),
    [true, false, false],
  )
  index.cantRead(1)
  assert.equal(index.isUncertain(place(1, 1_000_000)), true)
  assert.equal(index.isUncertain(place(2, 0)), false)
})

test('where markers lie in other partitions, everything is uncertain while any part can’t be read', () => {
  const elsewhere = new TopicIndex('dlt')
  elsewhere.add(place(0, 0), marker('1@7'), FOREIGN)
  assert.equal(elsewhere.isUncertain(place(1, 0)), false)
  elsewhere.cantRead(2, 3n)
  assert.deepEqual(
    [place(0, 9), place(1, 0), place(2, 9)].map(each => elsewhere.isUncertain(each)),
    [true, true, true],
  )
  const own = new TopicIndex('dlt')
  own.add(place(1, 0), marker('1@7'), FOREIGN)
  own.cantRead(2, 3n)
  assert.equal(own.isUncertain(place(1, 0)), false)
})
