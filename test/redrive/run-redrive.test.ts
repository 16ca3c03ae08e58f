// A program can redrive like the command and the console, with the exports of the package.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import {
  ConfigError,
  createSourceMessageReader,
  DeadLetterGroups,
  DiskDeadLetterTarget,
  listDeadLetters,
  parseConfig,
  parseRedriveRequest,
  runRedrive,
} from '../../lib/index.ts'
import { type RedriveContext, redriveStore } from '../../lib/redrive/run-redrive.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'

const folder = mkdtempSync(join(tmpdir(), 'redrive-'))
after(() => rmSync(folder, { recursive: true }))
const [first, second] = [join(folder, 'first'), join(folder, 'second')]
for (const [place, ids] of [
  [first, ['a', 'b']],
  [second, ['c', 'd']],
] as const) {
  const target = new DiskDeadLetterTarget(place)
  await target.store(ids.map(id => deadLetterOf(id, id, id === 'd' ? 'other' : 'chat')))
  await target.close()
}
const config = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: `disk:${first},disk:${second}` }, {})
const context = { config, contracts: new Map(), readSourceMessage: createSourceMessageReader(new Map(), config) }
const idsOf = async (request: Parameters<typeof listDeadLetters>[0]) =>
  (await Array.fromAsync(listDeadLetters(request, context))).map(({ deadLetter }) => deadLetter.recordId)

test('a redrive reads every target in turn, or one, with filters and a limit', async () => {
  assert.deepEqual(await idsOf({}), ['a', 'b', 'c', 'd'])
  assert.deepEqual(await idsOf(parseRedriveRequest({ from: `disk:${second}` })), ['c', 'd'])
  assert.deepEqual(await idsOf(parseRedriveRequest({ topic: 'chat' })), ['a', 'b', 'c'])
  assert.deepEqual(await idsOf(parseRedriveRequest({ topic: 'chat', limit: 3 })), ['a', 'b', 'c'])
  assert.deepEqual(await idsOf(parseRedriveRequest({ limit: '1' })), ['a'])
  const deadLetters = await Array.fromAsync(listDeadLetters({}, context), ({ deadLetter }) => deadLetter)
  const groups = new DeadLetterGroups()
  for (const deadLetter of deadLetters) groups.add(deadLetter)
  assert.deepEqual(
    groups.list().map(({ topic, error, deadLetters }) => [topic, error, deadLetters]),
    [
      ['chat', 'unreachable', 3],
      ['other', 'unreachable', 1],
    ],
  )
})

test('a dry run counts per target, and needs no broker with --no-verify', async () => {
  const request = parseRedriveRequest({ dryRun: true, verify: false, anyTopic: true, topic: 'chat' })
  const results = await runRedrive(request, context)
  assert.deepEqual(
    results.map(({ seen, matched, tried, resent }) => [seen, matched, tried, resent]),
    [
      [2, 2, 2, 0],
      [2, 1, 1, 0],
    ],
  )
  assert.deepEqual(await idsOf({}), ['a', 'b', 'c', 'd'])
})

test('an error lists every problem of a request', () => {
  assert.throws(
    () => parseRedriveRequest({ from: 7, limit: -1, colour: 'red' }),
    (error: unknown) => error instanceof ConfigError && error.problems.length === 3,
  )
})

test('a target that is down does not stop the later ones from being read', async () => {
  const queue = 'sqs:http://127.0.0.1:9/000000000000/dead-letters'
  Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })
  const request = parseRedriveRequest({ from: `${queue},disk:${second}`, dryRun: true, verify: false, anyTopic: true })
  const [down, up] = await runRedrive(request, context)
  assert.ok(down?.stopped)
  assert.match(down?.error ?? '', /ECONNREFUSED|AggregateError|error/i)
  assert.equal(up?.seen, 2)
})

