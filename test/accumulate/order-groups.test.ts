// An order group of one call whose records are appended at different times: virtual time, a scripted client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OrderGroups } from '../../lib/accumulate/order-groups.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { GrowingClient } from '../fakes/growing-client.ts'
import { pendingRecord } from '../support/pending-record.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

const REFUSED = 'refused'

/** The reports of a call with one order group: a record that the broker refuses, and a later one of another topic. */
async function sendGroup(options: ProducerOptions, later: string, known: readonly string[]): Promise<string[]> {
  const clock = new VirtualClock()
  const client = new GrowingClient({
    partitions: 1,
    brokers: 1,
    clock,
    latencyMs: 5,
    poison: REFUSED,
    metadataMs: 50,
  })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'], ...options }, {}), { client, clock })
  for (const topic of known) await whenDone(clock, producer.partitionsFor(topic))
  const records = [
    { topic: 't', key: 'k', value: REFUSED },
    { topic: later, key: 'k', value: 'later' },
  ].map(record => ({ ...record, orderGroup: 'g', headers: [['padding', Buffer.alloc(350)] as const] }))
  return (await whenDone(clock, producer.sendAll(records))).map(summaryOf)
}

for (const [what, options, later, known] of [
  ['both were appended at once', { batchSize: 80 }, 't', ['t']],
  ['the later one waited for memory', { batchSize: 80, bufferMemory: 1024 }, 't', ['t']],
  ['the later one waited for its topic', {}, 'u', ['t']],
] as const)
  test(`after a refused record the later one of its group is not sent: ${what}`, async () => {
    const [first, second] = await sendGroup(options, later, known)
    assert.equal(first, 'rejected:record-too-large')
    assert.equal(second, 'not-sent:order-group-stopped')
  })

// The original bug: later records of a key overtook one that waited for its group: the log had `3 2`.
for (const [what, groups] of [
  ['no group', [undefined, undefined]],
  ['another group', ['h', undefined]],
  ['another group, and one behind it in that group', ['h', 'h']],
] as const)
  test(`a record that waits for its group holds back later records of its key: they have ${what}`, async () => {
    const clock = new VirtualClock()
    const client = new GrowingClient({ partitions: 2, brokers: 1, clock, latencyMs: 5 })
    const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'] }, {}), { client, clock })
    const [third, fourth] = groups
    const record = (value: string, partition: number, key: string, orderGroup?: string) => ({
      topic: 't',
      partition,
      key,
      value,
      ...(orderGroup === undefined ? {} : { orderGroup }),
    })
    let reports: DeliveryReport[] | undefined
    void producer
      .sendAll([
        record('1', 0, 'a', 'g'),
        record('2', 1, 'k', 'g'),
        record('3', 1, 'k', third),
        record('4', 1, 'b', fourth),
        record('5', 1, 'k'),
      ])
      .then(all => {
        reports = all
      })
    await clock.run(() => reports !== undefined)

    assert.deepEqual(reports?.map(summaryOf), Array(5).fill('delivered'))
    const log = client.logs[1]?.records.map(({ value }) => value) ?? []
    assert.deepEqual(
      log.filter(value => value !== '4'),
      ['2', '3', '5'],
    )
    if (fourth !== undefined) assert.ok(log.indexOf('4') > log.indexOf('3'), log.join(' '))
  })

test('records behind one that waits for its order group are sent when that one reaches its deadline', async () => {
  const clock = new VirtualClock()
  const client = new GrowingClient({ partitions: 2, brokers: 2, clock, latencyMs: 1000 })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'] }, {}), { client, clock })
  let isConnected = false
  void Promise.all([producer.connect(), producer.partitionsFor('t')]).then(() => {
    isConnected = true
  })
  await clock.run(() => isConnected)
  const results: string[] = []
  const send = (value: string, partition: number, deadlineMs: number, orderGroup?: string) =>
    void producer
      .sendAll(
        [{ topic: 't', partition, key: 'k', value, ...(orderGroup === undefined ? {} : { orderGroup }) }],
        Deadline.after(clock, deadlineMs),
      )
      .then(reports => results.push(`${value} ${reports.map(summaryOf).join()}`))
  send('first', 0, 5000, 'g')
  send('held', 1, 50, 'g')
  send('behind', 1, 1500)

  await clock.run(() => results.length === 3)

  assert.deepEqual(results, ['held not-sent:deadline', 'first delivered', 'behind delivered'])
})

test('a group holds its records back from the first one of another partition on, until that one may leave', () => {
  const clock = new VirtualClock()
  const inGroup = (value: string, partition: number) => {
    const pending = pendingRecord(clock, value)
    return { ...pending, record: { ...pending.record, partition, orderGroup: 'g' } }
  }
  const groups = new OrderGroups()
  const [a, b, c, d] = [inGroup('a', 0), inGroup('b', 0), inGroup('c', 1), inGroup('d', 1)]
  assert.deepEqual(
    [a, b, c, d].map(pending => groups.append(pending, false)),
    [false, false, true, true],
  )
  assert.equal(groups.firstHeld('g'), c)
  assert.equal(groups.firstHeld('h'), undefined)
  assert.equal(groups.firstHeld(undefined), undefined)
  // One that is not the first held leaves the group, e.g. at its deadline.
  groups.forget(d)
  assert.equal(groups.firstHeld('g'), c)
  groups.forget(a)
  assert.deepEqual([groups.firstHeld('g'), groups.mayLeave(c)], [c, false])
  groups.forget(b)
  assert.equal(groups.mayLeave(c), true)
  groups.release(c)
  assert.equal(groups.firstHeld('g'), undefined)
  assert.deepEqual(groups.completed(c, true), [])
  // Its next record is held back by nothing.
  assert.equal(groups.append(inGroup('e', 0), false), false)
})
