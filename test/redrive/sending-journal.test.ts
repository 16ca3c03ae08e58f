// A redrive is killed between sending a batch and storing its results, or its target refuses to complete a dead letter
// or to note an unknown outcome: the next run must not send these records again. Before the journal, it did.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError, type SendingPlace } from '../../lib/dead-letter/dead-letter-store.ts'
import { checkDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import { DeadLetterError } from '../../lib/errors.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { type RedriveLog, type RedriveOptions, redrive } from '../../lib/redrive/redrive.ts'
import { decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { unknownReport } from '../support/unknown-report.ts'
import { at, batchOf } from '../wire-format/batches.ts'

const PARTITIONS = 3
/** Ends what a killed process would have left behind. */
const ends: (() => void)[] = []
after(() => {
  for (const end of ends) end()
})

const ID_OF_A = ['kp-id', Buffer.from('a')] as const

/** A store whose target has a place for the note. */
class NotingStore extends MemoryDeadLetterStore {
  text: string | undefined
  readonly sending: SendingPlace = {
    read: async () => this.text,
    write: async text => {
      const error = this.failing.get('write')
      if (error) throw error
      this.calls.push('write')
      this.text = text
    },
    remove: async () => {
      this.text = undefined
    },
  }
}

/** A topic of three partitions. What `loses` names is not written, and gets no acknowledgement. */
class Cluster {
  readonly records: { readonly partition: number; readonly record: ProducerRecord }[] = []
  readonly loses = new Set<string>()
  /** No send ends: the process is killed before it gets an answer. */
  isKilled = false

  get values(): string[] {
    return this.records.map(({ record }) => String(record.value)).sort()
  }

  async sendAll(records: readonly ProducerRecord[]) {
    const reports = records.map((record, index) => {
      if (this.loses.has(String(record.value))) return unknownReport(record, index % PARTITIONS)
      const partition = index % PARTITIONS
      this.records.push({ partition, record })
      const metadata = {
        topic: record.topic,
        partition,
        offset: BigInt(this.#logOf(partition).length - 1),
        timestamp: 0,
        proof: 'all' as const,
        serializedKeySize: 1,
        serializedValueSize: 1,
      }
      return { kind: 'delivered' as const, record, metadata, attempts: 1 }
    })
    if (!this.isKilled) return reports
    return new Promise<never>((_, reject) => ends.push(() => reject(new Error('killed'))))
  }

  readonly log: RedriveLog = {
    clusterId: async () => 'cluster',
    start: async () => 0n,
    end: async (_topic, partition) => BigInt(this.#logOf(partition).length),
    offsetAt: async () => 0n,
    batchAt: async () => undefined,
    partitions: async () => PARTITIONS,
    readBatches: (_topic, partition) => this.#read(partition),
    settings: async topics =>
      new Map(
        topics.map(topic => [
          topic,
          new Map([
            ['retention.ms', '-1'],
            ['cleanup.policy', 'delete'],
          ]),
        ]),
      ),
  }

  #logOf(partition: number): ProducerRecord[] {
    return this.records.filter(each => each.partition === partition).map(({ record }) => record)
  }

  async *#read(partition: number) {
    for (const [offset, { key, value, headers }] of this.#logOf(partition).entries())
      yield* decodeRecordSet(
        at(
          BigInt(offset),
          batchOf([{ key: key as Buffer, value: value as Buffer, headers: headers as [string, Buffer][] }]),
        ),
        100_000,
      )
  }
}

const DEAD_LETTERS = ['a', 'b', 'c', 'd'].map(id => deadLetterOf(id, id))

const run = (store: MemoryDeadLetterStore, cluster: Cluster, options: Partial<RedriveOptions> = {}) =>
  redrive(store, { producer: cluster, log: cluster.log, inDoubtWaitMs: 300_000, ...options })

/** Runs a redrive that is killed once its first batch is sent. Its lease ends with it. */
async function killedAfterSend(store: NotingStore, cluster: Cluster, options: Partial<RedriveOptions> = {}) {
  cluster.isKilled = true
  const sent = Promise.withResolvers<void>()
  const producer = {
    sendAll: (records: readonly ProducerRecord[]) => {
      const reports = cluster.sendAll(records)
      sent.resolve()
      return reports
    },
  }
  redrive(store, { producer, log: cluster.log, ...options }).catch(() => undefined)
  await sent.promise
  cluster.isKilled = false
  store.isLeased = false
}

test('what a killed redrive sent is found by the next one, in any partition, and not sent again', async () => {
  const store = new NotingStore(DEAD_LETTERS)
  const cluster = new Cluster()
  await killedAfterSend(store, cluster, { concurrency: 3 })
  assert.deepEqual(cluster.values, ['a', 'b', 'c'])
  const { found, resent, failed } = await run(store, cluster)
  assert.deepEqual([found, resent, failed], [3, 1, {}])
  assert.deepEqual(cluster.values, ['a', 'b', 'c', 'd'])
  assert.deepEqual([store.open.size, store.text], [0, undefined])
})

test('what a killed redrive may not have sent waits as any record in doubt does, and is then sent', async () => {
  const store = new NotingStore(DEAD_LETTERS)
  const cluster = new Cluster()
  cluster.loses.add('b')
  await killedAfterSend(store, cluster, { concurrency: 3 })
  cluster.loses.clear()
  const dry = await run(store, cluster, { dryRun: true })
  assert.deepEqual([dry.found, dry.tried, dry.failed], [2, 1, { 'still-in-doubt': 1 }])
  const second = await run(store, cluster)
  assert.deepEqual([second.found, second.resent, second.failed], [2, 1, { 'still-in-doubt': 1 }])
  // The reason is noted on the dead letter, with where to look: readers must accept that.
  assert.equal(checkDeadLetter(JSON.parse(JSON.stringify(store.open.get(1)))).kind, 'dead-letter')
  const third = await run(store, cluster, { inDoubtWaitMs: 0 })
  assert.deepEqual([third.found, third.resent, third.failed], [0, 1, {}])
  assert.deepEqual(cluster.values, ['a', 'b', 'c', 'd'])
  assert.deepEqual([store.open.size, store.text], [0, undefined])
})

test('a batch is noted before it is sent; where it can’t be, nothing is sent', async () => {
  const store = new NotingStore(DEAD_LETTERS)
  const cluster = new Cluster()
  store.failing.set('write', new DeadLetterError('dead-letter', 'No room.', { retriable: true }))
  const { stopped, tried } = await run(store, cluster)
  assert.deepEqual([stopped, tried, cluster.values, store.open.size], ['dead-letter', 4, [], 4])
})

test('what the target does not complete is found by the next run', async () => {
  const store = new NotingStore(DEAD_LETTERS)
  const cluster = new Cluster()
  const complete = store.complete.bind(store)
  store.complete = async completed => {
    await complete(completed.slice(1))
    throw new NotCompletedError(completed.slice(0, 1))
  }
  assert.equal((await run(store, cluster)).notCompleted, 1)
  store.complete = complete
  const { found, resent } = await run(store, cluster)
  assert.deepEqual([found, resent, cluster.values], [1, 0, ['a', 'b', 'c', 'd']])
})

test('an unknown outcome that can’t be noted does not end the run, and the next run looks it up', async () => {
  const store = new NotingStore(DEAD_LETTERS)
  const cluster = new Cluster()
  cluster.loses.add('a')
  store.failing.set('replace', new DeadLetterError('dead-letter', 'It is too large.'))
  const { stopped, notNoted, failed } = await run(store, cluster)
  assert.deepEqual([stopped, notNoted, failed], [undefined, 1, { 'delivery-unknown': 1 }])
  assert.equal(store.open.get(0)?.inDoubt, null)
  // It had arrived after all.
  cluster.loses.clear()
  await cluster.sendAll([{ topic: 'chat', key: Buffer.from('k'), value: Buffer.from('a'), headers: [ID_OF_A] }])
  const { found, resent } = await run(store, cluster)
  assert.deepEqual([found, resent, store.open.size], [1, 0, 0])
})
test('a run that does not read an earlier run’s dead letters keeps its note; one without any drops it', async () => {
  const store = new NotingStore(DEAD_LETTERS)
  const cluster = new Cluster()
  await killedAfterSend(store, cluster)
  await run(store, cluster, { topics: ['other'] })
  await run(store, cluster, { limit: 1 })
  assert.deepEqual([store.open.size, cluster.values.length], [3, 4])
  const { found } = await run(store, cluster, { limit: 2 })
  assert.equal(found, 2)
  store.open.clear()
  await run(store, cluster)
  assert.equal(store.text, undefined)
})

test('a note that can’t be read is counted, and stops no run', async () => {
  for (const text of ['', '{"version":2}', '{"version":1,"attempts":[{"topic":1}]}']) {
    const store = new NotingStore(DEAD_LETTERS)
    store.text = text
    const { unreadable, resent } = await run(store, new Cluster())
    assert.deepEqual([unreadable, resent, store.text], [1, 4, undefined], text)
  }
})

test('a record that code sent without an id can’t be looked up, so its dead letter stays for an operator', async () => {
  const letters: DeadLetter[] = DEAD_LETTERS.map(each => ({
    ...each,
    source: { ...each.source, trigger: 'template' as const },
  }))
  const store = new NotingStore(letters)
  const cluster = new Cluster()
  await killedAfterSend(store, cluster)
  const { failed } = await run(store, cluster, { inDoubtWaitMs: 0 })
  assert.deepEqual([failed, cluster.values.length], [{ 'look-up-incomplete': 4 }, 4])
})
