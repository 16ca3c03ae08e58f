// The records of a dead-letter topic are untrusted: none of them stops the reading, and no record can complete or hide
// the dead letters of another topic.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import {
  type DeadLetterLog,
  NotCompletedError,
  type OpenDeadLetter,
  type Unreadable,
} from '../../../lib/dead-letter/dead-letter-store.ts'
import { isDeadLetterTopic, toKafkaDeadLetter } from '../../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import {
  closedBy,
  closedMarkers,
  controlHeader,
  placeIn,
  readKafkaDeadLetter,
} from '../../../lib/dead-letter/kafka/read-kafka-dead-letter.ts'
import { KafkaDeadLetterStore, openStore as openKafkaStore } from '../../../lib/dead-letter/kafka/store.ts'
import { VERSION_1_HEADER } from '../../../lib/dead-letter/version-1.ts'
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

test('a topic belongs to a pattern if a name fits between what is before and after {topic}', () => {
  for (const [pattern, topic, isOne] of [
    ['{topic}-dlt', 'chat-dlt', true],
    ['{topic}-dlt', '-dlt', false],
    ['{topic}-dlt', 'a-dlt', true],
    ['{topic}-dlt', 'chat-dlt.1', false],
    ['dlt.{topic}', 'dlt.chat', true],
    ['dlt.{topic}', 'x-dlt.chat', false],
    ['a.{topic}.a', 'a.a', false],
    ['a.{topic}.a', 'a..a', false],
    ['a.{topic}.a', 'a.b.a', true],
    ['{topic}.{topic}', 'a.a', true],
    ['dead-letters', 'dead-letters', true],
    ['dead-letters', 'dead-letters-2', false],
  ] as const)
    assert.equal(isDeadLetterTopic(pattern, topic), isOne, `${pattern} ${topic}`)
})

test('a location is a place of its topic only if it has the whole form', () => {
  assert.deepEqual(placeIn('chat-dlt', 'kafka:chat-dlt-12@345'), [{ partition: 12, offset: 345n }])
  const [most] = placeIn('t', `kafka:t-${'1'.repeat(10)}@${'9'.repeat(19)}`)
  assert.deepEqual(most, { partition: 1_111_111_111, offset: BigInt('9'.repeat(19)) })
  for (const location of [
    'kafka:chat-dlt-12@',
    'kafka:chat-dlt-@1',
    'kafka:chat-dlt-1@2@3',
    'kafka:chat-dlt-1@2 ',
    'kafka:chat-dlt- 1@2',
    'kafka:chat-dlt-1-2',
    'kafka:chat-dlt-1a@2',
    `kafka:chat-dlt-${'1'.repeat(11)}@1`,
    `kafka:chat-dlt-1@${'1'.repeat(20)}`,
    'kafka:other-dlt-1@2',
    'disk:chat-dlt-1@2',
    7,
  ])
    assert.deepEqual(placeIn('chat-dlt', location), [], String(location))
})

test('markers hold 500 locations at most, per partition, under the dead letter’s id and without a value', () => {
  const places = [
    ...Array.from({ length: 501 }, (_, offset) => ({ partition: 1, offset: BigInt(offset) })),
    { partition: 0, offset: 7n },
  ]
  const markers = closedMarkers('chat-dlt', 'id', places, 'kafka:chat-0@1')
  assert.deepEqual(
    markers.map(({ topic, partition, key, value, headers: [header] }) => {
      const marker = JSON.parse(String(header?.[1]))
      return [topic, partition, String(key), value, header?.[0], marker.of.length, marker.of.at(-1), marker.location]
    }),
    [
      ['chat-dlt', 1, 'id', null, 'kp-closed', 500, 'kafka:chat-dlt-1@499', 'kafka:chat-0@1'],
      ['chat-dlt', 1, 'id', null, 'kp-closed', 1, 'kafka:chat-dlt-1@500', 'kafka:chat-0@1'],
      ['chat-dlt', 0, 'id', null, 'kp-closed', 1, 'kafka:chat-dlt-0@7', 'kafka:chat-0@1'],
    ],
  )
})

