// Which target gets which dead letter, and how much time: with targets of the test, on a virtual clock.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DeadLetterPublisher } from '../../lib/dead-letter/dead-letter-publisher.ts'
import type { DeadLetterTarget, StoreResult } from '../../lib/dead-letter/dead-letter-target.ts'
import type { StoredNote } from '../../lib/dead-letter/notifier.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'

const [a, b, c] = ['a', 'b', 'c'].map(id => deadLetterOf(id, `value of ${id}`)) as [DeadLetter, DeadLetter, DeadLetter]
const idsOf = (deadLetters: readonly DeadLetter[]) => deadLetters.map(({ recordId }) => recordId)
const tooLarge = () => new DeadLetterError('dead-letter-too-large', 'It is too large.')
const refused = () => new DeadLetterError('dead-letter', 'It is refused.')

interface Call {
  readonly deadLetters: readonly DeadLetter[]
  readonly remaining: number
}

/** @param answer the result of a dead letter, or the error of the whole call */
function targetOf(
  answer: (deadLetter: DeadLetter) => StoreResult | Promise<StoreResult>,
  storeClaim?: DeadLetterTarget['storeClaim'],
): DeadLetterTarget & { readonly calls: Call[]; isClosed: boolean } {
  const calls: Call[] = []
  return {
    calls,
    isClosed: false,
    store(deadLetters, deadline) {
      calls.push({ deadLetters, remaining: deadline.remaining })
      return Promise.all(deadLetters.map(answer))
    },
    ...(storeClaim ? { storeClaim } : {}),
    async close() {
      this.isClosed = true
    },
  }
}

const accepting = (name: string) => targetOf(({ recordId }) => `${name}:${recordId}`)

test('without targets dead letters are off, and the error of each one says so', async () => {
  const publisher = new DeadLetterPublisher([])
  assert.equal(publisher.isOn, false)
  const results = await publisher.store([a, b])
  assert.deepEqual(
    results.map(result => result instanceof DeadLetterError && [result.code, result.message]),
    Array(2).fill(['dead-letter', 'No dead-letter target is configured.']),
  )
  assert.equal(new DeadLetterPublisher([accepting('x')]).isOn, true)
})

test('only what a target did not store goes to the next one; each result keeps its place', async () => {
  const first = targetOf(({ recordId }) => (recordId === 'b' ? 'first:b' : refused()))
  const second = targetOf(({ recordId }) => (recordId === 'c' ? 'second:c' : refused()))
  const [third, fourth] = [accepting('third'), accepting('fourth')]
  const results = await new DeadLetterPublisher([first, second, third, fourth]).store([a, b, c])
  assert.deepEqual(results, ['third:a', 'first:b', 'second:c'])
  const asked = [first, second, third, fourth].map(({ calls }) => calls.map(({ deadLetters }) => idsOf(deadLetters)))
  assert.deepEqual(asked, [[['a', 'b', 'c']], [['a', 'c']], [['a']], []])
})

test('each target has its share of the time left, so that a slow one leaves time for the next ones', async () => {
  const clock = new VirtualClock()
  const slow = targetOf(async () => {
    await clock.advance(3000)
    throw refused()
  })
  const quick = targetOf(refused)
  const [last] = [accepting('last')]
  const results = await new DeadLetterPublisher([slow, quick, last]).store([a], Deadline.after(clock, 9000))
  assert.deepEqual(results, ['last:a'])
  assert.deepEqual(
    [slow, quick, last].map(({ calls }) => calls[0]?.remaining),
    [3000, 3000, 6000],
  )
})

test('without a deadline the targets share 30 s', async () => {
  const [first, second] = [targetOf(refused), accepting('second')]
  await new DeadLetterPublisher([first, second]).store([a])
  assert.ok(Math.abs((first.calls[0]?.remaining ?? 0) - 15_000) < 2000)
  assert.ok(Math.abs((second.calls[0]?.remaining ?? 0) - 30_000) < 2000)
})

