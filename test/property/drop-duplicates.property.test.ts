// Whatever fails, dies or repeats: no record is worked on twice at a time, none is lost, and one is worked on again
// only for a reason that docs/consuming.md names.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dropDuplicates } from '../../lib/consumer/drop-duplicates.ts'
import type { Claim, IdStore } from '../../lib/consumer/id-store.ts'
import { MemoryIdStore } from '../../lib/consumer/memory-id-store.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 300)
const LEASE_MS = 1000
const IDS = ['a', 'b', 'c', 'd']

/** What happens next: to a call of the store, or in the work. */
type Step = 'ok' | 'fail' | 'die'

/** Plays a list of steps, `ok` after its end. */
function playerOf(steps: readonly Step[]): () => Step {
  const rest = [...steps]
  return () => rest.shift() ?? 'ok'
}

class Died extends Error {}

/** A store whose calls fail, or in which the process dies before or after its write. */
class FaultyStore implements IdStore {
  readonly #store: IdStore
  readonly #next: () => Step
  /** Completions that were not written. */
  lost = 0

  constructor(store: IdStore, next: () => Step) {
    this.#store = store
    this.#next = next
  }

  async claim(id: string, claim: Claim) {
    const step = this.#next()
    if (step === 'fail') throw new Error('throttled')
    const result = await this.#store.claim(id, claim)
    if (step === 'die') throw new Died()
    return result
  }

  async complete(id: string, windowMs: number) {
    if (this.#next() !== 'ok') {
      this.lost++
      throw new Error('throttled')
    }
    await this.#store.complete(id, windowMs)
  }

  async release(id: string, owner: string) {
    if (this.#next() !== 'ok') throw new Error('throttled')
    await this.#store.release(id, owner)
  }
}

const steps = fc.array(fc.constantFrom<Step>('ok', 'ok', 'ok', 'fail', 'die'), { maxLength: 30 })
const batch = fc.array(fc.constantFrom(...IDS), { minLength: 1, maxLength: 6 })

function eventOf(partitions: readonly (readonly string[])[]) {
  const records = partitions.map((ids, partition) => [
    `t-${partition}`,
    ids.map((id, offset) => ({ topic: 't', partition, offset, headers: [{ 'kp-id': [...Buffer.from(id)] }] })),
  ])
  return { eventSource: 'aws:kafka', records: Object.fromEntries(records) }
}

test('each record is handled, never twice at a time, and again only where its completion was lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(batch, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      steps,
      steps,
      async (inputs, storeSteps, workSteps) => {
        const batches = [...inputs]
        let now = 0
        const store = new FaultyStore(new MemoryIdStore({ now: () => now }), playerOf(storeSteps))
        const nextWork = playerOf(workSteps)
        const done = new Map<string, number>()
        const working = new Set<string>()
        const work = async (id: string) => {
          assert.ok(!working.has(id), `two work on ${id}`)
          working.add(id)
          await Promise.resolve()
          working.delete(id)
          if (nextWork() !== 'ok') throw new Error('failed')
          done.set(id, (done.get(id) ?? 0) + 1)
        }
        const handler = dropDuplicates(({ id = '' }) => work(id), {
          store,
          consumer: 'c',
          leaseMs: LEASE_MS,
          onFailure: 'report',
          warn: () => {},
        })
        // Two sandboxes at once; what goes back comes again, after the leases of those that died.
        for (let round = 0; round < 100 && batches.length > 0; round++) {
          const both = batches.splice(0, 2)
          const answers = await Promise.all(both.map(each => handler(eventOf(each), {})))
          for (const [index, { batchItemFailures }] of answers.entries())
            if (batchItemFailures.length > 0) batches.push(both[index] ?? [])
          now += LEASE_MS
        }
        assert.equal(batches.length, 0, 'a batch never ended')
        assert.deepEqual([...done.keys()].sort(), [...new Set(inputs.flat(2))].sort(), 'a record was lost')
        const total = [...done.values()].reduce((sum, times) => sum + times, 0)
        assert.ok(total - done.size <= store.lost, `${total - done.size} repeats, ${store.lost} lost completions`)
      },
    ),
    { numRuns },
  )
})
