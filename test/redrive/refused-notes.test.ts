// A record ended in doubt, and its target refused the note that says where it may be. The original bug: the next run
// sent the record again without searching the log, and without a warning.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError, type Refusal } from '../../lib/dead-letter/dead-letter-store.ts'
import { NOTE_BYTES } from '../../lib/dead-letter/dead-letter-target.ts'
import { SqsDeadLetterTarget } from '../../lib/dead-letter/sqs/target.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { type RedriveOptions, redrive } from '../../lib/redrive/redrive.ts'
import { doubtNotNoted, moveRefused } from '../../lib/redrive/refused-notes.ts'
import { inDoubt, tried } from '../../lib/redrive/retried-dead-letter.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'
import { unknownReport } from '../support/unknown-report.ts'

const DEAD_LETTERS = Array.from({ length: 150 }, (_, n) => deadLetterOf(`id-${n}`, `${n}`))
const [FIRST] = DEAD_LETTERS as [DeadLetter]

/** Every record ends in doubt; the target refuses the note of the first dead letter. */
async function run(options: Partial<RedriveOptions> = {}) {
  const store = new MemoryDeadLetterStore(DEAD_LETTERS)
  const replace = store.replace.bind(store)
  store.replace = async (open, deadLetter) => {
    if (open.deadLetter.recordId === 'id-0') throw new DeadLetterError('dead-letter', 'It is too large.')
    await replace(open, deadLetter)
  }
  const sendAll = async (records: readonly ProducerRecord[]) => records.map(record => unknownReport(record))
  return { store, result: await redrive(store, { producer: { sendAll }, ...options }) }
}

test('an unknown outcome that can’t be stored anywhere ends the run, with what to look for', async () => {
  const { store, result } = await run()
  const { stopped, error, notNoted, tried: count } = result
  assert.deepEqual([stopped, notNoted, count], ['dead-letter', 1, 100])
  const where = `could not store where they may be: dead letter ${FIRST.deadLetterId} (chat-0, from `
  assert.ok(error?.includes(where), error)
  // The others of its batch are noted.
  assert.equal([...store.open.values()].filter(({ inDoubt: doubt }) => doubt !== null).length, 99)
})

test('a dead letter whose note its target refuses goes to the next target with the note', async () => {
  const moved: DeadLetter[] = []
  const store = async (deadLetters: readonly DeadLetter[]) => {
    moved.push(...deadLetters)
    return deadLetters.map(({ recordId }) => `disk:${recordId}`)
  }
  const { store: target, result } = await run({ deadLetterTargets: { isOn: true, store } })
  assert.deepEqual([result.stopped, result.notNoted, result.moved], [undefined, 0, 1])
  assert.deepEqual([target.ids.includes('id-0'), target.open.size], [false, 149])
  assert.deepEqual(
    [moved[0]?.recordId, moved[0]?.failure.outcome, moved[0]?.inDoubt?.partition],
    ['id-0', 'unknown', 0],
  )
})

test('a dead letter that is moved but stays in its target as well ends the run', async () => {
  const isLate = new DeadLetterError('dead-letter', 'It does not answer.', { retriable: true })
  const store = new MemoryDeadLetterStore([FIRST])
  store.failing.set('replace', isLate)
  store.failing.set('complete', isLate)
  const result = await redrive(store, {
    producer: { sendAll: async records => records.map(record => unknownReport(record)) },
    deadLetterTargets: { isOn: true, store: async () => ['disk:moved'] },
  })
  assert.deepEqual([result.stopped, result.notNoted, result.moved], ['dead-letter', 1, 0])
})

test('a dead letter is stored only where the longest note fits too', async t => {
  const noted = inDoubt(tried(FIRST, 'delivery-unknown'), unknownReport({ topic: 't'.repeat(249), value: null }), true)
  const growth = JSON.stringify(noted).length - JSON.stringify(FIRST).length
  assert.ok(growth + 300 < NOTE_BYTES, `${growth} bytes`)
  const server = await SqsServer.start('q')
  t.after(() => server.close())
  const target = new SqsDeadLetterTarget(server.url)
  const sized = (bytes: number) => deadLetterOf('large', 'v'.repeat(bytes))
  const fitting = Math.floor(((1_048_576 - NOTE_BYTES - 1200) * 3) / 4)
  const [stored] = await target.store([sized(fitting)], deadlineIn(10_000))
  assert.equal(typeof stored, 'string')
  const [refused] = await target.store([sized(fitting + 1500)], deadlineIn(10_000))
  assert.equal(refused instanceof DeadLetterError && refused.code, 'dead-letter-too-large')
  await target.close()
})

