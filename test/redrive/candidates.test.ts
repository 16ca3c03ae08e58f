// Which dead letters a run tries, where it looks for them first, and which records it sends for them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../../lib/dead-letter/dead-letter-store.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import type { Candidate } from '../../lib/redrive/candidate.ts'
import { CompactedKeys } from '../../lib/redrive/compacted-keys.ts'
import { EncodingFailures } from '../../lib/redrive/encoding-failures.ts'
import { lookUpCandidates } from '../../lib/redrive/look-up-candidates.ts'
import type { RedriveLog, RedriveOptions } from '../../lib/redrive/redrive-options.ts'
import { redrivenRecord } from '../../lib/redrive/redriven-record.ts'
import { RunState } from '../../lib/redrive/run-state.ts'
import { takeCandidate, whyUntried } from '../../lib/redrive/take-candidate.ts'
import { TopicChecks } from '../../lib/redrive/topic-checks.ts'
import { underLease } from '../../lib/redrive/under-lease.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { logOf, producerOf } from '../fakes/redrive-cluster.ts'
import { contractsOf } from '../support/contracts.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'

const contracts = contractsOf([{ topic: 'chat', json: { key: { required: false } } }])
const { firstAt: from, lastAt: to } = deadLetterOf('a').failure
const DOUBT = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to }
const invalid = (deadLetter: DeadLetter, code = 'schema'): DeadLetter => ({
  ...deadLetter,
  failure: { ...deadLetter.failure, kind: 'invalid-record', code },
})
const triedTimes = (count: number): DeadLetter => ({
  ...deadLetterOf('a'),
  redrive: { count, lastAt: null, lastCode: null },
})
const topicless = (): DeadLetter => ({ ...deadLetterOf('a'), record: { ...deadLetterOf('a').record, topic: null } })

test('a dead letter is not tried if the filter leaves it out, it is parked, or its record is invalid', () => {
  const changed = invalid(deadLetterOf('a'), 'number-out-of-range')
  const rows: [name: string, DeadLetter, Partial<RedriveOptions>, expected: string | undefined][] = [
    ['nothing keeps it', deadLetterOf('a'), {}, undefined],
    ['another topic', deadLetterOf('a'), { topics: ['other'] }, 'other'],
    ['five attempts', triedTimes(5), {}, 'parked'],
    ['four attempts', triedTimes(4), {}, undefined],
    ['as many as the request allows', triedTimes(2), { maxAttempts: 2 }, 'parked'],
    ['only parked ones are asked for', triedTimes(2), { maxAttempts: 3, parked: true }, 'other'],
    ['its topic holds dead letters', deadLetterOf('a'), { isDeadLetterTopic: topic => topic === 'chat' }, 'parked'],
    [
      'so does the topic it goes to',
      deadLetterOf('a'),
      { to: 'dlt', isDeadLetterTopic: topic => topic === 'dlt' },
      'parked',
    ],
    ['another topic does', deadLetterOf('a'), { isDeadLetterTopic: topic => topic === 'dlt' }, undefined],
    ['no topic', topicless(), {}, 'invalid'],
    ['no topic, and all of them hold some', topicless(), { isDeadLetterTopic: () => true }, 'invalid'],
    ['no topic, but one to go to', topicless(), { to: 'chat' }, undefined],
    ['an invalid record', invalid(deadLetterOf('a')), { contracts }, 'invalid'],
    ['an invalid record, included', invalid(deadLetterOf('a')), { contracts, includeInvalid: true }, undefined],
    ['an invalid record that nothing validates', invalid(deadLetterOf('a')), { includeInvalid: true }, 'invalid'],
    ['bytes that are not those of its source', changed, { contracts, includeInvalid: true }, 'invalid'],
    ['such ones, edited', { ...changed, editedFrom: 'x' }, { contracts, includeInvalid: true }, undefined],
  ]
  for (const [name, deadLetter, options, expected] of rows)
    assert.equal(whyUntried(deadLetter, { producer: producerOf(), ...options }), expected, name)
})

function take(deadLetter: DeadLetter, options: Partial<RedriveOptions> = {}, parts: Partial<OpenDeadLetter> = {}) {
  const open = { deadLetter, location: 'memory:0', verified: true, handle: 0, ...parts }
  const reported: unknown[] = []
  const onDeadLetter: RedriveOptions['onDeadLetter'] = each =>
    reported.push([each.deadLetterId, each.location, each.result, 'code' in each && each.code])
  const run = new RunState(
    new MemoryDeadLetterStore([]),
    { producer: producerOf(), onDeadLetter, ...options },
    undefined,
  )
  return { open, candidate: takeCandidate(open, run), reported, counts: run.counts.result() }
}