test('a dead letter that a later target has in doubt is in doubt from the first target on', async () => {
  const places = [join(folder, 'not-sent'), join(folder, 'in-doubt')] as const
  const { firstAt: from, lastAt: to } = deadLetterOf('x').failure
  const inDoubt = { partition: 3, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to }
  for (const [place, deadLetter] of [
    [places[0], deadLetterOf('x')],
    [places[1], { ...deadLetterOf('x'), inDoubt }],
  ] as const) {
    const target = new DiskDeadLetterTarget(place)
    await target.store([deadLetter])
    await target.close()
  }
  const targets = `disk:${places[0]},disk:${places[1]}`
  const request = parseRedriveRequest({ from: targets, dryRun: true, verify: false, anyTopic: true })
  const partitions: (number | undefined)[] = []
  await runRedrive(request, { ...context, onSeen: deadLetter => void partitions.push(deadLetter.inDoubt?.partition) })
  assert.deepEqual(partitions, [3, 3])
})

test('callbacks of a caller that throw, `warn` too, end no listing and no redrive', async t => {
  const emitted: string[] = []
  t.mock.method(process, 'emitWarning', (text: string) => void emitted.push(text))
  const throws = () => {
    throw new RangeError('of the caller')
  }
  const listing = listDeadLetters({}, { ...context, onSeen: throws, onNote: throws, onUnreadable: throws })
  assert.equal((await Array.fromAsync(listing)).length, 4)
  assert.deepEqual(new Set(emitted), new Set(['The option "onSeen" failed (RangeError).']))
  emitted.length = 0
  const missing = join(folder, 'missing')
  const request = parseRedriveRequest({
    from: `disk:${first},disk:${missing}`,
    dryRun: true,
    verify: false,
    anyTopic: true,
  })
  // Which dead letters of the second target are in doubt is a warning of the run.
  const [result] = await runRedrive(request, { ...context, warn: throws, onProgress: throws, onDeadLetter: throws })
  assert.equal(result?.seen, 2)
  assert.deepEqual(new Set(emitted), new Set(['The option "warn" failed (RangeError).']))
})

test('a failing callback of a redrive is a warning of that run', async () => {
  const warnings: string[] = []
  const request = parseRedriveRequest({ from: `disk:${second}`, dryRun: true, verify: false, anyTopic: true })
  const onDeadLetter = () => Promise.reject(new RangeError('of the caller')) as never
  await runRedrive(request, { ...context, onDeadLetter, warn: text => warnings.push(text) })
  await new Promise(setImmediate)
  assert.deepEqual(new Set(warnings), new Set(['The option "onDeadLetter" failed (RangeError).']))
})

const DRY = { dryRun: true, verify: false, anyTopic: true }
const placesOf = (...names: readonly string[]) => names.map(name => `disk:${join(folder, name)}`).join()

/** A context whose targets are these folders. */
function targeting(...names: readonly string[]) {
  const warnings: string[] = []
  const targets = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: placesOf(...names) }, {})
  return { ...context, config: targets, warn: (text: string) => void warnings.push(text), warnings }
}

test('a limit counts over all targets, and what comes after it is not read', async () => {
  const countsOf = async (limit: number) =>
    (await runRedrive(parseRedriveRequest({ ...DRY, limit }), targeting('first', 'second'))).map(
      ({ tried, hasMore }) => [tried, hasMore],
    )
  assert.deepEqual(await countsOf(1), [[1, true]])
  assert.deepEqual(await countsOf(3), [
    [2, false],
    [1, true],
  ])
  assert.deepEqual(await countsOf(4), [
    [2, false],
    [2, false],
  ])
  const listed = async (limit: number) =>
    (await Array.fromAsync(listDeadLetters({ limit }, context))).map(({ deadLetter }) => deadLetter.recordId)
  assert.deepEqual([await listed(1), await listed(3)], [['a'], ['a', 'b', 'c']])
})

