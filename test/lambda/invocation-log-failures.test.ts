// What the log says of failures: codes and reasons that lead an operator on, never a payload, a key or an address.
import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import { type DeliveryReport, notSent } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { InvalidRecordError, TransportError } from '../../lib/errors.ts'
import { InvocationLog } from '../../lib/lambda/invocation-log.ts'
import { producerMetrics } from '../fakes/producer-metrics.ts'

type Line = Readonly<Record<string, unknown>>
interface Emf {
  readonly CloudWatchMetrics: readonly {
    readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
  }[]
}

/** The lines of Powertools' logger, which writes to the console in development. */
function loggedBy(t: TestContext, method: 'warn' | 'error', log: (log: InvocationLog) => void): Line[] {
  process.env.POWERTOOLS_DEV = 'true'
  t.after(() => Reflect.deleteProperty(process.env, 'POWERTOOLS_DEV'))
  const written = mock.method(console, method, () => undefined)
  t.after(() => written.mock.restore())
  log(new InvocationLog('f', () => undefined))
  const lines = written.mock.calls.map(({ arguments: [text] }) => JSON.parse(String(text)) as Line)
  written.mock.restore()
  return lines
}

function lineOf(reports: readonly DeliveryReport[], fates: readonly RecordFate[], metrics = producerMetrics()): Line {
  const lines: Line[] = []
  new InvocationLog('f', line => lines.push(JSON.parse(line))).invocation('r-1', reports, fates, metrics)
  return lines[0] as Line
}

const record = { topic: 't', value: 'v' }
const failed = (error: Error, fields: object = {}): DeliveryReport =>
  ({ ...notSent(record, undefined, error as never, 0), ...fields }) as DeliveryReport
const fate = (fields: object) => fields as RecordFate
const refusal = new TransportError('unreachable', 'No broker.', { causeCode: 'ECONNREFUSED', retriable: true })

test('a failure to connect during init is a warning with its codes and the reason', t => {
  const cause = new Error('the certificate has expired')
  const error = new TransportError('unreachable', 'No broker.', { causeCode: 'CERT_HAS_EXPIRED', cause })
  const [line] = loggedBy(t, 'warn', log => log.connectFailed(error))
  const { message, level, code, causeCode, service } = line as Line
  assert.deepEqual(
    { message, level, code, causeCode, service },
    {
      message: 'No broker was reached during init; the invocation tries again.',
      level: 'WARN',
      code: 'unreachable',
      causeCode: 'CERT_HAS_EXPIRED',
      service: 'f',
    },
  )
})

test('dead letters that no target stored are an error with the codes of both failures', t => {
  const error = Object.assign(new Error('not stored', { cause: refusal }), { code: 'dead-letter-failed' })
  const [line] = loggedBy(t, 'error', log => log.deadLetterFailed(error))
  assert.deepEqual(
    [line?.message, line?.code, line?.cause],
    [
      'No dead-letter target stored the dead letters; their records go back to the source.',
      'dead-letter-failed',
      'unreachable',
    ],
  )
})

test('an error without a code has its name, something else than an error none', t => {
  const unreadable = Object.defineProperty({}, 'code', {
    get: () => {
      throw new RangeError('secret')
    },
  })
  const lines = loggedBy(t, 'error', log => {
    for (const error of [new RangeError('secret'), { code: 5 }, undefined, unreadable, refusal])
      log.requestFailed(error)
  })
  assert.deepEqual(
    lines.map(({ message, code, causeCode }) => [message, code, causeCode]),
    [
      ['A request failed.', 'RangeError', undefined],
      ['A request failed.', 'none', undefined],
      ['A request failed.', 'none', undefined],
      ['A request failed.', lines[3]?.code, undefined],
      ['A request failed.', 'unreachable', 'ECONNREFUSED'],
    ],
  )
  assert.equal(typeof lines[3]?.code, 'string')
})

