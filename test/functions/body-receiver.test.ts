// How many bodies are received at once, how large each may be, and who gives way to whom.
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { BodyReceiver, ClientGone } from '../../functions/http/body-receiver.ts'
import { MAX_BODY_BYTES } from '../../functions/http/dialects/native/request-body.ts'
import { systemClock } from '../../lib/time/clock.ts'

const request = (headers: object = {}) => Object.assign(new PassThrough(), { headers }) as PassThrough & IncomingMessage
const tooLarge = { code: 'body-too-large', status: 413, message: 'body: expected at most 5242880 bytes.' }

function receive(receiver: BodyReceiver, one = request()) {
  let isAccepted = false
  const body = receiver.receive(one, () => {
    isAccepted = true
  })
  body.catch(() => undefined)
  return { one, body, isAccepted: () => isAccepted }
}

test('a body is all of its parts, and is accepted before it is read', async () => {
  const { one, body, isAccepted } = receive(new BodyReceiver(1, 10_000))
  assert.equal(isAccepted(), true)
  one.write('a')
  one.end('b')
  assert.equal(String(await body), 'ab')
})

test('a body that is too large is refused by its length, or when it comes', async () => {
  const receiver = new BodyReceiver(1, 10_000)
  const declared = receive(receiver, request({ 'content-length': String(MAX_BODY_BYTES + 1) }))
  await assert.rejects(declared.body, tooLarge)
  assert.equal(declared.isAccepted(), false)
  const { one, body } = receive(receiver, request({ 'content-length': String(MAX_BODY_BYTES) }))
  one.write(Buffer.alloc(MAX_BODY_BYTES))
  one.write('x')
  await assert.rejects(body, tooLarge)
  const largest = receive(receiver)
  largest.one.end(Buffer.alloc(MAX_BODY_BYTES))
  assert.equal((await largest.body).length, MAX_BODY_BYTES)
})

test('one body more takes the place of the oldest, if that had a tenth of its time', async t => {
  let now = 1000
  t.mock.method(systemClock, 'now', () => now)
  const receiver = new BodyReceiver(2, 10_000)
  const [oldest, second] = [receive(receiver), receive(receiver)]
  now += 999
  const refused = receive(receiver)
  await assert.rejects(refused.body, { code: 'too-many-requests', status: 429 })
  assert.equal(refused.isAccepted(), false)
  now += 1
  const third = receive(receiver)
  assert.equal(third.isAccepted(), true)
  await assert.rejects(oldest.body, {
    code: 'request-timeout',
    status: 408,
    message: 'body: expected all of it within 10000 ms, or sooner while others wait; nothing was stored.',
  })
  for (const { one } of [second, third]) one.end('x')
  assert.deepEqual((await Promise.all([second.body, third.body])).map(String), ['x', 'x'])
})

test('a body that ended, in whatever way, leaves its place', async () => {
  const receiver = new BodyReceiver(1, 10_000)
  const gone = receive(receiver)
  gone.one.destroy()
  await assert.rejects(gone.body, ClientGone)
  const broken = receive(receiver)
  broken.one.destroy(new Error('reset'))
  await assert.rejects(broken.body, ClientGone)
  const whole = receive(receiver)
  whole.one.end('x')
  await whole.body
  const last = receive(receiver)
  last.one.end('y')
  assert.equal(String(await last.body), 'y')
})

test('a body that does not end in time is refused', async () => {
  const { body } = receive(new BodyReceiver(1, 20))
  await assert.rejects(body, { code: 'request-timeout' })
})
