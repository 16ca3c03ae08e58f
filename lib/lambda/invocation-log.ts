// The log lines of an invocation: one line with the counts per outcome and the metrics (EMF), and one more for each
// further topic and outcome, because an EMF line has one value per dimension. Lines are few: each costs time to write
// and money to keep. Dimensions: function, topic, outcome. No line holds a payload, a key or an address.
import { Logger } from '@aws-lambda-powertools/logger'
import { MetricUnit } from '@aws-lambda-powertools/metrics'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import type { RecordFate } from '../delivery/record-fate.ts'
import { type ErrorCode, errorName, innermostMessage, isInstance, KafkaProducerError } from '../errors.ts'
import type { ProducerMetrics } from '../producer-metrics.ts'
import { EmfLines, type MetricSet, type MetricValues } from './emf-lines.ts'

/** Dead letters that a line names; a batch can have thousands. */
const MAX_LOGGED = 100

type NumberOf<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T]

/** The counters whose changes a line has. */
const CHANGES = [
  'connectionAttempts',
  'producerIds',
  'retries',
  'connections',
  'expiredRecords',
  'bufferWaits',
  'throttleTimeMs',
  'bufferWaitTimeMs',
] as const satisfies readonly NumberOf<ProducerMetrics>[]

export class InvocationLog {
  readonly #write: (line: string) => void
  readonly #logger: Logger
  readonly #emf: EmfLines
  /** The field `service` of every line. */
  readonly #service: string
  #previous: ProducerMetrics | undefined

  /**
   * @param write writes a line unchanged: with the prefix of Lambda's console, CloudWatch would not read the metrics
   */
  constructor(functionName: string, write: (line: string) => void = line => process.stdout.write(`${line}\n`)) {
    this.#write = write
    this.#service = `"service":${JSON.stringify(functionName)}`
    this.#logger = new Logger({ serviceName: functionName })
    this.#emf = new EmfLines(functionName)
  }

  readonly warn = (text: string): void => {
    this.#logger.warn(text)
  }

