// Asking several brokers until one responds, and when the next one is asked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { type AllFailedError, firstSuccess } from '../../lib/transport/kafkajs/first-success.ts'

/** When each attempt ends (ms after its start) and how; -1: never. */
type Plan = { readonly ms: number; readonly fails?: true; readonly startsNextAfter?: number }

async function play(
  plans: readonly Plan[],
  doubtful = 0,
): Promise<{ result: number | string; starts: number[]; at: number }> {
  const clock = new VirtualClock()
  const starts: number[] = []
  const attempts = plans.map(({ ms, fails, startsNextAfter }, index) => (startNext: () => void) => {
    starts.push(clock.now())
    if (startsNextAfter !== undefined) clock.setTimeout(startNext, startsNextAfter)
    return new Promise<number>((resolve, reject) => {
      if (ms >= 0) clock.setTimeout(() => (fails ? reject(new Error(`e${index}`)) : resolve(index)), ms)
    })
  })
  let result: number | string | undefined
  void firstSuccess(attempts, clock, doubtful).then(
    index => {
      result = index
    },
    (error: AllFailedError) => {
      result = error.errors.map(one => (one as Error).message).join(' ')
    },
  )
  await clock.run(() => result !== undefined)
  return { result: result as number | string, starts, at: clock.now() }
}

const SILENT: Plan = { ms: -1 }

test('rule 6: one broker is asked while it answers in a second', async () => {
  assert.deepEqual(await play([{ ms: 900 }, { ms: 1 }]), { result: 0, starts: [0], at: 900 })
})

test('rule 6: a broker that fails is followed by the next at once', async () => {
  const fails: Plan = { ms: 10, fails: true }
  assert.deepEqual(await play([fails, fails, { ms: 5 }]), { result: 2, starts: [0, 10, 20], at: 25 })
})

test('rule 6: several silent brokers cost one wait', async () => {
  const { result, at, starts } = await play([...Array(6).fill(SILENT), { ms: 20 }])
  assert.deepEqual({ result, at }, { result: 6, at: 1020 })
  assert.deepEqual(starts, [0, ...Array(6).fill(1000)])
})

// The original bug: with at most eight brokers per second, forty silent brokers cost more than max.block.ms.
test('rule 6: after each further second twice as many more brokers are asked', async () => {
  const { starts, at } = await play([...Array(40).fill(SILENT), { ms: 20 }])
  assert.deepEqual(starts, [0, ...Array(8).fill(1000), ...Array(16).fill(2000), ...Array(16).fill(3000)])
  assert.equal(at, 3020)
})

test('rule 6: an attempt that expects to be late starts the next one, and the silence begins anew', async () => {
  const plans: Plan[] = [{ ms: -1, startsNextAfter: 250 }, SILENT, { ms: 20 }]
  const { starts, result } = await play(plans)
  assert.deepEqual(starts, [0, 250, 1250])
  assert.equal(result, 2)
  assert.deepEqual((await play([{ ms: 200, startsNextAfter: 250 }, SILENT])).starts, [0])
})

test('rule 6: brokers that may be silent are not waited for', async () => {
  assert.deepEqual(await play([SILENT, SILENT, { ms: 20 }, { ms: 1 }], 2), { result: 2, starts: [0, 0, 0], at: 20 })
  assert.equal((await play(Array(20).fill({ ms: 1 }), 12)).starts.length, 9)
})

test('rule 6: a late answer counts', async () => {
  assert.deepEqual(await play([{ ms: 1200 }, SILENT]), { result: 0, starts: [0, 1000], at: 1200 })
})

test('rule 6: when all fail, the errors of all are there', async () => {
  const fails = (ms: number): Plan => ({ ms, fails: true })
  assert.equal((await play([fails(2000), fails(10)])).result, 'e1 e0')
  assert.equal((await play([])).result, '')
})