test('a request that failed is logged with its id and where it failed', t => {
  const secret = 'secret\n    at payload (file:///payload:1:1)'
  const [named, unnamed] = loggedBy(t, 'error', log => {
    log.requestFailed(new RangeError(secret), 'r-1')
    log.requestFailed(new Error(''))
  }) as [Line, Line]
  assert.equal(named.requestId, 'r-1')
  for (const { frames } of [named, unnamed] as { frames: string[] }[]) {
    assert.ok(frames.length > 1 && frames.length <= 10)
    assert.match(frames[0] as string, /^at .*invocation-log-failures\.test\.ts:\d+:\d+\)?$/)
  }
  assert.ok(!('requestId' in unnamed))
})

test('no part of a message is logged as a code or as a place', t => {
  const withStack = (message: unknown, stack: unknown) => Object.assign(new Error('x'), { message, stack })
  const frame = '\n    at f (file:///f.ts:1:1)'
  const errors: [unknown, string, string[]][] = [
    [withStack('other', `Error: secret${frame}`), 'Error', []],
    [withStack('a', `Error: a\nsecret${frame}`), 'Error', []],
    [withStack('', `Error: a\nsecret${frame}`), 'Error', []],
    [withStack(5, `Error: 5\nsecret${frame}`), 'Error', []],
    [withStack('a', ['secret']), 'Error', []],
    [{ message: 'a', stack: `Error: a${frame}` }, 'none', []],
    [withStack('a', `Error: a${frame}\nsecret`), 'Error', ['at f (file:///f.ts:1:1)']],
    [withStack('a', `Error: a\n    at ${'f'.repeat(1000)}`), 'Error', [`at ${'f'.repeat(297)}`]],
    [Object.assign(withStack('a', ''), { code: 'a secret' }), 'Error', []],
    [Object.assign(withStack('a', ''), { name: { secret: 1 } }), 'none', []],
    [Object.assign(withStack('a', ''), { name: 'a secret', code: 'E_CODE' }), 'E_CODE', []],
  ]
  const lines = loggedBy(t, 'error', log => {
    for (const [error] of errors) log.requestFailed(error)
  })
  assert.deepEqual(
    lines.map(({ code, frames }) => [code, frames]),
    errors.map(([, code, frames]) => [code, frames]),
  )
})

test('the place of an error is found in linear time', t => {
  const part = 'ab'.repeat(100_000)
  const error = Object.assign(new Error('x'), { message: `${part}c${part}`, stack: `got ${part}${part}${part}` })
  const begin = process.cpuUsage()
  const [line] = loggedBy(t, 'error', log => log.requestFailed(error))
  assert.deepEqual(line?.frames, [])
  // A search for the message in the stack took 7 s.
  assert.ok(process.cpuUsage(begin).user < 3_000_000)
})

test('the returned records of a request that failed are a metric', t => {
  const lines: Line[] = []
  const write = mock.method(console, 'error', () => undefined)
  t.after(() => write.mock.restore())
  const log = new InvocationLog('f', line => lines.push(JSON.parse(line)))
  log.requestFailed(refusal, 'r-1', 2)
  log.requestFailed(refusal, 'r-2', 0)
  assert.deepEqual(
    lines.map(line => line.RecordsReturned),
    [2],
  )
})

test('the line counts the codes of failures, the unknown outcomes, and the most attempts', () => {
  const reports = [
    failed(refusal, { attempts: 2 }),
    failed(refusal, { attempts: 5, outcome: 'unknown' }),
    failed(new InvalidRecordError('schema', 'value: …'), { attempts: 0 }),
  ]
  const line = lineOf(reports, [
    fate({ fate: 'returned', code: 'unreachable' }),
    fate({ fate: 'returned', code: 'unreachable' }),
    fate({ fate: 'refused', code: 'schema' }),
  ])
  assert.deepEqual(
    [line.outcomes, line.codes, line.unknown, line.attempts, line.deadLetters],
    [{ returned: 2, refused: 1 }, { unreachable: 2, schema: 1 }, 1, 5, undefined],
  )
})

