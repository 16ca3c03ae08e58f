// The note that says which dead letters a run is sending. Anybody who may write to the target can change it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SendingPlace, Unreadable } from '../../lib/dead-letter/dead-letter-store.ts'
import { formatAttempts, parseAttempts, type SendingAttempt } from '../../lib/redrive/sending-attempts.ts'
import { SendingJournal } from '../../lib/redrive/sending-journal.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const FROM = '2026-01-01T00:00:00.000Z'
const ATTEMPT: SendingAttempt = {
  topic: 'chat',
  partition: 3,
  clusterId: 'c',
  from: FROM,
  to: null,
  isLookedUp: true,
}
const textOf = (changes: object, note: object = {}) =>
  JSON.stringify({ version: 1, attempts: [{ ...ATTEMPT, deadLetterIds: ['a'], ...changes }], ...note })

test('dead letters of one attempt are noted together, and read back each with its attempt', () => {
  const other = { ...ATTEMPT, partition: null, clusterId: null, to: FROM, isLookedUp: false }
  const attempts = new Map([
    ['a', ATTEMPT],
    ['b', other],
    ['c', ATTEMPT],
  ])
  const text = formatAttempts(attempts)
  assert.deepEqual(JSON.parse(text), {
    version: 1,
    attempts: [
      { ...ATTEMPT, deadLetterIds: ['a', 'c'] },
      { ...other, deadLetterIds: ['b'] },
    ],
  })
  assert.deepEqual(
    parseAttempts(text),
    new Map([...attempts].sort(([, a], [, b]) => Number(a === other) - Number(b === other))),
  )
  assert.deepEqual(parseAttempts(formatAttempts(new Map())), new Map())
})

test('a text of another form is no note', () => {
  assert.ok(parseAttempts(textOf({})))
  const texts = [
    'text',
    'null',
    '[]',
    textOf({}, { version: 2 }),
    textOf({}, { attempts: {} }),
    textOf({}, { attempts: [null] }),
    textOf({}, { attempts: [[]] }),
    textOf({ topic: 7 }),
    textOf({ topic: 'x'.repeat(250) }),
    textOf({ partition: -1 }),
    textOf({ partition: 2 ** 31 }),
    textOf({ partition: 'x' }),
    textOf({ partition: undefined }),
    textOf({ clusterId: 7 }),
    textOf({ clusterId: 'x'.repeat(4097) }),
    textOf({ from: 'soon' }),
    textOf({ from: null }),
    textOf({ to: 'later' }),
    textOf({ isLookedUp: 1 }),
    textOf({ deadLetterIds: 'a' }),
    textOf({ deadLetterIds: ['a', 7] }),
  ]
  for (const text of texts) assert.equal(parseAttempts(text), undefined, text.slice(0, 200))
  for (const changes of [
    { partition: null },
    { partition: 0 },
    { partition: 2 ** 31 - 1 },
    { to: FROM },
    { clusterId: null },
  ])
    assert.ok(parseAttempts(textOf(changes)), JSON.stringify(changes))
})

class Place implements SendingPlace {
  text: string | undefined
  readonly calls: string[] = []

  constructor(text?: string) {
    this.text = text
  }

  async read(): Promise<string | undefined> {
    return this.text
  }

  async write(text: string): Promise<void> {
    this.calls.push('write')
    this.text = text
  }

  async remove(): Promise<void> {
    this.calls.push('remove')
    this.text = undefined
  }

  get attempts(): Map<string, SendingAttempt> {
    return parseAttempts(this.text ?? '') ?? new Map()
  }
}

function opened(place: Place, options: { readonly isLookedUp?: boolean } = {}) {
  const unreadable: Unreadable[] = []
  let asked = 0
  const journal = SendingJournal.open(place, {
    clusterId: async () => {
      asked++
      return 'cluster'
    },
    isLookedUp: true,
    onUnreadable: each => unreadable.push(each),
    ...options,
  })
  return { journal, unreadable, asked: () => asked }
}

const [a, b, c] = ['a', 'b', 'c'].map(id => deadLetterOf(id)) as [
  ReturnType<typeof deadLetterOf>,
  ReturnType<typeof deadLetterOf>,
  ReturnType<typeof deadLetterOf>,
]

test('a batch is noted by topic and partition, and the cluster is asked once for its id', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse(FROM) })
  const place = new Place()
  const { journal, asked } = opened(place)
  const open = await journal
  await open.begin([
    { deadLetter: a, topic: 'chat', partition: 1 },
    { deadLetter: b, topic: 'chat', partition: 2 },
    { deadLetter: c, topic: 'other', partition: 1 },
  ])
  await open.begin([])
  const attempt = { ...ATTEMPT, clusterId: 'cluster' }
  assert.deepEqual(
    place.attempts,
    new Map([
      [a.deadLetterId, { ...attempt, partition: 1 }],
      [b.deadLetterId, { ...attempt, partition: 2 }],
      [c.deadLetterId, { ...attempt, topic: 'other', partition: 1 }],
    ]),
  )
  assert.equal(asked(), 1)
})

