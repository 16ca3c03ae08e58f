// Dead letters are changed without being sent: discarded, edited, taken out of parking. Each target under its lease, in
// batches, up to a limit.
import assert from 'node:assert/strict'
import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import {
  type Completed,
  NotCompletedError,
  type OpenDeadLetter,
  type TargetDeadLetterStore,
} from '../../lib/dead-letter/dead-letter-store.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DeadLetterError, InvalidRecordError } from '../../lib/errors.ts'
import {
  type ChangeContext,
  discardDeadLetters,
  replaceDeadLetters,
  unparkDeadLetters,
} from '../../lib/redrive/change-dead-letters.ts'
import { type Change, ChangeRun } from '../../lib/redrive/change-run.ts'
import type { DeadLetterTargets } from '../../lib/redrive/divide-messages.ts'
import { editDeadLetter } from '../../lib/redrive/edit-dead-letter.ts'
import { type ListRequest, listDeadLetters } from '../../lib/redrive/list-dead-letters.ts'
import { parseRedriveSources } from '../../lib/redrive/redrive-sources.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { folder, parked, placeOf } from '../support/stored-dead-letters.ts'

/** @param places folders; those that are not there yet have no dead letters */
function contextOf(...places: readonly string[]): ChangeContext & { readonly changed: string[] } {
  const changed: string[] = []
  const deadLetter = places.map(place => `disk:${place}`).join()
  const config = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter }, {})
  const fail = (text: string) => assert.fail(text)
  return { config, changed, warn: fail, onChanged: open => void changed.push(open.deadLetter.recordId) }
}

async function openIn(context: ChangeContext, request: ListRequest = {}): Promise<DeadLetter[]> {
  return Array.fromAsync(listDeadLetters(request, context), ({ deadLetter }) => deadLetter)
}

const idsOf = (deadLetters: readonly DeadLetter[]) => deadLetters.map(({ recordId }) => recordId)
const letters = (...ids: readonly string[]) => ids.map(id => deadLetterOf(id))
const NOTHING = { seen: 0, changed: 0, unreadable: 0, moved: 0, hasMore: false }

test('discarding ends what matches in each target, up to a limit over all of them', async () => {
  const places = [await placeOf(letters('a', 'b', 'c')), await placeOf(letters('d', 'e')), await placeOf(letters('f'))]
  const context = contextOf(...places)
  const ofOthers = await discardDeadLetters({ topics: ['other'] }, context)
  assert.deepEqual(
    ofOthers,
    [3, 2, 1].map(seen => ({ ...NOTHING, seen })),
  )
  assert.deepEqual(context.changed, [])
  assert.deepEqual(await discardDeadLetters({ limit: 4 }, context), [
    { ...NOTHING, seen: 3, changed: 3 },
    { ...NOTHING, seen: 2, changed: 1, hasMore: true },
  ])
  assert.deepEqual(context.changed, ['a', 'b', 'c', 'd'])
  assert.deepEqual(idsOf(await openIn(context)), ['e', 'f'])
  assert.deepEqual(await discardDeadLetters({ limit: 2 }, context), [
    { ...NOTHING },
    { ...NOTHING, seen: 1, changed: 1 },
    { ...NOTHING, seen: 1, changed: 1 },
  ])
  assert.deepEqual(await openIn(context), [])
})

test('of a request that names places only these are changed', async () => {
  const [first, second] = [await placeOf(letters('a')), await placeOf(letters('b'))]
  const context = contextOf(first, second)
  const from = parseRedriveSources(`disk:${second}`, 'from', assert.fail)
  assert.deepEqual(await discardDeadLetters({ from }, context), [{ ...NOTHING, seen: 1, changed: 1 }])
  assert.deepEqual(idsOf(await openIn(context)), ['a'])
})

