// One line per invocation, for people and, in EMF, for CloudWatch: whatever it names as a dimension or a metric stands on it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { InvocationReport } from '../../lib/lambda/invocation-report.ts'
import type { ProducerMetrics } from '../../lib/producer-metrics.ts'
import { producerMetrics } from '../fakes/producer-metrics.ts'

interface Line {
  readonly message?: string
  readonly outcomes?: object
  readonly _aws: {
    readonly Timestamp: number
    readonly CloudWatchMetrics: {
      Namespace: string
      Dimensions: string[][]
      Metrics: { Name: string; Unit: string }[]
    }[]
  }
  readonly [name: string]: unknown
}

function linesOf(
  ...invocations: { fates: RecordFate['fate'][]; topics?: string[]; producer?: ProducerMetrics }[]
): Line[][] {
  const lines: Line[] = []
  const report = new InvocationReport('kafka-producer-dev-http', line => lines.push(JSON.parse(line)))
  return invocations.map(({ fates, topics = [], producer = producerMetrics() }) => {
    const reports = fates.map(
      (_, index) =>
        ({
          kind: 'delivered',
          record: { topic: topics[index] ?? 'chat', value: 'v' },
          attempts: 1,
        }) as unknown as DeliveryReport,
    )
    report.invocation(
      'r-1',
      reports,
      fates.map(fate => ({ fate }) as RecordFate),
      producer,
    )
    return lines.splice(0)
  })
}

function assertEmf({ _aws, ...values }: Line): void {
  assert.ok(Math.abs(_aws.Timestamp - Date.now()) < 60_000)
  for (const { Namespace, Dimensions, Metrics } of _aws.CloudWatchMetrics) {
    assert.equal(Namespace, 'ServerlessKafkaProducer')
    for (const name of Dimensions.flat()) assert.equal(typeof values[name], 'string', name)
    for (const { Name } of Metrics) assert.equal(typeof values[Name], 'number', Name)
  }
}

test('the first line has the counts, the metrics of its outcome and those of the producer; a warm one only what is new', () => {
  const [[cold], [warm, ...none]] = linesOf(
    { fates: ['delivered', 'delivered', 'delivered'] },
    { fates: ['delivered'], producer: producerMetrics({ ackedBatches: 2, ackedRecords: 4 }) },
  ) as [[Line], [Line]]
  for (const line of [cold, warm]) assertEmf(line)
  assert.deepEqual(none, [])
  assert.deepEqual(
    [cold.message, cold.level, cold.service, cold.requestId, cold.outcomes, cold.unknown, cold.attempts],
    ['invocation', 'INFO', 'kafka-producer-dev-http', 'r-1', { delivered: 3 }, 0, 1],
  )
  assert.deepEqual(
    [cold.Records, cold.BatchRecords, cold.QueueTime, cold.BrokerTime, cold.ConnectionAttempts],
    [3, 3, 2, 5, 1],
  )
  assert.deepEqual(
    cold._aws.CloudWatchMetrics.map(({ Dimensions }) => Dimensions),
    [[['service', 'function', 'topic', 'outcome']], [['service', 'function']]],
  )
  assert.deepEqual([warm.Records, warm.BatchRecords, warm.ConnectionAttempts], [1, 1, undefined])
})

test('each further topic and outcome has a line of metrics alone', () => {
  const [[first, ...others]] = linesOf({
    fates: ['delivered', 'refused', 'delivered', 'dead-lettered'],
    topics: ['chat', 'chat', 'orders', 'chat'],
  }) as [Line[]]
  for (const line of [first as Line, ...others]) assertEmf(line)
  assert.deepEqual(first?.outcomes, { delivered: 2, refused: 1, 'dead-lettered': 1 })
  assert.deepEqual(
    [first as Line, ...others].map(({ topic, outcome, Records, message }) => [topic, outcome, Records, message]),
    [
      ['chat', 'delivered', 1, 'invocation'],
      ['chat', 'refused', 1, undefined],
      ['orders', 'delivered', 1, undefined],
      ['chat', 'dead-lettered', 1, undefined],
    ],
  )
})

test('POWERTOOLS_METRICS_DISABLED leaves the line, without metrics', () => {
  process.env.POWERTOOLS_METRICS_DISABLED = 'true'
  const [lines] = linesOf({ fates: ['delivered', 'refused'] }) as [Line[]]
  delete process.env.POWERTOOLS_METRICS_DISABLED
  assert.deepEqual(
    lines.map(({ message, outcomes, _aws, Records }) => [message, outcomes, _aws, Records]),
    [['invocation', { delivered: 1, refused: 1 }, undefined, undefined]],
  )
})

test('an invocation without records leaves its line; X-Ray’s trace is named where there is one', () => {
  process.env._X_AMZN_TRACE_ID = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  const [[line]] = linesOf({ fates: [] }) as [[Line]]
  delete process.env._X_AMZN_TRACE_ID
  assertEmf(line)
  assert.deepEqual(
    [line.message, line.outcomes, line.xray_trace_id],
    ['invocation', {}, '1-5759e988-bd862e3fe1be46a994272793'],
  )
})