test('what has its result is not in doubt; the rest is, until the end of the run', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse(FROM) })
  const place = new Place()
  const open = await opened(place).journal
  await open.begin([
    { deadLetter: a, topic: 'chat', partition: null },
    { deadLetter: b, topic: 'moved', partition: 2 },
  ])
  open.resultStored(a)
  assert.equal(open.withDoubt(a), a)
  t.mock.timers.tick(1000)
  const to = new Date(Date.parse(FROM) + 1000).toISOString()
  const { inDoubt } = open.withDoubt(b)
  assert.deepEqual(inDoubt, {
    topic: 'moved',
    partition: 2,
    producerId: Number.MAX_SAFE_INTEGER,
    producerEpoch: 0,
    baseSequence: 0,
    indexInBatch: 0,
    from: FROM,
    to,
    clusterId: 'cluster',
    fromOffset: null,
  })
  await open.end(true)
  assert.deepEqual(
    [...place.attempts.values()].map(each => each.to),
    [to],
  )
  open.resultStored(b)
  await open.end(true)
  assert.deepEqual([place.text, place.calls], [undefined, ['write', 'write', 'remove']])
})

test('a run of which nothing was noted writes nothing at its end', async () => {
  const place = new Place()
  const open = await opened(place).journal
  await open.end(true)
  assert.deepEqual(place.calls, [])
})

test('what an earlier run left ends with that run; what the target does not hold any more is dropped', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse(FROM) + 5000 })
  const now = new Date(Date.parse(FROM) + 5000).toISOString()
  const left = formatAttempts(
    new Map([
      [a.deadLetterId, { ...ATTEMPT, partition: null }],
      [b.deadLetterId, { ...ATTEMPT, to: FROM }],
    ]),
  )
  const place = new Place(left)
  const { journal, unreadable } = opened(place)
  const open = await journal
  const doubt = open.withDoubt(a).inDoubt
  assert.deepEqual([doubt?.anyPartition, doubt?.partition, doubt?.to, doubt?.topic], [true, 0, now, undefined])
  await open.end(false)
  assert.deepEqual(
    [...place.attempts].map(([id, { to }]) => [id, to]),
    [
      [a.deadLetterId, now],
      [b.deadLetterId, FROM],
    ],
  )
  await open.end(true)
  assert.deepEqual([...place.attempts.keys()], [a.deadLetterId])
  assert.deepEqual(unreadable, [])
})

test('an earlier doubt is over if the run that sent the record again had looked for it before', async () => {
  const doubted = (to: string) => ({
    ...a,
    inDoubt: {
      partition: 9,
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
      indexInBatch: 0,
      from: '2025-01-01T00:00:00.000Z',
      to,
    },
  })
  for (const [isLookedUp, to, earlier] of [
    [true, '2025-12-31T23:59:59.999Z', undefined],
    [true, FROM, 'elsewhere'],
    [false, '2025-12-31T23:59:59.999Z', 'elsewhere'],
  ] as const) {
    const place = new Place(formatAttempts(new Map([[a.deadLetterId, { ...ATTEMPT, isLookedUp }]])))
    const open = await opened(place).journal
    const { inDoubt } = open.withDoubt(doubted(to))
    assert.deepEqual([inDoubt?.partition, inDoubt?.earlier], [3, earlier])
  }
})

test('a note that can’t be read is reported, and removed at the end', async () => {
  const place = new Place('damaged')
  const { journal, unreadable } = opened(place)
  assert.deepEqual(unreadable, [])
  const open = await journal
  assert.deepEqual(unreadable, [{ location: 'the note of the last redrive', reason: 'it can’t be read', count: 1 }])
  await open.end(true)
  assert.deepEqual(place.calls, ['remove'])
})

test('nothing more is sent once 5,000 dead letters have no result', async () => {
  const place = new Place()
  const open = await opened(place).journal
  const batch = (count: number, start: number) =>
    Array.from({ length: count }, (_, n) => {
      const deadLetter = { ...a, deadLetterId: `${start + n}` }
      return { deadLetter, topic: 'chat', partition: 0 }
    })
  await open.begin(batch(5000, 0))
  await open.begin(batch(10, 5000))
  await assert.rejects(open.begin(batch(10, 6000)), {
    code: 'dead-letter',
    message: /^More than 5000 redriven dead letters have no result stored in the target\. The redrive ends; /,
    retriable: true,
  })
  assert.deepEqual(place.calls, ['write', 'write'])
})