test('what is tried goes to its own topic, or to the one of the request', () => {
  const deadLetter = deadLetterOf('a')
  const { open, candidate, counts, reported } = take(deadLetter)
  assert.deepEqual(candidate, {
    open,
    deadLetter,
    topic: 'chat',
    partition: undefined,
    foundAt: undefined,
    keptFor: undefined,
  })
  assert.deepEqual([counts.matched, counts.byTopic, reported], [1, { chat: { unreachable: 1 } }, []])
  const moved = take(deadLetter, { to: 'other' }).candidate
  assert.deepEqual([moved?.topic, moved?.deadLetter.record.topic], ['other', 'other'])
  // One in doubt is looked for where it was sent.
  const doubted = take({ ...deadLetter, inDoubt: DOUBT }, { to: 'other' }).candidate
  assert.deepEqual([doubted?.topic, doubted?.deadLetter.record.topic], ['other', 'chat'])
})

test('what is not tried is counted and reported with its reason; what the filter leaves out is not', () => {
  const { deadLetterId } = deadLetterOf('a')
  const left = take(deadLetterOf('a'), { topics: ['other'] })
  assert.deepEqual([left.candidate, left.counts.matched, left.reported], [undefined, 0, []])
  const parked = take(triedTimes(5))
  assert.deepEqual([parked.candidate, parked.counts.matched, parked.counts.parked], [undefined, 1, 1])
  assert.deepEqual(parked.reported, [[deadLetterId, 'memory:0', 'kept', 'parked']])
  const without = take(topicless())
  assert.deepEqual([without.counts.invalid, without.counts.byTopic], [1, { '': { unreachable: 1 } }])
  const siblings = [triedTimes(5)]
  const notWhole = take(deadLetterOf('a'), {}, { siblings })
  assert.deepEqual([notWhole.candidate, notWhole.counts.failed], [undefined, { 'message-not-whole': 1 }])
  assert.deepEqual(notWhole.reported, [[deadLetterId, 'memory:0', 'kept', 'message-not-whole']])
  const target = (isOn: boolean) => ({ deadLetterTargets: { isOn, store: async () => [] } })
  assert.notEqual(take(deadLetterOf('a'), target(true), { siblings }).candidate, undefined)
  assert.equal(take(deadLetterOf('a'), target(false), { siblings }).candidate, undefined)
  assert.notEqual(take(deadLetterOf('a'), {}, { siblings: [deadLetterOf('b')] }).candidate, undefined)
})

test('what may be completed already stays where the log could tell, unless it is looked for anyway', () => {
  const log = logOf({})
  const uncertain = { isUncertain: true }
  assert.deepEqual(take(deadLetterOf('a'), { log }, uncertain).counts.failed, { 'completion-unknown': 1 })
  assert.notEqual(take({ ...deadLetterOf('a'), inDoubt: DOUBT }, { log }, uncertain).candidate, undefined)
  assert.notEqual(take(deadLetterOf('a'), {}, uncertain).candidate, undefined)
  assert.notEqual(take(deadLetterOf('a'), { log }, {}).candidate, undefined)
})

test('a topic without a contract keeps its dead letter, also one that its record may be in', () => {
  const rows: [name: string, DeadLetter, Partial<RedriveOptions>, string | undefined][] = [
    ['with a contract', deadLetterOf('a'), { contracts }, undefined],
    ['without one', deadLetterOf('a', 'v', 'other'), { contracts }, 'unknown-topic'],
    ['any topic', deadLetterOf('a', 'v', 'other'), { contracts, anyTopic: true }, undefined],
    ['no contracts', deadLetterOf('a', 'v', 'other'), {}, undefined],
    ['sent to another', deadLetterOf('a'), { contracts, to: 'other' }, 'unknown-topic'],
    ['in doubt in its own', { ...deadLetterOf('a'), inDoubt: { ...DOUBT, topic: 'chat' } }, { contracts }, undefined],
    [
      'in doubt elsewhere',
      { ...deadLetterOf('a'), inDoubt: { ...DOUBT, topic: 'secret' } },
      { contracts },
      'unknown-topic',
    ],
    ['in doubt, without a topic', { ...topicless(), inDoubt: DOUBT }, { contracts, to: 'chat' }, undefined],
  ]
  for (const [name, deadLetter, options, expected] of rows)
    assert.equal(take(deadLetter, options).candidate?.keptFor, expected, name)
})

