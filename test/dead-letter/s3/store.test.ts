// The objects of a bucket are untrusted: none of them stops the reading, and none can complete another one.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { loadS3 } from '../../../lib/dead-letter/aws-clients.ts'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError, type Unreadable } from '../../../lib/dead-letter/dead-letter-store.ts'
import { getObject } from '../../../lib/dead-letter/s3/get-object.ts'
import { openStore, type S3DeadLetterStore } from '../../../lib/dead-letter/s3/store.ts'
import { S3DeadLetterTarget } from '../../../lib/dead-letter/s3/target.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { tried } from '../../../lib/redrive/retried-dead-letter.ts'
import { S3Server } from '../../fakes/s3-server.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { deadlineIn } from '../../support/time.ts'

const server = new S3Server('letters')
before(() => server.start())
after(() => server.stop())

let store: S3DeadLetterStore
beforeEach(() => {
  server.reset()
  store = openStore({ kind: 's3', bucket: 'letters', prefix: 'prod' })
})
afterEach(() => store.close())

const keyOf = ({ deadLetterId }: DeadLetter) => `prod/${deadLetterId}.json`

async function readAll() {
  const unreadable: Unreadable[] = []
  const open = await Array.fromAsync(store.deadLetters({ onUnreadable: each => unreadable.push(each) }))
  return { open, unreadable, ids: open.map(({ deadLetter }) => deadLetter.recordId).sort() }
}

test('what can’t be read is counted with its key and stays; the others are listed', async () => {
  const [good, newer, forged, refused] = ['good', 'newer', 'forged', 'refused'].map(id => deadLetterOf(id)) as [
    DeadLetter,
    DeadLetter,
    DeadLetter,
    DeadLetter,
  ]
  server.put(keyOf(good), JSON.stringify(good))
  server.put('prod/newer.json', JSON.stringify({ ...newer, schemaVersion: 3 }))
  server.put('prod/forged.json', JSON.stringify({ ...forged, recordId: 'of another' }))
  server.put('prod/garbage.json', Buffer.from([0xff, 0xfe, 0]))
  server.put('prod/empty.json', '')
  server.put(keyOf(refused), JSON.stringify(refused))
  server.refused.set(keyOf(refused), 'AccessDenied')
  server.put('prod/redrive.lease', 'x')
  server.put('prod/claims/x.json', 'x')
  const contents = server.contents()
  const { ids, unreadable } = await readAll()
  assert.deepEqual(ids, ['good'])
  const places = unreadable.map(({ location, reason, count }) => [
    location.slice('s3://letters/prod/'.length),
    reason,
    count,
  ])
  assert.deepEqual(
    places.sort(),
    [
      ['empty.json', 'it is no dead letter', 1],
      ['forged.json', 'its id does not match its record', 1],
      ['garbage.json', 'it is no dead letter', 1],
      ['newer.json', 'version 3 of the envelope is newer than this release supports (2)', 1],
      [keyOf(refused).slice('prod/'.length), 'S3 refuses to return the object (AccessDenied)', 1],
    ].sort(),
  )
  assert.deepEqual(server.contents(), contents)
  assert.deepEqual(
    server.requests.filter(request => !request.startsWith('GET')),
    [],
  )
})

test('an entry that has the id of another, and is not equal, is listed too and can’t end it', async () => {
  const victim = deadLetterOf('victim')
  // Timestamp and partition do not belong to the id.
  const forged = { ...victim, record: { ...victim.record, timestamp: 1, partition: 3 } }
  server.put('prod/aaa.json', JSON.stringify(forged))
  server.put(keyOf(victim), JSON.stringify(victim))
  const { open } = await readAll()
  assert.equal(open.length, 2)
  const first = open.find(({ location }) => location.endsWith('aaa.json'))
  assert.ok(first)
  await store.replace(first, tried(first.deadLetter, 'quota'))
  await store.complete([{ open: first, location: 'kafka:chat-0@1' }])
  assert.deepEqual(server.contents(), { [keyOf(victim)]: JSON.stringify(victim) })
})

