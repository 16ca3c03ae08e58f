// The redrive of one store: what is sent, what is kept and why, and when a run ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError } from '../../lib/dead-letter/dead-letter-store.ts'
import { createProbe } from '../../lib/dead-letter/probe.ts'
import { DeadLetterError, SerializationError, TransportError } from '../../lib/errors.ts'
import type { JsonText } from '../../lib/record/json-text.ts'
import type { RecordHeader } from '../../lib/record/producer-record.ts'
import { type RedriveLog, type RedriveOptions, redrive } from '../../lib/redrive/redrive.ts'
import type { ValueCodec } from '../../lib/serialize/value-codec.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { KEEPS_ALL, logOf, many, producerOf } from '../fakes/redrive-cluster.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'
import { Registry } from '../support/registry-codec.ts'
import { pause } from '../support/time.ts'
import { batchOf } from '../wire-format/batches.ts'

const noViolations = () => ({ violations: [], truncated: false })
const contract = parseContract('chat', { value: { format: 'text' } }, () => noViolations)

async function run(deadLetters: readonly DeadLetter[], options: Partial<RedriveOptions> = {}) {
  const store = new MemoryDeadLetterStore(deadLetters)
  const producer = producerOf()
  const result = await redrive(store, { producer, ...options })
  return { store, producer, result }
}

test('many dead letters of a deleted topic keep no dead letter of another topic from being sent', async () => {
  const store = new MemoryDeadLetterStore([...many(350, 'gone'), ...many(300, 'chat')])
  const producer = producerOf({ gone: 'topic-not-on-cluster' })
  const result = await redrive(store, { producer })
  assert.equal(result.resent, 300)
  assert.deepEqual(result.failed, { 'topic-not-on-cluster': 350 })
  assert.equal(result.stopped, undefined)
  assert.equal(store.open.size, 350)
  // Only the first batch is sent to the topic.
  assert.equal(result.tried, 400)
})

test('a registry that does not answer is waited for once per topic; other topics are sent', async () => {
  const asked: string[] = []
  const codec: ValueCodec = {
    ...new Registry().codec(() => 1),
    encode: async ({ content }, { topic }) => {
      asked.push(topic)
      if (topic === 'down') throw new SerializationError('delivery-failure', 'No answer.', { code: 'schema-registry' })
      return Buffer.from((content as JsonText).text)
    },
  }
  const contracts = new Map(['down', 'up'].map(topic => [topic, defineContract(topic, { value: { codec } })]))
  const deadLetters = [...many(3, 'down'), ...many(2, 'up')].map(deadLetter => ({
    ...deadLetter,
    record: { ...deadLetter.record, encoding: 'source' as const },
  }))
  const { producer, result } = await run(deadLetters, { contracts })
  assert.deepEqual(asked, ['down', 'up', 'up'])
  assert.deepEqual(producer.sent(), ['up:0', 'up:1'])
  assert.deepEqual(result.failed, { 'schema-registry': 3 })
})

test('a run ends if no broker answers, and nothing counts as an attempt', async () => {
  const store = new MemoryDeadLetterStore(many(300, 'chat'))
  const result = await redrive(store, { producer: producerOf({ chat: 'unreachable' }) })
  assert.deepEqual([result.stopped, result.resent, result.tried], ['unreachable', 0, 100])
  assert.deepEqual([...new Set([...store.open.values()].map(({ redrive: { count } }) => count))], [0])
})

test('a target that does not answer is no sign that the cluster of the records is down', async () => {
  for (const [name, failing, expected] of [
    ['the cluster', {}, 1],
    ['the target', { reading: new DeadLetterError('dead-letter', 'It does not answer.', { retriable: true }) }, 0],
    ['the target, a Kafka topic', { reading: new TransportError('unreachable', 'No broker.', { retriable: true }) }, 0],
  ] as const) {
    const store = new MemoryDeadLetterStore(many(3, 'chat'))
    if ('reading' in failing) store.failing.set('read', failing.reading)
    let calls = 0
    const onClusterDown = () => {
      calls++
    }
    const result = await redrive(store, { producer: producerOf({ chat: 'unreachable' }), onClusterDown })
    assert.equal(calls, expected, name)
    assert.notEqual(result.stopped, undefined, name)
  }
})

