import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChunks, inParallel, inParallelAhead } from '../../lib/dead-letter/in-parallel.ts'
import { pause } from '../support/time.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** Counts how many of the works run at once. */
function counted() {
  const count = { running: 0, most: 0, started: 0 }
  const work = async (n: number) => {
    count.started++
    count.most = Math.max(count.most, ++count.running)
    await pause(n % 3)
    count.running--
    return n * 2
  }
  return { count, work }
}

async function* given(items: readonly number[]): AsyncGenerator<number> {
  yield* items
}

test('eight items are worked on at once, and the results have the order of the items', async () => {
  const { count, work } = counted()
  assert.deepEqual(
    await inParallel(numbers(30), work),
    numbers(30).map(n => n * 2),
  )
  assert.equal(count.most, 8)
  assert.deepEqual(await inParallel([], work), [])
  assert.deepEqual(await inParallel([5], work), [10])
})

test('an error of one item is that of all', async () => {
  await assert.rejects(
    inParallel(numbers(3), async n => {
      if (n === 1) throw new Error('one')
      return n
    }),
    { message: 'one' },
  )
})

test('a list is divided in order; the last part may be shorter', () => {
  assert.deepEqual(inChunks(numbers(7), 3), [[0, 1, 2], [3, 4, 5], [6]])
  assert.deepEqual(inChunks(numbers(6), 3), [
    [0, 1, 2],
    [3, 4, 5],
  ])
  assert.deepEqual(inChunks([], 3), [])
})

test('eight items are worked on ahead of the reader, who gets the results in order', async () => {
  const { count, work } = counted()
  const options = { sizeOf: () => 1, maxBytes: 1000 }
  const results: number[] = []
  for await (const result of inParallelAhead(given(numbers(30)), work, options)) {
    assert.ok(count.started <= results.length + 9)
    results.push(result)
  }
  assert.deepEqual(
    results,
    numbers(30).map(n => n * 2),
  )
  assert.equal(count.most, 8)
  assert.deepEqual(await Array.fromAsync(inParallelAhead(given([]), work, options)), [])
})

test('results that are read ahead take no more memory than they may, but one at a time always goes on', async () => {
  for (const [sizes, most] of [
    [Array(12).fill(25), 4],
    [Array(12).fill(26), 3],
    [Array(5).fill(101), 1],
  ] as [number[], number][]) {
    const sizeOf = (n: number) => sizes[n] as number
    let running = 0
    let peak = 0
    const work = async (n: number) => {
      peak = Math.max(peak, ++running)
      await pause(2)
      running--
      return n
    }
    const all = inParallelAhead(given(numbers(sizes.length)), work, { sizeOf, maxBytes: 100 })
    assert.deepEqual(await Array.fromAsync(all), numbers(sizes.length))
    assert.equal(peak, most)
  }
})

test('an error is thrown when its turn comes, and nobody else hears of it', async () => {
  const work = async (n: number) => {
    if (n > 0) throw new Error(`of ${n}`)
    return n
  }
  const results: number[] = []
  await assert.rejects(
    async () => {
      const all = inParallelAhead(given(numbers(5)), work, { sizeOf: () => 1, maxBytes: 1000 })
      for await (const result of all) results.push(result)
    },
    { message: 'of 1' },
  )
  assert.deepEqual(results, [0])
  await new Promise(setImmediate)
})