test('a target that another redrive reads is left to it, and the next one is read', async () => {
  const lease = await new DiskDeadLetterStore(first).lease()
  const request = parseRedriveRequest({ verify: false, topic: 'none' })
  const stoppedOf = async (changes: Partial<RedriveContext> = {}) =>
    (await runRedrive(request, { ...targeting('first', 'second'), ...changes })).map(({ stopped }) => stopped)
  const [running, other] = await runRedrive(request, targeting('first', 'second'))
  assert.equal(running?.stopped, 'already-running')
  assert.match(running?.error ?? '', /Another redrive/)
  assert.deepEqual([other?.stopped, other?.seen], [undefined, 2])
  // A run that has to end anyway says so, and reads no further target.
  assert.deepEqual(await stoppedOf({ signal: AbortSignal.abort() }), ['interrupted'])
  assert.deepEqual(await stoppedOf({ deadline: deadlineIn(-1) }), ['deadline'])
  await lease.release()
  assert.deepEqual(await stoppedOf(), [undefined, undefined])
})

test('a configured target without anything stored is empty; one that a request names has to exist', async () => {
  const none = targeting('nothing-stored', 'second')
  const results = await runRedrive(parseRedriveRequest(DRY), none)
  assert.deepEqual(
    results.map(({ seen, stopped }) => [seen, stopped]),
    [
      [0, undefined],
      [2, undefined],
    ],
  )
  const later = targeting('second', 'nothing-stored')
  await runRedrive(parseRedriveRequest(DRY), later)
  assert.deepEqual([none.warnings, later.warnings], [[], []])
  const named = targeting('second')
  const from = placesOf('second', 'nothing-stored')
  const [, missing] = await runRedrive(parseRedriveRequest({ ...DRY, from }), named)
  assert.deepEqual([missing?.stopped, missing?.seen], ['not-found', 0])
  assert.equal(named.warnings.length, 1)
  const place = placesOf('nothing-stored')
  const start = `Can't find out which dead letters of ${place} are in doubt: `
  assert.ok(named.warnings[0]?.startsWith(start), named.warnings[0])
  await assert.rejects(Array.fromAsync(listDeadLetters({ from: parseRedriveRequest({ from }).from ?? [] }, named)), {
    code: 'not-found',
  })
  const failed: unknown[] = []
  const onTargetFailure = (source: { kind: string }, error: unknown) =>
    failed.push([source.kind, error instanceof DeadLetterError && error.code])
  const both = parseRedriveRequest({ from: placesOf('nothing-stored', 'second') }).from ?? []
  assert.equal((await Array.fromAsync(listDeadLetters({ from: both }, { ...named, onTargetFailure }))).length, 2)
  assert.deepEqual(failed, [['disk', 'not-found']])
  assert.equal((await Array.fromAsync(listDeadLetters({}, targeting('nothing-stored', 'second')))).length, 2)
})

test('a listing ends once the signal has aborted, and reads nothing more', async () => {
  const abort = new AbortController()
  const seen: string[] = []
  const onSeen = ({ recordId }: DeadLetter) => {
    seen.push(recordId)
    abort.abort()
  }
  const listed = await Array.fromAsync(
    listDeadLetters({}, { ...targeting('first', 'second'), signal: abort.signal, onSeen }),
  )
  assert.deepEqual([seen, listed.map(({ deadLetter }) => deadLetter.recordId)], [['a'], ['a']])
})

test('a store that the caller has opened is redriven; no record goes to a topic of dead letters', async () => {
  const dlt = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: `disk:${first},kafka:{topic}-dlt` }, {})
  const store = new MemoryDeadLetterStore([deadLetterOf('a'), deadLetterOf('b', 'v', 'chat-dlt')])
  const reported: string[] = []
  const result = await redriveStore(store, parseRedriveRequest(DRY), {
    ...context,
    config: dlt,
    onDeadLetter: each => reported.push(`${each.result} ${'code' in each && each.code}`),
  })
  assert.deepEqual([result.tried, result.parked, reported], [1, 1, ['kept parked', 'would-send false']])
  assert.equal((await redriveStore(store, parseRedriveRequest({ ...DRY, anyTopic: false }), context)).tried, 0)
})