const candidateOf = (deadLetter: DeadLetter, changes: Partial<Candidate> = {}): Candidate => ({
  open: { deadLetter, location: 'memory:0', verified: true, handle: 0 },
  deadLetter,
  topic: deadLetter.record.topic ?? 'chat',
  partition: 0,
  keptFor: undefined,
  ...changes,
})

test('a look-up takes half of the time that is left, so that the other half is for sending', async () => {
  const waits: number[] = []
  const log: RedriveLog = {
    ...logOf({ chat: {} }),
    start: async (_topic, _partition, ms) => {
      waits.push(ms)
      return 0n
    },
  }
  const options = { producer: producerOf(), log, deadline: deadlineIn(6000) }
  const topics = new TopicChecks(options)
  const context = { options, topics, compactedKeys: new CompactedKeys(), failures: new Map() }
  await lookUpCandidates([candidateOf({ ...deadLetterOf('a'), inDoubt: DOUBT })], context)
  assert.equal(waits.length, 1)
  assert.ok((waits[0] ?? 0) > 2000 && (waits[0] ?? 0) <= 3000, `${waits[0]} ms`)
  assert.equal((await lookUpCandidates([candidateOf(deadLetterOf('a'))], context)).size, 0)
  const without = { ...context, options: { producer: producerOf() } }
  assert.equal((await lookUpCandidates([candidateOf({ ...deadLetterOf('a'), inDoubt: DOUBT })], without)).size, 0)
})

test('a record in doubt waits five minutes for its log unless the request says otherwise', async () => {
  const log = logOf({ chat: {} })
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
  const resultOf = async (minutes: number, inDoubtWaitMs?: number) => {
    const options = { producer: producerOf(), log, ...(inDoubtWaitMs === undefined ? {} : { inDoubtWaitMs }) }
    const context = {
      options,
      topics: new TopicChecks(options),
      compactedKeys: new CompactedKeys(),
      failures: new Map(),
    }
    const doubted = { ...deadLetterOf('a'), inDoubt: { ...DOUBT, from: minutesAgo(minutes), to: minutesAgo(minutes) } }
    const result = (await lookUpCandidates([candidateOf(doubted)], context)).get(doubted)
    return result?.kind === 'keep' ? result.code : result?.kind
  }
  assert.deepEqual(
    [await resultOf(4.9), await resultOf(5.1), await resultOf(1, 0)],
    ['still-in-doubt', 'not-there', 'not-there'],
  )
})

test('nothing is looked for in a topic that gets no records', async () => {
  const log = { ...logOf({ chat: {} }), end: async () => assert.fail('the log was read') }
  const options = { producer: producerOf(), log }
  const topics = new TopicChecks(options)
  topics.stoppedTopics.stop('chat', 'authorization')
  const context = { options, topics, compactedKeys: new CompactedKeys(), failures: new Map() }
  const doubted = { ...deadLetterOf('a'), inDoubt: DOUBT }
  assert.equal((await lookUpCandidates([candidateOf(doubted)], context)).size, 0)
})

test('one in doubt is looked for where it goes as well, if that is another topic or partition', async () => {
  const asked: string[] = []
  const log: RedriveLog = {
    ...logOf({ chat: { 'cleanup.policy': 'compact' }, other: { 'cleanup.policy': 'compact' } }),
    start: async (topic, partition) => {
      asked.push(`${topic}-${partition}`)
      return 0n
    },
  }
  const options = { producer: producerOf(), log, inDoubtWaitMs: 0 }
  const doubted = { ...deadLetterOf('a'), inDoubt: DOUBT }
  const askedFor = async (changes: Partial<Candidate>) => {
    const topics = new TopicChecks(options)
    const candidate = candidateOf(doubted, changes)
    await topics.load([candidateOf(doubted), candidate])
    await lookUpCandidates([candidate], { options, topics, compactedKeys: new CompactedKeys(), failures: new Map() })
    return asked.splice(0)
  }
  assert.deepEqual(await askedFor({}), ['chat-0'])
  assert.deepEqual(await askedFor({ partition: undefined }), ['chat-0'])
  assert.deepEqual(await askedFor({ partition: 2 }), ['chat-0', 'chat-2'])
  assert.deepEqual(await askedFor({ topic: 'other' }), ['chat-0', 'other-0'])
})

