// What an invocation leaves behind for operators: one line with counts per outcome, and metrics in EMF on the same line; a further
// line for each further topic and outcome, since an EMF line has one value per dimension. Each line costs its writing and its keeping.
// Dimensions: function, topic, outcome. Never a payload, a key or an address.
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import type { RecordFate } from '../delivery/record-fate.ts'
import { type ErrorCode, innermostMessage } from '../errors.ts'
import type { ProducerMetrics } from '../producer-metrics.ts'

const NAMESPACE = 'ServerlessKafkaProducer'

type Emf = ReturnType<Metrics['serializeMetrics']>
type Values = readonly [unit: (typeof MetricUnit)[keyof typeof MetricUnit], named: Readonly<Record<string, number>>]

class EmfMetrics extends Metrics {
  /** Not by POWERTOOLS_METRICS_DISABLED or POWERTOOLS_DEV. */
  get isOn(): boolean {
    return !this.isDisabled()
  }
}

export class InvocationReport {
  readonly #write: (line: string) => void
  readonly #logger: Logger
  readonly #metrics: EmfMetrics
  readonly #function: string
  readonly #forms = new Map<string, Emf>()
  #last: ProducerMetrics | undefined

  /** @param write a line as it is: Lambda's console would put a prefix before it, and CloudWatch would read no metrics */
  constructor(functionName: string, write: (line: string) => void = line => process.stdout.write(`${line}\n`)) {
    this.#write = write
    this.#function = functionName
    this.#logger = new Logger({ serviceName: functionName })
    this.#metrics = new EmfMetrics({ namespace: NAMESPACE, serviceName: functionName })
  }

  readonly warn = (text: string): void => {
    this.#logger.warn(text)
  }

