// One line per invocation, for people and (EMF) for CloudWatch: each dimension and metric that it declares has a value
// on it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mock, test } from 'node:test'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { InvocationLog } from '../../lib/lambda/invocation-log.ts'
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
  const log = new InvocationLog('kafka-producer-dev-http', line => lines.push(JSON.parse(line)))
  return invocations.map(({ fates, topics = [], producer = producerMetrics() }) => {
    const reports = fates.map(
      (_, index) =>
        ({
          kind: 'delivered',
          record: { topic: topics[index] ?? 'chat', value: 'v' },
          attempts: 1,
        }) as unknown as DeliveryReport,
    )
    log.invocation(
      'r-1',
      reports,
      fates.map(fate => ({ fate, deadLetterId: 'id', location: 'disk:x' }) as RecordFate),
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

test('the first line has counts, metrics of its outcome and of the producer; a warm one only what changed', () => {
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

test('the line says why connections were made, and has what a quota and a full buffer cost, where they did', () => {
  const changes = {
    connectionAttempts: 3,
    connectionAttemptsByReason: { FIRST: 1, REQUEST_TIMEOUT: 2 },
    throttleTimeMs: 700,
    expiredRecords: 4,
    bufferWaits: 2,
    bufferWaitTimeMs: 90,
  }
  const [[cold], [warm], [still]] = linesOf(
    { fates: ['delivered'] },
    { fates: ['delivered'], producer: producerMetrics(changes) },
    { fates: ['delivered'], producer: producerMetrics(changes) },
  ) as [[Line], [Line], [Line]]
  for (const line of [cold, warm, still]) assertEmf(line)
  assert.deepEqual(
    [cold, warm, still].map(({ newConnections }) => newConnections),
    [{ FIRST: 1 }, { REQUEST_TIMEOUT: 2 }, undefined],
  )
  assert.deepEqual(
    [cold, warm, still].map(({ ThrottleTime, ExpiredRecords, BufferWaits, BufferWaitTime }) => [
      ThrottleTime,
      ExpiredRecords,
      BufferWaits,
      BufferWaitTime,
    ]),
    [
      [undefined, undefined, undefined, undefined],
      [700, 4, 2, 90],
      [undefined, undefined, undefined, undefined],
    ],
  )
})

test('each further topic and outcome has a line with only metrics', () => {
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

test('the line says where the dead letters are, a hundred at most', () => {
  const [[line]] = linesOf({ fates: Array.from({ length: 101 }, () => 'dead-lettered' as const) }) as [Line[]]
  const deadLetters = (line as unknown as { deadLetters: { deadLetterId: string; location: string }[] }).deadLetters
  assert.equal(deadLetters.length, 100)
  assert.deepEqual(Object.keys(deadLetters[0] ?? {}), ['deadLetterId', 'location'])
})

test('with POWERTOOLS_METRICS_DISABLED the line has no metrics', () => {
  process.env.POWERTOOLS_METRICS_DISABLED = 'true'
  const [lines] = linesOf({ fates: ['delivered', 'refused'] }) as [Line[]]
  delete process.env.POWERTOOLS_METRICS_DISABLED
  assert.deepEqual(
    lines.map(({ message, outcomes, _aws, Records }) => [message, outcomes, _aws, Records]),
    [['invocation', { delivered: 1, refused: 1 }, undefined, undefined]],
  )
})

test('an invocation without records has its line too, with the X-Ray trace id where there is one', () => {
  process.env._X_AMZN_TRACE_ID = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  const [[line]] = linesOf({ fates: [] }) as [[Line]]
  delete process.env._X_AMZN_TRACE_ID
  assertEmf(line)
  assert.deepEqual(
    [line.message, line.outcomes, line.xray_trace_id],
    ['invocation', {}, '1-5759e988-bd862e3fe1be46a994272793'],
  )
})

test('records that were returned are one number over all topics, for an alarm', () => {
  const topics = ['chat', 'orders', 'chat']
  const [[first], second] = linesOf(
    { fates: ['returned', 'returned', 'delivered'], topics },
    { fates: ['delivered', 'dead-lettered', 'refused'], topics },
  ) as [[Line], Line[]]
  assertEmf(first)
  assert.equal(first.RecordsReturned, 2)
  const set = first._aws.CloudWatchMetrics.find(({ Metrics }) => Metrics[0]?.Name === 'RecordsReturned')
  assert.deepEqual(set?.Dimensions, [['service', 'function']])
  assert.ok(second.every(line => !('RecordsReturned' in line)))
})

// The original bug: with the log level WARN Lambda dropped every metric, because lines without a level count as INFO.
test('what arrived without a record is counted in the line, by reason, and in a metric', () => {
  const lines: Line[] = []
  const log = new InvocationLog('kafka-producer-dev-sqs', line => lines.push(JSON.parse(line)))
  log.invocation('r-1', [], [], producerMetrics(), { ignored: ['warm-up'] })
  log.invocation('r-2', [], [], producerMetrics(), { ignored: ['s3-test-event', 'sns-confirmation', 's3-test-event'] })
  log.invocation('r-3', [], [], producerMetrics())
  for (const line of lines.slice(0, 2)) assertEmf(line)
  assert.deepEqual(
    lines.map(({ ignored, IgnoredEvents }) => [ignored, IgnoredEvents]),
    [
      [{ 'warm-up': 1 }, 1],
      [{ 's3-test-event': 2, 'sns-confirmation': 1 }, 3],
      [undefined, undefined],
    ],
  )
})

test('a line with metrics has the level of Lambda’s filter, and a time', () => {
  const inEnvironment = (level: string, metricsDisabled: string) => {
    process.env.AWS_LAMBDA_LOG_LEVEL = level
    process.env.POWERTOOLS_METRICS_DISABLED = metricsDisabled
    const [lines] = linesOf({ fates: ['delivered', 'refused'] }) as [Line[]]
    delete process.env.AWS_LAMBDA_LOG_LEVEL
    delete process.env.POWERTOOLS_METRICS_DISABLED
    return lines
  }
  for (const level of ['WARN', 'ERROR', 'FATAL']) {
    const lines = inEnvironment(level, 'false')
    assert.deepEqual(
      lines.map(line => line.level),
      [level, level],
    )
    for (const line of lines) {
      assertEmf(line)
      assert.ok(Math.abs(Date.parse(String(line.timestamp)) - Date.now()) < 60_000)
    }
  }
  for (const level of ['INFO', 'DEBUG', 'TRACE', '']) assert.equal(inEnvironment(level, 'false')[0]?.level, 'INFO')
  assert.equal(inEnvironment('WARN', 'true')[0]?.level, 'INFO')
})

// The original bug: the line of a refused request was written by the logger, which dropped it above INFO.
test('POWERTOOLS_LOG_LEVEL decides about warnings; the line of each invocation is written', t => {
  // With it, Powertools logs through the global console.
  process.env.POWERTOOLS_DEV = 'true'
  t.after(() => Reflect.deleteProperty(process.env, 'POWERTOOLS_DEV'))
  t.after(() => Reflect.deleteProperty(process.env, 'POWERTOOLS_LOG_LEVEL'))
  for (const [level, warnings] of [
    ['WARN', 1],
    ['ERROR', 0],
    ['SILENT', 0],
  ] as const) {
    process.env.POWERTOOLS_LOG_LEVEL = level
    const warned: string[] = []
    const warn = mock.method(console, 'warn', (text: string) => void warned.push(text))
    t.after(() => warn.mock.restore())
    const lines: Line[] = []
    const log = new InvocationLog('f', line => lines.push(JSON.parse(line)))
    log.warn('careful')
    log.invocation('r-1', [], [], producerMetrics())
    log.refusedRequest('r-2', 'bad-json')
    warn.mock.restore()
    assert.equal(warned.length, warnings, level)
    assert.deepEqual(
      lines.map(({ message, requestId }) => [message, requestId]),
      [
        ['invocation', 'r-1'],
        ['invocation', 'r-2'],
      ],
    )
    const { outcomes, code, service } = lines[1] as Line
    assert.deepEqual({ outcomes, code, service }, { outcomes: { refusedRequests: 1 }, code: 'bad-json', service: 'f' })
  }
})

test('POWERTOOLS_METRICS_NAMESPACE names the namespace', () => {
  process.env.POWERTOOLS_METRICS_NAMESPACE = 'Mine'
  const [[line]] = linesOf({ fates: ['delivered'] }) as [[Line]]
  delete process.env.POWERTOOLS_METRICS_NAMESPACE
  assert.deepEqual(new Set(line._aws.CloudWatchMetrics.map(({ Namespace }) => Namespace)), new Set(['Mine']))
})

test('a redrive has one metric per outcome, by the names that the operations page lists', () => {
  const write = mock.method(process.stdout, 'write', () => true)
  try {
    new InvocationLog('kafka-producer-dev-redrive').redrive([
      { resent: 3, found: 1, parked: 0, failed: { unreachable: 2 } },
    ])
  } finally {
    write.mock.restore()
  }
  const lines = write.mock.calls.map(({ arguments: [text] }) => JSON.parse(String(text)) as Line)
  const line = lines.find(({ _aws }) => _aws !== undefined) as Line
  assertEmf(line)
  assert.deepEqual(
    [line.DeadLettersResent, line.DeadLettersFound, line.DeadLettersParked, line.DeadLettersFailed],
    [3, 1, 0, 2],
  )
  const page = readFileSync('docs/operations.md', 'utf8')
  for (const { Name } of line._aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics))
    assert.ok(page.includes(`\`${Name}\``), Name)
})