test('a target that does not answer loses its turn when its share is over', async () => {
  const silent = targetOf(() => new Promise<never>(() => {}))
  const last = accepting('last')
  assert.deepEqual(await new DeadLetterPublisher([silent, last]).store([a], deadlineIn(800)), ['last:a'])
  const [result] = await new DeadLetterPublisher([silent]).store([a], deadlineIn(50))
  assert.ok(result instanceof DeadLetterError && result.retriable)
  assert.deepEqual([result.code, result.message], ['dead-letter', 'A dead-letter target did not answer in time.'])
})

test('no target is asked after the deadline', async () => {
  const target = accepting('late')
  for (const ms of [0, -1]) {
    const [result] = await new DeadLetterPublisher([target]).store([a], Deadline.after(new VirtualClock(), ms))
    assert.ok(result instanceof DeadLetterError && result.message === 'A dead-letter target did not answer in time.')
  }
  assert.equal(target.calls.length, 0)
})

test('what a target throws is the result of all its dead letters: its own error, or one with it as cause', async () => {
  const own = refused()
  const thrown = new TypeError('wrong')
  const failing = (error: Error) => targetOf(() => Promise.reject(error))
  assert.deepEqual(await new DeadLetterPublisher([failing(own)]).store([a, b]), [own, own])
  const [one, two] = await new DeadLetterPublisher([failing(thrown)]).store([a, b])
  assert.ok(one instanceof DeadLetterError)
  assert.deepEqual(
    [one.code, one.message, one.cause, one === two],
    ['dead-letter', 'A dead-letter target failed; its cause has the details.', thrown, true],
  )
})

/** Accepts a dead letter only without its value. */
const small = () => targetOf(({ recordId, claimCheck }) => (claimCheck ? `small:${recordId}` : tooLarge()))

test('a value that is too large for a target is kept by a later one, and the target stores a claim check', async () => {
  const claims: [string, string][] = []
  const keeping = targetOf(refused, async (id, value) => {
    claims.push([id, String(Buffer.from(value))])
    return `keeping:${id}`
  })
  const [first, withoutClaims] = [small(), accepting('other')]
  const results = await new DeadLetterPublisher([first, withoutClaims, keeping]).store([a, b])
  assert.deepEqual(results, ['small:a', 'small:b'])
  assert.deepEqual(claims, [
    [a.deadLetterId, 'value of a'],
    [b.deadLetterId, 'value of b'],
  ])
  const sha256 = createHash('sha256').update('value of a').digest('hex')
  assert.deepEqual(first.calls[1]?.deadLetters, [
    {
      ...a,
      record: { ...a.record, value: null },
      claimCheck: { target: `keeping:${a.deadLetterId}`, sha256, bytes: 10 },
    },
  ])
  assert.equal(withoutClaims.calls.length, 0)
})

test('the target that is too small, and those before it, keep no claim for it', async () => {
  const asked: string[] = []
  const keeps = (name: string) => async () => {
    asked.push(name)
    return `${name}:claim`
  }
  const before = targetOf(refused, keeps('before'))
  const itself = targetOf(({ claimCheck }) => (claimCheck ? 'itself:a' : tooLarge()), keeps('itself'))
  const later = targetOf(refused, keeps('later'))
  assert.deepEqual(await new DeadLetterPublisher([before, itself, later]).store([a]), ['itself:a'])
  assert.deepEqual(asked, ['later'])
})

test('if one target can’t keep a claim another does; if none can, the next gets the whole dead letter', async () => {
  const failing = targetOf(
    ({ recordId }) => `failing:${recordId}`,
    () => Promise.reject(refused()),
  )
  const keeping = targetOf(refused, async () => 'keeping:claim')
  const first = small()
  assert.deepEqual(await new DeadLetterPublisher([first, failing, keeping]).store([a]), ['small:a'])
  assert.equal(first.calls[1]?.deadLetters[0]?.claimCheck?.target, 'keeping:claim')
  assert.deepEqual(await new DeadLetterPublisher([small(), failing]).store([a]), ['failing:a'])
  assert.deepEqual(failing.calls[0]?.deadLetters, [a])
  const silent = targetOf(
    ({ recordId }) => `silent:${recordId}`,
    () => new Promise<never>(() => {}),
  )
  assert.deepEqual(await new DeadLetterPublisher([small(), silent]).store([a], deadlineIn(800)), ['silent:a'])
})