test('taking out of parking sets the attempts to 0, and touches nothing that is not parked', async () => {
  const context = contextOf(await placeOf([parked(deadLetterOf('a')), deadLetterOf('b'), parked(deadLetterOf('c'))]))
  const [before] = await openIn(context, { parked: true })
  assert.deepEqual(await unparkDeadLetters({ deadLetterIds: [before?.deadLetterId ?? ''] }, context), [
    { ...NOTHING, seen: 3, changed: 1 },
  ])
  assert.deepEqual(context.changed, ['a'])
  const after = await openIn(context)
  const redriveOf = (id: string) => after.find(({ recordId }) => recordId === id)?.redrive
  assert.deepEqual(redriveOf('a'), { ...before?.redrive, count: 0 })
  assert.equal(redriveOf('a')?.lastCode, 'record-too-large')
  assert.equal(redriveOf('b')?.count, 0)
  assert.equal(redriveOf('c')?.count, 5)
})

test('editing replaces a dead letter by that of the edited record', async () => {
  const context = contextOf(await placeOf(letters('a', 'b')))
  const value = Buffer.from('edited')
  const results = await replaceDeadLetters({}, context, each => editDeadLetter(each, { value }, new Map()))
  assert.deepEqual(results, [{ ...NOTHING, seen: 2, changed: 2 }])
  const after = await openIn(context)
  assert.deepEqual(
    after.map(({ record, editedFrom, recordId }) => [record.value, editedFrom, recordId]),
    letters('a', 'b').map(({ deadLetterId, recordId }) => [value.toString('base64'), deadLetterId, recordId]),
  )
})

test('an edit that is refused leaves that dead letter and those after it, and is thrown', async () => {
  const context = contextOf(await placeOf(letters('a', 'b', 'c')), await placeOf(letters('d')))
  const refused = new InvalidRecordError('schema', 'value: 1 violation.')
  const edit = async (deadLetter: DeadLetter) => {
    if (deadLetter.recordId === 'b') throw refused
    return editDeadLetter(deadLetter, { value: Buffer.from('edited') }, new Map())
  }
  await assert.rejects(replaceDeadLetters({}, context, edit), refused)
  const after = (await openIn(context)).map(({ recordId, editedFrom }) => [recordId, editedFrom !== undefined])
  assert.deepEqual(after.sort(), [
    ['a', true],
    ['b', false],
    ['c', false],
    ['d', true],
  ])
})

test('a target without dead letters is not there yet; one that can’t be changed keeps none after it', async () => {
  const place = await placeOf(letters('a'))
  const missing = join(folder, 'nothing-stored')
  const context = contextOf(missing, place)
  const lease = await new DiskDeadLetterStore(place).lease()
  const [none, running] = await discardDeadLetters({}, context)
  assert.deepEqual(none, NOTHING)
  assert.equal(running?.stopped, 'already-running')
  assert.ok(running?.error instanceof DeadLetterError && running.error.code === 'redrive-running')
  const aborted = { ...context, signal: AbortSignal.abort() }
  assert.deepEqual(
    (await discardDeadLetters({}, aborted)).map(({ stopped }) => stopped),
    [undefined, 'interrupted'],
  )
  await lease.release()
  // A place that a person names has to be there.
  const named = { from: parseRedriveSources(`disk:${missing},disk:${place}`, 'from', assert.fail) }
  const [notFound, changed] = await discardDeadLetters(named, contextOf(place))
  assert.equal(notFound?.stopped, 'not-found')
  assert.ok(notFound?.error instanceof DeadLetterError)
  assert.deepEqual(changed, { ...NOTHING, seen: 1, changed: 1 })
})

test('nothing is changed once the signal has aborted', async () => {
  const context = contextOf(await placeOf(letters('a')), await placeOf(letters('b')))
  const [result, ...others] = await discardDeadLetters({}, { ...context, signal: AbortSignal.abort() })
  assert.deepEqual([result, others], [{ ...NOTHING, stopped: 'interrupted' }, []])
  assert.deepEqual(idsOf(await openIn(context)), ['a', 'b'])
})

test('unreadable entries are counted and reported, and the others are changed', async () => {
  const place = await placeOf(letters('a'))
  const [segment = ''] = readdirSync(place).filter(name => name.endsWith('.seg2'))
  appendFileSync(join(place, segment), 'not an entry')
  const reasons: string[] = []
  const seen: string[] = []
  const [result] = await discardDeadLetters(
    {},
    {
      ...contextOf(place),
      onUnreadable: ({ reason }) => void reasons.push(reason),
      onSeen: each => void seen.push(each.recordId),
    },
  )
  assert.deepEqual([result?.changed, result?.unreadable, reasons.length, seen], [1, 1, 1, ['a']])
})

