// How a whole run goes: in what order it asks, sends, notes and completes, and what ends it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { createProbe } from '../../lib/dead-letter/probe.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { DeadLetterError, DeliveryError, TransportError } from '../../lib/errors.ts'
import { toBase64 } from '../../lib/record/base64.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { type DeadLetterResult, type RedriveLog, type RedriveOptions, redrive } from '../../lib/redrive/redrive.ts'
import { decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { logOf, many, producerOf } from '../fakes/redrive-cluster.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'
import { batchOf } from '../wire-format/batches.ts'

/** A run with a list of what it did, in order. */
async function logged(deadLetters: readonly DeadLetter[], options: Partial<RedriveOptions> = {}) {
  const store = new MemoryDeadLetterStore(deadLetters)
  const cluster = producerOf()
  const producer = {
    ...cluster,
    sendAll: async (records: readonly ProducerRecord[]) => {
      store.calls.push(`send ${records.length}`)
      return cluster.sendAll(records)
    },
  }
  const results: DeadLetterResult[] = []
  const result = await redrive(store, { producer, onDeadLetter: each => results.push(each), ...options })
  return { store, calls: store.calls, result, results, sent: cluster.sent }
}

const redriveOf = (store: MemoryDeadLetterStore, handle = 0) => store.open.get(handle)?.redrive
const keyed = (id: string, key: string | null, changes: Partial<DeadLetter['record']> = {}) => {
  const deadLetter = deadLetterOf(id, id)
  const encoded = toBase64(key === null ? null : Buffer.from(key))
  return withOwnId({ ...deadLetter, record: { ...deadLetter.record, key: encoded, ...changes } })
}

test('a batch is reserved, sent and completed; the lease is checked before each, and at the end', async () => {
  const { calls, result } = await logged(many(3, 'chat'), { concurrency: 2 })
  const batch = (size: number) => ['check', 'reserve', `send ${size}`, 'complete']
  assert.deepEqual(calls, [...batch(2), ...batch(1), 'check', 'tidy'])
  assert.deepEqual(result, {
    seen: 3,
    matched: 3,
    tried: 3,
    resent: 3,
    found: 0,
    invalid: 0,
    parked: 0,
    unreadable: 0,
    notCompleted: 0,
    notNoted: 0,
    moved: 0,
    hasMore: false,
    failed: {},
    byTopic: { chat: { unreachable: 3 } },
  })
})

test('a dry run says what would be sent, found and kept, and changes nothing', async () => {
  const found = { ...deadLetterOf('found', 'v'), inDoubt: { ...doubtOf('found'), fromOffset: null } }
  const log: RedriveLog = {
    ...logOf({ chat: {}, old: { 'retention.ms': '1' } }),
    end: async () => 1n,
    async *readBatches() {
      yield* decodeRecordSet(batchOf([{ key: Buffer.from('k'), value: Buffer.from('v') }], 'none', PRODUCER), 100_000)
    },
  }
  const letters = [deadLetterOf('new', 'new'), found, deadLetterOf('old', 'old', 'old')]
  const { calls, result, results, sent } = await logged(letters, { log, dryRun: true })
  assert.deepEqual(
    results.map(each => [each.location, each.result, 'topic' in each && each.topic, 'code' in each && each.code]),
    [
      ['memory:0', 'would-send', 'chat', false],
      ['memory:2', 'kept', false, 'too-old'],
      ['memory:1', 'found', false, false],
    ],
  )
  assert.deepEqual([calls, sent(), result.tried, result.found], [[], [], 1, 1])
  assert.equal(results[0]?.deadLetterId, letters[0]?.deadLetterId)
})

const PRODUCER = { producerId: 1n, epoch: 0, baseSequence: 0 }
const doubtOf = (id: string) => {
  const { firstAt: from, lastAt: to } = deadLetterOf(id).failure
  return { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to }
}

test('a run that no lease is granted for throws; one whose lease is lost says so and tidies nothing', async () => {
  const store = new MemoryDeadLetterStore(many(1, 'chat'))
  store.isLeased = true
  await assert.rejects(redrive(store, { producer: producerOf() }), { code: 'redrive-running' })
  assert.deepEqual(store.calls, [])
})

test('an error that is not one of this library ends the run, without its message', async () => {
  const claimCheck = { target: 's3://b/claims/x', sha256: 'a'.repeat(64), bytes: 1 }
  const claimed = { ...deadLetterOf('a'), claimCheck }
  const readClaim = async () => {
    throw Object.assign(new RangeError('payload'), { code: 'ERANGE' })
  }
  const { result, sent, calls } = await logged([claimed, deadLetterOf('b')], { readClaim })
  assert.deepEqual([result.stopped, result.error, sent()], ['dead-letter', 'An unexpected error (ERANGE).', []])
  assert.ok(!calls.includes('tidy'))
  const unreadable = new MemoryDeadLetterStore([])
  unreadable.failing.set('read', new RangeError('payload'))
  const { stopped, error } = await redrive(unreadable, { producer: producerOf() })
  assert.deepEqual([stopped, error], ['dead-letter', 'An unexpected error (RangeError).'])
})

test('a run that is stopped sends nothing more, and says why', async () => {
  for (const [options, stopped] of [
    [{ signal: AbortSignal.abort() }, 'interrupted'],
    [{ deadline: deadlineIn(-1) }, 'deadline'],
  ] as const) {
    const { result, sent } = await logged([deadLetterOf('a'), createProbe()], options)
    assert.deepEqual([result.stopped, result.seen, sent()], [stopped, 0, []])
  }
  const abort = new AbortController()
  const between = await logged(many(250, 'chat'), { signal: abort.signal, onProgress: () => abort.abort() })
  assert.deepEqual([between.result.stopped, between.result.resent], ['interrupted', 100])
  // The doctor's dead letter stays as well: the lease may be over.
  const probed = await logged([createProbe(), ...many(1, 'chat')], {
    signal: new AbortController().signal,
    onProgress: () => undefined,
  })
  assert.equal(probed.store.open.size, 0)
  const stopper = new AbortController()
  const kept = await logged([createProbe(), ...many(1, 'chat')], {
    signal: stopper.signal,
    onProgress: () => stopper.abort(),
  })
  assert.deepEqual([kept.store.open.size, kept.result.resent], [1, 1])
})

test('a rate spreads the records: no batch leaves before its time, and a deadline ends the wait', async () => {
  const begin = performance.now()
  const { result } = await logged(many(60, 'chat'), { rate: 200, concurrency: 20 })
  const ms = performance.now() - begin
  assert.equal(result.resent, 60)
  assert.ok(ms > 280, `60 records at 200 a second took ${ms} ms`)
  const late = await logged(many(3, 'chat'), { rate: 1, deadline: deadlineIn(30) })
  assert.deepEqual([late.result.stopped, late.sent(), late.calls.includes('reserve')], ['deadline', [], false])
  assert.ok(performance.now() - begin < ms + 2000)
})

test('at a rate below the batch size a batch has no more records than may leave in a second', async () => {
  const { calls, result } = await logged(many(3, 'chat'), { rate: 2, deadline: deadlineIn(1200) })
  assert.deepEqual([calls.filter(call => call.startsWith('send')), result.stopped], [['send 2'], 'deadline'])
})

test('dead letters are looked up and sent in windows of 32 MiB, whatever a target holds', async () => {
  const value = 'A'.repeat(17_000_000)
  const order: string[] = []
  const log = logOf({ chat: {}, orders: {} })
  const settings: RedriveLog['settings'] = (topics, names) => {
    order.push(`settings ${topics}`)
    return log.settings(topics, names)
  }
  const letters = [...many(2, 'chat'), deadLetterOf('x', 'x', 'orders')].map(each => ({
    ...each,
    record: { ...each.record, value },
  }))
  const producer = producerOf()
  const sendAll = (records: readonly ProducerRecord[]) => {
    order.push(`send ${records.map(({ topic }) => topic)}`)
    return producer.sendAll(records)
  }
  await redrive(new MemoryDeadLetterStore(letters), { producer: { sendAll }, log: { ...log, settings } })
  // A batch has 16 MiB at most, except of a single record.
  assert.deepEqual(order, ['settings chat', 'send chat', 'send chat', 'settings orders', 'send orders'])
})

test('a cluster of which no broker answers about the topics ends the run before a record is sent', async () => {
  let calls = 0
  const onClusterDown = () => {
    calls++
  }
  const settings: RedriveLog['settings'] = async () => {
    throw new TransportError('unreachable', 'No broker.', { retriable: true })
  }
  const log = { ...logOf({}), settings }
  const down = await logged(many(2, 'chat'), { log, onClusterDown })
  assert.deepEqual([down.result.stopped, down.result.error, down.sent(), calls], ['unreachable', 'No broker.', [], 1])
  const refused: RedriveLog['settings'] = async () => {
    throw new TransportError('authorization', 'Not allowed.', { retriable: true })
  }
  const unknown = await logged(many(2, 'chat'), { log: { ...log, settings: refused }, onClusterDown })
  assert.deepEqual([unknown.result.failed, unknown.result.stopped, calls], [{ 'retention-unknown': 2 }, undefined, 1])
  assert.equal(
    (await logged(many(2, 'chat'), { log: { ...log, settings: refused }, assumeRetained: true })).sent().length,
    2,
  )
  const foreign: RedriveLog['settings'] = async () => {
    throw new RangeError('payload')
  }
  const ended = await logged(many(2, 'chat'), { log: { ...log, settings: foreign } })
  assert.deepEqual([ended.result.stopped, ended.sent()], ['dead-letter', []])
})

/** A producer whose records fail with these codes, by their values; the others are acknowledged. */
function failing(codes: Readonly<Record<string, TransportError['code'] | DeliveryError>>, partition?: number) {
  const cluster = producerOf()
  const sendAll: RedriveOptions['producer']['sendAll'] = async records => {
    const reports = await cluster.sendAll(records)
    return reports.map((report, index) => {
      const record = records[index] as ProducerRecord
      const code = codes[String(record.value)]
      if (code === undefined) return report
      const error = typeof code === 'string' ? new TransportError(code, 'refused', { retriable: true }) : code
      const serialized = { ...record, key: null, value: null, headers: [], wireSize: 0, partition } as never
      return notSent(record, partition === undefined ? undefined : serialized, error, Date.now())
    })
  }
  return { sendAll, attempted: () => cluster.batches.flat().map(({ value }) => String(value)) }
}

test('a run goes on after failures while a broker answers, or a record was acknowledged', async () => {
  const all = { 'chat-0': 'unavailable', 'chat-1': 'unreachable' } as const
  const letters = Object.keys(all).map(id => deadLetterOf(id, id))
  const rows: [
    name: string,
    codes: Parameters<typeof failing>[0],
    isReachable: boolean | undefined,
    stopped?: string,
  ][] = [
    ['no broker answers', all, false, 'unavailable'],
    ['nobody can ask', all, undefined, 'unavailable'],
    ['a broker answers', all, true],
    ['one was acknowledged', { 'chat-1': 'unreachable' }, false],
    ['one failed for itself', { 'chat-0': 'unreachable', 'chat-1': 'no-leader' }, false],
  ]
  for (const [name, codes, isReachable, stopped] of rows) {
    const { sendAll } = failing(codes)
    const asked: number[] = []
    const producer: RedriveOptions['producer'] = {
      sendAll,
      ...(isReachable === undefined
        ? {}
        : {
            isReachable: async deadline => {
              asked.push(deadline?.remaining ?? 0)
              return isReachable
            },
          }),
    }
    const result = await redrive(new MemoryDeadLetterStore(letters), { producer })
    assert.equal(result.stopped, stopped, name)
    for (const ms of asked) assert.ok(ms > 4000 && ms <= 5000, `asked for ${ms} ms`)
  }
})

test('a partition without a leader gets no more records in the run; the others of the topic do', async () => {
  const log = { ...logOf({ chat: {} }), partitions: async () => 3 }
  // Of three partitions, k is in 2 and a in 1.
  const letters = ['k', 'k', 'a', 'k', 'a'].map((key, n) => keyed(`${n}`, key))
  const { sendAll, attempted } = failing({ 0: 'no-leader' }, 2)
  const store = new MemoryDeadLetterStore(letters)
  const { failed, resent, tried } = await redrive(store, { producer: { sendAll }, log, concurrency: 1 })
  assert.deepEqual([attempted(), failed, resent, tried], [['0', '2', '4'], { 'no-leader': 3 }, 2, 3])
  // It recovers by itself: no reason is stored for those that were not tried.
  assert.deepEqual(redriveOf(store, 0)?.lastCode, 'no-leader')
  assert.deepEqual(redriveOf(store, 1), { count: 0, lastAt: null, lastCode: null })
})

test('a topic that this client may not write to gets no more records, and each dead letter says why', async () => {
  const { sendAll, attempted } = failing({ 0: 'authorization' })
  const store = new MemoryDeadLetterStore([keyed('0', 'a'), keyed('1', 'b'), deadLetterOf('2', '2', 'orders')])
  const { failed, resent } = await redrive(store, { producer: { sendAll }, concurrency: 1 })
  assert.deepEqual([attempted(), failed, resent], [['0', '2'], { authorization: 2 }, 1])
  assert.deepEqual([redriveOf(store, 0)?.lastCode, redriveOf(store, 1)?.lastCode], ['authorization', 'authorization'])
  assert.equal(redriveOf(store, 1)?.count, 0)
})

test('an attempt counts if the record was rejected, or is invalid; not if it only was not sent', async () => {
  const rejected = new DeliveryError('rejected-by-broker' as never, 'No.', { outcome: 'rejected' } as never)
  const { sendAll } = failing({ a: 'no-leader', b: 'no-leader' })
  const store = new MemoryDeadLetterStore(['a', 'b', 'c'].map(id => deadLetterOf(id, id)))
  const producer = {
    sendAll: async (records: readonly ProducerRecord[]) => {
      const reports = await sendAll(records)
      return reports.map(report => {
        if (report.kind !== 'failed') return report
        const isInvalid = String(report.record.value) === 'b'
        return { ...report, error: rejected, ...(isInvalid ? { failureKind: 'invalid-record' as const } : {}) } as never
      })
    },
  }
  await redrive(store, { producer })
  assert.deepEqual([redriveOf(store, 0)?.count, redriveOf(store, 1)?.count], [0, 1])
})

test('a record that the run wrote before counts by the time of its dead letter, not by its own', async () => {
  const at = (id: string, firstAt: string) => {
    const deadLetter = deadLetterOf(id, id)
    return { ...deadLetter, failure: { ...deadLetter.failure, firstAt } }
  }
  const [older, newer] = [at('older', '2026-01-01T00:00:00.000Z'), at('newer', '2026-01-01T00:00:02.000Z')]
  for (const [first, second, expected] of [
    [older, newer, ['chat:older', 'chat:newer']],
    [newer, older, ['chat:newer']],
  ] as const) {
    const store = new MemoryDeadLetterStore([first, second])
    const all = store.deadLetters.bind(store)
    let reads = 0
    // A FIFO queue shows the second only after the first is completed.
    Object.assign(store, {
      givesMoreAfterCompletion: true,
      async *deadLetters() {
        reads++
        for await (const open of all()) if (open.handle < reads) yield open
      },
    })
    const producer = producerOf()
    const log: RedriveLog = {
      ...logOf({ chat: { 'cleanup.policy': 'compact' } }),
      end: async () => BigInt(producer.batches.length),
      async *readBatches() {
        const contents = producer.batches.flat().map(({ value, timestamp }) => ({
          key: Buffer.from('k'),
          value: value as Buffer,
          timestamp: timestamp as number,
        }))
        if (contents.length > 0) yield* decodeRecordSet(batchOf(contents), 100_000)
      },
    }
    await redrive(store, { producer, log })
    assert.deepEqual(producer.sent(), expected)
  }
})

test('a limit counts what would be tried: what is parked or left out by the filter is passed over', async () => {
  const parked = { ...deadLetterOf('p', 'p'), redrive: { count: 5, lastAt: null, lastCode: null } }
  const letters = [deadLetterOf('a', 'a'), parked, deadLetterOf('o', 'o', 'other')]
  const options = { limit: 1, topics: ['chat'] }
  const whole = await logged(letters, options)
  assert.deepEqual([whole.result.hasMore, whole.result.seen, whole.sent()], [false, 1, ['chat:a']])
  const more = await logged([...letters, deadLetterOf('b', 'b')], options)
  assert.deepEqual([more.result.hasMore, more.sent()], [true, ['chat:a']])
})

test('a message is taken whole, also past the limit', async () => {
  const store = new MemoryDeadLetterStore(many(3, 'chat'))
  const all = store.deadLetters.bind(store)
  store.deadLetters = async function* () {
    for await (const open of all()) {
      const message = open.handle < 2 ? 'first' : 'second'
      yield { ...open, location: `sqs:${message}`, siblings: open.handle < 2 ? many(1, 'chat') : [] }
    }
  }
  const { resent, hasMore } = await redrive(store, { producer: producerOf(), limit: 1 })
  assert.deepEqual([resent, hasMore, store.open.size], [2, true, 1])
})

test('what can’t be read is counted and reported', async () => {
  const store = new MemoryDeadLetterStore(many(1, 'chat'))
  const all = store.deadLetters.bind(store)
  const purposes: (string | undefined)[] = []
  store.deadLetters = async function* (options) {
    purposes.push(options?.purpose)
    options?.onUnreadable?.({ location: 'x', reason: 'damaged', count: 3 })
    yield* all()
  }
  const reasons: string[] = []
  const onUnreadable: RedriveOptions['onUnreadable'] = ({ reason }) => reasons.push(reason)
  const dry = await redrive(store, { producer: producerOf(), onUnreadable, dryRun: true })
  const { unreadable, resent } = await redrive(store, { producer: producerOf(), onUnreadable })
  assert.deepEqual([dry.unreadable, unreadable, resent], [3, 3, 1])
  assert.deepEqual(
    [reasons, purposes],
    [
      ['damaged', 'damaged'],
      ['look', 'redrive'],
    ],
  )
})

test('the doctor’s dead letters are removed under the lease, and a refusal ends the run', async () => {
  const store = new MemoryDeadLetterStore([createProbe()])
  const locations: string[] = []
  const complete = store.complete.bind(store)
  store.complete = async completed => {
    locations.push(...completed.map(({ location }) => location))
    return complete(completed)
  }
  const seen: string[] = []
  const { matched } = await redrive(store, { producer: producerOf(), onSeen: ({ recordId }) => seen.push(recordId) })
  assert.deepEqual([locations, matched, seen.length], [['doctor'], 0, 1])
  assert.deepEqual(store.calls, ['check', 'complete', 'check', 'tidy'])
  const lost = new MemoryDeadLetterStore([createProbe()])
  lost.failing.set('check', new DeadLetterError('redrive-running', 'Somebody else has it.'))
  assert.equal((await redrive(lost, { producer: producerOf() })).stopped, 'redrive-running')
  assert.equal(lost.open.size, 1)
})

test('a record has its own time, or that of its first failure, or now; and its partition if fixed', async () => {
  const plain = keyed('a', 'k')
  const timed = keyed('b', 'k', { timestamp: 1_700_000_000_000, partition: 4, partitionFixedBy: 'source' })
  const sentOf = async (options: Partial<RedriveOptions>) => {
    const producer = producerOf()
    await redrive(new MemoryDeadLetterStore([plain, timed]), { producer, ...options })
    return producer.batches.flat().map(({ timestamp, partition, sourceId }) => ({ timestamp, partition, sourceId }))
  }
  const firstAt = Date.parse(plain.failure.firstAt)
  assert.deepEqual(await sentOf({}), [
    { timestamp: firstAt, partition: undefined, sourceId: 'a' },
    { timestamp: 1_700_000_000_000, partition: 4, sourceId: 'b' },
  ])
  assert.deepEqual(await sentOf({ timestamp: 'now', to: 'chat' }), [
    { timestamp: undefined, partition: undefined, sourceId: 'a' },
    { timestamp: undefined, partition: undefined, sourceId: 'b' },
  ])
})
