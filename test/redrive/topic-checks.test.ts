// What the settings of a topic say about the records of dead letters, and where a run sends nothing more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaProducerError, TransportError } from '../../lib/errors.ts'
import { batchesOf, type Candidate } from '../../lib/redrive/candidate.ts'
import { CompactedKeys, olderOfTheirKeys } from '../../lib/redrive/compacted-keys.ts'
import { EncodingFailures } from '../../lib/redrive/encoding-failures.ts'
import { RedriveCounts } from '../../lib/redrive/redrive-counts.ts'
import type { RedriveLog, RedriveOptions } from '../../lib/redrive/redrive-options.ts'
import { inDoubt, noted, timeOf, topicInDoubt, tried, withTopic } from '../../lib/redrive/retried-dead-letter.ts'
import { SentInRun } from '../../lib/redrive/sent-in-run.ts'
import { StoppedTopics } from '../../lib/redrive/stopped-topics.ts'
import { TopicChecks } from '../../lib/redrive/topic-checks.ts'
import { TopicFactsCache } from '../../lib/redrive/topic-facts.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { logOf, many, producerOf } from '../fakes/redrive-cluster.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { unknownReport } from '../support/unknown-report.ts'

function candidateOf(id: string, topic = 'chat', changes: Partial<Candidate> = {}): Candidate {
  const deadLetter = deadLetterOf(id, id, topic)
  const open = { deadLetter, location: `memory:${id}`, verified: true, handle: id }
  return { open, deadLetter, topic, partition: undefined, keptFor: undefined, ...changes }
}

test('the settings of a topic say how long it keeps records, and whether only the newest of a key', async () => {
  const KEEPS = { 'retention.ms': '1000', 'cleanup.policy': 'delete', 'message.timestamp.type': 'CreateTime' }
  const known = { kind: 'known', isCompacted: false, retentionMs: 1000, tombstonesKeptMs: 86_400_000 }
  const rows: [
    name: string,
    settings: Readonly<Record<string, string | null>> | KafkaProducerError | undefined,
    object,
  ][] = [
    ['deleted by age', KEEPS, known],
    ['no timestamp type', { 'retention.ms': '1000', 'cleanup.policy': 'delete' }, known],
    ['kept 0 ms', { ...KEEPS, 'retention.ms': '0' }, { ...known, retentionMs: 0 }],
    ['kept for ever', { ...KEEPS, 'retention.ms': '-1' }, { ...known, retentionMs: undefined }],
    ['by the append', { ...KEEPS, 'message.timestamp.type': 'LogAppendTime' }, { ...known, retentionMs: undefined }],
    ['compacted', { ...KEEPS, 'cleanup.policy': 'compact' }, { ...known, isCompacted: true, retentionMs: undefined }],
    ['both', { ...KEEPS, 'cleanup.policy': 'compact,delete' }, { ...known, isCompacted: true }],
    ['tombstones', { ...KEEPS, 'delete.retention.ms': '7' }, { ...known, tombstonesKeptMs: 7 }],
    ['no retention', { 'cleanup.policy': 'delete' }, { kind: 'unknown' }],
    ['a retention that is no number', { ...KEEPS, 'retention.ms': 'x' }, { kind: 'unknown' }],
    ['no policy', { 'retention.ms': '1000' }, { kind: 'unknown' }],
    ['hidden values', { 'retention.ms': null, 'cleanup.policy': null }, { kind: 'unknown' }],
    ['no response', undefined, { kind: 'unknown' }],
    ['no right', new TransportError('authorization', 'No.'), { kind: 'unknown' }],
    ['not there', new TransportError('topic-not-on-cluster', 'No.'), { kind: 'missing' }],
  ]
  for (const [name, settings, expected] of rows) {
    const answer = settings instanceof KafkaProducerError || !settings ? settings : new Map(Object.entries(settings))
    const cache = new TopicFactsCache({ settings: async () => new Map(answer ? [['chat', answer]] : []) })
    assert.deepEqual(cache.of('chat'), { kind: 'unknown' })
    assert.equal(await cache.load(['chat']), undefined)
    assert.deepEqual(cache.of('chat'), expected, name)
  }
})

