// An order group of one call whose records are appended at different times: virtual time, a scripted client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/settings.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { GrowingClient } from '../fakes/growing-client.ts'
import { summaryOf } from '../support/producer-of.ts'

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
  const run = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false
    void work.finally(() => {
      isDone = true
    })
    await clock.run(() => isDone)
    return work
  }
  for (const topic of known) await run(producer.partitionsFor(topic))
  const records = [
    { topic: 't', key: 'k', value: REFUSED },
    { topic: later, key: 'k', value: 'later' },
  ].map(record => ({ ...record, orderGroup: 'g', headers: [['padding', Buffer.alloc(350)] as const] }))
  return (await run(producer.sendAll(records))).map(summaryOf)
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
