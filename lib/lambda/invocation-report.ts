// What an invocation leaves behind for operators: one log line with counts per outcome, and metrics in EMF.
// Dimensions: function, topic, outcome. Never a payload, a key or an address.
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import type { RecordFate } from '../delivery/record-fate.ts'
import { innermostMessage } from '../errors.ts'
import type { ProducerMetrics } from '../producer-metrics.ts'

const NAMESPACE = 'ServerlessKafkaProducer'

export class InvocationReport {
  readonly #logger: Logger
  readonly #metrics: Metrics
  readonly #function: string
  #last: ProducerMetrics | undefined

  constructor(functionName: string) {
    this.#function = functionName
    this.#logger = new Logger({ serviceName: functionName })
    this.#metrics = new Metrics({ namespace: NAMESPACE, serviceName: functionName })
  }

  readonly warn = (text: string): void => {
    this.#logger.warn(text)
  }

  readonly connectFailed = (error: unknown): void => {
    this.#logger.warn('No broker was reached in init; the invocation tries again.', { code: codeOf(error), ...reasonOf(error) })
  }

  readonly letterFailed = (error: unknown): void => {
    this.#logger.error('No dead-letter target stored the letters; their records go back to the source.', { code: codeOf(error), cause: codeOf((error as Error).cause) })
  }

  /** A request that was refused whole, before it became records. */
  refusedRequest(code: string): void {
    this.#logger.info('invocation', { outcomes: { refusedRequests: 1 }, code })
  }

  /** What a redrive did, and metrics of it per outcome. */
  readonly redrive = (
    results: readonly { readonly resent: number; readonly found: number; readonly parked: number; readonly failed: Readonly<Record<string, number>> }[],
  ): void => {
    for (const { resent, found, parked, failed } of results) {
      const outcomes = { resent, found, parked, failed: Object.values(failed).reduce((sum, count) => sum + count, 0) }
      this.#metrics.addDimensions({ function: this.#function })
      for (const [name, count] of Object.entries(outcomes)) this.#metrics.addMetric(`Letters${name[0]?.toUpperCase()}${name.slice(1)}`, MetricUnit.Count, count)
      this.#metrics.publishStoredMetrics()
    }
    this.#logger.info('redrive', { results })
  }

  invocation(reports: readonly DeliveryReport[], fates: readonly RecordFate[], producer: ProducerMetrics): void {
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
    for (const [key, count] of byTopic) this.#count(key, count, producer)
    this.#producerMetrics(producer)
    this.#last = producer
    const unknown = reports.filter(report => report.kind === 'failed' && report.outcome === 'unknown').length
    const failure = reports.find(report => report.kind === 'failed' && report.fault === 'system') as Failed | undefined
    this.#logger.info('invocation', { outcomes, ...(Object.keys(codes).length > 0 ? { codes } : {}), ...reasonOf(failure?.error), unknown, attempts })
  }

  #count(key: string, count: number, producer: ProducerMetrics): void {
    const [topic, outcome] = key.split(' ') as [string, string]
    this.#metrics.addDimensions({ function: this.#function, topic, outcome })
    this.#metrics.addMetric('Records', MetricUnit.Count, count)
    if (outcome === 'delivered') this.#times(producer)
    this.#metrics.publishStoredMetrics()
  }

  /** Of the batches that were acknowledged since the last invocation: their mean. */
  #times(now: ProducerMetrics): void {
    const added = (name: 'ackedBatches' | 'ackedRecords' | 'queueTimeMs' | 'brokerTimeMs') => now[name] - (this.#last?.[name] ?? 0)
    const batches = added('ackedBatches')
    if (batches <= 0) return
    this.#metrics.addMetric('BatchRecords', MetricUnit.Count, added('ackedRecords') / batches)
    this.#metrics.addMetric('QueueTime', MetricUnit.Milliseconds, added('queueTimeMs') / batches)
    this.#metrics.addMetric('BrokerTime', MetricUnit.Milliseconds, added('brokerTimeMs') / batches)
  }

  /** Counters of the producer as what this invocation added; a warm invocation that only sent has nothing to tell. */
  #producerMetrics(now: ProducerMetrics): void {
    const last = this.#last
    if (last && now.dials === last.dials && now.producerIds === last.producerIds && now.retries === last.retries && now.connections === last.connections) return
    this.#metrics.addDimensions({ function: this.#function })
    const added = (name: 'dials' | 'producerIds' | 'retries') => now[name] - (last?.[name] ?? 0)
    this.#metrics.addMetric('Dials', MetricUnit.Count, added('dials'))
    this.#metrics.addMetric('ProducerIds', MetricUnit.Count, added('producerIds'))
    this.#metrics.addMetric('Retries', MetricUnit.Count, added('retries'))
    this.#metrics.addMetric('Connections', MetricUnit.Count, now.connections)
    this.#metrics.addMetric('BufferUsed', MetricUnit.Bytes, now.bufferUsed)
    this.#metrics.publishStoredMetrics()
  }
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
