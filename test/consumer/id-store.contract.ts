// The contract of every IdStore. The test controls the time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IdStore } from '../../lib/consumer/id-store.ts'

export interface StoreUnderTest {
  readonly store: IdStore
  /** Moves the store's time, ms. */
  advance(ms: number): void
}

/** @param create a store whose ids no other test uses */
export function idStoreContract(name: string, create: () => StoreUnderTest): void {
  const lease = (owner: string, leaseMs = 1000) => ({ owner, leaseMs })

  test(`${name}: of concurrent claims, one gets the id`, async () => {
    const { store } = create()
    const results = await Promise.all(Array.from({ length: 8 }, (_, i) => store.claim('a', lease(`owner ${i}`))))
    assert.deepEqual(results.sort(), ['claimed', ...Array.from({ length: 7 }, () => 'in-progress')])
    assert.equal(await store.claim('b', lease('x')), 'claimed')
  })

  test(`${name}: a completed id is known for the window, and no longer`, async () => {
    const { store, advance } = create()
    await store.claim('a', lease('x'))
    await store.complete('a', 60_000)
    advance(59_999)
    assert.equal(await store.claim('a', lease('y')), 'completed')
    advance(1)
    assert.equal(await store.claim('a', lease('y')), 'claimed')
  })

  test(`${name}: a claim whose owner died ends with its lease`, async () => {
    const { store, advance } = create()
    await store.claim('a', lease('dead', 5000))
    advance(4999)
    assert.equal(await store.claim('a', lease('y')), 'in-progress')
    advance(1)
    assert.equal(await store.claim('a', lease('y')), 'claimed')
  })

  test(`${name}: a released id can be claimed at once, and only its owner releases it`, async () => {
    const { store, advance } = create()
    await store.claim('a', lease('x', 100))
    await store.release('a', 'somebody else')
    assert.equal(await store.claim('a', lease('y')), 'in-progress')
    await store.release('a', 'x')
    assert.equal(await store.claim('a', lease('y', 100)), 'claimed')
    advance(100)
    assert.equal(await store.claim('a', lease('z')), 'claimed')
    await store.release('a', 'y')
    assert.equal(await store.claim('a', lease('y')), 'in-progress')
    await store.release('never claimed', 'x')
  })

  test(`${name}: a completion counts although another owner has the claim; its failure does not undo it`, async () => {
    const { store, advance } = create()
    await store.claim('a', lease('slow', 100))
    advance(100)
    assert.equal(await store.claim('a', lease('second')), 'claimed')
    await store.complete('a', 60_000)
    await store.release('a', 'second')
    assert.equal(await store.claim('a', lease('third')), 'completed')
  })
}
