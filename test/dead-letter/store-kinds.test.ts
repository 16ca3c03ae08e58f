// Behaviour that the stores of all targets share: copies, completion, leases, requests to stop.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeadLetterStoreServices } from '../../lib/dead-letter/dead-letter-store.ts'
import { openStore } from '../../lib/dead-letter/store-kinds.ts'
import { createTarget, type DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'
import type { Check } from '../../lib/doctor/check.ts'
import { checkDeadLetters } from '../../lib/doctor/check-dead-letters.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import { openDeadLetterStore } from '../../lib/redrive/open-dead-letters.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { DeadLetterTopic } from '../fakes/dead-letter-topic.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'

const folder = temporaryFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

const topic = new DeadLetterTopic('chat-dlt')
const services: DeadLetterStoreServices = {
  createProducer: () => ({ sendAll: topic.sendAll, close: async () => {} }),
  createLogReader: () => ({ reader: topic.reader, closeReader: async () => {} }),
}
const LOCAL: readonly DeadLetterTargetConfig[] = [
  { kind: 'disk', folder: join(folder, 'disk') },
  { kind: 'sqlite', file: join(folder, 'dead-letters.db') },
  { kind: 'kafka', pattern: '{topic}-dlt', servers: undefined },
]

for (const config of LOCAL) {
  test(`${config.kind}: a dead letter that is stored twice is listed once and completed in both places`, async () => {
    const target = createTarget(config, services)
    const [twice, other] = [deadLetterOf('twice'), deadLetterOf('other')]
    await target.store([twice, other], deadlineIn(5000))
    await target.store([twice], deadlineIn(5000))
    await target.close()
    const store = await openStore(config, services)
    const open = await Array.fromAsync(store.deadLetters())
    assert.deepEqual(open.map(({ deadLetter }) => deadLetter.recordId).sort(), ['other', 'twice'])
    const first = open.find(({ deadLetter }) => deadLetter.recordId === 'twice')
    assert.ok(first)
    await store.complete([{ open: first, location: 'kafka:chat-0@1' }])
    const left = await Array.fromAsync(store.deadLetters(), ({ deadLetter }) => deadLetter.recordId)
    assert.deepEqual(left, ['other'])
    await store.close()
  })

  test(`${config.kind}: a dead letter is completed by its location, and no other is`, async () => {
    const target = createTarget(config, services)
    const deadLetter = deadLetterOf('found')
    const [location] = await target.store([deadLetter], deadlineIn(5000))
    await target.close()
    const store = await openStore(config, services)
    const open = await store.find(deadLetter, String(location))
    assert.ok(open)
    await store.complete([{ open, location: 'doctor' }])
    const left = await Array.fromAsync(store.deadLetters(), each => each.deadLetter.recordId)
    assert.deepEqual(left, ['other'])
    await store.close()
  })

  test(`${config.kind}: while one redrive has the lease, another fails with an error that names the place`, async t => {
    if (config.kind === 'kafka') topic.records.length = 0
    const target = createTarget(config, services)
    await target.store([deadLetterOf('leased')], deadlineIn(5000))
    await target.close()
    const [one, two] = [await openStore(config, services), await openStore(config, services)]
    const lease = await one.lease()
    t.after(() => Promise.all([one.close(), two.close()]))
    await assert.rejects(two.lease(), (error: unknown) => {
      assert.ok(error instanceof DeadLetterError)
      assert.equal(error.code, 'redrive-running')
      assert.match(error.message, /^Another redrive of this (folder|database|topic) is running/)
      return error.retriable
    })
    await lease.release()
    await (await two.lease()).release()
  })
}

for (const config of LOCAL)
  test(`${config.kind}: a holder of the lease learns that it shall stop; an old request stops nobody`, async t => {
    if (config.kind === 'kafka') topic.records.length = 0
    const target = createTarget(config, services)
    await target.store([deadLetterOf('stopped')], deadlineIn(5000))
    await target.close()
    const [holding, asking] = [await openStore(config, services), await openStore(config, services)]
    t.after(() => Promise.all([holding.close(), asking.close()]))
    assert.equal(await asking.requestStop(), 'not-running')
    const lease = await holding.lease()
    await lease.check()
    assert.equal(await asking.requestStop(), 'requested')
    assert.equal(await asking.requestStop(), 'requested')
    await lease.renew()
    await assert.rejects(lease.check(), { code: 'stop-requested' })
    await lease.renew()
    await assert.rejects(lease.check(), { code: 'stop-requested' })
    await lease.release()
    const next = await holding.lease()
    await next.check()
    await next.release()
    assert.equal(await asking.requestStop(), 'not-running')
  })

test('the doctor leaves no dead letter in a target', async () => {
  const places = [`disk:${join(folder, 'doctor')}`, `sqlite:${join(folder, 'doctor.db')}`]
  const config = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: places.join() }, {})
  const checks: Check[] = []
  await checkDeadLetters(config, [], check => checks.push(check))
  assert.deepEqual(
    checks.map(({ name, status, detail }) => [name, status, detail]).sort(),
    places.map(place => [`dead letters ${place}`, 'ok', 'written and deleted']),
  )
  for (const target of config.deadLetter) {
    const store = await openDeadLetterStore(target, config)
    assert.deepEqual(await Array.fromAsync(store.deadLetters()), [])
    await store.close()
  }
})
