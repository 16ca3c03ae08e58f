// Ten minutes in which no broker is reached, at full input: memory stays inside buffer.memory, and everybody is told.
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
const VALUE = 1000

class Unreachable extends ScriptedKafkaClient {
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

test('ten minutes of outage at full input stay inside buffer.memory', async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const heap = () => {
    gc()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const clock = new VirtualClock()
  const config = parseConfig({ bootstrapServers: ['a:1'], bufferMemory: BUFFER, batchSize: 200_000 }, {})
  const producer = new KafkaProducer(config, { client: new Unreachable(clock), clock })
  const codes: Record<string, number> = {}
  let open = 0
  const base = heap()
  let most = 0
  const heaps: number[] = []
  for (let second = 0; second < 600; second += 0.5) {
    // Full input: as much as may wait, and then some.
    if (open < 40) {
      open++
      const records = Array.from({ length: CALL_RECORDS }, (_, i) => ({
        topic: 't',
        key: `k${i % 30}`,
        value: Buffer.alloc(VALUE),
      }))
      void producer.sendAll(records).then(reports => {
        open--
        for (const report of reports) {
          const code = report.kind === 'delivered' ? 'delivered' : `${report.outcome}:${report.code}`
          codes[code] = (codes[code] ?? 0) + 1
        }
      })
    }
    clock.setTimeout(() => {}, 500)
    const until = clock.now() + 500
    await clock.run(() => clock.now() >= until)
    most = Math.max(most, producer.metrics().bufferUsed)
    if (second % 60 === 30) heaps.push(heap() - base)
  }
  await clock.run(() => open === 0)
  t.diagnostic(
    `buffer at most ${most} of ${BUFFER}; heap over the start, each minute: ${heaps.map(bytes => Math.round(bytes / 1e6))} MB; ${JSON.stringify(codes)}`,
  )

  assert.ok(most > BUFFER * 0.8 && most <= BUFFER, `${most}`)
  // Callers who wait hold their own records, at most forty calls of them. Without a bound 240,000 records would be here: 300 MB and more.
  assert.ok(Math.max(...heaps) < 100e6, `${heaps}`)
  for (const code of Object.keys(codes)) assert.match(code, /^not-sent:(buffer|unreachable|deadline)$/)
  assert.ok((codes['not-sent:buffer'] ?? 0) > 1000 && (codes['not-sent:unreachable'] ?? 0) > 1000)
  assert.equal(producer.metrics().bufferUsed, 0)
})