/** A run on a store in memory. */
class MemoryRun {
  readonly store: MemoryDeadLetterStore
  readonly counts = { ...NOTHING }
  readonly batches: string[][] = []
  readonly changed: string[] = []
  readonly moved: string[] = []
  readonly abort = new AbortController()
  isOn = false

  constructor(deadLetters: readonly DeadLetter[]) {
    this.store = new MemoryDeadLetterStore(deadLetters)
  }

  readonly complete: Change = async (store, batch) => {
    this.batches.push(batch.map(({ deadLetter }) => deadLetter.recordId))
    await store.complete(batch.map(open => ({ open, location: 'discarded' })))
    return []
  }

  run(request: ListRequest = {}, change = this.complete): Promise<void> {
    const targets: DeadLetterTargets = {
      isOn: this.isOn,
      store: async each => {
        this.moved.push(...idsOf(each))
        return each.map(({ recordId }) => `disk:x#${recordId}`)
      },
    }
    const context = {
      ...contextOf(folder),
      targets,
      signal: this.abort.signal,
      onChanged: ({ deadLetter }: OpenDeadLetter) => void this.changed.push(deadLetter.recordId),
    }
    return new ChangeRun(this.store as unknown as TargetDeadLetterStore, request, context, change, this.counts).run()
  }
}

const many = (count: number) => Array.from({ length: count }, (_, n) => deadLetterOf(`${n}`))

test('dead letters are changed by the hundred, and the lease is checked before each change', async () => {
  const memory = new MemoryRun(many(250))
  await memory.run()
  assert.deepEqual(
    memory.batches.map(({ length }) => length),
    [100, 100, 50],
  )
  assert.deepEqual(memory.store.calls, ['check', 'complete', 'check', 'complete', 'check', 'complete', 'check', 'tidy'])
  assert.deepEqual([memory.counts, memory.store.isLeased], [{ ...NOTHING, seen: 250, changed: 250 }, false])
})

test('a lost lease ends the run before the next batch, and nothing is tidied', async () => {
  const memory = new MemoryRun(many(150))
  const lost = new DeadLetterError('redrive-running', 'Somebody else has it.')
  const change: Change = async (store, batch) => {
    memory.store.failing.set('check', lost)
    return memory.complete(store, batch)
  }
  await assert.rejects(memory.run({}, change), lost)
  assert.deepEqual([memory.counts.changed, memory.store.calls.includes('tidy')], [100, false])
})

test('what a target refuses stays and is not counted; the first refusal is thrown at the end', async () => {
  const memory = new MemoryRun(many(3))
  const [first, second] = ['first', 'second'].map(text => new DeadLetterError('dead-letter', text))
  const change: Change = async (_store, batch) =>
    batch.slice(1).map((open, index) => ({
      replacement: { open, deadLetter: open.deadLetter },
      error: (index === 0 ? first : second) as DeadLetterError,
    }))
  await assert.rejects(memory.run({}, change), first)
  assert.deepEqual([memory.counts.changed, memory.changed], [1, ['0']])
  assert.ok(memory.store.calls.includes('tidy'))
})

test('what can’t be completed is not counted; any other error ends the run at once', async () => {
  const memory = new MemoryRun(many(3))
  const change: Change = async (_store, [, ...left]) => {
    throw new NotCompletedError(left.map((open): Completed => ({ open, location: 'discarded' })))
  }
  await assert.rejects(memory.run({}, change), NotCompletedError)
  assert.deepEqual([memory.counts.changed, memory.changed], [1, ['0']])
  assert.ok(memory.store.calls.includes('tidy'))
  const full = new MemoryRun(many(3))
  full.store.failing.set('complete', new DeadLetterError('dead-letter', 'The disk is full.'))
  await assert.rejects(full.run(), /The disk is full/)
  assert.deepEqual([full.counts.changed, full.store.calls.includes('tidy')], [0, false])
})

