// A token is requested once for all connections, replaced before it expires, and requested again after a failure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BearerToken, type TokenSource, tokenUnavailable } from '../../lib/security/bearer-token.ts'
import { TokenCache } from '../../lib/security/token-cache.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

type Step = BearerToken | Error

/** Answers with each step in turn, the last one again and again. */
function cacheOf(clock: VirtualClock, ...steps: Step[]) {
  const warnings: string[] = []
  let requests = 0
  const source: TokenSource = {
    hint: '',
    request: async () => {
      const step = steps[Math.min(requests++, steps.length - 1)] as Step
      if (step instanceof Error) throw step
      return step
    },
  }
  const cache = new TokenCache(source, { clock, warn: text => warnings.push(text), random: () => 0 })
  return {
    cache,
    warnings,
    requests: () => requests,
    get: async (ms = 5000) => (await cache.get({}, Deadline.after(clock, ms))).value,
  }
}

const down = tokenUnavailable('The token endpoint did not answer', true)
const refused = tokenUnavailable('The token endpoint answered 401', false)
const inS = (clock: VirtualClock, seconds: number) => clock.epochMs() + seconds * 1000

test('connections at the same time share a request, later ones the token', async () => {
  const clock = new VirtualClock()
  const { get, requests } = cacheOf(clock, { value: 'a', expiresAt: inS(clock, 3600) })
  assert.deepEqual(await Promise.all([get(), get(), get()]), ['a', 'a', 'a'])
  assert.equal(await get(), 'a')
  assert.equal(requests(), 1)
})

test('a token is replaced a minute before it expires, a short-lived one at four fifths of its life', async () => {
  for (const [life, fresh, stale] of [
    [3600, 3539, 3541],
    [60, 47, 49],
  ] as const) {
    const clock = new VirtualClock()
    const { get } = cacheOf(
      clock,
      { value: 'a', expiresAt: inS(clock, life) },
      { value: 'b', expiresAt: inS(clock, life * 2) },
    )
    assert.equal(await get(), 'a')
    await clock.advance(fresh * 1000)
    assert.equal(await get(), 'a')
    await clock.advance((stale - fresh) * 1000)
    assert.equal(await get(), 'b')
  }
})

test('a token whose end is unknown is used by one connection', async () => {
  const { get } = cacheOf(
    new VirtualClock(),
    { value: 'a', expiresAt: undefined },
    { value: 'b', expiresAt: undefined },
  )
  assert.deepEqual([await get(), await get()], ['a', 'b'])
})

test('a request that fails for now is repeated, twice at most; one that is refused is not', async () => {
  const clock = new VirtualClock()
  const late = cacheOf(clock, down, down, { value: 'a', expiresAt: inS(clock, 3600) })
  const waiting = late.get()
  await clock.advance(1000)
  assert.equal(await waiting, 'a')
  const never = cacheOf(clock, down)
  const failing = assert.rejects(never.get(), down)
  await clock.advance(1000)
  await failing
  assert.equal(never.requests(), 3)
  const no = cacheOf(clock, refused)
  await assert.rejects(no.get(), refused)
  assert.equal(no.requests(), 1)
})

test('a token that is still valid outlives a token endpoint that is down', async () => {
  const clock = new VirtualClock()
  const { get, warnings } = cacheOf(clock, { value: 'a', expiresAt: inS(clock, 3600) }, refused)
  assert.equal(await get(), 'a')
  await clock.advance(3560_000)
  assert.equal(await get(), 'a')
  assert.match(warnings.join(), /^The previous token is used again.*answered 401/)
  await clock.advance(35_000)
  await assert.rejects(get(), refused)
})

test('after the broker refused it, a token is not used again', async () => {
  const clock = new VirtualClock()
  const { cache, get } = cacheOf(
    clock,
    { value: 'a', expiresAt: inS(clock, 3600) },
    { value: 'b', expiresAt: inS(clock, 3600) },
  )
  assert.equal(cache.forget(), false)
  assert.equal(await get(), 'a')
  assert.equal(cache.forget(), true)
  assert.equal(await get(), 'b')
})

test('a connection waits for a token until its deadline, and the next one gets it', async () => {
  const clock = new VirtualClock()
  const answer = Promise.withResolvers<BearerToken>()
  const cache = new TokenCache({ hint: '', request: () => answer.promise }, { clock })
  const tooLate = assert.rejects(cache.get({}, Deadline.after(clock, 1000)), /did not arrive in time/)
  await clock.advance(1000)
  await tooLate
  const next = cache.get({}, Deadline.after(clock, 1000))
  answer.resolve({ value: 'a', expiresAt: inS(clock, 3600) })
  assert.equal((await next).value, 'a')
})