test('a topic is asked for once, with the settings that are needed', async () => {
  const asked: unknown[] = []
  const failure = new TransportError('unreachable', 'No broker.', { retriable: true })
  let isDown = true
  const cache = new TopicFactsCache({
    settings: async (topics, names) => {
      asked.push([topics, names])
      if (isDown) throw failure
      return new Map()
    },
  })
  const names = ['retention.ms', 'message.timestamp.type', 'cleanup.policy', 'delete.retention.ms']
  assert.equal(await cache.load(['a', 'b', 'a']), failure)
  isDown = false
  assert.equal(await cache.load(['a', 'c']), undefined)
  assert.equal(await cache.load(['b', 'c']), undefined)
  assert.deepEqual(asked, [
    [['a', 'b'], names],
    [['c'], names],
  ])
})

const checksOf = (
  log: Partial<RedriveLog>,
  topics: Parameters<typeof logOf>[0],
  options: Partial<RedriveOptions> = {},
) => new TopicChecks({ producer: producerOf(), log: { ...logOf(topics), ...log }, ...options })

test('a candidate gets the partition that its key maps to, or that its dead letter names', async () => {
  const asked: string[] = []
  const log = {
    partitions: async (topic: string) => {
      asked.push(topic)
      if (topic === 'denied') throw new TransportError('authorization', 'No.')
      return 3
    },
  }
  const topics = { chat: {}, denied: {}, gone: 'missing' } as const
  const fixed = candidateOf('fixed')
  const record = { ...fixed.deadLetter.record, partition: 7, partitionFixedBy: 'source' as const }
  const keyless = candidateOf('keyless')
  const window = [
    candidateOf('keyed'),
    { ...fixed, deadLetter: { ...fixed.deadLetter, record } },
    { ...keyless, deadLetter: { ...keyless.deadLetter, record: { ...keyless.deadLetter.record, key: null } } },
    candidateOf('denied', 'denied'),
    candidateOf('kept', 'chat', { keptFor: 'unknown-topic' }),
    candidateOf('gone', 'gone'),
    candidateOf('again'),
  ]
  const placed = async (options: Partial<RedriveOptions>) => {
    const checks = checksOf(log, topics, options)
    await checks.load(window)
    const checked = await checks.check(window)
    return checked.map(({ partition }) => partition)
  }
  // Of three partitions, k is in 2.
  assert.deepEqual(await placed({}), [2, 7, undefined, undefined, undefined, undefined, 2])
  assert.deepEqual(asked.splice(0), ['chat', 'denied'])
  assert.deepEqual(await placed({ to: 'chat' }), [2, 2, undefined, undefined, undefined, undefined, 2])
  const foreign = new RangeError('payload')
  const broken = checksOf({ partitions: () => Promise.reject(foreign) }, topics)
  await broken.load(window)
  await assert.rejects(broken.check(window), foreign)
  const without = new TopicChecks({ producer: producerOf() })
  assert.equal(await without.load(window), undefined)
  assert.deepEqual((await without.check(window)).map(({ partition, keptFor }) => [partition, keptFor])[4], [
    undefined,
    'unknown-topic',
  ])
})

test('only the topics of what may be sent are asked for, and those where records in doubt may be', async () => {
  const asked: string[] = []
  const settings: RedriveLog['settings'] = async topics => {
    asked.push(...topics)
    return new Map()
  }
  const { firstAt: from, lastAt: to } = deadLetterOf('d').failure
  const numbers = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to }
  const doubted = candidateOf('doubted', 'orders')
  const inOther = { ...doubted, deadLetter: { ...doubted.deadLetter, inDoubt: { ...numbers, topic: 'other' } } }
  await checksOf({ settings }, {}).load([candidateOf('a'), candidateOf('k', 'kept', { keptFor: 'x' }), inOther])
  assert.deepEqual(asked, ['chat', 'orders', 'other'])
})