test('a run that is interrupted changes no further batch', async () => {
  const memory = new MemoryRun(many(250))
  const change: Change = async (store, batch) => {
    memory.abort.abort()
    return memory.complete(store, batch)
  }
  await memory.run({}, change)
  assert.deepEqual([memory.counts.changed, memory.counts.seen], [100, 100])
})

/** Messages of a queue; each shows its dead letters together, as the stores of queues do. */
function messagesOf(memory: MemoryRun, ...messages: readonly (readonly DeadLetter[])[]): MemoryRun {
  Object.assign(memory.store, {
    async *deadLetters() {
      for (const [index, message] of messages.entries())
        for (const [place, deadLetter] of message.entries()) {
          const handle = index * 10 + place
          if (!memory.store.open.has(handle)) continue
          const siblings = message.filter(other => other !== deadLetter)
          yield { deadLetter, location: `sqs:${index}`, verified: true, handle, siblings }
        }
    },
  })
  memory.store.open.clear()
  for (const [index, message] of messages.entries())
    for (const [place, deadLetter] of message.entries()) memory.store.open.set(index * 10 + place, deadLetter)
  return memory
}

const NOT_WHOLE = {
  code: 'message-not-whole',
  message:
    'A message holds further dead letters and can only be deleted whole: set KAFKA_DEAD_LETTER to a target that ' +
    'takes these, or change all of them.',
}

test('a message is changed whole, also past the limit', async () => {
  const memory = messagesOf(new MemoryRun([]), letters('a', 'b'), letters('c', 'd'))
  await memory.run({ limit: 1 })
  assert.deepEqual([memory.changed, memory.counts], [['a', 'b'], { ...NOTHING, seen: 3, changed: 2, hasMore: true }])
})

test('without a target a message stays whole if the filter leaves out one of its dead letters', async () => {
  const other = deadLetterOf('b', 'v', 'other')
  const memory = messagesOf(new MemoryRun([]), [deadLetterOf('a'), other], letters('c'))
  await assert.rejects(memory.run({ topics: ['chat'] }), NOT_WHOLE)
  assert.deepEqual([memory.changed, memory.counts.changed], [['c'], 1])
  const withTarget = messagesOf(new MemoryRun([]), [deadLetterOf('a'), other], letters('c'))
  withTarget.isOn = true
  await withTarget.run({ topics: ['chat'] })
  assert.deepEqual(withTarget.changed, ['a', 'c'])
})

test('what is left of a message that was changed in part goes to the target; else it does not count', async () => {
  for (const [isOn, expected] of [
    [true, { ...NOTHING, seen: 2, changed: 2, moved: 1 }],
    [false, { ...NOTHING, seen: 2, changed: 1 }],
  ] as const) {
    const memory = new MemoryRun(letters('a', 'b'))
    memory.isOn = isOn
    const open = { deadLetter: deadLetterOf('rest'), location: 'sqs:m', verified: true, handle: 7 }
    Object.assign(memory.store, { partlyDone: () => [{ completed: 1, open: [open] }] })
    if (isOn) await memory.run()
    else await assert.rejects(memory.run(), NOT_WHOLE)
    assert.deepEqual([memory.counts, memory.moved], [expected, isOn ? ['rest'] : []])
  }
})

test('a target that shows more after a change is read until nothing more changes', async () => {
  const memory = new MemoryRun(many(30))
  const all = memory.store.deadLetters.bind(memory.store)
  Object.assign(memory.store, {
    givesMoreAfterCompletion: true,
    async *deadLetters() {
      let count = 0
      for await (const open of all()) if (count++ < 10) yield open
    },
  })
  await memory.run()
  assert.deepEqual([memory.counts.changed, memory.batches.length], [30, 3])
  const limited = new MemoryRun(many(30))
  Object.assign(limited.store, { givesMoreAfterCompletion: true })
  await limited.run({ limit: 5 })
  assert.deepEqual(limited.counts, { ...NOTHING, seen: 6, changed: 5, hasMore: true })
})
