// Ten minutes without a reachable broker, at full input: memory stays within buffer.memory, every call gets its
// reports.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import type { ProduceOutcome } from '../../lib/transport/kafka-client.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'

const BUFFER = 8_000_000
const CALL_RECORDS = 200
const VALUE_BYTES = 1000

class UnreachableClient extends ScriptedKafkaClient {
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    super({ partitions: 6, brokers: 3, clock })
    this.#clock = clock
  }

  override produce(_leader: number, batches: readonly unknown[]): Promise<ProduceOutcome[]> {
    return new Promise(resolve =>
      this.#clock.setTimeout(() => resolve(batches.map(() => failure('not-sent', 'UNREACHABLE', true))), 20),
    )
  }
}

test('memory stays within buffer.memory during ten minutes of outage at full input', async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const heap = () => {
    gc()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const clock = new VirtualClock()
  const config = parseConfig({ bootstrapServers: ['a:1'], bufferMemory: BUFFER, batchSize: 200_000 }, {})
  const producer = new KafkaProducer(config, { client: new UnreachableClient(clock), clock })
  const codes: Record<string, number> = {}
  let openCalls = 0
  const heapAtStart = heap()
  let maxBufferUsed = 0
  const heaps: number[] = []
  for (let second = 0; second < 600; second += 0.5) {
    // Full input: more than the buffer holds.
    if (openCalls < 40) {
      openCalls++
      const records = Array.from({ length: CALL_RECORDS }, (_, i) => ({
        topic: 't',
        key: `k${i % 30}`,
        value: Buffer.alloc(VALUE_BYTES),
      }))
      void producer.sendAll(records).then(reports => {
        openCalls--
        for (const report of reports) {
          const code = report.kind === 'delivered' ? 'delivered' : `${report.outcome}:${report.code}`
          codes[code] = (codes[code] ?? 0) + 1
        }
      })
    }
    await clock.advance(500)
    maxBufferUsed = Math.max(maxBufferUsed, producer.metrics().bufferUsed)
    if (second % 60 === 30) heaps.push(heap() - heapAtStart)
  }
  await clock.run(() => openCalls === 0)
  const heapMegabytes = heaps.map(bytes => Math.round(bytes / 1e6))
  t.diagnostic(`buffer: at most ${maxBufferUsed} of ${BUFFER}; heap growth at each minute: ${heapMegabytes} MB`)
  t.diagnostic(JSON.stringify(codes))

  assert.ok(maxBufferUsed > BUFFER * 0.8 && maxBufferUsed <= BUFFER, `${maxBufferUsed}`)
  // The callers hold the records of at most forty calls. Without a bound there would be 240,000 records (300 MB).
  assert.ok(Math.max(...heaps) < 100e6, `${heaps}`)
  for (const code of Object.keys(codes)) assert.match(code, /^not-sent:(buffer|unreachable|deadline)$/)
  assert.ok((codes['not-sent:buffer'] ?? 0) > 1000 && (codes['not-sent:unreachable'] ?? 0) > 1000)
  assert.equal(producer.metrics().bufferUsed, 0)
})