test('the facts of a topic are those of this cluster; a missing topic gets nothing', async () => {
  const topics = {
    chat: { 'cleanup.policy': 'compact', 'delete.retention.ms': '9' },
    orders: {},
    gone: 'missing',
  } as const
  const checks = checksOf({}, topics)
  const window = ['chat', 'orders', 'gone'].map(topic => candidateOf(topic, topic))
  await checks.load(window)
  const names = ['chat', 'orders', 'gone', 'unasked']
  assert.deepEqual(
    names.map(name => checks.isCompacted(name)),
    [true, false, false, false],
  )
  assert.deepEqual(
    names.map(name => checks.isMissing(name)),
    [false, false, true, false],
  )
  assert.deepEqual(
    names.map(name => checks.tombstonesKeptMs(name)),
    [9, undefined, undefined, undefined],
  )
  assert.equal(checks.stoppedTopics.codeOf('gone'), undefined)
  await checks.check(window)
  assert.equal(checks.stoppedTopics.codeOf('gone'), 'topic-not-on-cluster')
  const without = new TopicChecks({ producer: producerOf() })
  assert.deepEqual(
    [without.isCompacted('chat'), without.isMissing('chat'), without.tombstonesKeptMs('chat')],
    [false, false, undefined],
  )
})

test('a record is too old once its topic’s retention is over, to the millisecond', async t => {
  const { firstAt } = deadLetterOf('a').failure
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse(firstAt) + 1000 })
  const keptFor = async (retention: string, options: Partial<RedriveOptions> = {}) => {
    const checks = checksOf({}, { chat: { 'retention.ms': retention } }, options)
    await checks.load([candidateOf('a')])
    return (await checks.check([candidateOf('a')]))[0]?.keptFor
  }
  assert.deepEqual(
    [await keptFor('999'), await keptFor('1000'), await keptFor('999', { timestamp: 'now' })],
    ['too-old', undefined, undefined],
  )
})

test('of the dead letters of a key the older are kept; of the same age none is', () => {
  const at = (id: string, ms: number, key: string | null = 'aw==') => {
    const deadLetter = deadLetterOf(id)
    return { deadLetter: { ...deadLetter, record: { ...deadLetter.record, key, timestamp: ms } }, topic: 'chat' }
  }
  const idsOf = (candidates: readonly ReturnType<typeof at>[]) =>
    [...olderOfTheirKeys(candidates)].map(({ deadLetter }) => deadLetter.recordId)
  assert.deepEqual(idsOf([at('a', 1), at('b', 3), at('c', 2)]), ['a', 'c'])
  assert.deepEqual(idsOf([at('a', 3), at('b', 1), at('c', 2)]), ['b', 'c'])
  assert.deepEqual(idsOf([at('a', 2), at('b', 2)]), [])
  assert.deepEqual(idsOf([at('a', 2), at('b', 2), at('c', 3)]), ['b'])
  assert.deepEqual(idsOf([at('a', 1, null), at('b', 2, null)]), [])
  assert.deepEqual(idsOf([at('a', 1), at('b', 2, 'bA==')]), [])
  assert.deepEqual(idsOf([at('a', 1), { ...at('b', 2), topic: 'other' }]), [])
  const keys = new CompactedKeys()
  keys.note('chat', 1, 5n, at('a', 7).deadLetter)
  keys.note('chat', 1, 6n, at('a', 8).deadLetter)
  assert.deepEqual(
    [...keys.written('chat', 1)],
    [
      [5n, 7],
      [6n, 8],
    ],
  )
  assert.deepEqual([keys.written('chat', 2).size, keys.written('other', 1).size], [0, 0])
})

