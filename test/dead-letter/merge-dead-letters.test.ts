// A record that fails twice, first without being sent and then in doubt, has two dead letters. When the second one was
// lost, redrive sent a record again that was already in its topic.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { TargetDeadLetterStore } from '../../lib/dead-letter/dead-letter-store.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { toKafkaDeadLetter } from '../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { KafkaDeadLetterStore } from '../../lib/dead-letter/kafka/store.ts'
import { mergeDeadLetters } from '../../lib/dead-letter/merge-dead-letters.ts'
import { openStore } from '../../lib/dead-letter/s3/store.ts'
import { S3DeadLetterTarget } from '../../lib/dead-letter/s3/target.ts'
import { SqliteDeadLetterStore } from '../../lib/dead-letter/sqlite/store.ts'
import { SqliteDeadLetterTarget } from '../../lib/dead-letter/sqlite/target.ts'
import { SqsDeadLetterStore } from '../../lib/dead-letter/sqs/store.ts'
import { DeadLetterTopic } from '../fakes/dead-letter-topic.ts'
import { S3Server } from '../fakes/s3-server.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'

type InDoubt = NonNullable<DeadLetter['inDoubt']>

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString()

function notSentAt(seconds: number): DeadLetter {
  const deadLetter = deadLetterOf('a')
  return { ...deadLetter, failure: { ...deadLetter.failure, firstAt: at(seconds), lastAt: at(seconds) } }
}

function inDoubtAt(seconds: number, changes: Partial<InDoubt> = {}): DeadLetter {
  const deadLetter = notSentAt(seconds)
  return {
    ...deadLetter,
    // The partitioner chose a partition for this attempt, and its span has another header.
    record: { ...deadLetter.record, partition: 2, partitionFixedBy: 'partitioner' },
    failure: { ...deadLetter.failure, outcome: 'unknown', code: 'delivery-unknown' },
    inDoubt: {
      partition: 2,
      producerId: 4000 + seconds,
      producerEpoch: 0,
      baseSequence: 0,
      indexInBatch: 0,
      from: at(seconds),
      to: at(seconds + 5),
      clusterId: 'c',
      fromOffset: 100 + seconds,
      ...changes,
    },
  }
}

const forgedParked = { count: 5, lastAt: at(0), lastCode: 'quota' }

test('of two records that were not sent, the failure of the later one is kept, whichever comes first', () => {
  const coded = (seconds: number, code: 'deadline' | 'quota', count = 0) => {
    const deadLetter = notSentAt(seconds)
    const redrive = { ...deadLetter.redrive, count }
    return { ...deadLetter, failure: { ...deadLetter.failure, code }, redrive }
  }
  const codeOf = (first: DeadLetter, second: DeadLetter) => mergeDeadLetters(first, second).failure.code
  const [earlier, later] = [coded(0, 'deadline'), coded(10, 'quota')]
  assert.deepEqual([codeOf(earlier, later), codeOf(later, earlier)], ['quota', 'quota'])
  // At the same time, the one that was redriven more often failed last.
  const [once, twice] = [coded(0, 'deadline', 1), coded(0, 'quota', 2)]
  assert.deepEqual([codeOf(once, twice), codeOf(twice, once)], ['quota', 'quota'])
})

test('an unknown outcome takes precedence over not-sent, whichever came first', () => {
  for (const [first, second] of [
    [notSentAt(1), inDoubtAt(2)],
    [inDoubtAt(2), notSentAt(1)],
    [inDoubtAt(2), notSentAt(60)],
  ] as const) {
    const { failure, inDoubt } = mergeDeadLetters(first, second)
    assert.deepEqual([failure.outcome, failure.code, inDoubt], ['unknown', 'delivery-unknown', inDoubtAt(2).inDoubt])
    assert.equal(
      failure.firstAt,
      first.failure.firstAt < second.failure.firstAt ? first.failure.firstAt : second.failure.firstAt,
    )
  }
})

test('two unknown outcomes are merged: a time window for both, and the numbers of the later attempt', () => {
  const rows: [string, Partial<InDoubt>, Partial<InDoubt>][] = [
    ['of two producers', {}, { earlier: 'same-partition', fromOffset: 110 }],
    ['without an offset', { fromOffset: null }, { earlier: 'same-partition', fromOffset: null }],
    ['of one batch', { producerId: 4020 }, { fromOffset: 110 }],
    ['in another partition', { partition: 1 }, { earlier: 'elsewhere', fromOffset: 120 }],
    ['in another topic', { topic: 'orders' }, { earlier: 'elsewhere', fromOffset: 120 }],
    ['in another cluster', { clusterId: 'd' }, { earlier: 'elsewhere', fromOffset: 120 }],
  ]
  for (const [name, changes, expected] of rows) {
    const [earlier, later] = [inDoubtAt(10, changes), inDoubtAt(20)]
    const doubt = { ...later.inDoubt, from: at(10), to: at(25), ...expected }
    assert.deepEqual(mergeDeadLetters(earlier, later).inDoubt, doubt, name)
    assert.deepEqual(mergeDeadLetters(later, earlier).inDoubt, doubt, name)
  }
})

