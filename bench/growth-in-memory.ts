// Measures growth without a broker: records that wait, expire or fail together, and topics with many partitions. The
// clock is virtual, so that only work takes time, not waiting.
import { parseConfig } from '../lib/config/parse-config.ts'
import { KafkaProducer } from '../lib/kafka-producer.ts'
import { ScriptedKafkaClient } from '../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../lib/testing/virtual-clock.ts'
import { Deadline } from '../lib/time/deadline.ts'
import type { EncodedBatch, ProduceOutcome, ProduceRequest } from '../lib/transport/kafka-client.ts'
import { failure } from '../lib/transport/produce-outcome.ts'
import type { Curve } from './growth.ts'
import { median, round } from './measure.ts'

const RECORDS = [1000, 10_000, 20_000, 100_000]
const DEADLINE_MS = 4000
const RUNS = 5
const SENDS = 2000

/** A broker that never answers, acknowledges at once, or loses each answer at once. */
class Broker extends ScriptedKafkaClient {
  readonly #answer: 'none' | 'acked' | 'lost'

  constructor(clock: VirtualClock, partitions: number, answer: 'none' | 'acked' | 'lost') {
    super({ partitions, brokers: 3, clock })
    this.#answer = answer
  }

  override async produce(
    _: number,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<ProduceOutcome[]> {
    if (this.#answer === 'none') return new Promise(() => {})
    request.beginWrite()
    return batches.map(() =>
      this.#answer === 'lost'
        ? failure('unknown', 'REQUEST_TIMEOUT', false)
        : { kind: 'acked', baseOffset: 0n, logAppendTime: null, proof: 'all' },
    )
  }
}

/** Returns a producer that knows its topic already. */
async function started(partitions: number, answer: 'none' | 'acked' | 'lost') {
  const clock = new VirtualClock()
  const config = parseConfig({ bootstrapServers: ['b:1'], bufferMemory: 2 ** 30 }, {})
  const producer = new KafkaProducer(config, { client: new Broker(clock, partitions, answer), clock })
  await producer.partitionsFor('t')
  return { clock, producer }
}

const records = (count: number) => Array.from({ length: count }, (_, i) => ({ topic: 't', key: 'k', value: `v${i}` }))

/** Measures the append, and the reports at the deadline, behind a request that gets no answer. */
async function waitAndExpire(count: number): Promise<{ append: number; expire: number }> {
  const { clock, producer } = await started(1, 'none')
  void producer.sendAll(records(1), Deadline.after(clock, 10 * DEADLINE_MS))
  await clock.advance(1)
  const begin = performance.now()
  const call = producer.sendAll(records(count), Deadline.after(clock, DEADLINE_MS))
  await clock.advance(1)
  const appended = performance.now()
  await finished(clock, call)
  return { append: appended - begin, expire: performance.now() - appended }
}

async function finished(clock: VirtualClock, call: Promise<unknown>): Promise<void> {
  let isOver = false
  void call.finally(() => {
    isOver = true
  })
  await clock.run(() => isOver)
}

async function failAsUnknown(count: number): Promise<number> {
  const { clock, producer } = await started(1, 'lost')
  const begin = performance.now()
  await finished(clock, producer.sendAll(records(count)))
  return performance.now() - begin
}

async function sendOneByOne(partitions: number): Promise<number> {
  const { producer } = await started(partitions, 'acked')
  const begin = performance.now()
  for (const record of records(SENDS)) await producer.sendAll([record])
  return performance.now() - begin
}

async function curve(
  name: string,
  unit: string,
  sizes: readonly number[],
  unitsOf: (size: number) => number,
  measure: (size: number) => Promise<number>,
): Promise<Curve> {
  const points: { at: number; perUnit: number }[] = []
  for (const at of sizes) {
    await measure(at)
    const took: number[] = []
    for (let run = 0; run < RUNS; run++) took.push(await measure(at))
    points.push({ at, perUnit: round((median(took) / unitsOf(at)) * 1000) })
  }
  return { name, unit, points }
}

export async function growthInMemory(): Promise<Curve[]> {
  const perRecord = (count: number) => count
  return [
    await curve(
      'records waiting',
      'µs per record, append',
      RECORDS,
      perRecord,
      async n => (await waitAndExpire(n)).append,
    ),
    await curve('records expiring', 'µs per record', RECORDS, perRecord, async n => (await waitAndExpire(n)).expire),
    await curve('records failing as unknown', 'µs per record', RECORDS, perRecord, failAsUnknown),
    await curve(
      'partitions of the topic',
      'µs per call of one record',
      [6, 100, 1000, 5000],
      () => SENDS,
      sendOneByOne,
    ),
  ]
}