test('topics and codes of a dead letter change no prototype and no other dead letter', async () => {
  const hostile = ['__proto__', 'constructor', 'toString'].map(topic => deadLetterOf(topic, 'x', topic))
  const { result, producer } = await run([...hostile, deadLetterOf('good', 'good')], {
    contracts: new Map([['chat', contract]]),
  })
  assert.deepEqual(producer.sent(), ['chat:good'])
  assert.equal(Object.hasOwn(Object.prototype, 'unreachable'), false)
  assert.equal(typeof Object.keys, 'function')
  assert.deepEqual(Object.keys(result.byTopic), ['__proto__', 'constructor', 'toString', 'chat'])
})

test('records are sent only to topics with a contract, unless `anyTopic` is set', async () => {
  const contracts = new Map([['chat', contract]])
  const deadLetters = [deadLetterOf('a', 'a', 'payments'), deadLetterOf('b', 'b')]
  const strict = await run(deadLetters, { contracts })
  assert.deepEqual([strict.producer.sent(), strict.result.failed], [['chat:b'], { 'unknown-topic': 1 }])
  const any = await run(deadLetters, { contracts, anyTopic: true })
  assert.deepEqual(any.producer.sent(), ['payments:a', 'chat:b'])
})

test('the record id comes from its dead letter, not from the header', async () => {
  const forged = deadLetterOf('own-id', 'v')
  const headers = [
    { name: 'kp-id', value: Buffer.from('somebody-else').toString('base64') },
    { name: 'trace', value: null },
    { name: 'kp-id', value: null },
  ]
  const { producer } = await run([withOwnId({ ...forged, record: { ...forged.record, headers } })])
  const headersSent = producer.batches.flat()[0]?.headers as readonly RecordHeader[]
  const sent = headersSent.map(([name, value]) => [name, value && String(value)])
  assert.deepEqual(sent, [
    ['kp-id', 'own-id'],
    ['trace', null],
  ])
})

test('no record is sent to a topic whose retention would drop it', async () => {
  const short = { 'retention.ms': '1000' }
  const rows: [string, Parameters<typeof logOf>[0], Partial<RedriveOptions>, string][] = [
    ['older than its retention', { chat: short }, {}, 'too-old'],
    ['older, but sent as of now', { chat: short }, { timestamp: 'now' }, 'sent'],
    ['kept for ever', { chat: KEEPS_ALL }, {}, 'sent'],
    ['by the time of the append', { chat: { ...short, 'message.timestamp.type': 'LogAppendTime' } }, {}, 'sent'],
    ['compacted only', { chat: { ...short, 'cleanup.policy': 'compact' } }, {}, 'sent'],
    ['compacted and deleted', { chat: { ...short, 'cleanup.policy': 'compact,delete' } }, {}, 'too-old'],
    ['may not be read', { chat: 'unknown' }, {}, 'retention-unknown'],
    ['may not be read, assumed', { chat: 'unknown' }, { assumeRetained: true }, 'sent'],
    ['not there', { chat: 'missing' }, {}, 'topic-not-on-cluster'],
  ]
  for (const [name, topics, options, expected] of rows) {
    const { result, store } = await run([deadLetterOf('old', 'v')], { log: logOf(topics), ...options })
    const outcome = result.resent === 1 ? 'sent' : Object.keys(result.failed)[0]
    assert.equal(outcome, expected, name)
    assert.deepEqual(store.ids, expected === 'sent' ? [] : ['old'], name)
    const { count, lastCode } = [...store.open.values()][0]?.redrive ?? { count: 0, lastCode: 'sent' }
    assert.deepEqual([lastCode, count], [expected, 0], `${name}: why it is kept is stored, and is no attempt`)
  }
})

test('why a dead letter is kept is stored once, and not by a dry run', async () => {
  const contracts = new Map([['chat', contract]])
  const store = new MemoryDeadLetterStore([deadLetterOf('a', 'a', 'payments')])
  const lastOf = () => [...store.open.values()].map(({ redrive: { lastCode, lastAt } }) => [lastCode, lastAt])
  await redrive(store, { producer: producerOf(), contracts, dryRun: true })
  assert.deepEqual(lastOf(), [[null, null]])
  await redrive(store, { producer: producerOf(), contracts })
  const noted = lastOf()
  assert.equal(noted[0]?.[0], 'unknown-topic')
  await redrive(store, { producer: producerOf(), contracts })
  assert.deepEqual(lastOf(), noted)
})

