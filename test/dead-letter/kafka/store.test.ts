// The records of a dead-letter topic are untrusted: none of them stops the reading, and no record can complete or hide
// the dead letters of another topic.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { type DeadLetterLog, NotCompletedError, type Unreadable } from '../../../lib/dead-letter/dead-letter-store.ts'
import { toKafkaDeadLetter } from '../../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { readKafkaDeadLetter } from '../../../lib/dead-letter/kafka/read-kafka-dead-letter.ts'
import { KafkaDeadLetterStore } from '../../../lib/dead-letter/kafka/store.ts'
import { notSent } from '../../../lib/delivery/delivery-report.ts'
import { DeadLetterError, RecordBatchError, TransportError } from '../../../lib/errors.ts'
import type { RecordHeader } from '../../../lib/record/producer-record.ts'
import { tried } from '../../../lib/redrive/retried-dead-letter.ts'
import { batchOf, DeadLetterTopic } from '../../fakes/dead-letter-topic.ts'
import { deadLetterOf, withOwnId } from '../../support/dead-letter.ts'

const PATTERN = '{topic}-dlt'
const NO_KEY = { key: null, value: null }

/** A cluster with these dead-letter topics, of one partition each. */
function clusterOf(...names: string[]) {
  const topics = new Map(names.map(name => [name, new DeadLetterTopic(name)]))
  const topicNamed = (name: string) => topics.get(name) as DeadLetterTopic
  const reader: DeadLetterLog = {
    topics: async () => [...topics.keys(), 'chat'],
    partitions: async () => 1,
    start: async () => 0n,
    end: async name => BigInt(topicNamed(name).records.length),
    offsetAt: async (name, _partition, timestamp) => {
      const at = topicNamed(name).records.findIndex(record => record.timestamp >= timestamp)
      return BigInt(at < 0 ? topicNamed(name).records.length : at)
    },
    readBatches: async function* (name, _partition, from, to) {
      for (const record of topicNamed(name).records.slice(Number(from), Number(to))) yield batchOf(record)
    },
  }
  const openStore = (changes: Partial<DeadLetterLog> = {}) =>
    new KafkaDeadLetterStore({
      pattern: PATTERN,
      reader: { ...reader, ...changes },
      producer: {
        sendAll: async records =>
          (await Promise.all(records.map(record => topicNamed(record.topic).sendAll([record])))).flat(),
        close: async () => {},
      },
      closeReader: async () => {},
    })
  const append = (deadLetter: DeadLetter, headers: readonly RecordHeader[] = []) => {
    const record = toKafkaDeadLetter(deadLetter, PATTERN)
    topicNamed(record.topic).append({
      key: record.key as Buffer | null,
      value: record.value as Buffer | null,
      headers: [...record.headers, ...headers],
    })
  }
  return { topicNamed, reader, openStore, append }
}

async function readAll(store: KafkaDeadLetterStore) {
  const unreadable: Unreadable[] = []
  const open = await Array.fromAsync(store.deadLetters({ onUnreadable: each => unreadable.push(each) }))
  return { open, unreadable, ids: open.map(({ deadLetter }) => deadLetter.recordId) }
}