test('the last header of a name counts, up to its size; beside an envelope it does not count', () => {
  const header = (text: string): RecordHeader => ['kp-closed', Buffer.from(text)]
  const read = (...headers: RecordHeader[]) => controlHeader(headers, 'kp-closed', 10)
  assert.equal(read(header('1'), header('2')), 2)
  assert.deepEqual([read(header('1234567890')), read(header('12345678901'))], [1_234_567_890, undefined])
  assert.equal(read(header('1'), ['kp-closed', null]), undefined)
  assert.equal(read(['other', Buffer.from('1')]), undefined)
  assert.equal(read(header('{')), undefined)
  assert.equal(read(header('1'), ['kp-dead-letter', null]), undefined)
  assert.equal(read(header('1'), [VERSION_1_HEADER, null]), undefined)
  assert.deepEqual(closedBy('t', [['kp-closed', json({ of: ['kafka:t-0@1', 'x', 'kafka:t-0@2'] })]]), [
    { partition: 0, offset: 1n },
    { partition: 0, offset: 2n },
  ])
  assert.deepEqual(closedBy('t', [['kp-closed', json({ of: 'kafka:t-0@1' })]]), [])
})

test('an envelope without a value is a foreign record; one without a record is unreadable', () => {
  const read = (text: string | null) =>
    readKafkaDeadLetter({ ...NO_KEY, headers: [['kp-dead-letter', text === null ? null : Buffer.from(text)]] })
  assert.deepEqual(read(null), { kind: 'foreign' })
  const unreadable = { kind: 'unreadable', reason: 'its header kp-dead-letter does not contain an envelope' }
  for (const text of ['{}', '[]', '{"record":7}', '{"record":null}', '7', '{"record":{}}'])
    assert.deepEqual(read(text), unreadable, text)
})

test('reading ends when it is asked to, before the next topic, batch or dead letter', async () => {
  const { openStore, append, reader } = clusterOf('a-dlt', 'b-dlt')
  for (const [id, topic] of [
    ['a1', 'a'],
    ['a2', 'a'],
    ['b1', 'b'],
  ] as const)
    append(deadLetterOf(id, 'v', topic))
  const readUntil = async (id: string) => {
    const abort = new AbortController()
    const asked: string[] = []
    const store = openStore({
      partitions: async topic => {
        asked.push(topic)
        return 1
      },
    })
    const ids: string[] = []
    for await (const { deadLetter } of store.deadLetters({ signal: abort.signal })) {
      ids.push(deadLetter.recordId)
      if (deadLetter.recordId === id) abort.abort()
    }
    return [ids, asked]
  }
  assert.deepEqual(await readUntil('a1'), [['a1'], ['a-dlt']])
  assert.deepEqual(await readUntil('a2'), [['a1', 'a2'], ['a-dlt']])
  assert.deepEqual(await readUntil('b1'), [
    ['a1', 'a2', 'b1'],
    ['a-dlt', 'b-dlt'],
  ])
  // Also while it looks for what is open: then it may not have seen the marker of a dead letter.
  const abort = new AbortController()
  const store = openStore({
    readBatches: async function* (topic, partition, from, to) {
      for await (const batch of reader.readBatches(topic, partition, from, to)) {
        yield batch
        abort.abort()
      }
    },
  })
  assert.deepEqual(await Array.fromAsync(store.deadLetters({ signal: abort.signal })), [])
})

test('under the lease, only the topics of the lease are read; after its release, all', async () => {
  const { openStore, append } = clusterOf('a-dlt', 'b-dlt')
  for (const topic of ['a', 'b']) append(deadLetterOf(topic, 'v', topic))
  const topics = ['a-dlt']
  const store = openStore({ topics: async () => topics })
  const lease = await store.lease()
  topics.unshift('b-dlt')
  assert.deepEqual((await readAll(store)).ids, ['a'])
  await lease.check()
  await lease.release()
  assert.deepEqual((await readAll(store)).ids, ['a', 'b'])
})

test('without a topic of the pattern, the error names the pattern', async () => {
  const message = 'The cluster has no topic {topic}-dlt that this client may read.'
  const store = clusterOf().openStore()
  for (const work of [() => readAll(store), () => store.lease(), () => store.requestStop()])
    await assert.rejects(work(), { code: 'not-found', message })
})

