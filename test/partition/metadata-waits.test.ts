// Records that wait for metadata: records that must follow them wait too, and no others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { MetadataWaits } from '../../lib/partition/metadata-waits.ts'
import type { ProducerRecord, SerializedRecord } from '../../lib/record/producer-record.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import { GrowingClient, type GrowingClientOptions } from '../fakes/growing-client.ts'
import { isLinear } from '../support/counting.ts'
import { summaryOf } from '../support/producer-of.ts'

async function started(options: Partial<GrowingClientOptions> = {}) {
  const clock = new VirtualClock()
  const brokers = new GrowingClient({ partitions: 2, brokers: 1, shown: 1, clock, latencyMs: 1, ...options })
  const producer = new KafkaProducer(
    parseConfig({ bootstrapServers: ['b:1'], maxBlockMs: 1000, retryBackoffMs: 10, retryBackoffMaxMs: 10 }, {}),
    { client: brokers, clock, rules: { anyTopic: true } },
  )
  const results = new Map<unknown, string>()
  const send = (records: readonly Omit<ProducerRecord, 'topic'>[], deadlineMs = 20_000, topic = 't') =>
    void producer
      .sendAll(
        records.map(record => ({ topic, ...record })),
        Deadline.after(clock, deadlineMs),
      )
      .then(reports => {
        for (const [index, report] of reports.entries()) results.set(records[index]?.value, summaryOf(report))
      })
  const log = (partition: number) => brokers.logs[partition]?.records.map(({ value }) => value)
  send([{ value: 'first', partition: 0 }])
  await clock.run(() => results.size === 1)
  return { clock, brokers, producer, results, send, log }
}

// The original bug: the whole call waited for the partition, so a later call with the same key was written first.
test('rule 1: a record that waits for its partition does not hold back the other records of its call', async () => {
  const { clock, brokers, results, send, log } = await started()
  send([
    { key: 'k', partition: 0, value: '1' },
    { partition: 1, value: 'new' },
  ])
  send([{ key: 'k', partition: 0, value: '2' }])
  await clock.advance(100)
  assert.deepEqual(log(0), ['first', '1', '2'])
  assert.equal(results.has('new'), false)

  brokers.shown = 2
  await clock.run(() => results.size === 4)
  assert.deepEqual(log(1), ['new'])
})

for (const [name, waiting, follower] of [
  ['partition', { partition: 1 }, { partition: 1 }],
  ['key', { partition: 1, key: 'k' }, { partition: 1, key: 'k' }],
  ['order group', { partition: 1, orderGroup: 'g' }, { partition: 0, orderGroup: 'g' }],
] as const)
  test(`a later call with the same ${name} as a record that waits for its partition waits behind it`, async () => {
    const { clock, brokers, results, send } = await started()
    send([{ value: 'waits', ...waiting }])
    await clock.advance(20)
    send([{ value: 'follows', ...follower }])
    send([{ value: 'free', key: 'other', partition: 0 }])
    await clock.advance(100)
    assert.deepEqual([...results.keys()], ['first', 'free'])

    brokers.shown = 2
    await clock.run(() => results.size === 4)
    assert.deepEqual(new Set(results.values()), new Set(['delivered']))
    const written = brokers.logs.flatMap(({ records }) => records.map(({ value }) => value))
    if (name === 'partition') assert.deepEqual(written.slice(-2), ['waits', 'follows'])
  })

// The original bug: each call for a missing partition delayed the records of its key by max.block.ms, or until their
// deadline.
for (const [when, isKnown] of [
  ['of a known topic', true],
  ['of a topic that is not known yet', false],
] as const)
  test(`a record ${when} does not wait for the partition that another one of its key names`, async () => {
    const topic = isKnown ? 't' : 'new'
    const { clock, results, send } = await started({ shown: 2, metadataMs: 10 })
    const deadlineMs = 500
    send([{ key: 'k', partition: 999, value: 'bad' }], 20_000, topic)
    send([{ key: 'k', value: 'good' }], deadlineMs, topic)
    send([{ key: 'k', partition: 0, value: 'good too' }], deadlineMs, topic)
    await clock.run(() => results.size === 4)

    assert.equal(results.get('bad'), 'not-sent:partition-out-of-range')
    assert.deepEqual([results.get('good'), results.get('good too')], ['delivered', 'delivered'])
  })

