// A broker whose quota is used up answers at once and asks for a pause (KIP-219). Records that miss their deadline
// because of the pause end as `quota`, and are not written if no response could arrive in time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { ScriptedKafkaClient, type ScriptedKafkaClientOptions } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'
import type { EncodedBatch, ProduceOutcome, ProduceRequest } from '../../lib/transport/kafka-client.ts'
import { summaryOf } from '../support/producer-of.ts'

const LATENCY_MS = 50
const PAUSE_MS = 1000

class ThrottlingBrokers extends ScriptedKafkaClient {
  /** The pause in the n-th answer, ms. */
  pauses = [PAUSE_MS]

  override async produce(
    leader: number,
    batches: readonly EncodedBatch[],
    request: ProduceRequest,
  ): Promise<ProduceOutcome[]> {
    const outcomes = await super.produce(leader, batches, request)
    const throttleTimeMs = this.pauses.shift() ?? 0
    return outcomes.map(outcome => ({ ...outcome, throttleTimeMs }))
  }
}

async function throttled(options: Partial<ScriptedKafkaClientOptions> = {}) {
  const clock = new VirtualClock()
  const brokers = new ThrottlingBrokers({ partitions: 2, brokers: 2, clock, latencyMs: LATENCY_MS, ...options })
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['b:1'] }, {}), { client: brokers, clock })
  await producer.connect()
  /** Sends one record; `result` is set when its report is there. */
  const send = (value: string, deadlineMs = 60_000) => {
    const sent: { result?: string; at?: number; message?: string } = {}
    void producer
      .sendAll([{ topic: 't', partition: 1, key: 'k', value }], Deadline.after(clock, deadlineMs))
      .then(([report]) =>
        Object.assign(sent, {
          result: summaryOf(report),
          at: clock.now(),
          ...(report?.kind === 'failed' ? { message: report.error.message } : {}),
        }),
      )
    return sent
  }
  const values = () => brokers.logs.flatMap(({ records }) => records.map(({ value }) => value))
  const first = send('first')
  await clock.run(() => first.result !== undefined)
  return { clock, brokers, producer, send, values }
}

// The original bug: the record ended as `deadline`, and no metric counted the pause.
test('rule 12: a record that a pause holds back until its deadline ends as quota; metrics have it', async () => {
  const { clock, producer, send, values } = await throttled()
  const late = send('late', 600)
  const inTime = send('in time', 5000)

  await clock.run(() => inTime.result !== undefined)

  assert.equal(late.result, 'not-sent:quota')
  assert.match(late.message ?? '', /THROTTLED.*producer_byte_rate/)
  assert.equal(inTime.result, 'delivered')
  assert.deepEqual(values(), ['first', 'in time'])
  const { throttledRequests, throttleTimeMs, maxThrottleTimeMs, expiredRecords } = producer.metrics()
  assert.deepEqual([throttledRequests, throttleTimeMs, maxThrottleTimeMs, expiredRecords], [1, PAUSE_MS, PAUSE_MS, 1])
})

// The original bug: the record was written just before its deadline, and ended as `delivery-unknown`.
test('rule 12: a record is not written after a pause that left it less time than an answer takes', async () => {
  const { clock, producer, send, values } = await throttled()
  const late = send('late', PAUSE_MS + LATENCY_MS - 10)
  const inTime = send('in time', PAUSE_MS + LATENCY_MS + 10)

  await clock.run(() => late.result !== undefined && inTime.result !== undefined)

  assert.equal(late.result, 'not-sent:quota')
  assert.equal(inTime.result, 'delivered')
  assert.deepEqual(values(), ['first', 'in time'])
  assert.equal(producer.metrics().expiredRecords, 1)
})

test('a record that came after a pause is written however little time it has', async () => {
  const { clock, send } = await throttled()
  await clock.advance(PAUSE_MS + 1)
  const short = send('short', LATENCY_MS - 10)

  await clock.run(() => short.result !== undefined)

  assert.equal(short.result, 'unknown:delivery-unknown')
})

test('rule 12: a record that waits through several pauses ends as quota', async () => {
  const { clock, brokers, send } = await throttled()
  brokers.pauses = [PAUSE_MS, PAUSE_MS]
  const before = send('before')
  await clock.advance(PAUSE_MS + 10)
  // The request of `before` is in flight.
  const late = send('late', 300)

  await clock.run(() => late.result !== undefined)

  assert.equal(before.result, 'delivered')
  assert.equal(late.result, 'not-sent:quota')
})
