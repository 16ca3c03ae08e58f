// Whatever the network and the brokers do, each record has one outcome, and the log agrees with it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { type Attempt, ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 300)
const attempts: readonly Attempt[] = [
  'ok',
  'refuse',
  'appended-error',
  'lose-answer',
  'lose-request',
  'late',
  'not-sent',
  'slow-connect',
  'no-entry',
]
const scenario = fc.record({
  script: fc.array(fc.constantFrom(...attempts), { maxLength: 40 }),
  calls: fc.array(
    fc.record({
      records: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }),
      budgetMs: fc.integer({ min: 1, max: 3000 }),
      pauseMs: fc.integer({ min: 0, max: 400 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  retries: fc.integer({ min: 0, max: 6 }),
  batchSize: fc.constantFrom(80, 200, 1_000_000),
  latencyMs: fc.constantFrom(1, 40, 600),
  poisonAt: fc.integer({ min: 0, max: 60 }),
  lingerMs: fc.constantFrom(0, 0, 300),
  maxInFlight: fc.constantFrom(1, 1, 3),
  bufferMemory: fc.constantFrom(1024, 33_554_432),
})

async function play({
  script,
  calls,
  retries,
  batchSize,
  latencyMs,
  poisonAt,
  lingerMs,
  maxInFlight,
  bufferMemory,
}: typeof scenario extends fc.Arbitrary<infer T> ? T : never) {
  const clock = new VirtualClock()
  const faults = [...script]
  const client = new ScriptedKafkaClient({
    partitions: 4,
    brokers: 2,
    clock,
    script: faults,
    latencyMs,
    poison: `v${poisonAt}`,
  })
  const config = parseConfig(
    { bootstrapServers: ['b:1'], retries, batchSize, bufferMemory, maxInFlightRequestsPerConnection: maxInFlight },
    {},
  )
  const producer = new KafkaProducer(config, { client, clock })
  const results: { value: string; key: string; report: DeliveryReport }[] = []
  const sent: string[] = []
  let n = 0
  let openCalls = 0
  const send = async (keys: readonly number[], budgetMs: number): Promise<DeliveryReport[]> => {
    const batch = keys.map(key => ({ topic: 't', key: `k${key}`, value: `v${n++}` }))
    sent.push(...batch.map(({ value }) => value))
    openCalls++
    const reports = await producer.deliver(batch, Deadline.after(clock, budgetMs), lingerMs)
    openCalls--
    reports.forEach(
      (report, index) => void results.push({ value: batch[index]?.value ?? '', key: batch[index]?.key ?? '', report }),
    )
    return reports
  }
  for (const { records, budgetMs, pauseMs } of calls) {
    void send(records, budgetMs)
    await clock.advance(pauseMs)
  }
  await clock.run(() => openCalls === 0)
  faults.length = 0
  n = Math.max(n, poisonAt + 1)
  const afterFaults = send([0, 1, 2, 3, 4, 5], 10_000)
  await clock.advance(20_000)
  client.deliverAll()
  assert.ok(producer.isUsable, 'no error in the producer itself')
  assert.equal(openCalls, 0)
  return { results, sent, client, bufferUsed: producer.metrics().bufferUsed, afterFaults: await afterFaults }
}

test('every record has one outcome, and the log agrees with it', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { results, sent, client, bufferUsed } = await play(input)
      const log = client.logs.flatMap(({ records }) => records.map(({ value }) => value))

      assert.equal(results.length, sent.length)
      assert.equal(bufferUsed, 0)
      assert.equal(new Set(results.map(({ value }) => value)).size, sent.length)
      for (const { value, report } of results) {
        const copies = log.filter(logged => logged === value).length
        if (report.kind === 'delivered') assert.equal(copies, 1, `${value} acknowledged, ${copies} in the log`)
        else if (report.outcome === 'unknown') assert.ok(copies <= 1, `${value} unknown, ${copies} in the log`)
        else assert.equal(copies, 0, `${value} ${report.outcome}, ${copies} in the log`)
      }
    }),
    { numRuns: RUNS },
  )
})

test('without further faults every partition delivers again, at the first attempt', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { afterFaults } = await play(input)

      for (const report of afterFaults)
        assert.deepEqual([report.kind, report.attempts], ['delivered', 1], JSON.stringify(report.record))
    }),
    { numRuns: RUNS },
  )
})

test('each reported offset is the record’s offset in the log, and records of one key keep their order', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { results, client } = await play(input)

      for (const { value, report } of results) {
        if (report.kind !== 'delivered' || report.metadata.offset === null) continue
        assert.equal(client.logs[report.metadata.partition]?.records[Number(report.metadata.offset)]?.value, value)
      }
      for (const { records } of client.logs) {
        const last = new Map<string, number>()
        for (const { key, value } of records) {
          const number = Number(value?.slice(1))
          assert.ok(number > (last.get(String(key)) ?? -1), `${value} behind a later record of ${key}`)
          last.set(String(key), number)
        }
      }
    }),
    { numRuns: RUNS },
  )
})

test('after a call stops waiting for memory, later calls do not overtake earlier ones', async () => {
  const call = (count: number, budgetMs: number) => ({
    records: Array.from({ length: count }, () => 0),
    budgetMs,
    pauseMs: 0,
  })
  const { results, sent, client } = await play({
    script: [],
    calls: [call(5, 2), call(5, 2), call(5, 2), call(6, 2), call(1, 2), call(1, 1), call(1, 1)],
    retries: 0,
    batchSize: 1_000_000,
    latencyMs: 1,
    poisonAt: 0,
    lingerMs: 0,
    maxInFlight: 1,
    bufferMemory: 1024,
  })

  assert.equal(results.length, sent.length)
  for (const { records } of client.logs) {
    const numbers = records.map(({ value }) => Number(value?.slice(1)))
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    )
  }
})

test('within an epoch no sequence is skipped or repeated, and epochs only rise', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { client } = await play(input)

      for (const { batches } of client.logs) {
        let epoch = -1
        let next = 0
        for (const batch of batches) {
          assert.ok(batch.epoch >= epoch)
          if (batch.epoch > epoch) next = 0
          assert.equal(batch.baseSequence, next)
          epoch = batch.epoch
          next += batch.records.length
        }
      }
    }),
    { numRuns: RUNS },
  )
})

test('without faults the epoch stays 0', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async input => {
      const { client } = await play({
        ...input,
        script: [],
        poisonAt: -1,
        latencyMs: 1,
        calls: input.calls.map(call => ({ ...call, budgetMs: 3000 })),
      })

      for (const { batches } of client.logs) for (const { epoch } of batches) assert.equal(epoch, 0)
    }),
    { numRuns: RUNS },
  )
})