test('a dead letter is found by its location, without reading; a foreign location completes nothing', async () => {
  const { topicNamed, openStore } = clusterOf('chat-dlt')
  const store = openStore()
  const deadLetter = deadLetterOf('a')
  assert.deepEqual(await store.find(deadLetter, 'kafka:chat-dlt-3@14'), {
    deadLetter,
    location: 'kafka:chat-dlt-3@14',
    verified: true,
    handle: { topic: 'chat-dlt', places: [{ partition: 3, offset: 14n }] },
  })
  const open = await store.find(deadLetter, 'kafka:other-dlt-3@14')
  await store.complete([{ open, location: 'discarded' }])
  assert.deepEqual(topicNamed('chat-dlt').records, [])
})

test('closing closes the producer and the reader', async () => {
  const closed: string[] = []
  const { reader } = clusterOf('chat-dlt')
  const store = openKafkaStore(
    { kind: 'kafka', pattern: PATTERN, servers: ['other:9092'] },
    {
      createProducer: servers => ({
        sendAll: async () => [],
        close: async () => void closed.push(`producer of ${servers}`),
      }),
      createLogReader: servers => ({ reader, closeReader: async () => void closed.push(`reader of ${servers}`) }),
    },
  )
  await Promise.all([store.reserve(), store.tidy()])
  await store.close()
  assert.deepEqual(closed.sort(), ['producer of other:9092', 'reader of other:9092'])
})

test('copies in several partitions end together, and are named by the last place that is read', async () => {
  const { logs, store, append } = twoPartitions()
  append(deadLetterOf('copied'), 1)
  append(deadLetterOf('copied'), 0)
  append(deadLetterOf('copied'), 1)
  append(deadLetterOf('copied'), 0)
  const { open } = await readAll(store)
  assert.deepEqual(
    open.map(({ location, handle }) => [location, handle]),
    [
      [
        'kafka:chat-dlt-1@1',
        {
          topic: 'chat-dlt',
          places: [
            { partition: 0, offset: 0n },
            { partition: 0, offset: 1n },
            { partition: 1, offset: 0n },
            { partition: 1, offset: 1n },
          ],
        },
      ],
    ],
  )
  await store.complete(open.map(each => ({ open: each, location: 'kafka:chat-0@1' })))
  assert.deepEqual(
    logs.map(({ records }) => records.length),
    [3, 3],
  )
  assert.deepEqual(states(await readAll(store)), [])
})

test('a dead letter of which one copy can’t be read again is reported, not sent', async () => {
  const { openStore, append, reader } = clusterOf('chat-dlt')
  for (const id of ['copied', 'other', 'copied']) append(deadLetterOf(id))
  let passes = 0
  const store = openStore({
    readBatches: async function* (topic, partition, from, to) {
      const isSecond = ++passes === 2
      for await (const batch of reader.readBatches(topic, partition, from, to))
        yield isSecond && batch.baseOffset === 0n ? { ...batch, records: [] } : batch
    },
  })
  const { ids, unreadable } = await readAll(store)
  assert.deepEqual(ids, ['other'])
  assert.deepEqual(unreadable, [{ location: 'kafka:chat-dlt-0@2', reason: 'a copy of it can’t be read', count: 1 }])
})

test('an unreadable batch counts every offset in it', async () => {
  const { openStore, append, reader } = clusterOf('chat-dlt')
  for (const id of ['a', 'b', 'c', 'd']) append(deadLetterOf(id))
  const store = openStore({
    readBatches: async function* (topic, partition, from, to) {
      for await (const batch of reader.readBatches(topic, partition, from, to)) {
        const unreadable = new RecordBatchError('corrupt-batch', 'Damaged.')
        if (batch.baseOffset === 1n) yield { ...batch, lastOffset: 2n, records: [], unreadable }
        else if (batch.baseOffset !== 2n) yield batch
      }
    },
  })
  const { open, unreadable } = await readAll(store)
  assert.deepEqual(unreadable, [{ location: 'kafka:chat-dlt-0@1', reason: 'Damaged.', count: 2 }])
  // What is before the damage may have its marker there.
  assert.deepEqual(
    open.map(({ deadLetter: { recordId }, isUncertain = false }) => [recordId, isUncertain]),
    [
      ['a', true],
      ['d', false],
    ],
  )
})