test('the reason in the line is that of a delivery failure, never that of an invalid record', () => {
  const withCause = new TransportError('unreachable', 'No broker.', { cause: new Error('connect ECONNREFUSED') })
  const invalid = failed(new InvalidRecordError('schema', 'value: …', { cause: new Error('secret') }))
  const of = (reports: DeliveryReport[]) =>
    lineOf(
      reports,
      reports.map(() => fate({ fate: 'returned', code: 'x' })),
    )
  assert.equal(of([invalid]).reason, undefined)
  assert.equal(of([invalid, failed(withCause)]).reason, of([failed(withCause)]).reason)
  assert.notEqual(of([failed(withCause)]).reason, undefined)
})

test('a record without a topic is counted under the topic none', () => {
  const reports = [failed(refusal, { record: { topic: '', value: '' } })]
  const { topic, outcome, Records } = lineOf(reports, [fate({ fate: 'refused', code: 'unknown-topic' })])
  assert.deepEqual([topic, outcome, Records], ['none', 'refused', 1])
})

test('records of one topic and outcome are one count, also where others lie between them', () => {
  const lines: Line[] = []
  const log = new InvocationLog('f', line => lines.push(JSON.parse(line)))
  const topics = ['a', 'b', 'a', 'b', 'b']
  const reports = topics.map(topic => failed(refusal, { record: { topic, value: 'v' } }))
  log.invocation(
    'r-1',
    reports,
    topics.map(() => fate({ fate: 'returned', code: 'x' })),
    producerMetrics(),
  )
  assert.deepEqual(
    lines.map(({ topic, Records }) => [topic, Records]),
    [
      ['a', 2],
      ['b', 3],
    ],
  )
})

test('each metric has its unit, and the times are means per batch', () => {
  const delivered = [{ kind: 'delivered', record, attempts: 1 } as unknown as DeliveryReport]
  const before = producerMetrics({ ackedBatches: 1, ackedRecords: 2, queueTimeMs: 10, brokerTimeMs: 20 })
  const now = producerMetrics({
    ackedBatches: 3,
    ackedRecords: 12,
    queueTimeMs: 14,
    brokerTimeMs: 50,
    connectionAttempts: before.connectionAttempts + 1,
    throttleTimeMs: 7,
    expiredRecords: 2,
  })
  const lines: Line[] = []
  const log = new InvocationLog('f', line => lines.push(JSON.parse(line)))
  for (const metrics of [before, now]) log.invocation('r', delivered, [fate({ fate: 'delivered' })], metrics)
  const line = lines[1] as Line
  assert.deepEqual([line.BatchRecords, line.QueueTime, line.BrokerTime], [5, 2, 15])
  assert.deepEqual([line.ConnectionAttempts, line.ThrottleTime, line.ExpiredRecords], [1, 7, 2])
  const units = Object.fromEntries(
    (line._aws as Emf).CloudWatchMetrics.flatMap(({ Metrics }) => Metrics).map(({ Name, Unit }) => [Name, Unit]),
  )
  const { Records, BatchRecords, QueueTime, BrokerTime, ConnectionAttempts, ThrottleTime, ExpiredRecords, BufferUsed } =
    units
  assert.deepEqual(
    [Records, BatchRecords, QueueTime, BrokerTime, ConnectionAttempts, ThrottleTime, ExpiredRecords, BufferUsed],
    ['Count', 'Count', 'Milliseconds', 'Milliseconds', 'Count', 'Milliseconds', 'Count', 'Bytes'],
  )
})

test('without a new batch the line has no times', () => {
  const lines: Line[] = []
  const log = new InvocationLog('f', line => lines.push(JSON.parse(line)))
  const delivered = [{ kind: 'delivered', record, attempts: 1 } as unknown as DeliveryReport]
  for (let n = 0; n < 2; n++) log.invocation('r', delivered, [fate({ fate: 'delivered' })], producerMetrics())
  assert.deepEqual([lines[1]?.Records, lines[1]?.BatchRecords, lines[1]?.QueueTime], [1, undefined, undefined])
})