test('a batch has fewer dead letters when their values in claim checks are large', async () => {
  const claimed = many(8, 'chat').map(deadLetter => ({
    ...deadLetter,
    record: { ...deadLetter.record, value: null },
    claimCheck: { target: 's3://b/claims/x', sha256: 'a'.repeat(64), bytes: 6_000_000 },
  }))
  let reading = 0
  let most = 0
  const store = new MemoryDeadLetterStore(claimed)
  await redrive(store, {
    producer: producerOf(),
    readClaim: async deadLetter => {
      most = Math.max(most, ++reading)
      return deadLetter
    },
    onProgress: () => {
      reading = 0
    },
  })
  assert.equal(most, 2)
})

test('of two dead letters of a key in a compacted topic only the newer is sent, whatever the order', async () => {
  const of = (id: string, firstAt: string, topic = 'chat') => {
    const deadLetter = deadLetterOf(id, id, topic)
    return { ...deadLetter, failure: { ...deadLetter.failure, firstAt } }
  }
  const [older, newer] = [of('older', '2026-01-01T00:00:00.000Z'), of('newer', '2026-01-01T00:00:20.000Z')]
  const log = logOf({ chat: { 'cleanup.policy': 'compact' }, orders: {} })
  for (const deadLetters of [
    [older, newer],
    [newer, older],
  ]) {
    const { producer, store, result } = await run(deadLetters, { log })
    assert.deepEqual([producer.sent(), store.ids, result.failed], [['chat:newer'], ['older'], { superseded: 1 }])
  }
  assert.equal((await run([newer, older], { log, overwrite: true })).result.resent, 2)
  const inOther = [of('newer', newer.failure.firstAt, 'orders'), of('older', older.failure.firstAt, 'orders')]
  assert.equal((await run(inOther, { log })).result.resent, 2)
})

test('nothing is sent if the store could not store the results', async () => {
  const store = new MemoryDeadLetterStore(many(3, 'chat'))
  store.failing.set('reserve', new DeadLetterError('dead-letter', 'The disk target is full.', { retriable: true }))
  const producer = producerOf()
  const result = await redrive(store, { producer })
  assert.deepEqual([result.stopped, result.error], ['dead-letter', 'The disk target is full.'])
  assert.deepEqual(producer.sent(), [])
})

test('a dead letter that can’t be deleted keeps no other from being sent; a run ends if none can', async () => {
  for (const [name, isKept, expected] of [
    ['one', (id: string) => id === 'chat-3', [250, 1, undefined]],
    ['all', () => true, [200, 200, 'dead-letter']],
  ] as const) {
    const store = new MemoryDeadLetterStore(many(250, 'chat'))
    const { complete } = store
    store.complete = async completed => {
      const left = completed.filter(({ open }) => isKept(open.deadLetter.recordId))
      await complete.call(
        store,
        completed.filter(one => !left.includes(one)),
      )
      if (left.length > 0) throw new NotCompletedError(left)
    }
    const { resent, notCompleted, stopped } = await redrive(store, { producer: producerOf() })
    assert.deepEqual([resent, notCompleted, stopped], expected, name)
    assert.equal(store.open.size, name === 'one' ? 1 : 250)
  }
})

test('a target that refuses the note of one dead letter keeps no other from being sent', async () => {
  const store = new MemoryDeadLetterStore([...many(3, 'gone'), ...many(3, 'chat')])
  store.failing.set('replace', new DeadLetterError('dead-letter', 'It is too large.'))
  const { resent, notNoted, stopped } = await redrive(store, { producer: producerOf({ gone: 'authorization' }) })
  assert.deepEqual([resent, notNoted, stopped, store.open.size], [3, 3, undefined, 3])
})

test('records that were sent but not completed are counted, also if the run stops', async () => {
  const store = new MemoryDeadLetterStore(many(3, 'chat'))
  store.failing.set('complete', new DeadLetterError('dead-letter', 'The disk target is full.', { retriable: true }))
  const result = await redrive(store, { producer: producerOf() })
  assert.deepEqual([result.resent, result.notCompleted, result.stopped], [3, 3, 'dead-letter'])
  assert.equal(store.isLeased, false)
})