test('equal copies under other keys are listed once and deleted together, also those that are read later', async () => {
  const [twice, other] = [deadLetterOf('twice'), deadLetterOf('other')]
  for (const key of ['prod/0.json', keyOf(twice), 'prod/zz.json']) server.put(key, JSON.stringify(twice))
  server.put('prod/z.json', JSON.stringify(other))
  server.pageSize = 1
  const ids: string[] = []
  for await (const open of store.deadLetters({ purpose: 'redrive' })) {
    ids.push(open.deadLetter.recordId)
    if (open.deadLetter.recordId === 'twice') await store.complete([{ open, location: 'kafka:chat-0@1' }])
  }
  assert.deepEqual(ids.sort(), ['other', 'twice'])
  await store.tidy()
  assert.deepEqual(Object.keys(server.contents()), ['prod/z.json'])
})

test('an object that can’t be deleted is named, after all others are', async () => {
  const all = Array.from({ length: 20 }, (_, n) => deadLetterOf(`d${n}`))
  for (const deadLetter of all) server.put(keyOf(deadLetter), JSON.stringify(deadLetter))
  const { open } = await readAll()
  server.refused.set(keyOf(all[7] as DeadLetter), 'AccessDenied')
  await assert.rejects(store.complete(open.map(one => ({ open: one, location: 'kafka:chat-0@1' }))), (error: Error) => {
    assert.ok(error instanceof NotCompletedError && error.cause instanceof DeadLetterError)
    assert.deepEqual(
      error.entries.map(entry => entry.open.deadLetter.recordId),
      ['d7'],
    )
    return true
  })
  assert.deepEqual(Object.keys(server.contents()), [keyOf(all[7] as DeadLetter)])
})

test('a dead letter that somebody else has changed or completed meanwhile is not written over', async () => {
  const deadLetter = deadLetterOf('changed')
  server.put(keyOf(deadLetter), JSON.stringify(deadLetter))
  const [open] = (await readAll()).open
  assert.ok(open)
  const changed = JSON.stringify(tried(deadLetter, 'quota'))
  server.put(keyOf(deadLetter), changed)
  await assert.rejects(store.replace(open, tried(deadLetter, 'schema')), { code: 'redrive-running' })
  assert.deepEqual(server.contents(), { [keyOf(deadLetter)]: changed })
  server.objects.clear()
  await assert.rejects(store.replace(open, tried(deadLetter, 'schema')), { code: 'redrive-running' })
  assert.deepEqual(server.contents(), {})
})

test('an edited dead letter lies under its new id, so that the old one can be stored again', async () => {
  const [old, edited] = [deadLetterOf('edited', 'old'), deadLetterOf('edited', 'new')]
  server.put(keyOf(old), JSON.stringify(old))
  const [open] = (await readAll()).open
  assert.ok(open)
  await store.replace(open, edited)
  assert.deepEqual(server.contents(), { [keyOf(edited)]: JSON.stringify(edited) })
  await store.replace({ ...open, deadLetter: edited }, tried(edited, 'quota'))
  const target = new S3DeadLetterTarget('letters', 'prod')
  await target.store([old], deadlineIn(5000))
  await target.close()
  assert.deepEqual(
    (await readAll()).open.map(({ deadLetter }) => deadLetter.redrive.lastCode).sort(),
    [null, 'quota'].sort(),
  )
})

test('pages are read as they are needed, a few objects ahead', async () => {
  server.pageSize = 10
  for (let i = 0; i < 200; i++) server.put(`prod/${i}.json`, JSON.stringify(deadLetterOf(`n-${i}`)))
  const controller = new AbortController()
  let seen = 0
  for await (const _open of store.deadLetters({ signal: controller.signal })) if (++seen === 20) break
  assert.ok(server.requests.length < 60, `${server.requests.length} requests`)
  assert.equal((await readAll()).open.length, 200)
})

test('a bucket that does not exist is an error; one that does not answer is another', async t => {
  const missing = openStore({ kind: 's3', bucket: 'missing', prefix: '' })
  t.after(() => missing.close())
  const isError = (code: string) => (error: unknown) => error instanceof DeadLetterError && error.code === code
  await assert.rejects(Array.fromAsync(missing.deadLetters()), isError('not-found'))
  await assert.rejects(missing.lease(), isError('not-found'))
  await assert.rejects(missing.requestStop(), isError('not-found'))
  const message = /^The S3 bucket does not exist \(NoSuchBucket\)/
  await assert.rejects(missing.sending.read(), { code: 'not-found', message })
  await assert.rejects(missing.sending.write('x'), { code: 'not-found', message })
  await assert.rejects(missing.sending.remove(), { code: 'not-found', message })
  const deadLetter = deadLetterOf('a')
  server.put(keyOf(deadLetter), JSON.stringify(deadLetter))
  server.refused.set(keyOf(deadLetter), 'SlowDown')
  process.env.AWS_MAX_ATTEMPTS = '1'
  const busy = openStore({ kind: 's3', bucket: 'letters', prefix: 'prod' })
  await assert.rejects(Array.fromAsync(busy.deadLetters()), {
    code: 'dead-letter',
    message: 'A request to the S3 bucket failed (SlowDown).',
  })
  await busy.close()
  delete process.env.AWS_MAX_ATTEMPTS
})

