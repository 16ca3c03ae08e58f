// A redrive notes many dead letters of a batch: 7,000 of a deleted topic took 48 s on disk and 130 s in SQLite.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { DeadLetterStore, OpenDeadLetter, Replacement } from '../../lib/dead-letter/dead-letter-store.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { toKafkaDeadLetter } from '../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { KafkaDeadLetterStore } from '../../lib/dead-letter/kafka/store.ts'
import { replaceAll } from '../../lib/dead-letter/replace-all.ts'
import { SqliteDeadLetterStore } from '../../lib/dead-letter/sqlite/store.ts'
import { SqliteDeadLetterTarget } from '../../lib/dead-letter/sqlite/target.ts'
import { notSent } from '../../lib/delivery/delivery-report.ts'
import { DeadLetterError, InvalidRecordError } from '../../lib/errors.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { tried } from '../../lib/redrive/retried-dead-letter.ts'
import { DeadLetterTopic } from '../fakes/dead-letter-topic.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const DEAD_LETTERS = Array.from({ length: 50 }, (_, n) => deadLetterOf(`id-${n}`, `${n}`))
const replacementsOf = (all: readonly OpenDeadLetter[]): Replacement[] =>
  all.map(each => ({ open: each, deadLetter: tried(each.deadLetter, 'schema') }))
const noted = (deadLetters: Iterable<DeadLetter>) =>
  [...deadLetters].filter(({ redrive }) => redrive.count === 1).map(({ recordId }) => recordId)

async function replaceAllIn(store: DeadLetterStore) {
  const refusals = await replaceAll(store, replacementsOf(await Array.fromAsync(store.deadLetters())))
  return refusals.map(({ replacement }) => replacement.open.deadLetter.recordId)
}

test('a replacement that the target refuses does not stop the others', async () => {
  for (const kind of ['one by one', 'all or none', 'some']) {
    const store = new MemoryDeadLetterStore(DEAD_LETTERS)
    const replace = store.replace.bind(store)
    const tooLarge = new DeadLetterError('dead-letter', 'It is too large.')
    store.replace = async (each, deadLetter) => {
      if (each.deadLetter.recordId === 'id-7') throw tooLarge
      await replace(each, deadLetter)
    }
    const ways: Record<string, DeadLetterStore['replaceAll']> = {
      'all or none': async () => {
        throw tooLarge
      },
      some: async replacements => {
        const refused = replacements.filter(each => each.open.deadLetter.recordId === 'id-7')
        for (const { open: each, deadLetter } of replacements as Replacement<number>[])
          if (each.deadLetter.recordId !== 'id-7') await replace(each, deadLetter)
        return refused.map(replacement => ({ replacement, error: tooLarge }))
      },
    }
    Object.assign(store, { replaceAll: ways[kind] })
    assert.deepEqual(await replaceAllIn(store), ['id-7'], kind)
    assert.equal(noted(store.open.values()).length, 49, kind)
  }
})

test('a disk flushes once for all, and SQLite commits once', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'replace-all-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [place, file] = [join(folder, 'disk'), join(folder, 'letters.db')]
  for (const target of [new DiskDeadLetterTarget(place), new SqliteDeadLetterTarget(file)]) {
    await target.store(DEAD_LETTERS)
    await target.close()
  }
  const handle = await open(folder)
  const flush = t.mock.method(Object.getPrototypeOf(handle), 'datasync')
  await handle.close()
  const exec = t.mock.method(DatabaseSync.prototype, 'exec')
  const commits = () => exec.mock.calls.filter(({ arguments: [sql] }) => sql === 'COMMIT').length
  for (const [name, store, count, expected] of [
    ['disk', new DiskDeadLetterStore(place), () => flush.mock.callCount(), 1],
    // Opening the database is the other one.
    ['sqlite', new SqliteDeadLetterStore(file), commits, 2],
  ] as const) {
    const all = await Array.fromAsync<OpenDeadLetter>(store.deadLetters())
    const before = count()
    assert.deepEqual(await replaceAll(store, replacementsOf(all)), [], name)
    assert.equal(count() - before, expected, name)
    const after = await Array.fromAsync<OpenDeadLetter>(store.deadLetters())
    assert.equal(noted(after.map(({ deadLetter }) => deadLetter)).length, 50, name)
    await store.close()
  }
})

test('a dead letter that exceeds a topic’s size limit does not stop the others from being noted in Kafka', async () => {
  const topic = new DeadLetterTopic('chat-dlt')
  const sendAll = async (records: readonly ProducerRecord[]) => {
    const isTooLarge = ({ value }: ProducerRecord) => String(value) === '7'
    const sent = await topic.sendAll(records.filter(record => !isTooLarge(record)))
    const error = new InvalidRecordError('record-too-large', 'The broker refused the record.')
    return records.map(record => (isTooLarge(record) ? notSent(record, undefined, error, 0) : sent.shift()))
  }
  await topic.sendAll(DEAD_LETTERS.map(deadLetter => toKafkaDeadLetter(deadLetter, '{topic}-dlt')))
  const producer = { sendAll: sendAll as typeof topic.sendAll, close: async () => {} }
  const closeReader = async () => {}
  const store = new KafkaDeadLetterStore({ pattern: '{topic}-dlt', reader: topic.reader, producer, closeReader })
  assert.deepEqual(await replaceAllIn(store), ['id-7'])
  const open = await Array.fromAsync(store.deadLetters(), ({ deadLetter }) => deadLetter)
  assert.deepEqual([open.length, noted(open).length], [50, 49])
})

test('one is replaced by itself; an error that is not of this library ends the call', async () => {
  const store = new MemoryDeadLetterStore(DEAD_LETTERS.slice(0, 3))
  const calls: string[] = []
  const broken = new RangeError('of the code')
  const failing = (name: string) => async () => {
    calls.push(name)
    throw broken
  }
  Object.assign(store, { replaceAll: failing('all'), replace: failing('one') })
  const replacements = replacementsOf(await Array.fromAsync(store.deadLetters()))
  const isBroken = (error: unknown) => error === broken
  await assert.rejects(replaceAll(store, replacements), isBroken)
  assert.deepEqual(calls, ['all'])
  await assert.rejects(replaceAll(store, replacements.slice(0, 1)), isBroken)
  assert.deepEqual(calls, ['all', 'one'])
  assert.deepEqual(await replaceAll(store, []), [])
  assert.deepEqual(calls, ['all', 'one'])
})