test('a dead letter without a value, or refused for another reason, gets no claim check', async () => {
  const keeping = targetOf(
    ({ recordId }) => `keeping:${recordId}`,
    () => assert.fail('no claim'),
  )
  const withoutValue = { ...b, record: { ...b.record, value: null } }
  const first = targetOf(({ recordId }) => (recordId === 'a' ? refused() : tooLarge()))
  const results = await new DeadLetterPublisher([first, keeping]).store([a, withoutValue])
  assert.deepEqual(results, ['keeping:a', 'keeping:b'])
  assert.equal(first.calls.length, 1)
})

test('a claim check that its target does not store goes to the next one with its value', async () => {
  const first = targetOf(({ claimCheck }) => (claimCheck ? refused() : tooLarge()))
  const keeping = targetOf(
    ({ recordId }) => `keeping:${recordId}`,
    async () => 'keeping:claim',
  )
  assert.deepEqual(await new DeadLetterPublisher([first, keeping]).store([a]), ['keeping:a'])
  assert.deepEqual(keeping.calls[0]?.deadLetters, [a])
})

test('each notifier is called once with what is stored, and has a second at most', async () => {
  const calls: [readonly StoredNote[], number][] = []
  const notifier = {
    notify: async (notes: readonly StoredNote[], ms: number) => {
      calls.push([notes, ms])
    },
  }
  const target = targetOf(({ recordId }) => (recordId === 'b' ? refused() : `x:${recordId}`))
  const clock = new VirtualClock()
  const publisher = new DeadLetterPublisher([target], { notifiers: [notifier, notifier] })
  await publisher.store([a, b, c], Deadline.after(clock, 5000))
  const notes = [
    { deadLetter: a, location: 'x:a' },
    { deadLetter: c, location: 'x:c' },
  ]
  assert.deepEqual(calls, Array(2).fill([notes, 1000]))
  await publisher.store([a], Deadline.after(clock, 300))
  assert.equal(calls.at(-1)?.[1], 300)
  calls.length = 0
  await publisher.store([b], Deadline.after(clock, 5000))
  assert.equal(calls.length, 0)
})

test('a notifier that fails, or does not answer in time, is reported and changes no result', async () => {
  const failures: unknown[] = []
  const wrong = new Error('wrong')
  const publisher = new DeadLetterPublisher([accepting('x')], {
    notifiers: [{ notify: () => Promise.reject(wrong) }, { notify: () => new Promise(() => {}) }],
    onNotifyFailure: error => {
      failures.push(error)
      throw new Error('of the caller')
    },
  })
  const warnings: string[] = []
  const onWarning = ({ message }: Error) => warnings.push(message)
  process.on('warning', onWarning)
  assert.deepEqual(await publisher.store([a], deadlineIn(100)), ['x:a'])
  await new Promise(setImmediate)
  process.off('warning', onWarning)
  assert.equal(failures[0], wrong)
  assert.ok(failures[1] instanceof DeadLetterError)
  assert.deepEqual(warnings, Array(2).fill('The option "onNotifyFailure" failed (Error).'))
  const silent = new DeadLetterPublisher([accepting('x')], { notifiers: [{ notify: () => Promise.reject(wrong) }] })
  assert.deepEqual(await silent.store([a]), ['x:a'])
})

test('to close the publisher closes every target', async () => {
  const targets = [accepting('x'), accepting('y')]
  await new DeadLetterPublisher(targets).close()
  assert.ok(targets.every(({ isClosed }) => isClosed))
})