test('records before and after the range of a partition are not read', async () => {
  const { openStore, append, reader } = clusterOf('chat-dlt')
  for (const id of ['removed', 'a', 'b', 'newer']) append(deadLetterOf(id))
  const store = openStore({
    start: async () => 1n,
    end: async () => 3n,
    readBatches: (topic, partition) => reader.readBatches(topic, partition, 0n, 4n),
  })
  assert.deepEqual((await readAll(store)).ids, ['a', 'b'])
})

test('a dead letter that can’t be replaced stays as it was, with the reason', async () => {
  const { failing, store, append } = twoPartitions()
  for (const id of ['a', 'b']) append(deadLetterOf(id), 0)
  const [a, b] = (await readAll(store)).open as [OpenDeadLetter<never>, OpenDeadLetter<never>]
  failing.add('write 1')
  const refusals = await store.replaceAll([{ open: a, deadLetter: tried(a.deadLetter, 'quota') }])
  assert.deepEqual(
    refusals.map(({ replacement, error }) => [replacement.open.location, error.code, error.message]),
    [['kafka:chat-dlt-0@0', 'dead-letter', 'The Kafka target could not mark a dead letter as completed (no-leader).']],
  )
  const error = await store.replace(b, tried(b.deadLetter, 'quota')).catch((cause: unknown) => cause)
  assert.ok(error instanceof DeadLetterError)
  assert.deepEqual([error.retriable, error.message], [true, refusals[0]?.error.message])
  assert.equal((error.cause as { code?: unknown }).code, 'no-leader')
  assert.deepEqual(states(await readAll(store)), ['a false', 'b false'])
})

test('an edit whose original stays open is refused; another version of the same one is not', async () => {
  const { failing, store, append } = twoPartitions()
  for (const id of ['a', 'b']) append(deadLetterOf(id), 0)
  const [a, b] = (await readAll(store)).open as [OpenDeadLetter<never>, OpenDeadLetter<never>]
  failing.add('write 0')
  assert.deepEqual(await store.replaceAll([{ open: a, deadLetter: tried(a.deadLetter, 'quota') }]), [])
  const edited = deadLetterOf('edited')
  const refusals = await store.replaceAll([
    { open: a, deadLetter: tried(a.deadLetter, 'schema') },
    { open: b, deadLetter: edited },
  ])
  assert.deepEqual(
    refusals.map(({ replacement: { open }, error }) => [open.location, error.code]),
    [['kafka:chat-dlt-0@1', 'dead-letter']],
  )
})

test('a producer that reports nothing has stored nothing', async () => {
  const { reader, append, openStore } = clusterOf('chat-dlt')
  append(deadLetterOf('a'))
  const [open] = (await readAll(openStore())).open
  assert.ok(open)
  const store = new KafkaDeadLetterStore({
    pattern: PATTERN,
    reader,
    producer: { sendAll: async () => [], close: async () => {} },
    closeReader: async () => {},
  })
  await assert.rejects(store.replace(open, tried(open.deadLetter, 'quota')), {
    message: 'The Kafka target could not mark a dead letter as completed (no report).',
  })
})

test('the error of markers that can’t be written names the cause', async () => {
  const { failing, store, append } = twoPartitions()
  for (const id of ['a', 'b']) append(deadLetterOf(id), 0)
  const { open } = await readAll(store)
  failing.add('write 0')
  const message = 'The Kafka target could not mark a dead letter as completed (no-leader).'
  const completed = open.map(each => ({ open: each, location: 'kafka:chat-0@1' }))
  const error = await store.complete(completed).catch((cause: unknown) => cause)
  assert.ok(error instanceof NotCompletedError)
  assert.equal(error.message, '2 completed dead letter(s) could not be removed from their target.')
  assert.deepEqual([error.code, error.retriable, (error.cause as Error).message], ['dead-letter', true, message])
  assert.deepEqual(error.entries, completed)
  await assert.rejects(store.lease(), { message })
})
