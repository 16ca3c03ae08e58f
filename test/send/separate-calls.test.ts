// Thousands of calls, each with its own deadline: none of them scans every partition.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { PartitionState } from '../../lib/send/partition-state.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import type { EncodedBatch, ProduceOutcome, ProduceRequest } from '../../lib/transport/kafka-client.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'
import { countReads } from '../support/counting.ts'
import { summaryOf } from '../support/producer-of.ts'

type Produce = (batches: readonly EncodedBatch[], request: ProduceRequest) => Promise<ProduceOutcome[]>

/** Nothing leaves this machine. */
const unreachable: Produce = async batches => batches.map(() => failure('not-sent', 'UNREACHABLE', true))
/** Every request is written, and none is answered. */
const silent: Produce = (_, { beginWrite }) => {
  beginWrite()
  return new Promise(() => {})
}

/** One call per record, each in a turn of its own, four per partition; each expires at a moment of its own. */
async function allExpire(context: TestContext, calls: number, produce: Produce): Promise<void> {
  const clock = new VirtualClock()
  const partitions = calls / 4
  const client = new ScriptedKafkaClient({ partitions, brokers: 3, clock })
  context.mock.method(client, 'produce', (_: number, batches: readonly EncodedBatch[], request: ProduceRequest) =>
    produce(batches, request),
  )
  const config = { bootstrapServers: ['b:1'], retryBackoffMs: 1000, retryBackoffMaxMs: 1000, requestTimeoutMs: 60_000 }
  const producer = new KafkaProducer(parseConfig({ ...config, deliveryTimeoutMs: 70_000 }, {}), { client, clock })
  await producer.partitionsFor('t')
  const results: string[] = []
  for (let index = 0; index < calls; index++) {
    const record = { topic: 't', key: 'k', value: 'v', partition: index % partitions }
    void producer.sendAll([record], Deadline.after(clock, 1000 + index)).then(([report]) => {
      results.push(summaryOf(report))
    })
    await new Promise(resolve => setImmediate(resolve))
  }
  await clock.run(() => results.length === calls)
  assert.ok(results.every(result => result !== 'delivered'))
}

// The original bug: each expiry scanned all partitions, 1,885 reads per record for 20,000 records, the last 14.6 s
// after its deadline.
for (const [broker, produce] of Object.entries({ unreachable, silent }))
  test(`rule 7: calls that expire one by one while a broker is ${broker} cost the same each, however many`, async t => {
    const counters = [
      countReads(t, PartitionState.prototype, 'isInFlight'),
      countReads(t, PartitionState.prototype, 'isAbandoned'),
    ]
    const looksPerCall = async (calls: number) => {
      for (const counter of counters) counter.reads = 0
      await allExpire(t, calls, produce)
      return counters.reduce((sum, { reads }) => sum + reads, 0) / calls
    }
    const few = await looksPerCall(100)
    const many = await looksPerCall(800)
    assert.ok(few >= 1)
    assert.ok(many <= 1.5 * few, `${few} and ${many} looks at a partition per call`)
  })