function withHeaders(deadLetter: DeadLetter, headers: DeadLetter['record']['headers']): DeadLetter {
  return withOwnId({ ...deadLetter, record: { ...deadLetter.record, headers } })
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const base64 = (text: string) => Buffer.from(text).toString('base64')

test('a record keeps all of its headers through a dead-letter topic, also those with Spring’s names', () => {
  const headers = [
    { name: 'kafka_dlt-original-offset', value: 'AA==' },
    { name: 'kafka_dlt-original-topic', value: base64('of an earlier failure') },
    { name: 'kafka_dlt-exception-message', value: null },
    { name: 'kafka_dlt-exception-message', value: base64('twice') },
    { name: 'a', value: 'AA==' },
  ]
  for (const record of [
    {},
    { partition: 7, timestamp: 1_517_966_773_840 },
    { partition: null, timestamp: null, topic: null },
  ]) {
    const plain = deadLetterOf('spring')
    const deadLetter = withHeaders({ ...plain, record: { ...plain.record, ...record } }, headers)
    const stored = toKafkaDeadLetter(deadLetter, PATTERN)
    assert.deepEqual(readKafkaDeadLetter(stored), { kind: 'dead-letter', deadLetter, verified: true })
    // A mirror or an agent on the way may add headers of its own behind them, or remove Spring's.
    const traced = [...stored.headers, ['kafka_dlt-traced', Buffer.from('x')] as const]
    assert.equal(readKafkaDeadLetter({ ...stored, headers: traced }).kind, 'unreadable')
  }
  const deadLetter = withHeaders(deadLetterOf('stripped'), [{ name: 'a', value: 'AA==' }])
  const { headers: all, ...stored } = toKafkaDeadLetter(deadLetter, PATTERN)
  for (const left of [
    all.filter(([name]) => !name.startsWith('kafka_dlt-')),
    [...all, ['kafka_dlt-traced', Buffer.from('x')] as const],
  ])
    assert.deepEqual(readKafkaDeadLetter({ ...stored, headers: left }), {
      kind: 'dead-letter',
      deadLetter,
      verified: true,
    })
})

test('unreadable dead letters are reported by location; foreign records are ignored', async () => {
  const { topicNamed, openStore, append } = clusterOf('chat-dlt')
  const topic = topicNamed('chat-dlt')
  const envelope = (value: unknown) =>
    topic.append({ ...NO_KEY, headers: [['kp-dead-letter', Buffer.from(value as string)]] })
  topic.append({ ...NO_KEY, headers: [['kafka_dlt-original-topic', Buffer.from('chat')]] })
  envelope('no json')
  envelope('{}')
  envelope(json({ schemaVersion: 3, record: {} }) as unknown as string)
  const record = toKafkaDeadLetter(deadLetterOf('payments', 'v', 'payments'), PATTERN)
  topic.append(record as Parameters<typeof topic.append>[0])
  append({ ...deadLetterOf('forged'), recordId: 'of another' })
  append(deadLetterOf('good'))
  const before = [...topic.records]
  const { ids, unreadable } = await readAll(openStore())
  assert.deepEqual(ids, ['good'])
  assert.deepEqual(
    unreadable.map(({ location, reason, count }) => [location, reason, count]),
    [
      ['kafka:chat-dlt-0@1', 'its header kp-dead-letter does not contain an envelope', 1],
      ['kafka:chat-dlt-0@2', 'its header kp-dead-letter does not contain an envelope', 1],
      ['kafka:chat-dlt-0@3', 'version 3 of the envelope is newer than this release supports (2)', 1],
      ['kafka:chat-dlt-0@4', 'its record’s topic has another dead-letter topic', 1],
      ['kafka:chat-dlt-0@5', 'its id does not match its record', 1],
    ],
  )
  assert.deepEqual(topic.records, before)
})

test('a marker completes dead letters of its own topic only; a dead letter is never a marker or lease', async () => {
  const { topicNamed, openStore, append } = clusterOf('chat-dlt', 'payments-dlt')
  const marker = (of: unknown): RecordHeader => ['kp-closed', json({ of, location: 'kafka:chat-0@1' })]
  const lease: RecordHeader = ['kp-lease', json({ holder: 'm', until: 9e15 })]
  append(deadLetterOf('payment', 'v', 'payments'))
  // Its own record has headers with these names: 0.1 let a library's records have any.
  const own = [marker(['kafka:chat-dlt-0@1']), lease].map(([name, value]) => ({
    name,
    value: (value as Buffer).toString('base64'),
  }))
  append(withHeaders(deadLetterOf('carrier'), own))
  append(deadLetterOf('victim'))
  append(deadLetterOf('closed'))
  const topic = topicNamed('chat-dlt')
  for (const of of [
    ['kafka:payments-dlt-0@0', 'kafka:chat-dlt-0@2'],
    [
      'kafka:chat-dlt-0@1x',
      'kafka:chat-dlt-00@',
      'kafka:chat-dlt--1@1',
      'kafka:chat-dlt-0@-1',
      '__proto__',
      null,
      {},
      7,
    ],
    { length: 1, 0: 'kafka:chat-dlt-0@1' },
    'kafka:chat-dlt-0@1',
    [...Array.from({ length: 500 }, () => 'x'), 'kafka:chat-dlt-0@1'],
  ])
    topic.append({ ...NO_KEY, headers: [marker(of)] })
  const store = openStore()
  const { ids, unreadable } = await readAll(store)
  assert.deepEqual(ids, ['carrier', 'victim', 'payment'])
  assert.deepEqual(unreadable, [])
  await (await store.lease()).release()
})

test('equal copies are listed once and completed together; one that only has the same id is listed too', async () => {
  const { openStore, append } = clusterOf('chat-dlt')
  const deadLetter = deadLetterOf('copied')
  append(deadLetter)
  append({ ...deadLetter, record: { ...deadLetter.record, timestamp: 1, partition: 3 } })
  append(tried(deadLetter, 'quota'))
  append(deadLetter)
  const store = openStore()
  const { open } = await readAll(store)
  assert.deepEqual(
    open.map(each => [each.location, each.deadLetter.record.timestamp, each.deadLetter.redrive.lastCode]),
    [
      ['kafka:chat-dlt-0@1', 1, null],
      ['kafka:chat-dlt-0@3', null, 'quota'],
    ],
  )
  const [other, copied] = open
  assert.ok(other && copied)
  await store.complete([{ open: copied, location: 'kafka:chat-0@1' }])
  assert.deepEqual((await readAll(store)).open, [other])
  await store.replace(other, tried(other.deadLetter, 'schema'))
  const left = (await readAll(store)).open
  assert.deepEqual(
    left.map(each => [each.deadLetter.record.timestamp, each.deadLetter.redrive.lastCode]),
    [[1, 'schema']],
  )
})

test('a dead letter with thousands of copies is completed by several markers', async () => {
  const { topicNamed, openStore, append } = clusterOf('chat-dlt')
  for (let i = 0; i < 1200; i++) append(deadLetterOf('many'))
  const store = openStore()
  const { open } = await readAll(store)
  assert.equal(open.length, 1)
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  assert.equal(topicNamed('chat-dlt').records.length, 1203)
  assert.deepEqual((await readAll(store)).open, [])
})

test('a topic or partition that can’t be read does not stop the reading; a cluster that is down does', async () => {
  const { openStore, append, reader } = clusterOf('a-dlt', 'b-dlt', 'c-dlt', 'd-dlt')
  for (const topic of ['a', 'b', 'c', 'd']) append(deadLetterOf(topic, 'v', topic))
  const failing = (error: Error) =>
    openStore({
      partitions: async topic => {
        if (topic === 'a-dlt') throw error
        return 1
      },
      end: async (topic, partition) => {
        if (topic === 'b-dlt') throw error
        return reader.end(topic, partition)
      },
      readBatches: async function* (topic, partition, from, to) {
        yield* reader.readBatches(topic, partition, from, to)
        if (topic === 'c-dlt') throw new RecordBatchError('corrupt-batch', 'A batch is cut off.')
      },
    })
  const refused = new TransportError('authorization', 'No right to read.')
  const { ids, unreadable } = await readAll(failing(refused))
  assert.deepEqual(ids, ['c', 'd'])
  assert.deepEqual(
    [...new Set(unreadable.map(({ location, reason }) => `${location}: ${reason}`))],
    [
      'kafka:a-dlt: the brokers refuse to read it (authorization)',
      'kafka:b-dlt-0: the brokers refuse to read it (authorization)',
      'kafka:c-dlt-0: A batch is cut off.',
    ],
  )
  await assert.rejects(readAll(failing(new TransportError('unreachable', 'No broker answers.'))), {
    code: 'unreachable',
  })
})

test('record batches that can’t be read are counted, and the dead letters around them are listed', async () => {
  const { openStore, append, reader } = clusterOf('chat-dlt')
  for (const id of ['a', 'b', 'c']) append(deadLetterOf(id))
  const store = openStore({
    readBatches: async function* (topic, partition, from, to) {
      for await (const batch of reader.readBatches(topic, partition, from, to))
        if (batch.baseOffset !== 1n) yield batch
        else {
          const unreadable = new RecordBatchError('unsupported-batch', 'A record batch is of format v1.')
          yield { ...batch, lastOffset: 1n, records: [], unreadable }
        }
    },
  })
  const { ids, unreadable } = await readAll(store)
  assert.deepEqual(ids, ['a', 'c'])
  assert.deepEqual(unreadable, [
    { location: 'kafka:chat-dlt-0@1', reason: 'A record batch is of format v1.', count: 1 },
  ])
})

test('without a topic of the pattern the target is not found', async () => {
  const store = clusterOf().openStore()
  const isMissing = (error: unknown) => error instanceof DeadLetterError && error.code === 'not-found'
  await assert.rejects(readAll(store), isMissing)
  await assert.rejects(store.lease(), isMissing)
})

test('records that are not leases of redrives are ignored', async () => {
  const { topicNamed, openStore } = clusterOf('chat-dlt')
  for (const lease of [
    { holder: 'm'.repeat(65), until: 9e15 },
    { holder: 'm'.repeat(600), until: 9e15 },
    { holder: 7, until: 9e15 },
    { holder: 'm', until: '9e15' },
    { holder: 'm' },
    null,
    [],
  ])
    topicNamed('chat-dlt').append({ ...NO_KEY, headers: [['kp-lease', json(lease)]] })
  await (await openStore().lease()).release()
})

/** A reader and a store of a topic of two partitions; a record without a partition goes to the second one. */
function twoPartitions() {
  const logs = [new DeadLetterTopic('chat-dlt'), new DeadLetterTopic('chat-dlt')] as const
  const failing = new Set<string>()
  const { reader } = clusterOf('chat-dlt')
  const logOf = (partition: number) => logs[partition as 0 | 1]
  const store = new KafkaDeadLetterStore({
    pattern: PATTERN,
    reader: {
      ...reader,
      partitions: async () => 2,
      start: async (_name, partition) => {
        if (failing.has(`read ${partition}`)) throw new TransportError('no-leader', 'It has no leader.')
        return 0n
      },
      end: async (_name, partition) => BigInt(logOf(partition).records.length),
      readBatches: async function* (_name, partition, from, to) {
        for (const record of logOf(partition).records.slice(Number(from), Number(to)))
          if (failing.has(`batch ${partition}@${record.offset}`))
            yield { ...batchOf(record), records: [], unreadable: new RecordBatchError('corrupt-batch', 'Damaged.') }
          else yield batchOf(record)
      },
    },
    producer: {
      sendAll: async records =>
        (
          await Promise.all(
            records.map(async record => {
              const partition = record.partition ?? 1
              const key = String(record.key)
              if (failing.has(`write ${partition}`) || failing.has(`key ${key}`))
                return [notSent(record, undefined, new TransportError('no-leader', 'It has no leader.'), 0)]
              return logOf(partition).sendAll([record])
            }),
          )
        ).flat(),
      close: async () => {},
    },
    closeReader: async () => {},
  })
  const append = (deadLetter: DeadLetter, partition: number) => {
    const { key, value, headers } = toKafkaDeadLetter(deadLetter, PATTERN)
    logOf(partition).append({ key: key as Buffer | null, value: value as Buffer | null, headers })
  }
  return { logs, failing, store, append }
}

const states = ({ open }: Awaited<ReturnType<typeof readAll>>) =>
  open.map(({ deadLetter: { recordId }, isUncertain = false }) => `${recordId} ${isUncertain}`)

// The original bug: markers were in any partition. While that partition could not be read, or after retention had
// removed a marker there, its dead letters were open again and sent again.
test('a marker is in the partition of the dead letters that it completes', async () => {
  const { logs, store, append } = twoPartitions()
  for (const partition of [0, 1]) append(deadLetterOf(`in ${partition}`), partition)
  const { open } = await readAll(store)
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  assert.deepEqual(
    logs.map(({ records }) => records.map(({ headers }) => headers.some(([name]) => name === 'kp-closed'))),
    [
      [false, true],
      [false, true],
    ],
  )
  assert.deepEqual(states(await readAll(store)), [])
})

test('a marker says where the record is now, or that another version replaces the dead letter', async () => {
  const { logs, store, append } = twoPartitions()
  for (const id of ['a', 'b']) append(deadLetterOf(id), 0)
  const { open } = await readAll(store)
  const [a, b] = open as [(typeof open)[number], (typeof open)[number]]
  await store.complete([{ open: a, location: 'kafka:chat-0@1' }])
  await store.replace(b, tried(b.deadLetter, 'quota'))
  const markers = logs.flatMap(({ records }) =>
    records.flatMap(({ headers }) => headers.flatMap(([name, text]) => (name === 'kp-closed' ? [String(text)] : []))),
  )
  assert.deepEqual(
    markers.map(text => JSON.parse(text)),
    [
      { of: [a.location], location: 'kafka:chat-0@1' },
      { of: [b.location], location: 'replaced' },
    ],
  )
})

test('a dead letter is uncertain while a marker of it may lie where the topic can’t be read', async () => {
  const { logs, failing, store, append } = twoPartitions()
  for (const id of ['a', 'b', 'c']) append(deadLetterOf(id), 0)
  append(deadLetterOf('d'), 1)
  failing.add('batch 0@1')
  assert.deepEqual(states(await readAll(store)), ['a true', 'c false', 'd false'])
  failing.clear()
  failing.add('read 1')
  assert.deepEqual(states(await readAll(store)), ['a false', 'b false', 'c false'])
  // Earlier versions wrote markers to any partition.
  const of = ['kafka:chat-dlt-1@0']
  logs[0].append({ ...NO_KEY, headers: [['kp-closed', json({ of, location: 'kafka:chat-0@1' })]] })
  assert.deepEqual(states(await readAll(store)), ['a true', 'b true', 'c true'])
})

test('a marker that can’t be written leaves its own dead letter open and no other', async () => {
  const { failing, store, append } = twoPartitions()
  for (const id of ['a', 'b', 'c']) append(deadLetterOf(id), 0)
  const { open } = await readAll(store)
  failing.add(`key ${deadLetterOf('b').deadLetterId}`)
  await assert.rejects(store.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' }))), error => {
    assert.ok(error instanceof NotCompletedError)
    return error.entries.map(({ open: { deadLetter } }) => deadLetter.recordId).join() === 'b'
  })
  assert.deepEqual(states(await readAll(store)), ['b false'])
})