test('a limit says whether more dead letters match', async () => {
  const deadLetters = [...many(3, 'chat'), ...many(2, 'other')]
  for (const [options, expected] of [
    [{ limit: 2 }, [2, true]],
    [{ limit: 3, topics: ['chat'] }, [3, false]],
    [{ limit: 5 }, [5, false]],
    [{}, [5, false]],
  ] as const) {
    const { resent, hasMore } = (await run(deadLetters, options)).result
    assert.deepEqual([resent, hasMore], expected)
  }
})

test('the lease is checked before every batch; a lost lease ends the run', async () => {
  const store = new MemoryDeadLetterStore(many(250, 'chat'))
  const producer = producerOf()
  let batches = 0
  const result = await redrive(store, {
    producer,
    onProgress: () => {
      if (++batches === 2) store.failing.set('check', new DeadLetterError('redrive-running', 'Somebody else has it.'))
    },
  })
  assert.deepEqual([result.resent, result.stopped], [200, 'redrive-running'])
  assert.ok(!store.calls.includes('tidy'))
})

test('a dry run takes no lease, sends nothing and writes nothing', async () => {
  const { result, store, producer } = await run(many(3, 'chat'), { dryRun: true })
  assert.deepEqual([result.tried, result.resent, producer.sent(), store.calls], [3, 0, [], []])
})

test('the result of each dead letter is reported, with its location in Kafka or the reason', async () => {
  const results: string[] = []
  const store = new MemoryDeadLetterStore([deadLetterOf('a', 'a'), deadLetterOf('b', 'b', 'gone')])
  await redrive(store, {
    producer: producerOf({ gone: 'topic-not-on-cluster' }),
    onDeadLetter: each =>
      results.push(each.result === 'sent' ? each.record : `${each.result} ${'code' in each && each.code}`),
  })
  assert.deepEqual(results.sort(), ['kafka:chat-0@0', 'kept topic-not-on-cluster'])
})

test('a missing claim counts as an attempt of its dead letter, which is finally parked', async () => {
  const plain = deadLetterOf('claimed', 'v')
  const claimCheck = { target: 's3://b/claims/x', sha256: 'a'.repeat(64), bytes: 1 }
  const claimed = { ...plain, record: { ...plain.record, value: null }, claimCheck }
  const store = new MemoryDeadLetterStore([claimed, deadLetterOf('good', 'good')])
  for (let round = 1; round <= 2; round++) {
    const result = await redrive(store, { producer: producerOf(), maxAttempts: 2 })
    assert.deepEqual(result.failed, { 'claim-missing': 1 })
    assert.equal(store.open.get(0)?.redrive.count, round)
  }
  assert.deepEqual(store.ids, ['claimed'])
  assert.equal((await redrive(store, { producer: producerOf(), maxAttempts: 2 })).parked, 1)
})

test('to another topic: the dead letter keeps its id, and the partitioner chooses the partition', async () => {
  const fixed = deadLetterOf('a', 'a')
  const record = { ...fixed.record, partition: 7, partitionFixedBy: 'source' } as const
  const { producer } = await run([{ ...fixed, record }], { to: 'other' })
  const [sent] = producer.batches.flat()
  assert.deepEqual([sent?.topic, sent?.partition], ['other', undefined])
})

test('a store that has more after a completion is read until nothing more is completed', async () => {
  const store = new MemoryDeadLetterStore(many(30, 'chat'))
  const all = store.deadLetters.bind(store)
  Object.assign(store, {
    givesMoreAfterCompletion: true,
    async *deadLetters() {
      let count = 0
      for await (const open of all()) if (count++ < 10) yield open
    },
  })
  const result = await redrive(store, { producer: producerOf() })
  assert.deepEqual([result.resent, store.open.size], [30, 0])
})

test('a dead letter that the doctor could not delete is removed, and nothing else of that form', async () => {
  const probe = createProbe()
  const alike = { ...probe, record: { ...probe.record, value: Buffer.from('other').toString('base64') } }
  const dry = await run([probe, deadLetterOf('a')], { dryRun: true })
  assert.equal(dry.store.open.size, 2)
  const { store, producer, result } = await run([probe, deadLetterOf('a'), alike])
  assert.deepEqual(store.ids, [alike.recordId])
  assert.deepEqual(producer.sent(), ['chat:v'])
  assert.deepEqual([result.matched, result.resent, result.invalid], [2, 1, 1])
})

