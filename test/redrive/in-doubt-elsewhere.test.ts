// A record in doubt that was redriven to another topic may be in that topic. The original bug: its dead letter did not
// say so, so the next run searched the log of the record's own topic and sent the record a second time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { checkDeadLetter } from '../../lib/dead-letter/read-dead-letter.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { type RedriveLog, type RedriveOptions, redrive } from '../../lib/redrive/redrive.ts'
import { decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'
import { unknownReport } from '../support/unknown-report.ts'
import { batchOf } from '../wire-format/batches.ts'

const headers = [{ name: 'kp-id', value: Buffer.from('a').toString('base64') }]
const DEAD_LETTER = withOwnId({ ...deadLetterOf('a'), record: { ...deadLetterOf('a').record, headers } })
const { firstAt: from, lastAt: to } = DEAD_LETTER.failure
const DOUBT = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0, from, to }

/** Topics whose partition 0 holds the record of the dead letter `a`, or a newer one of its key. */
function logOf(contents: Readonly<Record<string, 'own' | 'newer' | 'empty'>>) {
  const read: string[] = []
  const batches = {
    own: batchOf([{ key: Buffer.from('k'), value: Buffer.from('v'), headers: [['kp-id', Buffer.from('a')]] }]),
    newer: batchOf([{ key: Buffer.from('k'), value: Buffer.from('newer'), timestamp: Date.now() }]),
    empty: Buffer.alloc(0),
  }
  const log: RedriveLog = {
    clusterId: async () => null,
    start: async () => 0n,
    end: async topic => (contents[topic] === 'empty' ? 0n : 1n),
    offsetAt: async () => 0n,
    batchAt: async () => undefined,
    partitions: async () => 1,
    async *readBatches(topic) {
      read.push(topic)
      yield* decodeRecordSet(batches[contents[topic] ?? 'empty'], 100_000)
    },
    settings: async topics =>
      new Map(
        topics.map(topic => [
          topic,
          new Map([
            ['retention.ms', '-1'],
            ['cleanup.policy', 'compact'],
          ]),
        ]),
      ),
  }
  return { log, read }
}

/** A producer whose records all end with the outcome `unknown`. */
function losingProducer() {
  const sent: string[] = []
  const sendAll = async (records: readonly ProducerRecord[]): Promise<DeliveryReport[]> => {
    sent.push(...records.map(({ topic }) => topic))
    return records.map(record => unknownReport(record))
  }
  return { sent, producer: { sendAll } }
}

async function run(deadLetter: DeadLetter, options: Partial<RedriveOptions>) {
  const store = new MemoryDeadLetterStore([deadLetter])
  const { sent, producer } = losingProducer()
  const results: string[] = []
  const { failed } = await redrive(store, {
    producer,
    inDoubtWaitMs: 0,
    onDeadLetter: each => results.push('record' in each ? each.record : each.result),
    ...options,
  })
  return { sent, results, failed, stored: store.open.get(0) }
}

const doubtedIn = (topic: string): DeadLetter => ({ ...DEAD_LETTER, inDoubt: { ...DOUBT, topic } })

test('a dead letter says in which other topic its record may be, and no reader drops it', async () => {
  const { stored } = await run(DEAD_LETTER, { ...logOf({ orders: 'empty' }), to: 'orders' })
  assert.deepEqual([stored?.record.topic, stored?.inDoubt?.topic], ['chat', 'orders'])
  const read = checkDeadLetter(JSON.parse(JSON.stringify(stored)))
  assert.deepEqual(read.kind === 'dead-letter' && read.deadLetter.inDoubt, stored?.inDoubt)
  const own = await run(DEAD_LETTER, logOf({ chat: 'empty' }))
  assert.equal('topic' in (own.stored?.inDoubt ?? {}), false)
})

test('a record in doubt is searched in the topic where it was sent, whatever topic the next run uses', async () => {
  for (const to of [undefined, 'orders', 'others']) {
    const { log, read } = logOf({ orders: 'own', chat: 'empty', others: 'empty' })
    const { sent, results } = await run(doubtedIn('orders'), { log, ...(to === undefined ? {} : { to }) })
    assert.deepEqual([sent, results, read], [[], ['kafka:orders-0@0'], ['orders']], String(to))
  }
})

test('a record that got its id by the redrive is found by it', async () => {
  const { results } = await run({ ...deadLetterOf('a'), inDoubt: DOUBT }, logOf({ chat: 'own' }))
  assert.deepEqual(results, ['kafka:chat-0@0'])
})

test('a record that is not where it was sent goes to the topic of this run', async () => {
  for (const [to, expected] of [
    [undefined, 'chat'],
    ['others', 'others'],
  ] as const) {
    const { log, read } = logOf({ orders: 'empty', chat: 'empty', others: 'empty' })
    const { sent, stored } = await run(doubtedIn('orders'), { log, ...(to ? { to } : {}) })
    assert.deepEqual([sent, read[0]], [[expected], 'orders'])
    // The doubt of before is settled.
    assert.equal(stored?.inDoubt?.topic, to)
    assert.equal(stored?.inDoubt?.earlier, undefined)
  }
})

test('only the topic that a record goes to can have a newer record of its key', async () => {
  const there = await run(doubtedIn('orders'), logOf({ orders: 'empty', chat: 'newer' }))
  assert.deepEqual([there.sent, there.failed], [[], { superseded: 1 }])
  const before = await run(doubtedIn('orders'), logOf({ orders: 'newer', chat: 'empty' }))
  assert.deepEqual(before.sent, ['chat'])
})

test('without a look-up, a record stays in doubt where it was sent before', async () => {
  const { sent, stored } = await run(doubtedIn('orders'), {})
  assert.deepEqual([sent, stored?.inDoubt?.earlier], [['chat'], 'elsewhere'])
  const { results, failed } = await run(stored as DeadLetter, logOf({ chat: 'empty' }))
  assert.deepEqual([results, failed], [['kept'], { 'look-up-incomplete': 1 }])
})

test('a dead letter can’t name the log of any topic: one without a contract needs `anyTopic`', async () => {
  const contract = parseContract('chat', { value: { format: 'text' } }, () => () => ({
    violations: [],
    truncated: false,
  }))
  const contracts = new Map([['chat', contract]])
  const { log, read } = logOf({ forged: 'own', chat: 'empty' })
  const { results, failed } = await run(doubtedIn('forged'), { log, contracts })
  assert.deepEqual([results, failed, read], [['kept'], { 'unknown-topic': 1 }, []])
  const any = await run(doubtedIn('forged'), { log, contracts, anyTopic: true })
  assert.deepEqual(any.results, ['kafka:forged-0@0'])
})