/** The refusals of dead letters in doubt in partition 4, since 1970. */
const refusalsOf = (...ids: readonly string[]): Refusal[] =>
  ids.map((id, handle) => {
    const plain = deadLetterOf(id)
    const from = new Date(0).toISOString()
    const doubt = { partition: 4, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to: from }
    const deadLetter = { ...plain, inDoubt: doubt }
    const open = { deadLetter: plain, location: `memory:${handle}`, verified: true, handle }
    return { replacement: { open, deadLetter }, error: new DeadLetterError('dead-letter', `No room for ${id}.`) }
  })
const idsOf = (refusals: readonly Refusal[]) => refusals.map(({ replacement }) => replacement.open.deadLetter.recordId)

test('the error of doubts that are noted nowhere names ten dead letters and their places, and what to do', () => {
  const ids = Array.from({ length: 12 }, (_, n) => `d-${n}`)
  const place = (id: string) => `${deadLetterOf(id).deadLetterId} (chat-4, from 1970-01-01T00:00:00.000Z on)`
  const advice =
    '. Before the next redrive, which sends them without a lookup, search the partition for the kp-id ' +
    '(dead-letters show), and discard the dead letter if the record is there.'
  const rows = [
    [1, ''],
    [10, ''],
    [11, ' and 1 more'],
    [12, ' and 2 more'],
  ] as const
  for (const [count, more] of rows) {
    const refusals = refusalsOf(...ids.slice(0, count))
    const { code, message, retriable, cause } = doubtNotNoted(refusals)
    const places = ids.slice(0, Math.min(count, 10)).map(place)
    const start = `The outcome of ${count} record(s) is unknown, and their target could not store where they may be: `
    assert.equal(message, `${start}dead letter ${places.join(', ')}${more}${advice}`)
    assert.deepEqual([code, retriable, cause], ['dead-letter', false, refusals[0]?.error])
  }
})

test('what the targets take is completed in its own target; the rest stays as it was', async () => {
  const refusals = refusalsOf('a', 'b', 'c')
  const store = () => new MemoryDeadLetterStore(['a', 'b', 'c'].map(id => deadLetterOf(id)))
  const full = new DeadLetterError('dead-letter', 'It is full.')
  const targets = (isOn: boolean) => ({
    isOn,
    store: async (deadLetters: readonly DeadLetter[]) =>
      deadLetters.map(({ recordId, inDoubt: doubt }) => (recordId === 'b' || !doubt ? full : `disk:${recordId}`)),
  })
  assert.deepEqual(idsOf(await moveRefused(store(), refusals, undefined)), ['a', 'b', 'c'])
  assert.deepEqual(idsOf(await moveRefused(store(), refusals, targets(false))), ['a', 'b', 'c'])
  const none = store()
  assert.deepEqual([await moveRefused(none, [], targets(true)), none.calls], [[], []])
  const moved = store()
  assert.deepEqual([idsOf(await moveRefused(moved, refusals, targets(true))), moved.ids], [['b'], ['b']])
  const nothingStored = store()
  const refusing = { isOn: true, store: async () => [full, full, full] }
  assert.deepEqual(idsOf(await moveRefused(nothingStored, refusals, refusing)), ['a', 'b', 'c'])
  assert.deepEqual(nothingStored.calls, [])
  const inPart = store()
  inPart.complete = async completed => {
    throw new NotCompletedError(completed.slice(1))
  }
  assert.deepEqual(idsOf(await moveRefused(inPart, refusals, targets(true))), ['b', 'c'])
  const silent = store()
  silent.failing.set('complete', new DeadLetterError('dead-letter', 'No answer.', { retriable: true }))
  assert.deepEqual(idsOf(await moveRefused(silent, refusals, targets(true))), ['a', 'b', 'c'])
  const foreign = store()
  foreign.failing.set('complete', new RangeError('payload'))
  await assert.rejects(moveRefused(foreign, refusals, targets(true)), RangeError)
})
