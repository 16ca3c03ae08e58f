// A registry that is down, slow, throttles or breaks off: the request is repeated until a record's deadline.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SerializationError } from '../../../lib/errors.ts'
import { RegistryServer } from '../../fakes/registry-server.ts'
import { confluentClient, latest, STORED, scriptedRegistry } from '../../support/confluent-client.ts'
import { SkippingClock } from '../../support/skipping-clock.ts'
import { until } from '../../support/time.ts'

const FOUND = { body: STORED }
const TIMEOUT_MS = 5000

for (const [name, bad] of [
  ['500', { status: 500, body: { error_code: 50001 } }],
  ['502 of a proxy', { status: 502, body: '<html>' }],
  ['503', { status: 503 }],
  ['408', { status: 408 }],
  ['425', { status: 425 }],
  ['429', { status: 429 }],
  ['a connection that is reset', 'reset'],
  ['an answer that breaks off', 'half'],
] as const)
  test(`${name}: the request is repeated`, async t => {
    let failures = 3
    const { server, find } = await scriptedRegistry(t, () => (failures-- > 0 ? bad : FOUND))
    assert.equal((await find(latest('s'))).version, 3)
    assert.equal(server.asked.length, 4)
  })

test('Retry-After is waited for, in seconds or as a date, for a minute at most', async t => {
  const clock = new SkippingClock(TIMEOUT_MS)
  const date = () => new Date(Date.now() + 20_000).toUTCString()
  const pauses = ['7', date(), '86400', 'soon']
  const handler = () => {
    const pause = pauses.shift()
    return pause === undefined ? FOUND : { status: 429, headers: { 'retry-after': pause } }
  }
  const { find } = await scriptedRegistry(t, handler, {}, { clock })
  await find(latest('s'))
  const [seconds, ofDate, day, ...others] = clock.waits.filter(ms => ms > 2000)
  assert.ok((seconds ?? 0) > 6800 && (seconds ?? 0) <= 7000)
  assert.ok((ofDate ?? 0) > 15_000 && (ofDate ?? 0) <= 20_000)
  assert.ok((day ?? 0) > 59_000 && (day ?? 0) <= 60_000)
  assert.deepEqual(others, [])
})

test('a registry that is down is a failure that names the reason, at the deadline of the record', async t => {
  const server = await RegistryServer.start(t, () => FOUND)
  const { url } = server
  server.stop()
  const find = confluentClient({ schemaRegistryUrl: [url] })
  await assert.rejects(find(latest('s'), AbortSignal.timeout(300)), (error: SerializationError) => {
    assert.equal(error.message, 'The schema registry (schema.registry.url) could not be reached (ECONNREFUSED).')
    assert.equal(error.causeCode, 'ECONNREFUSED')
    return error.code === 'schema-registry' && error.retriable
  })
})

test('an answer that does not come in time is asked for again', async t => {
  const { server, find } = await scriptedRegistry(t, () => (server.asked.length === 1 ? 'silence' : FOUND), {
    schemaRegistryRequestTimeoutMs: 100,
  })
  assert.equal((await find(latest('s'))).version, 3)
  assert.equal(server.asked.length, 2)
})

test('a registry that never answers: the record’s deadline ends the request, and nothing goes on', async t => {
  let closed = 0
  const { server, find } = await scriptedRegistry(t, () => 'silence', { schemaRegistryRequestTimeoutMs: 600_000 })
  server.server.on('connection', socket => socket.once('close', () => closed++))
  await assert.rejects(find(latest('s'), AbortSignal.timeout(200)), {
    code: 'schema-registry',
    retriable: true,
    message: 'The schema registry did not answer before the record’s deadline.',
  })
  await until(() => closed === 1)
  assert.equal(server.asked.length, 1)
})

test('a caller that leaves does not end the request of another', async t => {
  const gate = Promise.withResolvers<typeof FOUND>()
  const { server, find } = await scriptedRegistry(t, () => gate.promise)
  const controller = new AbortController()
  const first = find(latest('s'), controller.signal)
  const second = find(latest('s'))
  await until(() => server.asked.length === 1)
  controller.abort()
  await assert.rejects(first, { code: 'schema-registry' })
  gate.resolve(FOUND)
  assert.equal((await second).version, 3)
  assert.equal(server.asked.length, 1)
})

test('a request that waits for a connection is left at its deadline', async t => {
  const { server, find } = await scriptedRegistry(t, () => 'silence', { schemaRegistryRequestTimeoutMs: 600_000 })
  const subjects = Array.from({ length: 12 }, (_, index) => `s${index}`)
  const signal = AbortSignal.timeout(300)
  const results = await Promise.allSettled(subjects.map(subject => find(latest(subject), signal)))
  assert.deepEqual(new Set(results.map(({ status }) => status)), new Set(['rejected']))
  assert.equal(server.asked.length, 8)
  server.handler = () => FOUND
  assert.equal((await find(latest('s'))).version, 3)
})

