// The cache of schemas: shared look-ups, retries, deadlines and its limit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerializationError } from '../../lib/errors.ts'
import { SchemaCache } from '../../lib/schema-registry/schema-cache.ts'
import type { RegisteredSchema, SchemaSelection } from '../../lib/schema-registry/schema-registry.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { whenDone } from '../support/time.ts'

const NEVER = new AbortController().signal
const latest = (subject: string): SchemaSelection => ({ by: 'version', subject, version: 'latest' })
const byText = (text: string, register = false): SchemaSelection => ({
  by: 'definition',
  subject: 's',
  definition: { type: 'AVRO', text, references: [] },
  register,
  normalize: false,
})
const schema = (text: string): RegisteredSchema => ({
  type: 'AVRO',
  text,
  references: [],
  imports: new Map(),
  version: 1,
  id: { registry: 'confluent', id: 1, guid: undefined },
})
const failure = (code: 'schema-registry' | 'schema-not-found') =>
  new SerializationError('delivery-failure', `failed: ${code}`, { code, retriable: code === 'schema-registry' })

/** Answers attempts from a list, and counts them. */
function scripted(...answers: (RegisteredSchema | Error)[]) {
  const script = {
    attempts: 0,
    attempt: async (): Promise<RegisteredSchema> => {
      const answer = answers[Math.min(script.attempts++, answers.length - 1)]
      if (answer instanceof Error) throw answer
      return answer as RegisteredSchema
    },
  }
  return script
}

test('a schema is looked up once; calls at the same time share the look-up', async () => {
  const cache = new SchemaCache()
  const script = scripted(schema('a'))
  const both = await Promise.all([1, 2].map(() => cache.find(latest('a'), NEVER, script.attempt)))
  assert.deepEqual(both, [schema('a'), schema('a')])
  assert.equal(await cache.find(latest('a'), NEVER, script.attempt), both[0])
  assert.equal(script.attempts, 1)
})

test('definitions are the same by what they say, and differ by whether they are registered', async () => {
  const cache = new SchemaCache()
  const script = scripted(schema('a'))
  for (const selection of [byText('a'), byText('a'), byText('a', true), byText('b')])
    await cache.find(selection, NEVER, script.attempt)
  assert.equal(script.attempts, 3)
})

test('a look-up that fails is repeated after a growing time, with full jitter', async () => {
  const clock = new VirtualClock()
  const cache = new SchemaCache({ clock, random: () => 1 })
  const at: number[] = []
  const script = scripted(...Array.from({ length: 8 }, () => failure('schema-registry')), schema('a'))
  const found = cache.find(latest('a'), NEVER, () => {
    at.push(clock.now())
    return script.attempt()
  })
  assert.deepEqual(await whenDone(clock, found), schema('a'))
  const waits = at.slice(1).map((time, index) => time - (at[index] as number))
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1600, 2000, 2000])
})

test('a caller whose signal is aborted gets the last failure; others go on waiting', async () => {
  const clock = new VirtualClock()
  const cache = new SchemaCache({ clock, random: () => 1 })
  const script = scripted(failure('schema-registry'), failure('schema-registry'), schema('a'))
  const controller = new AbortController()
  const first = cache.find(latest('a'), controller.signal, script.attempt)
  const second = cache.find(latest('a'), NEVER, script.attempt)
  clock.setTimeout(() => controller.abort(), 10)
  await assert.rejects(whenDone(clock, first), { code: 'schema-registry', message: 'failed: schema-registry' })
  assert.deepEqual(await whenDone(clock, second), schema('a'))
  assert.equal(script.attempts, 3)
})

test('when all callers have left, the attempt is aborted, and the next caller begins anew', async () => {
  const cache = new SchemaCache()
  const controller = new AbortController()
  const seen: AbortSignal[] = []
  const silent = (signal: AbortSignal) => {
    seen.push(signal)
    return new Promise<RegisteredSchema>(() => undefined)
  }
  const calls = [1, 2].map(() => cache.find(latest('a'), controller.signal, silent))
  await new Promise(setImmediate)
  assert.equal(seen[0]?.aborted, false)
  controller.abort()
  for (const call of calls) await assert.rejects(call, { code: 'schema-registry', retriable: true })
  assert.deepEqual(
    seen.map(signal => signal.aborted),
    [true],
  )
  assert.deepEqual(await cache.find(latest('a'), NEVER, scripted(schema('b')).attempt), schema('b'))
})