  readonly connectFailed = (error: unknown): void => {
    this.#logger.warn('No broker was reached in init; the invocation tries again.', {
      code: codeOf(error),
      ...reasonOf(error),
    })
  }

  readonly deadLetterFailed = (error: unknown): void => {
    this.#logger.error('No dead-letter target stored the dead letters; their records go back to the source.', {
      code: codeOf(error),
      cause: codeOf((error as Error).cause),
    })
  }

  /** A request that was refused whole, before it became records. */
  refusedRequest(requestId: string, code: ErrorCode): void {
    this.#logger.info('invocation', { requestId, outcomes: { refusedRequests: 1 }, code })
  }

  /** What a redrive did, and metrics of it per outcome. */
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
      this.#metrics.addDimensions({ function: this.#function })
      for (const [name, count] of Object.entries(outcomes))
        this.#metrics.addMetric(`Letters${name[0]?.toUpperCase()}${name.slice(1)}`, MetricUnit.Count, count)
      this.#metrics.publishStoredMetrics()
    }
    this.#logger.info('redrive', { results })
  }

  /** @param requestId as the caller was told it */
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
      const topic = reports[index]?.record.topic || 'none'
      outcomes[fate.fate] = (outcomes[fate.fate] ?? 0) + 1
      byTopic.set(`${topic} ${fate.fate}`, (byTopic.get(`${topic} ${fate.fate}`) ?? 0) + 1)
      if ('code' in fate) codes[fate.code] = (codes[fate.code] ?? 0) + 1
      attempts = Math.max(attempts, reports[index]?.attempts ?? 0)
    })
    const [first, ...others] = this.#metrics.isOn
      ? [...byTopic].map(([key, count]) => this.#records(key, count, producer))
      : []
    const unknown = reports.filter(report => report.kind === 'failed' && report.outcome === 'unknown').length
    const failure = reports.find(report => report.kind === 'failed' && report.failureKind === 'delivery-failure') as
      | Failed
      | undefined
    const facts = {
      requestId,
      outcomes,
      ...(Object.keys(codes).length > 0 ? { codes } : {}),
      ...reasonOf(failure?.error),
      unknown,
      attempts,
    }
    const head = {
      level: 'INFO',
      message: 'invocation',
      timestamp: new Date().toISOString(),
      service: this.#function,
      ...traceOf(process.env._X_AMZN_TRACE_ID),
    }
    this.#write(JSON.stringify({ ...head, ...facts, ...together(first, this.#ofProducer(producer)) }))
    for (const other of others) this.#write(JSON.stringify(other))
    this.#last = producer
  }

  #records(key: string, count: number, producer: ProducerMetrics): Emf {
    const [topic, outcome] = key.split(' ') as [string, string]
    return this.#emf({ topic, outcome }, [
      [MetricUnit.Count, { Records: count }],
      ...(outcome === 'delivered' ? this.#times(producer) : []),
    ])
  }

  /** Of the batches that were acknowledged since the last invocation: their mean. */
  #times(now: ProducerMetrics): Values[] {
    const added = (name: 'ackedBatches' | 'ackedRecords' | 'queueTimeMs' | 'brokerTimeMs') =>
      now[name] - (this.#last?.[name] ?? 0)
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

  /** Counters of the producer as what this invocation added; a warm invocation that only sent has nothing to tell. */
  #ofProducer(now: ProducerMetrics): Emf | undefined {
    const last = this.#last
    if (!this.#metrics.isOn) return undefined
    if (
      last &&
      now.connectionAttempts === last.connectionAttempts &&
      now.producerIds === last.producerIds &&
      now.retries === last.retries &&
      now.connections === last.connections
    )
      return undefined
    const added = (name: 'connectionAttempts' | 'producerIds' | 'retries') => now[name] - (last?.[name] ?? 0)
    return this.#emf({}, [
      [
        MetricUnit.Count,
        {
          ConnectionAttempts: added('connectionAttempts'),
          ProducerIds: added('producerIds'),
          Retries: added('retries'),
          Connections: now.connections,
        },
      ],
      [MetricUnit.Bytes, { BufferUsed: now.bufferUsed }],
    ])
  }

  /** Powertools makes each form of line once; then only its numbers are new. Topics and outcomes are few. */
  #emf(dimensions: Readonly<Record<string, string>>, values: readonly Values[]): Emf {
    const numbers = Object.assign({}, ...values.map(([, named]) => named)) as Record<string, number>
    const key = `${Object.values(dimensions)} ${Object.keys(numbers)}`
    const form = this.#forms.get(key) ?? this.#formOf(dimensions, values)
    this.#forms.set(key, form)
    return { ...form, ...numbers, _aws: { ...form._aws, Timestamp: Date.now() } }
  }

  #formOf(dimensions: Readonly<Record<string, string>>, values: readonly Values[]): Emf {
    this.#metrics.addDimensions({ function: this.#function, ...dimensions })
    for (const [unit, named] of values)
      for (const [name, value] of Object.entries(named)) this.#metrics.addMetric(name, unit, value)
    const form = this.#metrics.serializeMetrics()
    this.#metrics.clearMetrics()
    this.#metrics.clearDimensions()
    return form
  }
}

/** Two sets of metrics with different dimensions on one line, as EMF's list of directives has room for. */
function together(a: Emf | undefined, b: Emf | undefined): Emf | undefined {
  if (!a || !b) return a ?? b
  return {
    ...a,
    ...b,
    _aws: { ...a._aws, CloudWatchMetrics: [...a._aws.CloudWatchMetrics, ...b._aws.CloudWatchMetrics] },
  }
}

/** As Powertools' own lines have it, so that they are found together. */
function traceOf(header: string | undefined): { xray_trace_id?: string } {
  const id = /Root=([^;]+)/.exec(header ?? '')?.[1]
  return id === undefined ? {} : { xray_trace_id: id }
}

function reasonOf(error: unknown): { reason?: string } {
  const reason = innermostMessage(error)
  return reason === undefined ? {} : { reason }
}

/** The code of an error, never its text, which may hold an address or a path. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : error instanceof Error ? error.name : 'none'
}
