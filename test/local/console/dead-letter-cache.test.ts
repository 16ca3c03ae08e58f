// When the console reads dead letters again: after a change, and not all the time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadLetterCache } from '../../../local/console/dead-letter-cache.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'

function reader({ readMs = 1000 } = {}) {
  const world = {
    ms: 0,
    state: 'a' as string | undefined,
    reads: 0,
    ids: ['one'],
    error: undefined as Error | undefined,
  }
  const dead = new DeadLetterCache({
    nowMs: () => world.ms,
    stateOf: async () => world.state,
    read: async builder => {
      world.reads++
      world.ms += readMs
      if (world.error) throw world.error
      for (const id of world.ids)
        builder.add({ deadLetter: deadLetterOf(id), location: `disk:x#${id}`, verified: true, handle: undefined })
    },
  })
  return { world, dead, current: () => dead.current(5000) }
}

test('nothing is read again while nothing changed, however often the page asks', async () => {
  const { world, current } = reader()
  for (let n = 0; n < 20; n++) {
    world.ms += 2000
    assert.equal((await current()).snapshot?.rows.length, 1)
  }
  assert.equal(world.reads, 1)
})

test('after a change it is read again, but for a fifth of the time at most', async () => {
  const { world, current } = reader()
  await current()
  for (let n = 0; n < 100; n++) {
    world.state = `changed ${n}`
    world.ms += 100
    await current()
  }
  // 10 s of requests, and a second per reading, which are followed by 4 s each.
  assert.equal(world.reads, 3)
})

test('a person who asks, and the end of a run, do not wait', async () => {
  const { world, dead, current } = reader()
  await current()
  world.ids = ['one', 'two']
  dead.invalidate()
  assert.equal((await current()).snapshot?.rows.length, 2)
})

test('a target whose changes only show by reading is read twice a minute', async () => {
  const { world, current } = reader({ readMs: 0 })
  world.state = undefined
  for (let second = 0; second < 120; second++) {
    await current()
    world.ms += 1000
  }
  assert.equal(world.reads, 4)
})

test('a change during a reading is read afterwards', async () => {
  const { world, current } = reader()
  world.state = 'before'
  const first = current()
  world.state = 'after'
  await first
  world.ms += 4000
  await current()
  assert.equal(world.reads, 2)
})

test('a request during a long reading gets what was known before, and how far the reading is', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let read = 0
  const dead = new DeadLetterCache({
    stateOf: async () => 'same',
    read: async builder => {
      const gate = gates[read++]
      builder.add({ deadLetter: deadLetterOf(`${read}`), location: '', verified: true, handle: undefined })
      await gate?.promise
    },
  })
  assert.deepEqual(await dead.current(0), { snapshot: undefined, progress: 1 })
  gates[0]?.resolve()
  assert.equal((await dead.current(5000)).snapshot?.rows.at(0).recordId, '1')
  dead.invalidate()
  const { snapshot, progress } = await dead.current(0)
  assert.equal(snapshot?.rows.at(0).recordId, '1')
  assert.equal(progress, 1)
  gates[1]?.resolve()
})

test('an unexpected error is shown, and the next reading is tried', async () => {
  const { world, dead, current } = reader()
  world.error = new Error('a secret path')
  const { snapshot } = await current()
  assert.deepEqual(snapshot?.failures, [{ target: 'dead letters', error: 'An unexpected error (Error).' }])
  world.error = undefined
  dead.invalidate()
  assert.deepEqual((await current()).snapshot?.failures, [])
})

test('a row has no payload, and a long record id keeps its beginning', async () => {
  const { world, current } = reader()
  world.ids = ['x'.repeat(4000)]
  const row = (await current()).snapshot?.rows.at(0)
  assert.equal(row?.recordId.length, 121)
  assert.ok(!JSON.stringify(row).includes(Buffer.from('v').toString('base64')))
})
