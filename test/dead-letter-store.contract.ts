// The contract of every DeadLetterStore, and a redrive from it into a real Kafka.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import type { OpenDeadLetter, TargetDeadLetterStore } from '../lib/dead-letter/dead-letter-store.ts'
import type { DeadLetterTarget } from '../lib/dead-letter/dead-letter-target.ts'
import { replaceAll } from '../lib/dead-letter/replace-all.ts'
import { editDeadLetter } from '../lib/redrive/edit-dead-letter.ts'
import { redrive } from '../lib/redrive/redrive.ts'
import { createTopics, readTopic, untilInSync } from '../local/kafka/admin.ts'
import { deadLetterOf } from './support/dead-letter.ts'
import { producerOf } from './support/producer-of.ts'
import { deadlineIn } from './support/time.ts'

export interface StoreUnderTest {
  readonly target: DeadLetterTarget
  /** Opens a new reader of the same dead letters. */
  open(): TargetDeadLetterStore | Promise<TargetDeadLetterStore>
}

export interface ContractOptions {
  /** `hidden`: two readers share the dead letters. `refused`: the second reader gets `redrive-running`. */
  readonly parallel: 'hidden' | 'refused'
}

export function deadLetterStoreContract(
  name: string,
  servers: string,
  make: () => Promise<StoreUnderTest>,
  { parallel }: ContractOptions,
): void {
  let subject: StoreUnderTest
  let topic: string
  const setUp = async () => {
    subject ??= await make()
    topic = `redrive-${randomBytes(6).toString('hex')}`
    await createTopics(servers, [{ topic, partitions: 3 }])
    await untilInSync(servers, topic, 1)
  }
  after(() => (subject as StoreUnderTest | undefined)?.target.close())

  async function listed(): Promise<string[]> {
    const store = await subject.open()
    const ids: string[] = []
    for await (const { deadLetter } of store.deadLetters()) ids.push(deadLetter.recordId)
    await store.close()
    return ids.sort()
  }

  test(`${name}: dead letters are listed once, completed, replaced, and reopened when stored again`, async () => {
    await setUp()
    const [a, b, c] = ['a', 'b', 'c'].map(id => deadLetterOf(id, `value of ${id}`, topic)) as [
      ReturnType<typeof deadLetterOf>,
      ReturnType<typeof deadLetterOf>,
      ReturnType<typeof deadLetterOf>,
    ]
    await subject.target.store([a, b, c], deadlineIn(20_000))
    await subject.target.store([a], deadlineIn(20_000))
    assert.deepEqual(await listed(), ['a', 'b', 'c'])

    const store = await subject.open()
    for await (const open of store.deadLetters()) {
      assert.deepEqual(
        open.deadLetter,
        [a, b, c].find(({ deadLetterId }) => deadLetterId === open.deadLetter.deadLetterId),
      )
      if (open.deadLetter.recordId === 'a') await store.complete([{ open, location: 'kafka:t-0@1' }])
      if (open.deadLetter.recordId === 'b')
        await store.replace(open, {
          ...b,
          redrive: { count: 1, lastAt: new Date(0).toISOString(), lastCode: 'schema' },
        })
    }
    await store.close()
    assert.deepEqual(await listed(), ['b', 'c'])

    const again = await subject.open()
    for await (const open of again.deadLetters()) {
      if (open.deadLetter.recordId === 'b') assert.equal(open.deadLetter.redrive.lastCode, 'schema')
      await again.complete([{ open, location: 'kafka:t-0@2' }])
    }
    await again.close()
    assert.deepEqual(await listed(), [])
    await subject.target.store([a], deadlineIn(20_000))
    assert.deepEqual(await listed(), ['a'])
    const last = await subject.open()
    for await (const open of last.deadLetters()) await last.complete([{ open, location: 'kafka:t-0@3' }])
    await last.close()
  })

  test(`${name}: several dead letters are replaced at once`, async () => {
    await setUp()
    const ids = Array.from({ length: 12 }, (_, n) => `several-${n}`)
    await subject.target.store(
      ids.map(id => deadLetterOf(id, 'v', topic)),
      deadlineIn(20_000),
    )
    const codes = async (change?: (open: readonly OpenDeadLetter[], store: TargetDeadLetterStore) => Promise<void>) => {
      const store = await subject.open()
      const open = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
      await change?.(open, store)
      await store.close()
      return open.map(({ deadLetter: { recordId, redrive } }) => `${recordId} ${redrive.lastCode}`).sort()
    }
    const redrive = { count: 1, lastAt: new Date(0).toISOString(), lastCode: 'schema' }
    await codes(async (open, store) => {
      const replacements = open.map(each => ({ open: each, deadLetter: { ...each.deadLetter, redrive } }))
      assert.deepEqual(await replaceAll(store, replacements), [])
    })
    assert.deepEqual(await codes(), ids.map(id => `${id} schema`).sort())
    await codes((open, store) => store.complete(open.map(each => ({ open: each, location: 'kafka:t-0@1' }))))
    assert.deepEqual(await codes(), [])
  })

  test(`${name}: an edited dead letter has its own id and takes the place of the one before`, async () => {
    await setUp()
    const before = deadLetterOf('before', 'v', topic)
    const after = await editDeadLetter(before, { value: Buffer.from('edited') }, new Map())
    await subject.target.store([before], deadlineIn(20_000))
    const openIds = async () => {
      const store = await subject.open()
      const ids = await Array.fromAsync(store.deadLetters(), ({ deadLetter }) => deadLetter.deadLetterId)
      await store.close()
      return ids.sort()
    }
    const editing = await subject.open()
    for await (const open of editing.deadLetters({ purpose: 'redrive' }))
      if (open.deadLetter.deadLetterId === before.deadLetterId) await editing.replace(open, after)
    await editing.close()
    assert.deepEqual(await openIds(), [after.deadLetterId])
    // The record before the edit fails once more.
    await subject.target.store([before], deadlineIn(20_000))
    assert.deepEqual(await openIds(), [after.deadLetterId, before.deadLetterId].sort())
    const last = await subject.open()
    for await (const open of last.deadLetters({ purpose: 'redrive' }))
      await last.complete([{ open, location: 'discarded' }])
    await last.close()
    assert.deepEqual(await openIds(), [])
  })

  test(`${name}: a dead letter that was just stored is found by its location, and completed`, async () => {
    await setUp()
    const deadLetter = deadLetterOf('found', 'v', topic)
    const [location] = await subject.target.store([deadLetter], deadlineIn(20_000))
    assert.match(String(location), new RegExp(`^${name}:`))
    const store = await subject.open()
    const open = await store.find(deadLetter, String(location))
    assert.ok(open)
    await store.complete([{ open, location: 'kafka:t-0@4' }])
    await store.close()
    assert.deepEqual(await listed(), [])
  })

  test(`${name}: a redrive that is asked to stop ends before its next batch, and the next one goes on`, async () => {
    await setUp()
    const ids = Array.from({ length: 20 }, (_, i) => `s-${i}`)
    await subject.target.store(
      ids.map(id => deadLetterOf(id, `value of ${id}`, topic)),
      deadlineIn(20_000),
    )
    const producer = producerOf(servers.split(','))
    const asking = await subject.open()
    const hasLease = parallel === 'refused'
    assert.equal(await asking.requestStop(), hasLease ? 'not-running' : 'no-lease')
    let request: Promise<unknown> | undefined
    const stopping = {
      sendAll: async (...records: Parameters<typeof producer.sendAll>) => {
        request ??= asking.requestStop()
        assert.equal(await request, hasLease ? 'requested' : 'no-lease')
        return producer.sendAll(...records)
      },
    }
    const run = async (sending: Pick<typeof producer, 'sendAll'>) => {
      const store = await subject.open()
      const result = await redrive(store, { producer: sending, timestamp: 'now', concurrency: 5 })
      await store.close()
      return result
    }
    const { resent, stopped } = await run(stopping)
    assert.deepEqual([resent, stopped], hasLease ? [5, 'stop-requested'] : [20, undefined])
    const next = await run(producer)
    assert.deepEqual([next.resent, next.stopped], [hasLease ? 15 : 0, undefined])
    const values = (await readTopic(servers, topic)).map(({ value }) => String(value)).sort()
    assert.deepEqual(values, ids.map(id => `value of ${id}`).sort())
    await Promise.all([asking.close(), producer.close()])
  })

  test(`${name}: two redrives at once write each record once`, async () => {
    await setUp()
    const ids = Array.from({ length: 230 }, (_, i) => `r-${i}`)
    for (let at = 0; at < ids.length; at += 100)
      await subject.target.store(
        ids.slice(at, at + 100).map(id => deadLetterOf(id, `value of ${id}`, topic)),
        deadlineIn(20_000),
      )
    const producer = producerOf(servers.split(','))
    const run = async () => {
      const store = await subject.open()
      try {
        // With their own timestamps, which are old, the topic's retention could drop the records before they are read.
        return await redrive(store, { producer, timestamp: 'now' })
      } finally {
        await store.close()
      }
    }
    const results = await Promise.allSettled([run(), run()])
    const done = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    const refusals = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
    if (parallel === 'refused')
      assert.deepEqual(
        refusals.map(({ code }) => code),
        ['redrive-running'],
      )
    else assert.deepEqual(refusals, [])
    assert.equal(
      done.reduce((sum, { resent }) => sum + resent, 0),
      230,
    )
    const third = await run()
    assert.deepEqual([third.seen, third.resent], [0, 0])
    const values = (await readTopic(servers, topic)).map(({ value }) => String(value)).sort()
    assert.deepEqual(values, ids.map(id => `value of ${id}`).sort())
    await producer.close()
  })
}