test('a lease is refused to others, lost when another has it, and free after its release', async () => {
  const lease = await store.lease()
  await assert.rejects(store.lease(), { code: 'redrive-running' })
  await lease.check()
  await lease.renew()
  server.put('prod/redrive.lease', 'another holder')
  await assert.rejects(lease.check(), { code: 'redrive-running' })
  await assert.rejects(lease.renew(), { code: 'redrive-running' })
  await assert.rejects(lease.release(), { code: 'redrive-running' })
  assert.equal(server.contents()['prod/redrive.lease'], 'another holder')
  server.objects.clear()
  await assert.rejects(lease.check(), { code: 'redrive-running' })
  const next = await store.lease()
  await next.release()
  assert.deepEqual(server.contents(), {})
})

test('the holder of a lease learns that it shall stop, also after it renewed the lease', async () => {
  assert.equal(await store.requestStop(), 'not-running')
  const lease = await store.lease()
  assert.equal(await store.requestStop(), 'requested')
  await lease.renew()
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  assert.equal(await store.requestStop(), 'requested')
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  await lease.release()
  const next = await store.lease()
  await next.check()
  await next.release()
  server.put('prod/redrive.lease', 'of one that died', 61_000)
  assert.equal(await store.requestStop(), 'not-running')
})

test('the age of a lease is taken by the clock of S3, whatever the time here', async () => {
  for (const aheadMs of [-3 * 3_600_000, 0, 3 * 3_600_000]) {
    server.aheadMs = aheadMs
    server.put('prod/redrive.lease', 'a', 30_000)
    await assert.rejects(store.lease(), { code: 'redrive-running' })
    server.put('prod/redrive.lease', 'a', 61_000)
    await (await store.lease()).release()
    // Of a clock that was wrong.
    server.put('prod/redrive.lease', 'a', -3_600_000)
    await (await store.lease()).release()
  }
})

test('a holder keeps its lease if the response to taking it was lost', async () => {
  const lease = await store.lease()
  const holder = server.contents()['prod/redrive.lease'] ?? ''
  // Another version of the same object, as an encrypted bucket makes with each write.
  server.put('prod/redrive.lease', `${holder}`)
  await lease.renew()
  await lease.release()
})

test('what was just stored is found by its location, also without a prefix, and completed', async t => {
  const target = new S3DeadLetterTarget('letters', '')
  const [found, other] = [deadLetterOf('found'), deadLetterOf('other')]
  const [location] = await target.store([found, other], deadlineIn(5000))
  await target.close()
  const whole = openStore({ kind: 's3', bucket: 'letters', prefix: '' })
  t.after(() => whole.close())
  const open = await whole.find(found, String(location))
  assert.deepEqual([open.deadLetter, open.verified, open.location], [found, true, location])
  await whole.replace(open, tried(found, 'quota'))
  await whole.complete([{ open, location: 'doctor' }])
  assert.deepEqual(Object.keys(server.contents()), [`${other.deadLetterId}.json`])
})

// The original bug: the old dead letter was deleted whatever the object under the new key was.
test('an edit replaces nothing when the key of the new dead letter holds something else', async () => {
  const [before, edited] = [deadLetterOf('a', 'before'), deadLetterOf('a', 'after')]
  for (const [held, isReplaced] of [
    ['garbage', false],
    [JSON.stringify({ ...edited, schemaVersion: 3 }), false],
    [JSON.stringify(deadLetterOf('another')), false],
    [JSON.stringify(edited), true],
  ] as const) {
    server.objects.clear()
    const target = new S3DeadLetterTarget('letters', 'prod')
    await target.store([before], deadlineIn(20_000))
    await target.close()
    const { open } = await readAll()
    await store.sending.write(held)
    const object = server.objects.get('prod/redrive.sending')
    assert.ok(object)
    server.objects.set(keyOf(edited), object)
    await store.sending.remove()
    const replacing = store.replace(open[0] as (typeof open)[0], edited)
    if (isReplaced) {
      await replacing
      await store.replace({ ...(open[0] as (typeof open)[0]), deadLetter: edited }, tried(edited, 'quota'))
    } else {
      const message =
        `s3://letters/${keyOf(edited)} holds something else than the edited dead letter; ` +
        'the original dead letter is unchanged.'
      await assert.rejects(replacing, { code: 'dead-letter', message })
    }
    assert.equal(server.objects.has(keyOf(before)), !isReplaced, held)
  }
})