test('a batch has so many dead letters, and 16 MiB at most unless it is one', () => {
  const sizes = (candidates: readonly Candidate[], size = 100) =>
    [...batchesOf(candidates, size)].map(({ length }) => length)
  const of = (bytes: number) => {
    const one = candidateOf('a')
    return { ...one, deadLetter: { ...one.deadLetter, claimCheck: { target: '', sha256: '', bytes } } }
  }
  assert.deepEqual(sizes([]), [])
  assert.deepEqual(
    sizes(
      many(5, 'chat').map((_, n) => candidateOf(`${n}`)),
      2,
    ),
    [2, 2, 1],
  )
  assert.deepEqual(sizes([of(20_000_000), of(20_000_000), of(1)]), [1, 1, 1])
  assert.deepEqual(sizes([of(8_000_000), of(8_000_000), of(8_000_000)]), [2, 1])
  assert.deepEqual(sizes([of(8_400_000), of(8_400_000)]), [1, 1])
})

test('a place is stopped if every attempt there failed, and a topic if nobody may write to it', () => {
  const failed = (code: string, failureKind = 'delivery-failure') => ({ code, failureKind }) as never
  const after = (attempts: Parameters<StoppedTopics['note']>[0]) => {
    const places = new StoppedTopics()
    places.note(attempts)
    return [undefined, 0, 1].map(partition => places.codeOf('chat', partition))
  }
  const attempt = (partition: number | undefined, failure: never | undefined) => ({
    topic: 'chat',
    partition,
    failed: failure,
  })
  const [noLeader, denied] = [failed('no-leader'), failed('authorization')]
  assert.deepEqual(after([attempt(0, noLeader)]), [undefined, 'no-leader', undefined])
  assert.deepEqual(after([attempt(0, noLeader), attempt(0, undefined)]), [undefined, undefined, undefined])
  assert.deepEqual(after([attempt(0, noLeader), attempt(1, undefined)]), [undefined, 'no-leader', undefined])
  assert.deepEqual(after([attempt(0, undefined), attempt(0, noLeader)]), [undefined, undefined, undefined])
  assert.deepEqual(after([attempt(0, failed('schema', 'invalid-record'))]), [undefined, undefined, undefined])
  assert.deepEqual(after([attempt(0, noLeader), attempt(0, failed('schema', 'invalid-record'))]), [
    undefined,
    undefined,
    undefined,
  ])
  assert.deepEqual(after([attempt(0, denied)]), ['authorization', 'authorization', 'authorization'])
  assert.deepEqual(after([attempt(undefined, noLeader)]), ['no-leader', 'no-leader', 'no-leader'])
  assert.deepEqual(after([]), [undefined, undefined, undefined])
})

test('a registry that did not answer is not asked again for a minute; other errors are no reason to wait', () => {
  const clock = new VirtualClock()
  const failures = new EncodingFailures(clock)
  const down = new TransportError('schema-registry' as never, 'No answer.', { retriable: true })
  failures.note('chat', new TransportError('schema-registry' as never, 'Never.', { retriable: false }))
  failures.note('chat', new TransportError('no-leader', 'No leader.', { retriable: true }))
  failures.note('chat', new RangeError('payload'))
  failures.check('chat')
  failures.note('chat', down)
  assert.throws(() => failures.check('chat'), down)
  failures.check('orders')
  clock.freeze(59_999)
  assert.throws(() => failures.check('chat'), down)
  clock.freeze(1)
  failures.check('chat')
  const late = new TransportError('deadline', 'Too late.', { retriable: true })
  failures.note('chat', late)
  assert.throws(() => failures.check('chat'), late)
})

test('an attempt is counted with its time and code; a note only says why', t => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
  const lastAt = new Date(1_700_000_000_000).toISOString()
  const before = { ...deadLetterOf('a'), redrive: { count: 2, lastAt: 'x', lastCode: 'y' } }
  assert.deepEqual(tried(before, 'no-leader'), { ...before, redrive: { count: 3, lastAt, lastCode: 'no-leader' } })
  assert.deepEqual(noted(before, 'no-leader'), { ...before, redrive: { count: 2, lastAt, lastCode: 'no-leader' } })
  assert.equal(withTopic(before, 'other').record.topic, 'other')
  assert.equal(timeOf(before), Date.parse(before.failure.firstAt))
  assert.equal(timeOf({ ...before, record: { ...before.record, timestamp: 5 } }), 5)
})

