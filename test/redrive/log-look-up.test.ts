// Searching the log before a record is sent again: when it is found, absent, undecided or superseded.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type DeadLetter, UNKNOWN_PRODUCER_ID } from '../../lib/dead-letter/dead-letter.ts'
import { RecordBatchError, TransportError } from '../../lib/errors.ts'
import { lookUp } from '../../lib/redrive/log-look-up.ts'
import type { Log, LookUpOptions } from '../../lib/redrive/look-up-options.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { ATTRIBUTES_AT, CONTROL, TRANSACTIONAL } from '../../lib/wire-format/record-batch.ts'
import { decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'
import { at, batchOf, type Content, sealed } from '../wire-format/batches.ts'

const CLUSTER = 'cluster-a'
const TO = '2026-01-01T00:00:10.000Z'
const LONG_AFTER = Date.parse(TO) + 3_600_000
const PRODUCER = { producerId: 4000n, epoch: 3, baseSequence: 5 }

interface TestLog extends Log {
  passes: number
}

function logOf(batches: readonly Buffer[], log: Partial<Log> = {}): TestLog {
  return {
    passes: 0,
    clusterId: async () => CLUSTER,
    start: async () => 0n,
    end: async () => 1000n,
    offsetAt: async () => 0n,
    batchAt: async (_topic, _partition, offset) =>
      [...decodeRecordSet(Buffer.concat(batches), 100_000)].find(({ lastOffset }) => lastOffset >= offset),
    async *readBatches(_topic, _partition, from, to) {
      this.passes++
      for (const batch of decodeRecordSet(Buffer.concat(batches), 100_000))
        if (batch.lastOffset >= from && batch.baseOffset < to) yield batch
    },
    ...log,
  }
}

function doubted(id: string, inDoubt: Partial<NonNullable<DeadLetter['inDoubt']>> = {}): DeadLetter {
  const deadLetter = deadLetterOf(id, `value ${id}`)
  const headers = [{ name: 'kp-id', value: Buffer.from(id).toString('base64') }]
  return withOwnId({
    ...deadLetter,
    record: { ...deadLetter.record, headers },
    failure: { ...deadLetter.failure, outcome: 'unknown' },
    inDoubt: {
      partition: 0,
      producerId: 4000,
      producerEpoch: 3,
      baseSequence: 5,
      indexInBatch: 0,
      from: '2026-01-01T00:00:00.000Z',
      to: TO,
      clusterId: CLUSTER,
      fromOffset: 0,
      ...inDoubt,
    },
  })
}

const recordOf = (id: string): Content => ({
  key: Buffer.from('k'),
  value: Buffer.from(`value ${id}`),
  headers: [['kp-id', Buffer.from(id)]],
})

async function outcomes(deadLetters: readonly DeadLetter[], log: Log, options: Partial<LookUpOptions> = {}) {
  const results = await lookUp(deadLetters, {
    log,
    waitMs: 300_000,
    isCompacted: () => false,
    partitionOf: () => 0,
    acceptOtherCluster: false,
    now: () => LONG_AFTER,
    ...options,
  })
  return deadLetters.map(deadLetter => {
    const result = results.get(deadLetter)
    if (!result) return 'not looked for'
    return result.kind === 'found' ? result.location : result.kind === 'keep' ? result.code : result.kind
  })
}

test('a record is found by its producer’s numbers only if its key and value are the same bytes', async () => {
  const otherRecord: Content = { key: Buffer.from('other'), value: Buffer.from('other') }
  const log = logOf([at(7n, batchOf([otherRecord], 'none', PRODUCER))])
  assert.deepEqual(await outcomes([doubted('a')], log), ['not-there'])
  const own = logOf([at(7n, batchOf([{ ...recordOf('a'), headers: [] }], 'none', PRODUCER))])
  assert.deepEqual(await outcomes([doubted('a')], own), ['kafka:chat-0@7'])
})

test('sequences wrap: the record after sequence 2^31 - 1 has sequence 0', async () => {
  const identity = { ...PRODUCER, baseSequence: 2 ** 31 - 1 }
  const contents = [recordOf('a'), recordOf('b')].map(content => ({ ...content, headers: [] }))
  const log = logOf([at(3n, batchOf(contents, 'none', identity))])
  const second = doubted('b', { baseSequence: 2 ** 31 - 1, indexInBatch: 1 })
  assert.deepEqual(await outcomes([second], log), ['kafka:chat-0@4'])
})

test('the same record is found under another producer: it was sent again before', async () => {
  const log = logOf([at(9n, batchOf([recordOf('a')], 'gzip', { ...PRODUCER, producerId: 77n }))])
  assert.deepEqual(await outcomes([doubted('a')], log), ['kafka:chat-0@9'])
})

test('a look-up proves nothing about an earlier attempt by another batch, or in another partition', async () => {
  const soon = { now: () => Date.parse(TO) + 1000 }
  const fence = at(2n, batchOf([recordOf('b')], 'none', { ...PRODUCER, epoch: 4, baseSequence: 0 }))
  const written = at(3n, batchOf([recordOf('a')], 'none', { ...PRODUCER, producerId: 77n }))
  const [same, elsewhere] = [{ earlier: 'same-partition' }, { earlier: 'elsewhere' }] as const
  const rows: [string, typeof same | typeof elsewhere, readonly Buffer[], Partial<LookUpOptions>, string][] = [
    ['fenced', same, [fence], soon, 'still-in-doubt'],
    ['fenced, and the wait is over', same, [fence], {}, 'not-there'],
    ['written behind the fence', same, [fence, written], {}, 'kafka:chat-0@3'],
    ['elsewhere', elsewhere, [], {}, 'look-up-incomplete'],
    ['elsewhere, and written here', elsewhere, [written], {}, 'kafka:chat-0@3'],
  ]
  for (const [name, doubt, batches, options, expected] of rows)
    assert.deepEqual(await outcomes([doubted('a', doubt)], logOf(batches), options), [expected], name)
  const onOther = doubted('a', { ...elsewhere, clusterId: 'cluster-b' })
  assert.deepEqual(await outcomes([onOther], logOf([]), { acceptOtherCluster: true }), ['look-up-incomplete'])
  const plain = doubted('a', same)
  const withoutId = withOwnId({ ...plain, record: { ...plain.record, headers: [] } })
  assert.deepEqual(await outcomes([withoutId], logOf([])), ['look-up-incomplete'])
})

test('a record is absent only after the wait, or once a higher epoch of its producer is in the log', async () => {
  const soon = { now: () => Date.parse(TO) + 1000 }
  assert.deepEqual(await outcomes([doubted('a')], logOf([]), soon), ['still-in-doubt'])
  assert.deepEqual(await outcomes([doubted('a')], logOf([]), { ...soon, waitMs: 500 }), ['not-there'])
  const fenced = logOf([at(2n, batchOf([recordOf('b')], 'none', { ...PRODUCER, epoch: 4, baseSequence: 0 }))])
  assert.deepEqual(await outcomes([doubted('a')], fenced, soon), ['not-there'])
  const sameEpoch = logOf([at(2n, batchOf([recordOf('b')], 'none', PRODUCER))])
  assert.deepEqual(await outcomes([doubted('a')], sameEpoch, soon), ['still-in-doubt'])
})

test('a dead letter in doubt on another cluster is not looked up, and stays', async () => {
  const log = logOf([at(7n, batchOf([recordOf('a')], 'none', PRODUCER))])
  const elsewhere = doubted('a', { clusterId: 'cluster-b' })
  assert.deepEqual(await outcomes([elsewhere], log), ['other-cluster'])
  assert.equal(log.passes, 0)
  assert.deepEqual(await outcomes([elsewhere], log, { acceptOtherCluster: true }), ['not looked for'])
})

test('one pass serves all dead letters of a partition', async () => {
  const ids = Array.from({ length: 500 }, (_, n) => String(n))
  const log = logOf([at(0n, batchOf(ids.map(recordOf), 'none', PRODUCER))])
  const found = await outcomes(
    ids.map((id, indexInBatch) => doubted(id, { indexInBatch })),
    log,
  )
  assert.deepEqual(
    found,
    ids.map(id => `kafka:chat-0@${id}`),
  )
  assert.equal(log.passes, 1)
})

test('reading begins at the offset bound, and stops once every record is found', async () => {
  const ranges: bigint[][] = []
  const log = logOf([at(39n, batchOf([recordOf('x')], 'none', { ...PRODUCER, baseSequence: 4 }))], {
    async *readBatches(_topic, _partition, from, to) {
      ranges.push([from, to])
      yield* decodeRecordSet(at(50n, batchOf([recordOf('a')], 'none', PRODUCER)))
      throw new Error('Expected the reading to stop.')
    },
  })
  assert.deepEqual(await outcomes([doubted('a', { fromOffset: 40 })], log), ['kafka:chat-0@50'])
  assert.deepEqual(ranges, [[40n, 1000n]])
})

test('deleted records leave the outcome unknown; an offset bound beyond the end is of an earlier topic', async () => {
  const cut = logOf([], { start: async () => 30n })
  assert.deepEqual(await outcomes([doubted('a', { fromOffset: 20 })], cut), ['log-deleted'])
  // Without an offset, the first record that is left tells: if it is of the window or later, some of it may be deleted.
  const byTime = (offset: bigint) => ({ ...cut, offsetAt: async () => offset })
  assert.deepEqual(await outcomes([doubted('a', { fromOffset: null })], byTime(0n)), ['log-deleted'])
  assert.deepEqual(await outcomes([doubted('a', { fromOffset: null })], byTime(900n)), ['not-there'])
  const recreated = logOf([at(1n, batchOf([recordOf('a')], 'none', PRODUCER))], { end: async () => 2n })
  assert.deepEqual(await outcomes([doubted('a', { fromOffset: 900 })], recreated), ['kafka:chat-0@1'])
})

// The original bug: after a topic was recreated, or an unclean leader election truncated its log, the copy was before
// the recorded offset, and once others had written enough the search began after it.
test('an offset bound holds only where the log has the producer’s earlier batch right before it', async () => {
  const copy = at(1n, batchOf([recordOf('a')], 'none', PRODUCER))
  const before = (identity: Partial<typeof PRODUCER>, offset = 4n) =>
    at(offset, batchOf([recordOf('x')], 'none', { ...PRODUCER, baseSequence: 4, ...identity }))
  const rows: [string, Buffer, string][] = [
    ['its earlier batch', before({}), 'not-there'],
    ['of its earlier epoch', before({ epoch: 2, baseSequence: 70 }), 'not-there'],
    ['of another producer', before({ producerId: 77n }), 'kafka:chat-0@1'],
    ['its later batch', before({ baseSequence: 6 }), 'kafka:chat-0@1'],
    ['of its later epoch', before({ epoch: 4, baseSequence: 0 }), 'kafka:chat-0@1'],
    ['a batch that ends elsewhere', before({}, 6n), 'kafka:chat-0@1'],
  ]
  for (const [name, batch, expected] of rows)
    assert.deepEqual(await outcomes([doubted('a', { fromOffset: 5 })], logOf([copy, batch])), [expected], name)
  const wrapped = doubted('a', { fromOffset: 5, baseSequence: 1 })
  const last = before({ baseSequence: 2 ** 31 - 1 })
  assert.deepEqual(await outcomes([wrapped], logOf([copy, last])), ['not-there'])
})

test('the batch before an offset bound is read once; where it can’t be, the time of the send is', async () => {
  const asked: bigint[] = []
  const copy = at(1n, batchOf([recordOf('a'), recordOf('b')], 'none', PRODUCER))
  const log = logOf([copy], {
    async batchAt(_topic, _partition, offset) {
      asked.push(offset)
      throw new RecordBatchError('corrupt-batch', 'Its checksum is wrong.')
    },
  })
  const deadLetters = ['a', 'b'].map((id, indexInBatch) => doubted(id, { fromOffset: 5, indexInBatch }))
  assert.deepEqual(await outcomes(deadLetters, log), ['kafka:chat-0@1', 'kafka:chat-0@2'])
  assert.deepEqual(asked, [4n])
})

test('only an unreadable batch of the same producer leaves the outcome unknown', async () => {
  const bomb = (producerId: bigint) =>
    at(5n, batchOf([{ value: Buffer.alloc(200_000) }], 'gzip', { ...PRODUCER, producerId }))
  assert.deepEqual(await outcomes([doubted('a')], logOf([bomb(4000n)])), ['look-up-incomplete'])
  assert.deepEqual(await outcomes([doubted('a')], logOf([bomb(4001n)])), ['not-there'])
})

test('an interrupted look-up returns what it found, and keeps the other dead letters', async () => {
  const abort = new AbortController()
  const log = logOf([], {
    async *readBatches() {
      yield* decodeRecordSet(at(0n, batchOf([recordOf('a')], 'none', PRODUCER)))
      abort.abort()
      yield* decodeRecordSet(at(1n, batchOf([recordOf('x')], 'none', { ...PRODUCER, baseSequence: 6 })))
      throw new Error('Expected the reading to stop.')
    },
  })
  const results = await outcomes([doubted('a'), doubted('b', { indexInBatch: 9 })], log, { signal: abort.signal })
  assert.deepEqual(results, ['kafka:chat-0@0', 'look-up-stopped'])
})

test('a partition that can’t be read keeps its own dead letters and no others', async () => {
  const log = logOf([at(0n, batchOf([recordOf('good')], 'none', PRODUCER))], {
    start: async (_topic, partition) => {
      if (partition === 99) throw new TransportError('no-leader', 'No broker leads the partition.', { retriable: true })
      return 0n
    },
  })
  const results = await outcomes([doubted('bad', { partition: 99 }), doubted('good')], log)
  assert.deepEqual(results, ['no-leader', 'kafka:chat-0@0'])
})

test('a partition without an answer is asked once in a run, beside the others, within the deadline', async () => {
  const asked: [number, number][] = []
  const log = logOf([at(0n, batchOf([recordOf('good')], 'none', PRODUCER))], {
    start: async (_topic, partition, ms) => {
      asked.push([partition, ms])
      if (partition >= 90) throw new TransportError('no-leader', 'No broker leads the partition.', { retriable: true })
      return 0n
    },
  })
  const failures = new Map()
  const all = [90, 91, 92].map(partition => doubted(`${partition}`, { partition }))
  const expected = ['no-leader', 'no-leader', 'no-leader', 'kafka:chat-0@0']
  assert.deepEqual(await outcomes([...all, doubted('good')], log, { failures }), expected)
  assert.deepEqual(
    asked.splice(0),
    [90, 91, 92, 0].map(partition => [partition, 5000]),
  )
  assert.deepEqual(await outcomes(all, log, { failures }), expected.slice(0, 3))
  const deadline = new Deadline(systemClock, systemClock.now() - 1)
  assert.deepEqual(await outcomes([doubted('good')], log, { deadline }), ['look-up-stopped'])
  assert.deepEqual(asked, [])
})

test('on a compacted topic a newer record of the key keeps a dead letter, unless its transaction aborted', async () => {
  const plain = deadLetterOf('a', 'old value')
  const time = Date.parse(plain.failure.firstAt)
  const newer: Content = { ...recordOf('new'), timestamp: time + 1 }
  const inTransaction = (batch: Buffer, attributes: number) => {
    batch.writeInt16BE(attributes, ATTRIBUTES_AT)
    return sealed(batch)
  }
  const marker = (type: number) =>
    inTransaction(
      batchOf([{ key: Buffer.from([0, 0, 0, type]), value: Buffer.alloc(6) }], 'none', PRODUCER),
      TRANSACTIONAL | CONTROL,
    )
  const sent = at(4n, inTransaction(batchOf([newer], 'none', PRODUCER), TRANSACTIONAL))
  const rows: [string, Buffer[], string][] = [
    ['none', [], 'not-there'],
    ['newer', [at(4n, batchOf([newer], 'none', PRODUCER))], 'superseded'],
    ['of another key', [at(4n, batchOf([{ ...newer, key: Buffer.from('x') }], 'none', PRODUCER))], 'not-there'],
    ['older', [at(4n, batchOf([{ ...newer, timestamp: 1 }], 'none', PRODUCER))], 'not-there'],
    [
      'newer, of a clock 2 s behind',
      [at(4n, batchOf([{ ...newer, timestamp: time - 2000 }], 'none', PRODUCER))],
      'superseded',
    ],
    ['committed', [sent, at(5n, marker(1))], 'superseded'],
    ['aborted', [sent, at(5n, marker(0))], 'not-there'],
    ['not ended', [sent], 'superseded'],
  ]
  for (const [name, batches, expected] of rows)
    assert.deepEqual(await outcomes([plain], logOf(batches), { isCompacted: () => true }), [expected], name)
})

test('a record that the same redrive wrote is a newer one of its key if its dead letter is newer', async () => {
  const plain = deadLetterOf('a', 'value')
  const time = Date.parse(plain.failure.firstAt)
  const sent = { ...recordOf('sent before'), timestamp: time - 1000 }
  const log = logOf([at(4n, batchOf([sent], 'none', PRODUCER))])
  const isCompacted = () => true
  const writtenFor = (of: number) => ({ isCompacted, written: () => new Map([[4n, of]]) })
  assert.deepEqual(await outcomes([plain], log, { isCompacted }), ['superseded'])
  assert.deepEqual(await outcomes([plain], log, writtenFor(time - 1000)), ['not-there'])
  assert.deepEqual(await outcomes([plain], log, writtenFor(time + 1)), ['superseded'])
})

test('the record itself is not a newer one of its key', async () => {
  const log = logOf([at(4n, batchOf([recordOf('a')], 'none', PRODUCER))])
  assert.deepEqual(await outcomes([doubted('a')], log, { isCompacted: () => true }), ['kafka:chat-0@4'])
})

test('a value in a claim check is compared by its size and checksum', async () => {
  const value = Buffer.from('value a')
  const deadLetter = doubted('a')
  const sha256 = createHash('sha256').update(value).digest('hex')
  const claimCheck = { target: 's3://b/claims/a', bytes: value.length, sha256 }
  const claimed = { ...deadLetter, record: { ...deadLetter.record, value: null }, claimCheck }
  const log = logOf([at(7n, batchOf([{ ...recordOf('a'), headers: [] }], 'none', PRODUCER))])
  assert.deepEqual(await outcomes([claimed], log), ['kafka:chat-0@7'])
  const other = { ...claimed, claimCheck: { ...claimCheck, sha256: 'a'.repeat(64) } }
  assert.deepEqual(await outcomes([other], log), ['not-there'])
})

test('thousands of dead letters without an offset cause only a few offset requests', async () => {
  const asked: number[] = []
  const log = logOf([], {
    offsetAt: async (_topic, _partition, time) => {
      asked.push(time)
      return BigInt(Math.max(0, Math.floor(time / 1000)))
    },
    end: async () => BigInt(LONG_AFTER),
    start: async () => 5n,
  })
  const hour = (n: number) => new Date(Date.parse(TO) - n * 36_000).toISOString()
  const deadLetters = Array.from({ length: 20_000 }, (_, n) =>
    doubted(`${n}`, { from: hour(n % 5000), to: hour(n % 5000), fromOffset: null }),
  )
  // One of long ago widens no other's window: what is deleted before theirs does not concern them.
  const ancient = doubted('ancient', {
    from: '1970-01-01T00:00:00.000Z',
    to: '1970-01-01T00:01:00.000Z',
    fromOffset: null,
  })
  const results = await outcomes([...deadLetters, ancient], log)
  assert.ok(asked.length <= 300, `${asked.length} questions`)
  assert.equal(results.pop(), 'log-deleted')
  assert.deepEqual([...new Set(results)], ['not-there'])
})

test('the shortest logs are read first', async () => {
  const read: number[] = []
  const log = logOf([], {
    end: async (_topic, partition) => BigInt(1000 - partition),
    async *readBatches(_topic, partition) {
      read.push(partition)
      yield* []
    },
  })
  await outcomes(
    [1, 9, 4].map(partition => doubted(`${partition}`, { partition })),
    log,
  )
  assert.deepEqual(read, [9, 4, 1])
})

test('a record in doubt may be compacted away with its tombstone, once tombstones are not kept any more', async () => {
  const other = (n: number) => at(BigInt(n), batchOf([recordOf('x')], 'none', { ...PRODUCER, producerId: 1n }))
  const gap = logOf([other(0), other(7)])
  const whole = logOf([other(0), other(1)], { end: async () => 2n })
  for (const [log, options, expected] of [
    [gap, { tombstonesKeptMs: () => 1000 }, 'log-deleted'],
    [gap, { tombstonesKeptMs: () => 86_400_000 }, 'not-there'],
    [gap, {}, 'not-there'],
    [whole, { tombstonesKeptMs: () => 1000 }, 'not-there'],
  ] as const)
    assert.deepEqual(await outcomes([doubted('a')], log, options), [expected])
})

test('attempts of one record are each looked for in their own part of the log', async () => {
  const later = { producerId: 5000, fromOffset: 8 }
  const before = { producerId: 5000n, epoch: 3, baseSequence: 4 }
  const log = logOf([
    at(5n, batchOf([recordOf('a')], 'none', PRODUCER)),
    at(7n, batchOf([recordOf('x')], 'none', before)),
  ])
  const attempts = [doubted('a', later), doubted('a', { fromOffset: 2 })]
  assert.deepEqual(await outcomes(attempts, log), ['not-there', 'kafka:chat-0@5'])
})

/** The results as they are, of dead letters that are all looked for. */
async function resultsOf(deadLetters: readonly DeadLetter[], log: Log, options: Partial<LookUpOptions> = {}) {
  const results = await lookUp(deadLetters, {
    log,
    waitMs: 300_000,
    isCompacted: () => false,
    partitionOf: () => 0,
    acceptOtherCluster: false,
    now: () => LONG_AFTER,
    ...options,
  })
  return deadLetters.map(deadLetter => results.get(deadLetter))
}

test('only an error that no retry changes is the dead letter’s own, and counts as an attempt', async () => {
  const failing = (error: Error) => logOf([], { start: () => Promise.reject(error) })
  for (const [error, countsAsAttempt] of [
    [new TransportError('no-leader', 'No broker leads it.', { retriable: true }), false],
    [new TransportError('partition-gone', 'It does not exist.'), true],
    [new TransportError('topic-not-on-cluster', 'It does not exist.'), false],
  ] as const)
    assert.deepEqual(await resultsOf([doubted('a')], failing(error)), [
      { kind: 'keep', code: error.code, countsAsAttempt },
    ])
  const foreign = new RangeError('payload')
  await assert.rejects(resultsOf([doubted('a')], failing(foreign)), foreign)
  const stopped = { kind: 'keep', code: 'look-up-stopped', countsAsAttempt: false }
  assert.deepEqual(await resultsOf([doubted('a')], logOf([]), { signal: AbortSignal.abort() }), [stopped])
  const elsewhere = { kind: 'keep', code: 'other-cluster', countsAsAttempt: false }
  assert.deepEqual(await resultsOf([doubted('a', { clusterId: 'cluster-b' })], logOf([])), [elsewhere])
  const early = { kind: 'keep', code: 'still-in-doubt', countsAsAttempt: false }
  assert.deepEqual(await resultsOf([doubted('a')], logOf([]), { now: () => Date.parse(TO) }), [early])
})

test('an error while a log is read keeps the dead letters of that partition and no others', async () => {
  const log = (error: Error) =>
    logOf([], {
      async *readBatches(_topic, partition) {
        if (partition === 1) throw error
        yield* decodeRecordSet(at(0n, batchOf([recordOf('good')], 'none', PRODUCER)))
      },
    })
  const deadLetters = [doubted('bad', { partition: 1 }), doubted('good')]
  const lost = new TransportError('unreachable', 'The connection was lost.', { retriable: true })
  assert.deepEqual(await outcomes(deadLetters, log(lost)), ['unreachable', 'kafka:chat-0@0'])
  const foreign = new RangeError('payload')
  await assert.rejects(outcomes(deadLetters, log(foreign)), foreign)
})

test('a cluster is asked for its id if a dead letter names one; without an answer none is another', async () => {
  let asked = 0
  const clusterId = async () => {
    asked++
    return null
  }
  const log = logOf([], { clusterId })
  assert.deepEqual(await outcomes([doubted('a', { clusterId: null })], log), ['not-there'])
  assert.equal(asked, 0)
  assert.deepEqual(await outcomes([doubted('a'), doubted('b')], log), ['not-there', 'not-there'])
  assert.equal(asked, 1)
})

test('the last moment of the wait is over; the wait goes by the time of the last attempt', async () => {
  const at = (ms: number) => ({ now: () => Date.parse(TO) + ms, waitMs: 1000 })
  assert.deepEqual(await outcomes([doubted('a')], logOf([]), at(999)), ['still-in-doubt'])
  assert.deepEqual(await outcomes([doubted('a')], logOf([]), at(1000)), ['not-there'])
})

test('a record that may be in any partition is looked for in each; one that has it decides', async () => {
  const anywhere = doubted('a', { anyPartition: true })
  const log = (has: number, ends: (partition: number) => bigint = () => 1000n) =>
    logOf([], {
      end: async (_topic, partition) => ends(partition),
      async *readBatches(_topic, partition) {
        if (partition === has) yield* decodeRecordSet(at(7n, batchOf([recordOf('a')], 'none', PRODUCER)))
      },
    })
  const partitionCount = async () => 3
  for (const has of [0, 1, 2])
    assert.deepEqual(await outcomes([anywhere], log(has), { partitionCount }), [`kafka:chat-${has}@7`])
  assert.deepEqual(await outcomes([anywhere], log(9), { partitionCount }), ['not-there'])
  // Without a count only the named partition is read.
  assert.deepEqual(await outcomes([anywhere], log(1)), ['not-there'])
  assert.deepEqual(await outcomes([doubted('a')], log(1), { partitionCount }), ['not-there'])
  // A partition that can't be read keeps the dead letter, unless another one has the record.
  const broken = (has: number): Log => ({
    ...log(has),
    start: async (_topic, partition) => {
      if (partition === 1) throw new TransportError('no-leader', 'No broker leads it.', { retriable: true })
      return 0n
    },
  })
  assert.deepEqual(await outcomes([anywhere], broken(9), { partitionCount }), ['no-leader'])
  assert.deepEqual(await outcomes([anywhere], broken(2), { partitionCount }), ['kafka:chat-2@7'])
  const unknown = new TransportError('topic-not-on-cluster', 'It does not exist.')
  const failing = { partitionCount: () => Promise.reject(unknown) }
  assert.deepEqual(await resultsOf([anywhere], log(1), failing), [
    { kind: 'keep', code: 'topic-not-on-cluster', countsAsAttempt: false },
  ])
  const foreign = new RangeError('payload')
  await assert.rejects(outcomes([anywhere], log(1), { partitionCount: () => Promise.reject(foreign) }), foreign)
})

test('a window without an offset begins five minutes before the first attempt, rounded down', async () => {
  const asked: number[] = []
  const log = logOf([], {
    offsetAt: async (_topic, _partition, time) => {
      asked.push(time)
      return 0n
    },
  })
  const from = Date.parse('2026-01-01T00:00:30.000Z')
  const unbounded = (timestamp: number | null = null) => {
    const deadLetter = doubted('a', { fromOffset: null, from: new Date(from).toISOString() })
    return withOwnId({ ...deadLetter, record: { ...deadLetter.record, timestamp } })
  }
  const askedFor = async (deadLetter: DeadLetter, now: number, options: Partial<LookUpOptions> = {}) => {
    await outcomes([deadLetter], log, { now: () => now, ...options })
    return asked.splice(0).map(time => new Date(time).toISOString())
  }
  assert.deepEqual(await askedFor(unbounded(), from), ['2025-12-31T23:55:00.000Z'])
  // The older, the coarser: 2 min from 64 min on, 4 min from 128 min on.
  const aged = (minutes: number) => from - 300_000 + minutes * 60_000
  assert.deepEqual(await askedFor(unbounded(), aged(64) - 1), ['2025-12-31T23:55:00.000Z'])
  assert.deepEqual(await askedFor(unbounded(), aged(64)), ['2025-12-31T23:54:00.000Z'])
  assert.deepEqual(await askedFor(unbounded(), aged(128)), ['2025-12-31T23:52:00.000Z'])
  // A record keeps its own timestamp, which may be long before; 5 s are for clocks that differ.
  const earlier = (time: string) => askedFor(unbounded(Date.parse(time)), from)
  assert.deepEqual(await earlier('2025-12-31T00:00:05Z'), ['2025-12-31T00:00:00.000Z'])
  assert.deepEqual(await earlier('2025-12-31T00:00:04Z'), ['2025-12-30T23:28:00.000Z'])
  assert.deepEqual(await askedFor(unbounded(from + 3_600_000), from), ['2025-12-31T23:55:00.000Z'])
  const plain = deadLetterOf('a', 'v', 'chat', Date.parse('2026-01-01T00:01:04.000Z'))
  const compacted = { isCompacted: () => true }
  assert.deepEqual(await askedFor(plain, from, compacted), ['2026-01-01T00:00:00.000Z'])
  const later = deadLetterOf('a', 'v', 'chat', Date.parse('2026-01-01T00:01:05.000Z'))
  assert.deepEqual(await askedFor(later, from, compacted), ['2026-01-01T00:01:00.000Z'])
})

test('a log that begins in the window may have lost the record; one that begins before it has not', async () => {
  const unbounded = doubted('a', { fromOffset: null })
  const begins = (start: bigint, offset: bigint) =>
    logOf([], { start: async () => start, offsetAt: async () => offset })
  assert.deepEqual(await outcomes([unbounded], begins(30n, 30n)), ['log-deleted'])
  assert.deepEqual(await outcomes([unbounded], begins(30n, 31n)), ['not-there'])
  assert.deepEqual(await outcomes([unbounded], begins(0n, 0n)), ['not-there'])
  const proven = doubted('a', { fromOffset: 30 })
  assert.deepEqual(await outcomes([proven], begins(30n, 0n)), ['not-there'])
  assert.deepEqual(await outcomes([proven], begins(31n, 0n)), ['log-deleted'])
})

test('a pass reads from the first offset of all its dead letters, and not before the log begins', async () => {
  const ranges: bigint[][] = []
  const log = (start: bigint) =>
    logOf([], {
      start: async () => start,
      offsetAt: async () => 50n,
      async *readBatches(_topic, _partition, from, to) {
        ranges.push([from, to])
        yield* []
      },
    })
  const letters = [doubted('a', { fromOffset: null }), doubted('b', { fromOffset: 20 })]
  await outcomes(letters, log(20n))
  await outcomes(letters, log(30n))
  await outcomes(letters.slice(0, 1), log(20n))
  assert.deepEqual(ranges, [
    [20n, 1000n],
    [30n, 1000n],
    [50n, 1000n],
  ])
})

test('the log is asked for 5 s at most, and not longer than the deadline', async () => {
  const waits: number[] = []
  const log = logOf([], {
    start: async (_topic, _partition, ms) => {
      waits.push(ms)
      return 0n
    },
    end: async (_topic, _partition, ms) => {
      waits.push(ms)
      return 1000n
    },
    offsetAt: async (_topic, _partition, _time, ms) => {
      waits.push(ms)
      return 0n
    },
    batchAt: async (_topic, _partition, _offset, ms) => {
      waits.push(ms)
      return undefined
    },
  })
  const deadline = (ms: number) => new Deadline(systemClock, systemClock.now() + ms)
  await outcomes([doubted('a', { fromOffset: 5 })], log, { deadline: deadline(60_000) })
  assert.deepEqual(waits.splice(0), [5000, 5000, 5000, 5000])
  await outcomes([doubted('a', { fromOffset: 5 })], log, { deadline: deadline(3000) })
  assert.equal(waits.length, 4)
  for (const ms of waits) assert.ok(ms > 1000 && ms <= 3000, `${ms} ms`)
})

test('only the topic that a record goes to can have a newer one of its key, and only if it is compacted', async () => {
  const newer = { ...recordOf('new'), timestamp: Date.now() }
  const log = logOf([at(4n, batchOf([newer], 'none', PRODUCER))])
  const plain = deadLetterOf('a', 'old')
  const keyless = { ...plain, record: { ...plain.record, key: null } }
  const isCompacted = (topic: string) => topic === 'chat'
  assert.deepEqual(await outcomes([plain, keyless], log, { isCompacted }), ['superseded', 'not looked for'])
  assert.deepEqual(await outcomes([plain], log, { isCompacted, topicOf: () => 'other' }), ['not looked for'])
  assert.deepEqual(await outcomes([plain], log, { isCompacted, partitionOf: () => undefined }), ['not looked for'])
  const topicless = { ...plain, record: { ...plain.record, topic: null } }
  assert.deepEqual(await outcomes([topicless], log, { isCompacted: () => true }), ['not looked for'])
})

test('once the signal has aborted, or the deadline has passed, nothing more is asked or read', async () => {
  const stopped = async (log: Partial<Log>, options: Partial<LookUpOptions>, partitions = [0]) =>
    outcomes(
      partitions.map(partition => doubted(`${partition}`, { partition, fromOffset: null })),
      logOf([], log),
      options,
    )
  const abort = new AbortController()
  const atEnd = async () => {
    abort.abort()
    return 1000n
  }
  const notAsked = { offsetAt: async () => assert.fail('the log was asked'), end: atEnd }
  assert.deepEqual(await stopped(notAsked, { signal: abort.signal }), ['look-up-stopped'])
  const inFirst = new AbortController()
  const read: number[] = []
  const abortsInFirst: Partial<Log> = {
    end: async (_topic, partition) => BigInt(1000 + partition),
    async *readBatches(_topic, partition) {
      read.push(partition)
      inFirst.abort()
      yield* []
    },
  }
  const both = await stopped(abortsInFirst, { signal: inFirst.signal }, [0, 1])
  assert.deepEqual([both, read], [['not-there', 'look-up-stopped'], [0]])
  const deadline = new Deadline(systemClock, systemClock.now() + 5)
  const late: Partial<Log> = {
    start: async () => {
      while (!deadline.passed) await new Promise(setImmediate)
      return 0n
    },
  }
  assert.deepEqual(await stopped({ ...late, ...notAsked, end: async () => 1000n }, { deadline }), ['look-up-stopped'])
})

test('a record that was not found is not there, although a deadline passed, if its producer is fenced', async () => {
  const abort = new AbortController()
  const log = logOf([], {
    async *readBatches() {
      yield* decodeRecordSet(at(2n, batchOf([recordOf('x')], 'none', { ...PRODUCER, epoch: 4, baseSequence: 0 })))
      abort.abort()
      yield* decodeRecordSet(at(3n, batchOf([recordOf('y')], 'none', { ...PRODUCER, producerId: 9n })))
    },
  })
  // The other one is in doubt from a later epoch, so that reading goes on.
  const letters = [doubted('a'), doubted('b', { producerEpoch: 5 })]
  assert.deepEqual(await outcomes(letters, log, { signal: abort.signal }), ['not-there', 'look-up-stopped'])
  const again = new AbortController()
  const compacted = { signal: again.signal, isCompacted: () => true }
  const reading = logOf([], {
    async *readBatches() {
      yield* decodeRecordSet(at(2n, batchOf([recordOf('x')], 'none', { ...PRODUCER, epoch: 4, baseSequence: 0 })))
      again.abort()
      yield* decodeRecordSet(at(3n, batchOf([recordOf('y')], 'none', { ...PRODUCER, producerId: 9n })))
    },
  })
  // The rest of the log may have a newer record of its key.
  assert.deepEqual(await outcomes([doubted('a')], reading, compacted), ['look-up-stopped'])
})

test('a record of a template has no id to look for: only a known producer proves its absence', async () => {
  const of = (trigger: 'http' | 'template', producerId: number) => {
    const plain = doubted('a', { producerId })
    return withOwnId({ ...plain, source: { ...plain.source, trigger }, record: { ...plain.record, headers: [] } })
  }
  assert.deepEqual(await outcomes([of('template', 4000)], logOf([])), ['not-there'])
  assert.deepEqual(await outcomes([of('template', UNKNOWN_PRODUCER_ID)], logOf([])), ['look-up-incomplete'])
  assert.deepEqual(await outcomes([of('http', UNKNOWN_PRODUCER_ID)], logOf([])), ['not-there'])
})