test('a record in doubt is looked for in its own topic, also when it is redriven to another one', async () => {
  const deadLetter = deadLetterOf('doubted', 'v')
  const { firstAt: from, lastAt: to } = deadLetter.failure
  const numbers = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0 }
  const read: string[] = []
  const end = async (topic: string) => {
    read.push(topic)
    return 0n
  }
  const log = { ...logOf({ other: KEEPS_ALL }), end }
  const inDoubt = { ...numbers, from, to }
  const { producer } = await run([{ ...deadLetter, inDoubt }], { log, to: 'other', inDoubtWaitMs: 0 })
  assert.deepEqual([read, producer.sent()], [['chat'], ['other:v']])
})

// The original bug: each partition of the deleted topic was requested for 30 s, nothing was sent, and after five runs
// the dead letter was parked.
test('the log of a deleted topic is not read: --to sends records in doubt; without it no attempt counts', async () => {
  const deadLetter = deadLetterOf('doubted', 'v')
  const { firstAt: from, lastAt: to } = deadLetter.failure
  const numbers = {
    partition: 2,
    producerId: 1,
    producerEpoch: 0,
    baseSequence: 0,
    indexInBatch: 0,
    clusterId: 'cluster',
  }
  const doubted = { ...deadLetter, inDoubt: { ...numbers, from, to } }
  const notRead = async () => assert.fail('a topic that is not there was read')
  const log: RedriveLog = { ...logOf({ chat: 'missing', other: KEEPS_ALL }), start: notRead, end: notRead }
  const moved = await run([doubted], { log, to: 'other' })
  assert.deepEqual([moved.producer.sent(), moved.result.failed], [['other:v'], {}])
  const kept = await run([doubted], { log })
  assert.deepEqual([kept.producer.sent(), kept.result.failed], [[], { 'topic-not-on-cluster': 1 }])
  assert.equal(kept.store.open.get(0)?.redrive.count, 0)
  // What is known of another cluster or partition stays to be decided.
  for (const [changes, code] of [
    [{ clusterId: 'another' }, 'other-cluster'],
    [{ earlier: 'elsewhere' }, 'look-up-incomplete'],
  ] as const) {
    const { result } = await run([{ ...doubted, inDoubt: { ...doubted.inDoubt, ...changes } }], { log, to: 'other' })
    assert.deepEqual(result.failed, { [code]: 1 })
  }
})

test('a record in doubt is not sent to another, compacted topic that has a newer record of its key', async () => {
  const deadLetter = deadLetterOf('doubted', 'v')
  const { firstAt: from, lastAt: to } = deadLetter.failure
  const numbers = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0 }
  const doubted = { ...deadLetter, inDoubt: { ...numbers, from, to } }
  const newer = batchOf([{ key: Buffer.from('k'), value: Buffer.from('newer'), timestamp: Date.now() }])
  const log: RedriveLog = {
    ...logOf({ other: { 'cleanup.policy': 'compact' } }),
    end: async topic => (topic === 'other' ? 1n : 0n),
    async *readBatches(topic) {
      if (topic === 'other') yield* decodeRecordSet(newer, 100_000)
    },
  }
  const kept = await run([doubted], { log, to: 'other', inDoubtWaitMs: 0 })
  assert.deepEqual([kept.producer.sent(), kept.result.failed], [[], { superseded: 1 }])
  const { producer } = await run([doubted], { log, to: 'other', inDoubtWaitMs: 0, overwrite: true })
  assert.deepEqual(producer.sent(), ['other:v'])
})

// The original bug: 31,000 dead letters of four topics took 80 s and 1.4 GB before the first one was sent.
test('a topic is asked once for its partitions, however many dead letters a window has', async () => {
  const asked: string[] = []
  const partitions = async (topic: string) => {
    asked.push(topic)
    await pause(1)
    return 6
  }
  const log = { ...logOf({ chat: {}, orders: {} }), partitions }
  const { result } = await run([...many(500, 'chat'), ...many(500, 'orders')], { log })
  assert.deepEqual([result.resent, asked], [1000, ['chat', 'orders']])
})