test('a dead letter in doubt says where its record may be, and keeps an earlier doubt that nobody looked for', t => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
  const at = new Date(1_700_000_000_000).toISOString()
  const before = deadLetterOf('a')
  const failed = unknownReport({ topic: 'chat', key: null, value: null }, 3, { fromOffset: 9n })
  const doubt = {
    partition: 3,
    producerId: 9_000_000,
    producerEpoch: 0,
    baseSequence: 0,
    indexInBatch: 0,
    from: at,
    to: at,
    clusterId: null,
    fromOffset: 9,
  }
  const failure = { ...before.failure, outcome: 'unknown' }
  assert.deepEqual(inDoubt(before, failed, true), { ...before, failure, inDoubt: doubt })
  assert.equal(inDoubt(before, unknownReport({ topic: 'chat', value: null }), true).inDoubt?.fromOffset, null)
  const elsewhere = inDoubt(before, unknownReport({ topic: 'other', value: null }, 3), true)
  assert.equal(elsewhere.inDoubt?.topic, 'other')
  assert.deepEqual([topicInDoubt(elsewhere), topicInDoubt(before)], ['other', 'chat'])
  assert.equal(inDoubt({ ...before, inDoubt: elsewhere.inDoubt }, failed, true).inDoubt?.earlier, undefined)
  assert.equal(inDoubt({ ...before, inDoubt: elsewhere.inDoubt }, failed, false).inDoubt?.earlier, 'elsewhere')
  const { inDoubt: _none, ...certain } = failed
  assert.equal(inDoubt(before, certain as never, true), before)
  assert.equal(inDoubt(before, { ...failed, serialized: undefined } as never, true), before)
})

test('the first reason that ended a run stays, and a foreign error shows its code or name only', () => {
  const counts = new RedriveCounts()
  counts.match('chat', 'schema')
  counts.match('chat', 'schema')
  counts.match('chat', 'no-leader')
  counts.match('', 'schema')
  for (const code of ['too-old', 'too-old', 'parked']) counts.fail(code)
  const { matched, byTopic, failed, stopped, error } = counts.result()
  assert.deepEqual(
    [matched, byTopic, failed],
    [4, { chat: { schema: 2, 'no-leader': 1 }, '': { schema: 1 } }, { 'too-old': 2, parked: 1 }],
  )
  assert.deepEqual(
    [stopped, error, 'stopped' in counts.result(), 'error' in counts.result()],
    [undefined, undefined, false, false],
  )
  counts.stop('deadline')
  counts.stop('interrupted', new TransportError('unreachable', 'No broker.'))
  counts.stop('interrupted', new RangeError('payload'))
  assert.deepEqual([counts.result().stopped, counts.result().error], ['deadline', 'No broker.'])
  const messageOf = (reason: unknown) => {
    const one = new RedriveCounts()
    one.stop('x', reason)
    return one.result().error
  }
  assert.equal(messageOf(Object.assign(new Error('payload'), { code: 'ENOSPC' })), 'An unexpected error (ENOSPC).')
  assert.equal(messageOf(Object.assign(new RangeError('payload'), { code: 7 })), 'An unexpected error (RangeError).')
  assert.equal(messageOf('payload'), 'An unexpected error (error).')
})

test('a run remembers what it has sent, and in doubt, by the id of the dead letter', () => {
  const run = new SentInRun()
  const [a, b] = [deadLetterOf('a'), deadLetterOf('b')]
  run.noteSent(a, 'kafka:chat-0@1')
  assert.deepEqual([run.locationOf(a), run.locationOf(b)], ['kafka:chat-0@1', undefined])
  assert.equal(run.withDoubt(a), a)
  const doubted = inDoubt(a, unknownReport({ topic: 'chat', value: null }, 3), true)
  run.noteDoubt(doubted)
  assert.equal(run.withDoubt(a).inDoubt?.partition, 3)
  assert.equal(run.withDoubt(b), b)
})