async function recordFor(deadLetter: DeadLetter, options: Partial<RedriveOptions> = {}): Promise<ProducerRecord> {
  return redrivenRecord(candidateOf(deadLetter), { producer: producerOf(), ...options }, new EncodingFailures())
}

const headersOf = ({ headers }: ProducerRecord) =>
  (headers as readonly (readonly [string, Uint8Array | null])[]).map(
    ([name, value]) => `${name}=${value && Buffer.from(value)}`,
  )

test('a record gets the id of its dead letter in its place; a template’s record keeps its headers', async () => {
  const header = (name: string, value: string) => ({ name, value: Buffer.from(value).toString('base64') })
  const of = (
    headers: readonly { name: string; value: string }[],
    trigger: DeadLetter['source']['trigger'] = 'http',
  ) => {
    const deadLetter = deadLetterOf('a')
    return withOwnId({
      ...deadLetter,
      source: { ...deadLetter.source, trigger },
      record: { ...deadLetter.record, headers },
    })
  }
  const forged = [header('x', '1'), header('kp-id', 'forged'), header('y', '2'), header('kp-id', 'again')]
  assert.deepEqual(headersOf(await recordFor(of(forged))), ['x=1', 'kp-id=a', 'y=2'])
  assert.deepEqual(headersOf(await recordFor(of([header('x', '1')]))), ['kp-id=a', 'x=1'])
  assert.deepEqual(headersOf(await recordFor(of(forged, 'template'))), ['x=1', 'kp-id=forged', 'y=2', 'kp-id=again'])
})

test('an invalid record is validated as its contract is now; a valid one is sent as it is', async () => {
  const strict = new Map([
    ['chat', { ...defineContract('chat', { key: { from: ['value:/id'] }, value: { format: 'json' } }) }],
  ])
  const valid = deadLetterOf('a', '{"id":"i"}')
  assert.equal(String((await recordFor(valid, { contracts: strict })).key), 'k')
  const [good, bad] = ['{"id":"i"}', '{}'].map(value => {
    const deadLetter = invalid(deadLetterOf('a', value))
    return withOwnId({ ...deadLetter, record: { ...deadLetter.record, key: null } })
  }) as [DeadLetter, DeadLetter]
  assert.equal(String((await recordFor(good, { contracts: strict })).key), 'i')
  await assert.rejects(recordFor(bad, { contracts: strict }), { code: 'key-missing' })
  assert.equal((await recordFor(bad)).key, null)
  const sent = { ...good, failure: { ...good.failure, attempts: 1 } }
  assert.equal(String((await recordFor(sent, { contracts: strict })).key), 'i')
})

test('a record that was never encoded needs contracts; a value in a claim check needs a reader', async () => {
  const source = { ...deadLetterOf('a'), record: { ...deadLetterOf('a').record, encoding: 'source' as const } }
  await assert.rejects(recordFor(source), {
    code: 'unknown-topic',
    message: 'The record is not serialized yet: expected contracts.',
  })
  const plain = deadLetterOf('a', 'value')
  const claimCheck = { target: 'disk:x', sha256: 'a'.repeat(64), bytes: 5 }
  const claimed = { ...plain, record: { ...plain.record, value: null }, claimCheck }
  const missing = {
    code: 'claim-missing',
    message: 'The value of the claim check is missing or does not match.',
    retriable: false,
  }
  await assert.rejects(recordFor(claimed), missing)
  await assert.rejects(
    recordFor(claimed, { readClaim: async () => ({ ...plain, record: { ...plain.record, value: 'eA==' } }) }),
    missing,
  )
  assert.equal(String((await recordFor(claimed, { readClaim: async () => plain })).value), 'value')
})

test('a lease is renewed every 15 s while the work runs, and released after it, whatever happens', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const events: string[] = []
  const store = new MemoryDeadLetterStore([])
  const failing = new Error('lost')
  store.lease = async () => ({
    check: async () => {},
    renew: async () => {
      events.push('renew')
      throw failing
    },
    release: async () => {
      events.push('release')
      throw failing
    },
  })
  const result = await underLease(store, {}, async () => {
    t.mock.timers.tick(14_999)
    events.push('14,999 ms')
    t.mock.timers.tick(1)
    return 7
  })
  assert.deepEqual([result, events.splice(0)], [7, ['14,999 ms', 'renew', 'release']])
  t.mock.timers.tick(60_000)
  assert.deepEqual(events, [])
  const ofWork = new RangeError('of the work')
  await assert.rejects(
    underLease(store, {}, () => Promise.reject(ofWork)),
    ofWork,
  )
  assert.deepEqual(events, ['release'])
})