test('no request is made for a record whose deadline has passed; a schema that is known is returned', async () => {
  const cache = new SchemaCache()
  const script = scripted(schema('a'))
  await assert.rejects(cache.find(latest('a'), AbortSignal.abort(), script.attempt), { code: 'schema-registry' })
  await new Promise(setImmediate)
  assert.equal(script.attempts, 0)
  await cache.find(latest('a'), NEVER, script.attempt)
  assert.deepEqual(await cache.find(latest('a'), AbortSignal.abort(), script.attempt), schema('a'))
})

test('a failure that no retry helps is kept for 5 s', async () => {
  const clock = new VirtualClock()
  const cache = new SchemaCache({ clock })
  const script = scripted(failure('schema-not-found'), schema('a'))
  const find = () => cache.find(latest('a'), NEVER, script.attempt)
  await assert.rejects(find(), { code: 'schema-not-found' })
  await clock.advance(4999)
  await assert.rejects(find(), { code: 'schema-not-found' })
  assert.equal(script.attempts, 1)
  await clock.advance(1)
  assert.deepEqual(await find(), schema('a'))
})

test('an unexpected error is neither retried nor cached', async () => {
  const cache = new SchemaCache()
  const script = scripted(new TypeError('a defect'), schema('a'))
  await assert.rejects(cache.find(latest('a'), NEVER, script.attempt), { message: 'a defect' })
  assert.deepEqual(await cache.find(latest('a'), NEVER, script.attempt), schema('a'))
})

test('an attempt that throws before it returns a promise is a failure like another', async () => {
  const cache = new SchemaCache()
  const thrown = () => {
    throw new TypeError('a defect')
  }
  await assert.rejects(cache.find(latest('a'), NEVER, thrown), { message: 'a defect' })
  assert.deepEqual(await cache.find(latest('a'), NEVER, scripted(schema('a')).attempt), schema('a'))
})

test('the schemas used longest ago go first when the texts grow too large', async () => {
  const cache = new SchemaCache({ maxKept: 3 * (512 + 1000) })
  const script = scripted(schema('x'.repeat(1000)))
  const find = (subject: string) => cache.find(latest(subject), NEVER, script.attempt)
  for (const subject of ['a', 'b', 'c', 'a', 'd']) await find(subject)
  assert.equal(script.attempts, 4)
  for (const subject of ['a', 'c', 'd']) await find(subject)
  assert.equal(script.attempts, 4)
  await find('b')
  assert.equal(script.attempts, 5)
})

test('a schema larger than all that is kept is still found', async () => {
  const cache = new SchemaCache({ maxKept: 10 })
  const script = scripted(schema('x'.repeat(1000)))
  for (let call = 1; call <= 2; call++) assert.ok(await cache.find(latest('a'), NEVER, script.attempt))
  assert.equal(script.attempts, 1)
})

test('10,000 schemas are kept, and 10,000 failures do not grow without limit', async () => {
  const clock = new VirtualClock()
  const cache = new SchemaCache({ clock })
  const found = scripted(schema('x'.repeat(2000)))
  const failed = scripted(failure('schema-not-found'))
  for (let round = 1; round <= 2; round++)
    for (let index = 0; index < 10_000; index++) await cache.find(latest(`s${index}`), NEVER, found.attempt)
  assert.equal(found.attempts, 10_000)
  for (let index = 0; index < 10_000; index++)
    await assert.rejects(cache.find(latest(`f${index}`), NEVER, failed.attempt), { code: 'schema-not-found' })
  await assert.rejects(cache.find(latest('f9999'), NEVER, failed.attempt), { code: 'schema-not-found' })
  assert.equal(failed.attempts, 10_000)
  await assert.rejects(cache.find(latest('f0'), NEVER, failed.attempt), { code: 'schema-not-found' })
  assert.equal(failed.attempts, 10_001)
})