test('a record that can get the partition that an earlier one of its key still waits for stays behind it', async () => {
  const { clock, brokers, results, send } = await started({ metadataMs: 10 })
  brokers.missing.add('other')
  // Of both calls each waits for another topic, too; the partition comes meanwhile.
  const both = (value: string, partition?: number) => [
    { value: `${value} of other`, topic: 'other', orderGroup: value },
    { key: 'key', value, orderGroup: value, ...(partition === undefined ? {} : { partition }) },
  ]
  send(both('named', 1))
  await clock.advance(30)
  brokers.shown = 2
  await clock.advance(100)
  send([{ key: 'key', value: 'free' }])
  send(both('free too'))
  await clock.advance(100)
  assert.deepEqual([...results.keys()], ['first'])

  brokers.missing.clear()
  await clock.run(() => results.size === 6)
  assert.deepEqual(new Set(results.values()), new Set(['delivered']))
  const log = brokers.logs.find(({ records }) => records.some(({ value }) => value === 'named'))
  const values = (log?.records ?? []).map(({ value }) => value).filter(value => !value?.includes('other'))
  assert.deepEqual(values, ['named', 'free', 'free too'])
})

test('a record that waits behind another one makes its own key and group wait', async () => {
  const { clock, brokers, results, send, log } = await started()
  send([{ partition: 1, orderGroup: 'g', value: 'waits' }])
  send([{ partition: 0, orderGroup: 'g', key: 'k', value: 'same group' }])
  send([{ partition: 0, key: 'k', value: 'same key' }])
  await clock.advance(100)
  assert.deepEqual(log(0), ['first'])

  brokers.shown = 2
  await clock.run(() => results.size === 4)
  assert.deepEqual([log(0), log(1)], [['first', 'same group', 'same key'], ['waits']])
})

test('a record whose partition does not come ends alone, and those behind it are sent', async () => {
  const { clock, results, send, log } = await started()
  send([{ key: 'k', partition: 1, value: 'none' }])
  send([{ key: 'k', partition: 0, value: 'behind' }])
  await clock.run(() => results.size === 3)

  assert.equal(results.get('none'), 'not-sent:partition-out-of-range')
  assert.deepEqual(log(0), ['first', 'behind'])
})

test('rule 7: a record that waits behind another one ends at its own deadline, and later ones still wait', async () => {
  const { clock, brokers, results, send, log } = await started()
  send([{ orderGroup: 'g', partition: 1, value: 'waits' }])
  send([{ orderGroup: 'g', partition: 0, value: 'late' }], 50)
  await clock.advance(60)
  assert.deepEqual(results.get('late'), 'not-sent:deadline')
  send([{ orderGroup: 'g', partition: 0, value: 'third' }])
  await clock.advance(100)
  assert.equal(results.has('third'), false)

  brokers.shown = 2
  await clock.run(() => results.size === 4)
  assert.deepEqual([log(0), log(1)], [['first', 'third'], ['waits']])
})

test('an order group keeps its order across a topic that is not known yet', async () => {
  // The client has one log for the same partition of both topics, so each record has a partition of its own.
  const { clock, brokers, results, send } = await started({ partitions: 3, shown: 3, metadataMs: 30 })
  brokers.missing.add('later')
  send([{ orderGroup: 'g', partition: 1, value: '1' }], 20_000, 'later')
  await clock.advance(5)
  send([{ orderGroup: 'g', partition: 2, value: '2' }])
  await clock.advance(200)
  assert.deepEqual([...results.keys()], ['first'])

  brokers.missing.clear()
  await clock.run(() => results.size === 3)
  assert.deepEqual([...results.keys()], ['first', '1', '2'])
  assert.deepEqual(new Set(results.values()), new Set(['delivered']))
})

test('calls that wait for the same topic cost a bounded number of steps each', () => {
  assert.ok(
    isLinear(count => {
      const waits = new MetadataWaits(new VirtualClock())
      const counter = { reads: 0 }
      const record: SerializedRecord = { topic: 't', key: Buffer.from('k'), value: null, headers: [], wireSize: 1 }
      const counted = new Proxy(record, {
        get(object, property, receiver) {
          counter.reads++
          return Reflect.get(object, property, receiver)
        },
      })
      const opened = Array.from({ length: count }, () => {
        const wait = waits.open()
        wait.mustFollow(counted, 0)
        wait.add(counted, 0)
        wait.addPartitions(counted, 1)
        return wait
      })
      for (const wait of opened) wait.end()
      assert.equal(waits.open().mustFollow(record, 1), false)
      return counter.reads
    }),
  )
})