test('a look-up that can’t end before the deadline keeps only its own dead letter; the others are sent', async () => {
  const first = deadLetterOf('doubted', 'x', 'large')
  const inDoubt = {
    partition: 0,
    producerId: 1,
    producerEpoch: 0,
    baseSequence: 0,
    indexInBatch: 0,
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-01T00:00:01.000Z',
    fromOffset: 0,
  }
  const log: RedriveLog = {
    ...logOf({ large: {}, chat: {} }),
    end: async () => 1_000_000n,
    async *readBatches() {
      for (;;) {
        await pause(20)
        yield* decodeRecordSet(batchOf([{ value: Buffer.from('another') }]))
      }
    },
  }
  const doubted = withOwnId({ ...first, failure: { ...first.failure, outcome: 'unknown' as const }, inDoubt })
  const { result, producer } = await run([doubted, ...many(3, 'chat')], {
    log,
    deadline: Deadline.after(systemClock, 2000),
  })
  assert.deepEqual(producer.sent(), ['chat:0', 'chat:1', 'chat:2'])
  assert.deepEqual(result.failed, { 'look-up-stopped': 1 })
})

// The original bug: the look-up used the partition of the source's topic, so the newer record was not found, or the
// partition did not exist.
test('to another topic: a newer record of a key is looked for where the partitioner puts the record', async () => {
  const asked: number[] = []
  const log: RedriveLog = {
    ...logOf({ other: { 'cleanup.policy': 'compact' } }),
    partitions: async () => 4,
    start: async (_topic, partition) => {
      asked.push(partition)
      return 0n
    },
  }
  const fixed = deadLetterOf('a')
  const deadLetter = { ...fixed, record: { ...fixed.record, partition: 7, partitionFixedBy: 'source' as const } }
  const { result } = await run([deadLetter], { log, to: 'other' })
  assert.deepEqual([result.resent, asked.every(partition => partition < 4), asked.length], [1, true, 1])
})

test('a dead letter that may be completed already is not sent, unless the run skips look-ups', async () => {
  const store = new MemoryDeadLetterStore(many(2, 'chat'))
  const deadLetters = store.deadLetters.bind(store)
  store.deadLetters = async function* () {
    for await (const open of deadLetters()) yield open.handle === 0 ? { ...open, isUncertain: true } : open
  }
  const producer = producerOf()
  const { failed, resent } = await redrive(store, { producer, log: logOf({ chat: {} }) })
  assert.deepEqual([failed, resent, store.ids], [{ 'completion-unknown': 1 }, 1, ['chat-0']])
  assert.equal((await redrive(store, { producer })).resent, 1)
})

test('a dead letter whose bytes are not those of its source is sent only after an edit', async () => {
  const before = deadLetterOf('a', '{"n":9007199254740992}')
  const failure = { ...before.failure, kind: 'invalid-record' as const, code: 'number-out-of-range' as const }
  const changed = withOwnId({ ...before, failure })
  const options = { contracts: new Map([['chat', contract]]), includeInvalid: true }
  assert.equal((await run([changed], options)).result.resent, 0)
  assert.equal((await run([{ ...changed, editedFrom: changed.deadLetterId }], options)).result.resent, 1)
})

test('a callback that throws or rejects does not end the run: sent dead letters are completed', async t => {
  const warnings: string[] = []
  t.mock.method(process, 'emitWarning', (text: string) => void warnings.push(text))
  const store = new MemoryDeadLetterStore([deadLetterOf('a', 'a'), deadLetterOf('b', 'b')])
  const producer = producerOf()
  const throws = () => {
    throw new Error('of the caller')
  }
  const { resent, stopped } = await redrive(store, {
    producer,
    onDeadLetter: throws,
    onSeen: throws,
    onProgress: () => Promise.reject(new Error('of the caller')) as never,
  })
  assert.deepEqual([resent, stopped, store.open.size], [2, undefined, 0])
  assert.deepEqual(producer.sent(), ['chat:a', 'chat:b'])
  await pause(1)
  const named = new Set(warnings.map(text => /"(\w+)" failed \(Error\)/.exec(text)?.[1]))
  assert.deepEqual([...named].sort(), ['onDeadLetter', 'onProgress', 'onSeen'])
})