test('a third attempt does not erase what earlier ones knew', () => {
  const merged = mergeDeadLetters(inDoubtAt(1, { partition: 0 }), inDoubtAt(2))
  assert.equal(mergeDeadLetters(inDoubtAt(3), merged).inDoubt?.earlier, 'elsewhere')
})

test('the lower count of attempts is kept, so that a forged copy can’t park a dead letter', () => {
  const forged = { ...notSentAt(1), redrive: forgedParked }
  for (const merged of [mergeDeadLetters(notSentAt(1), forged), mergeDeadLetters(forged, notSentAt(1))])
    assert.deepEqual(merged.redrive, { ...forgedParked, count: 0 })
})

/** Writes dead letters to a target as different attempts do, and opens its store. */
type Place = (t: TestContext) => Promise<{
  store(deadLetter: DeadLetter): Promise<unknown>
  open(): TargetDeadLetterStore
}>

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'merge-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const PLACES: Readonly<Record<string, Place>> = {
  sqlite: async t => {
    const file = join(folderOf(t), 'd.db')
    const target = new SqliteDeadLetterTarget(file)
    t.after(() => target.close())
    return { store: deadLetter => target.store([deadLetter]), open: () => new SqliteDeadLetterStore(file) }
  },
  disk: async t => {
    const folder = folderOf(t)
    const target = new DiskDeadLetterTarget(folder)
    t.after(() => target.close())
    return { store: deadLetter => target.store([deadLetter]), open: () => new DiskDeadLetterStore(folder) }
  },
  s3: async t => {
    const server = new S3Server('merge')
    await server.start()
    t.after(() => server.stop())
    const target = new S3DeadLetterTarget('merge', 'prod')
    t.after(() => target.close())
    return {
      store: async deadLetter => {
        const [location] = await target.store([deadLetter], deadlineIn(20_000))
        assert.match(String(location), /^s3:/)
      },
      open: () => openStore({ kind: 's3', bucket: 'merge', prefix: 'prod' }),
    }
  },
  sqs: async t => {
    const sqs = await SqsServer.start('dead-letters')
    t.after(() => sqs.close())
    return {
      store: async deadLetter => void sqs.add(JSON.stringify(deadLetter)),
      open: () => new SqsDeadLetterStore(sqs.url, { role: { kind: 'sqs' }, clock: sqs.clock }),
    }
  },
  kafka: async () => {
    const topic = new DeadLetterTopic('chat-dlt')
    return {
      store: deadLetter => topic.sendAll([toKafkaDeadLetter(deadLetter, '{topic}-dlt')]),
      open: () =>
        new KafkaDeadLetterStore({
          pattern: '{topic}-dlt',
          reader: topic.reader,
          producer: { sendAll: topic.sendAll, close: async () => {} },
          closeReader: async () => {},
        }),
    }
  },
}

for (const [kind, makePlace] of Object.entries(PLACES))
  test(`${kind}: what is in doubt stays so, in any order of a record’s dead letters; all end together`, async t => {
    const attempts = [notSentAt(1), inDoubtAt(10), inDoubtAt(20), notSentAt(30)]
    for (const order of [attempts, attempts.toReversed()]) {
      const { store, open } = await makePlace(t)
      for (const attempt of order) await store(attempt)
      const reading = open()
      const deadLetters = await Array.fromAsync(reading.deadLetters({ purpose: 'redrive' }))
      assert.deepEqual(
        deadLetters.map(({ deadLetter: { inDoubt, failure } }) => [failure.outcome, inDoubt]),
        [
          [
            'unknown',
            { ...inDoubtAt(20).inDoubt, from: at(10), to: at(25), fromOffset: 110, earlier: 'same-partition' },
          ],
        ],
      )
      await reading.complete(deadLetters.map(each => ({ open: each, location: 'kafka:chat-2@110' })))
      assert.deepEqual(await Array.fromAsync(reading.deadLetters({ purpose: 'redrive' })), [])
      await reading.close()
    }
  })