test('the next address is asked when one is down or has a fault; the one that answered stays', async t => {
  const down = await RegistryServer.start(t, () => FOUND)
  const downUrl = down.url
  down.stop()
  const faulty = await RegistryServer.start(t, () => ({ status: 500 }))
  const good = await RegistryServer.start(t, () => FOUND)
  const find = confluentClient({ schemaRegistryUrl: [downUrl, faulty.url, good.url] }, { random: () => assert.fail() })
  for (const subject of ['a', 'b']) await find(latest(subject))
  assert.deepEqual([faulty.asked.length, good.asked.length], [1, 2])
  good.handler = () => ({ status: 503 })
  faulty.handler = () => FOUND
  await confluentClient({ schemaRegistryUrl: [good.url, faulty.url] })(latest('c'))
  assert.equal(faulty.asked.length, 2)
})

test('a pause (Retry-After) is that of its address: another one is asked at once, for every subject', async t => {
  // The original bug: each further subject waited for up to a minute, or failed at its deadline, although another
  // address was healthy.
  const clock = new SkippingClock(TIMEOUT_MS)
  const asked: string[] = []
  const pauses: Record<string, string | undefined> = { a: '60' }
  const urls: string[] = []
  for (const name of ['a', 'b']) {
    const server = await RegistryServer.start(t, ({ path }) => {
      asked.push(`${name} ${path.split('/')[2]}`)
      const pause = pauses[name]
      pauses[name] = undefined
      return pause === undefined ? FOUND : { status: 503, headers: { 'retry-after': pause } }
    })
    urls.push(server.url)
  }
  const find = confluentClient({ schemaRegistryUrl: urls }, { random: () => 0, clock })
  for (const subject of ['1', '2', '3']) await find(latest(subject))
  assert.deepEqual(asked.splice(0), ['a 1', 'b 1', 'b 2', 'b 3'])
  assert.deepEqual(clock.waits, [])
  // Both have paused: the pause that ends first is waited for.
  pauses.b = '7'
  await find(latest('4'))
  assert.deepEqual(asked.splice(0), ['b 4', 'b 4'])
  const [wait = 0, ...others] = clock.waits.filter(ms => ms > 2000)
  assert.ok(wait > 6000 && wait <= 7000)
  assert.deepEqual(others, [])
  // What has ended is asked again.
  clock.skip(60_000)
  pauses.b = '60'
  for (const subject of ['5', '6']) await find(latest(subject))
  assert.deepEqual(asked, ['b 5', 'a 5', 'a 6'])
})

test('an address that lets a record’s time pass is not asked first for the next record', async t => {
  // The original bug: with deadlines below schema.registry.request.timeout.ms, each look-up tried the address that
  // never answers first.
  const silent = await RegistryServer.start(t, () => 'silence')
  const good = await RegistryServer.start(t, () => FOUND)
  const find = confluentClient({ schemaRegistryUrl: [silent.url, good.url], schemaRegistryRequestTimeoutMs: 600_000 })
  const together = ['a', 'b'].map(subject => find(latest(subject), AbortSignal.timeout(200)))
  for (const result of together) await assert.rejects(result, { code: 'schema-registry', retriable: true })
  for (const subject of ['a', 'b', 'c']) await find(latest(subject), AbortSignal.timeout(10_000))
  assert.deepEqual([silent.asked.length, good.asked.length], [2, 3])
})

test('a negative response is not retried at another address', async t => {
  const first = await RegistryServer.start(t, () => ({ status: 404, body: { error_code: 40401 } }))
  const second = await RegistryServer.start(t, () => FOUND)
  const find = confluentClient({ schemaRegistryUrl: [first.url, second.url] })
  await assert.rejects(find(latest('s')), { code: 'schema-not-found' })
  assert.equal(second.asked.length, 0)
})

test('a kept connection that the registry has closed meanwhile costs no failure', async t => {
  // Its only answer to a second request on a connection is a reset, as of one that it has forgotten.
  const ports = new Set<number>()
  const { server, find } = await scriptedRegistry(
    t,
    ({ port }) => {
      if (ports.has(port)) return 'reset'
      ports.add(port)
      return FOUND
    },
    {},
    { random: () => assert.fail('a back-off began') },
  )
  for (const subject of ['a', 'b', 'c']) await find(latest(subject))
  assert.equal(server.asked.length, 5)
})

test('connections are kept for a moment; after a pause, as of a frozen container, there are new ones', async t => {
  const clock = new SkippingClock(TIMEOUT_MS)
  const { server, find } = await scriptedRegistry(t, () => FOUND, {}, { clock })
  await find(latest('a'))
  clock.skip(9000)
  await find(latest('b'))
  clock.skip(11_000)
  await find(latest('c'))
  const [a, b, c] = server.asked.map(({ port }) => port)
  assert.equal(a, b)
  assert.notEqual(b, c)
})

test('a kept connection does not keep the process alive', async t => {
  const { server, find } = await scriptedRegistry(t, () => FOUND)
  const before = process.getActiveResourcesInfo().length
  await find(latest('a'))
  await until(() => server.asked.length === 1)
  // The server's side of the connection is in this process, too, and counts.
  await until(() => process.getActiveResourcesInfo().length <= before + 1)
})

test('a redirect is not followed: another host does not get the credentials', async t => {
  const other = await RegistryServer.start(t, () => FOUND)
  const { find } = await scriptedRegistry(t, () => ({ status: 307, headers: { location: `${other.url}/x` } }), {
    schemaRegistryBasicAuthUserInfo: 'user:password',
  })
  await assert.rejects(find(latest('s')), { code: 'schema-registry', message: /307.*redirects are not followed/ })
  assert.equal(other.asked.length, 0)
})
