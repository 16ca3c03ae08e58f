// The store of ids in memory: how it bounds its size.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryIdStore } from '../../lib/consumer/memory-id-store.ts'
import { idStoreContract } from './id-store.contract.ts'

idStoreContract('memory', () => {
  let now = 5000
  return {
    store: new MemoryIdStore({ now: () => now }),
    advance: ms => {
      now += ms
    },
  }
})

test('memory: the oldest completed ids are dropped when there are more than maxIds', async () => {
  const store = new MemoryIdStore({ maxIds: 3 })
  for (const id of ['a', 'b', 'c', 'd', 'e']) await store.complete(id, 60_000)
  const claims = await Promise.all(['d', 'e', 'c'].map(id => store.claim(id, { owner: 'x', leaseMs: 1000 })))
  assert.deepEqual([store.size, claims], [3, ['completed', 'completed', 'completed']])
  assert.equal(await store.claim('a', { owner: 'x', leaseMs: 1000 }), 'claimed')
  assert.equal(store.size, 3)
})

test('memory: with more claims than maxIds, one more costs as much as before', async () => {
  let looks = 0
  const store = new MemoryIdStore({ maxIds: 100, now: () => 0 })
  const entries = Map.prototype[Symbol.iterator]
  Map.prototype[Symbol.iterator] = function* (this: Map<unknown, unknown>) {
    for (const entry of entries.call(this)) {
      looks++
      yield entry
    }
  } as never
  try {
    for (let n = 0; n < 20_000; n++) await store.claim(`id-${n}`, { owner: 'x', leaseMs: 1000 })
  } finally {
    Map.prototype[Symbol.iterator] = entries
  }
  assert.equal(store.size, 20_000)
  // The original bug: each claim scanned all earlier ones, 200 million reads.
  assert.ok(looks < 100_000, `${looks} looks`)
})

test('memory: a claim that lasts is never dropped for room, one whose lease ended is', async () => {
  let now = 0
  const store = new MemoryIdStore({ maxIds: 2, now: () => now })
  for (const id of ['a', 'b', 'c']) await store.claim(id, { owner: 'x', leaseMs: 1000 })
  assert.equal(store.size, 3)
  assert.equal(await store.claim('a', { owner: 'y', leaseMs: 1000 }), 'in-progress')
  now = 1000
  await store.complete('d', 60_000)
  assert.equal(store.size, 1)
})