test('without a prefix, the objects at the top of the bucket are read, the redrive’s own beside them', async t => {
  const whole = openStore({ kind: 's3', bucket: 'letters', prefix: '' })
  t.after(() => whole.close())
  const [top, deep] = [deadLetterOf('top'), deadLetterOf('deep')]
  server.put(`${top.deadLetterId}.json`, JSON.stringify(top))
  server.put(keyOf(deep), JSON.stringify(deep))
  const open = await Array.fromAsync(whole.deadLetters())
  assert.deepEqual(
    open.map(({ deadLetter, location }) => [deadLetter.recordId, location]),
    [['top', `s3://letters/${top.deadLetterId}.json`]],
  )
  const lease = await whole.lease()
  await whole.sending.write('sending')
  assert.equal(await whole.sending.read(), 'sending')
  assert.ok(server.objects.has('redrive.lease') && server.objects.has('redrive.sending'))
  assert.equal(await whole.requestStop(), 'requested')
  await lease.release()
  await whole.sending.remove()
  assert.equal(await whole.sending.read(), undefined)
})

test('a listing that does not ask for what can’t be read skips it', async () => {
  const good = deadLetterOf('good')
  server.put('prod/0.json', 'garbage')
  server.put(keyOf(good), JSON.stringify(good))
  const open = await Array.fromAsync(store.deadLetters())
  assert.deepEqual(
    open.map(({ deadLetter }) => deadLetter),
    [good],
  )
})

test('several objects are read at the same time', async () => {
  for (let n = 0; n < 30; n++) server.put(`prod/${n}.json`, JSON.stringify(deadLetterOf(`n-${n}`)))
  assert.equal((await readAll()).open.length, 30)
  // Each request that runs beside others has a connection of its own.
  const connections = await server.connections()
  assert.ok(connections >= 5, `${connections} connections`)
})

test('an object is read up to a size, to the byte, with its version and its age by the clock of S3', async t => {
  const s3 = await loadS3()
  t.after(() => s3.client.destroy())
  server.aheadMs = 3_600_000
  server.put('x', '12345', 7000)
  const read = (maxBytes: number) => getObject(s3, { Bucket: 'letters', Key: 'x' }, maxBytes)
  const { body, etag, ageMs } = await read(5)
  assert.deepEqual([String(body), etag], ['12345', `"${createHash('md5').update('12345').digest('hex')}"`])
  // The header `date` has whole seconds.
  assert.ok(Math.abs(ageMs - 7000) <= 2000, `${ageMs}`)
  assert.equal((await read(4)).body, undefined)
  server.put('x', '')
  assert.equal(String((await read(0)).body), '')
  await assert.rejects(getObject(s3, { Bucket: 'letters', Key: 'gone' }, 5), { name: 'NoSuchKey' })
})

test('a request to stop is written once, behind the holder’s id', async () => {
  const lease = await store.lease()
  const content = () => server.contents()['prod/redrive.lease']
  const holder = content()
  for (let n = 0; n < 3; n++) {
    assert.equal(await store.requestStop(), 'requested')
    assert.equal(content(), `${holder} stop`)
  }
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  await lease.renew()
  assert.equal(content(), holder)
  await lease.release()
  assert.equal(await store.requestStop(), 'not-running')
})

test('a request to stop is repeated if the holder renews meanwhile, five times', async t => {
  t.after(() => {
    server.onRequest = () => {}
  })
  for (const [renewals, answer] of [
    [4, 'requested'],
    [5, 'redrive-running'],
  ] as const) {
    let count = 0
    server.put('prod/redrive.lease', 'holder 0')
    server.onRequest = (method, key) => {
      if (method === 'PUT' && count < renewals) server.put(key, `holder ${++count}`)
    }
    const result = await store.requestStop().catch((error: DeadLetterError) => error.code)
    assert.equal(result, answer)
  }
})