  readonly connectFailed = (error: unknown): void => {
    this.#logger.warn('No broker was reached during init; the invocation tries again.', {
      code: codeOf(error),
      ...causeCodeOf(error),
      ...reasonOf(error),
    })
  }

  readonly deadLetterFailed = (error: unknown): void => {
    this.#logger.error('No dead-letter target stored the dead letters; their records go back to the source.', {
      code: codeOf(error),
      cause: codeOf((error as Error).cause),
    })
  }

  /** Logs a request that was refused as a whole, before it became records. */
  refusedRequest(requestId: string, code: ErrorCode): void {
    this.#logger.info('invocation', { requestId, outcomes: { refusedRequests: 1 }, code })
  }

  /** Logs the results of a redrive, with one metric per outcome. */
  readonly redrive = (
    results: readonly {
      readonly resent: number
      readonly found: number
      readonly parked: number
      readonly failed: Readonly<Record<string, number>>
    }[],
  ): void => {
    for (const { resent, found, parked, failed } of results) {
      const outcomes = { resent, found, parked, failed: Object.values(failed).reduce((sum, count) => sum + count, 0) }
      const metrics = Object.entries(outcomes).map(([name, count]) => [
        `DeadLetters${name[0]?.toUpperCase()}${name.slice(1)}`,
        count,
      ])
      this.#emf.publish([MetricUnit.Count, Object.fromEntries(metrics)])
    }
    this.#logger.info('redrive', { results })
  }

  /** @param requestId the one in the caller's answer */
  invocation(
    requestId: string,
    reports: readonly DeliveryReport[],
    fates: readonly RecordFate[],
    producer: ProducerMetrics,
  ): void {
    const outcomes: Record<string, number> = {}
    const byTopic = new Map<string, number>()
    const codes: Record<string, number> = {}
    let attempts = 0
    fates.forEach((fate, index) => {
      const key = `${reports[index]?.record.topic || 'none'} ${fate.fate}`
      outcomes[fate.fate] = (outcomes[fate.fate] ?? 0) + 1
      byTopic.set(key, (byTopic.get(key) ?? 0) + 1)
      if ('code' in fate) codes[fate.code] = (codes[fate.code] ?? 0) + 1
      attempts = Math.max(attempts, reports[index]?.attempts ?? 0)
    })
    const [first, ...others] = this.#emf.isOn
      ? [...byTopic].map(([key, count]) => this.#records(key, count, producer))
      : []
    const unknown = reports.filter(report => report.kind === 'failed' && report.outcome === 'unknown').length
    const failure = reports.find(report => report.kind === 'failed' && report.failureKind === 'delivery-failure') as
      | Failed
      | undefined
    const facts = JSON.stringify({
      ...traceOf(process.env._X_AMZN_TRACE_ID),
      requestId,
      outcomes,
      ...(Object.keys(codes).length > 0 ? { codes } : {}),
      ...deadLettersOf(fates),
      ...reasonOf(failure?.error),
      unknown,
      attempts,
      ...this.#newConnections(producer),
    })
    const sets = [first, this.#ofProducer(producer)].filter(set => set !== undefined)
    const timestamp = new Date().toISOString()
    this.#write(
      `{"level":"INFO","message":"invocation","timestamp":"${timestamp}",${this.#service},` +
        `${facts.slice(1, -1)}${this.#emf.fields(sets)}}`,
    )
    for (const other of others) this.#write(`{${this.#service}${this.#emf.fields([other])}}`)
    this.#previous = producer
  }

  #records(key: string, count: number, producer: ProducerMetrics): MetricSet {
    const [topic, outcome] = key.split(' ') as [string, string]
    return this.#emf.metricSet({ topic, outcome }, [
      [MetricUnit.Count, { Records: count }],
      ...(outcome === 'delivered' ? this.#times(producer) : []),
    ])
  }

  /** Mean values of the batches that were acknowledged since the last invocation. */
  #times(now: ProducerMetrics): MetricValues[] {
    const added = (name: 'ackedBatches' | 'ackedRecords' | 'queueTimeMs' | 'brokerTimeMs') =>
      now[name] - (this.#previous?.[name] ?? 0)
    const batches = added('ackedBatches')
    if (batches <= 0) return []
    return [
      [MetricUnit.Count, { BatchRecords: added('ackedRecords') / batches }],
      [
        MetricUnit.Milliseconds,
        { QueueTime: added('queueTimeMs') / batches, BrokerTime: added('brokerTimeMs') / batches },
      ],
    ]
  }

  /**
   * What this invocation added to the producer's counters; undefined where nothing changed, as in most warm
   * invocations.
   */
  #ofProducer(now: ProducerMetrics): MetricSet | undefined {
    const previous = this.#previous
    if (!this.#emf.isOn || (previous && CHANGES.every(name => now[name] === previous[name]))) return undefined
    const added = (name: NumberOf<ProducerMetrics>) => now[name] - (previous?.[name] ?? 0)
    const usual = {
      ConnectionAttempts: added('connectionAttempts'),
      ProducerIds: added('producerIds'),
      Retries: added('retries'),
    }
    const counts = nonZero({ ExpiredRecords: added('expiredRecords'), BufferWaits: added('bufferWaits') })
    const times = nonZero({ ThrottleTime: added('throttleTimeMs'), BufferWaitTime: added('bufferWaitTimeMs') })
    return this.#emf.metricSet({}, [
      [MetricUnit.Count, { ...usual, Connections: now.connections, ...counts }],
      [MetricUnit.Milliseconds, times],
      [MetricUnit.Bytes, { BufferUsed: now.bufferUsed }],
    ])
  }

  /** Why this invocation made connections, for the log line; an empty object if it made none. */
  #newConnections({ connectionAttempts, connectionAttemptsByReason: now }: ProducerMetrics): {
    newConnections?: Record<string, number>
  } {
    if (this.#previous?.connectionAttempts === connectionAttempts) return {}
    const before = this.#previous?.connectionAttemptsByReason
    const added = nonZero(
      Object.fromEntries(Object.entries(now).map(([reason, count]) => [reason, count - (before?.[reason] ?? 0)])),
    )
    return Object.keys(added).length > 0 ? { newConnections: added } : {}
  }
}

function nonZero(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0))
}

/** The field that Powertools' own lines have, so that a search finds both. */
function traceOf(header: string | undefined): { xray_trace_id?: string } {
  const id = /Root=([^;]+)/.exec(header ?? '')?.[1]
  return id === undefined ? {} : { xray_trace_id: id }
}

function causeCodeOf(error: unknown): { causeCode?: string } {
  return isInstance(error, KafkaProducerError) && error.causeCode !== null ? { causeCode: error.causeCode } : {}
}

function reasonOf(error: unknown): { reason?: string } {
  const reason = innermostMessage(error)
  return reason === undefined ? {} : { reason }
}

/** The code of an error, never its text, which may hold an address or a path. */
function codeOf(error: unknown): string {
  try {
    const code = (error as { code?: unknown } | undefined)?.code
    return typeof code === 'string' ? code : error instanceof Error ? error.name : 'none'
  } catch {
    return errorName(error)
  }
}

/** Where the dead letters of an invocation are: the answers that callers get do not say. */
function deadLettersOf(fates: readonly RecordFate[]): object {
  const stored = fates.flatMap(fate => (fate.fate === 'dead-lettered' ? [fate] : []))
  if (stored.length === 0) return {}
  const deadLetters = stored.slice(0, MAX_LOGGED).map(({ deadLetterId, location }) => ({ deadLetterId, location }))
  return { deadLetters }
}
