// Writes the log lines of an invocation: one line with the counts per outcome and the metrics (EMF), and one more for
// each further topic and outcome, because an EMF line has one value per dimension. Lines are few, because each costs
// time to write and money to keep. The dimensions are service, function, topic and outcome. No line contains a payload,
// a key or an address.
import { Logger } from '@aws-lambda-powertools/logger'
import { MetricUnit } from '@aws-lambda-powertools/metrics'
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import type { RecordFate } from '../delivery/record-fate.ts'
import { type ErrorCode, innermostMessage, isInstance, KafkaProducerError } from '../errors.ts'
import type { ProducerMetrics } from '../producer-metrics.ts'
import { EmfLines, type Metric, type MetricSet } from './emf-lines.ts'
import { invocationTrace } from './invocation-facts.ts'
import type { IgnoredReason } from './source-record.ts'

/** How many dead letters a line names; a batch can have thousands. */
const MAX_LOGGED = 100
const MAX_FRAMES = 10
const MAX_FRAME_LENGTH = 300
/** Codes and names of errors are short words. Anything else may be a part of a message. */
const CODE = /^[\w.-]{1,64}$/

type NumberOf<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T]

/** A line has the producer's metrics if one of these has changed. */
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

const LEVELS_ABOVE_INFO: ReadonlySet<string> = new Set(['WARN', 'ERROR', 'FATAL'])
const NOTHING_SENT = { ackedBatches: 0, ackedRecords: 0, queueTimeMs: 0, brokerTimeMs: 0 }

/** What a line says about an event apart from its records. */
interface EventFacts {
  /** One reason for each item that has no record. */
  readonly ignored?: readonly IgnoredReason[]
  /** Whether the event's time of receipt was ignored because it can't be true. */
  readonly isGatewayClockIgnored?: boolean
}

export class InvocationLog {
  readonly #write: (line: string) => void
  readonly #logger: Logger
  readonly #emf: EmfLines
  /**
   * The level of lines with metrics. Lambda's filter (`ApplicationLogLevel`) drops lines below its level, and treats
   * lines without a level or a timestamp as INFO; metrics must not be lost with them.
   * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
   */
  readonly #level: string
  /** The field `service` of every line. */
  readonly #service: string
  #previous: ProducerMetrics | undefined

  /**
   * @param write writes a line unchanged: CloudWatch would not read metrics behind the prefix of Lambda's console.log
   */
  constructor(functionName: string, write: (line: string) => void = line => process.stdout.write(`${line}\n`)) {
    this.#write = write
    this.#service = `"service":${JSON.stringify(functionName)}`
    this.#logger = new Logger({ serviceName: functionName })
    this.#emf = new EmfLines(functionName)
    const filter = process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase() ?? ''
    this.#level = LEVELS_ABOVE_INFO.has(filter) ? filter : 'INFO'
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

  /**
   * Logs a request that an unexpected error has ended.
   * @param requestId if one was found
   * @param returned how many of its records go back to the caller
   */
  readonly requestFailed = (error: unknown, requestId?: string, returned = 0): void => {
    const fields = { code: codeOf(error), ...causeCodeOf(error), ...reasonOf(error), frames: stackFrames(error) }
    this.#logger.error('A request failed.', requestId === undefined ? fields : { requestId, ...fields })
    if (this.#emf.isOn && returned > 0) this.#writeMetrics(this.#returned(returned))
  }

  /** Logs a request that was refused as a whole, before it became records. */
  refusedRequest(requestId: string, code: ErrorCode): void {
    const fields = { requestId, outcomes: { refusedRequests: 1 }, code }
    this.#write(`${this.#invocationStart('INFO')},${JSON.stringify(fields).slice(1)}`)
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
      const metrics = Object.entries(outcomes).map(
        ([name, count]): Metric => [`DeadLetters${name[0]?.toUpperCase()}${name.slice(1)}`, MetricUnit.Count, count],
      )
      if (this.#emf.isOn) this.#writeMetrics(this.#emf.metricSet({}, metrics))
    }
    this.#logger.info('redrive', { results })
  }

  /**
   * Logs the results of an invocation.
   * @param requestId the id in the caller's answer
   * @param event what else is counted about its event
   */
  invocation(
    requestId: string,
    reports: readonly DeliveryReport[],
    fates: readonly RecordFate[],
    producer: ProducerMetrics,
    { ignored = [], isGatewayClockIgnored = false }: EventFacts = {},
  ): void {
    const sets: MetricSet[] = []
    if (this.#emf.isOn) for (const counted of countByTopic(fates, reports)) sets.push(this.#records(counted, producer))
    const others = sets.splice(1)
    const ofProducer = this.#ofProducer(producer)
    if (ofProducer) sets.push(ofProducer)
    const returned = fates.filter(({ fate }) => fate === 'returned').length
    if (this.#emf.isOn && returned > 0) sets.push(this.#returned(returned))
    if (this.#emf.isOn && ignored.length > 0)
      sets.push(this.#emf.metricSet({}, [['IgnoredEvents', MetricUnit.Count, ignored.length]]))
    if (this.#emf.isOn && isGatewayClockIgnored)
      sets.push(this.#emf.metricSet({}, [['IgnoredGatewayClocks', MetricUnit.Count, 1]]))
    this.#write(
      `${this.#invocationStart(sets.length > 0 ? this.#level : 'INFO')},` +
        `"requestId":${JSON.stringify(requestId)},${outcomesOf(fates, reports)}${ignoredOf(ignored)},` +
        `"attempts":${maxAttempts(reports)}` +
        `${this.#newConnections(producer)}${this.#emf.fields(sets)}}`,
    )
    for (const other of others) this.#writeMetrics(other)
    this.#previous = producer
  }

  /** Written whatever POWERTOOLS_LOG_LEVEL says. */
  #invocationStart(level: string): string {
    const time = new Date().toISOString()
    const facts = `${this.#service}${traceOf(invocationTrace())}`
    return `{"level":"${level}","message":"invocation","timestamp":"${time}",${facts}`
  }

  #writeMetrics(metrics: MetricSet): void {
    const passes = this.#level === 'INFO' ? '' : `"level":"${this.#level}","timestamp":"${new Date().toISOString()}",`
    this.#write(`{${passes}${this.#service}${this.#emf.fields([metrics])}}`)
  }

  #records({ topic, outcome, count }: Counted, producer: ProducerMetrics): MetricSet {
    const metrics: Metric[] = [['Records', MetricUnit.Count, count]]
    if (outcome === 'delivered') this.#addTimes(metrics, producer)
    return this.#emf.metricSet({ topic, outcome }, metrics)
  }

  /** Without the topic, because an alarm can't search for the metrics of all topics. */
  #returned(records: number): MetricSet {
    return this.#emf.metricSet({}, [['RecordsReturned', MetricUnit.Count, records]])
  }

  /** Adds mean values of the batches that were acknowledged since the last invocation. */
  #addTimes(metrics: Metric[], now: ProducerMetrics): void {
    const { ackedBatches, ackedRecords, queueTimeMs, brokerTimeMs } = this.#previous ?? NOTHING_SENT
    const batches = now.ackedBatches - ackedBatches
    if (batches <= 0) return
    metrics.push(
      ['BatchRecords', MetricUnit.Count, (now.ackedRecords - ackedRecords) / batches],
      ['QueueTime', MetricUnit.Milliseconds, (now.queueTimeMs - queueTimeMs) / batches],
      ['BrokerTime', MetricUnit.Milliseconds, (now.brokerTimeMs - brokerTimeMs) / batches],
    )
  }

  /**
   * Returns what this invocation added to the producer's counters; undefined if nothing changed, as in most warm
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
      Connections: now.connections,
    }
    const counts = nonZero({ ExpiredRecords: added('expiredRecords'), BufferWaits: added('bufferWaits') })
    const times = nonZero({ ThrottleTime: added('throttleTimeMs'), BufferWaitTime: added('bufferWaitTimeMs') })
    return this.#emf.metricSet({}, [
      ...Object.entries({ ...usual, ...counts }).map(([name, value]): Metric => [name, MetricUnit.Count, value]),
      ...Object.entries(times).map(([name, value]): Metric => [name, MetricUnit.Milliseconds, value]),
      ['BufferUsed', MetricUnit.Bytes, now.bufferUsed],
    ])
  }

  /** Says why this invocation opened connections; empty if it opened none. */
  #newConnections({ connectionAttempts, connectionAttemptsByReason: now }: ProducerMetrics): string {
    if (this.#previous?.connectionAttempts === connectionAttempts) return ''
    const before = this.#previous?.connectionAttemptsByReason
    const added = nonZero(
      Object.fromEntries(Object.entries(now).map(([reason, count]) => [reason, count - (before?.[reason] ?? 0)])),
    )
    return Object.keys(added).length > 0 ? `,"newConnections":${JSON.stringify(added)}` : ''
  }
}

interface Counted {
  readonly topic: string
  readonly outcome: string
  count: number
}

/** Counts the records of each topic and outcome, in the order of their first occurrence. */
function countByTopic(fates: readonly RecordFate[], reports: readonly DeliveryReport[]): Iterable<Counted> {
  const counts = new Map<string, Counted>()
  let last: Counted | undefined
  for (const [index, { fate: outcome }] of fates.entries()) {
    const topic = reports[index]?.record.topic || 'none'
    if (last?.topic !== topic || last.outcome !== outcome) {
      const key = `${topic} ${outcome}`
      last = counts.get(key) ?? { topic, outcome, count: 0 }
      counts.set(key, last)
    }
    last.count++
  }
  return counts.values()
}

function maxAttempts(reports: readonly DeliveryReport[]): number {
  return reports.reduce((max, { attempts }) => Math.max(max, attempts), 0)
}

/** Returns the fields of a line that say what happened to the records. In most invocations all were delivered. */
function outcomesOf(fates: readonly RecordFate[], reports: readonly DeliveryReport[]): string {
  if (fates.length > 0 && fates.every(({ fate }) => fate === 'delivered'))
    return `"outcomes":{"delivered":${fates.length}},"unknown":0`
  const outcomes: Record<string, number> = {}
  const codes: Record<string, number> = {}
  for (const fate of fates) {
    outcomes[fate.fate] = (outcomes[fate.fate] ?? 0) + 1
    if ('code' in fate) codes[fate.code] = (codes[fate.code] ?? 0) + 1
  }
  const failed = reports.filter((report): report is Failed => report.kind === 'failed')
  const fields = {
    outcomes,
    ...(Object.keys(codes).length > 0 ? { codes } : {}),
    ...deadLettersOf(fates),
    ...reasonOf(failed.find(({ failureKind }) => failureKind === 'delivery-failure')?.error),
    unknown: failed.filter(({ outcome }) => outcome === 'unknown').length,
  }
  return JSON.stringify(fields).slice(1, -1)
}

function ignoredOf(ignored: readonly IgnoredReason[]): string {
  if (ignored.length === 0) return ''
  const counts: Partial<Record<IgnoredReason, number>> = {}
  for (const reason of ignored) counts[reason] = (counts[reason] ?? 0) + 1
  return `,"ignored":${JSON.stringify(counts)}`
}

function nonZero(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0))
}

/** Uses the field name of Powertools' own lines, so that a search finds both. */
function traceOf(header: string | undefined): string {
  const id = header === undefined ? undefined : /Root=([^;]+)/.exec(header)?.[1]
  return id === undefined ? '' : `,"xray_trace_id":${JSON.stringify(id)}`
}

function causeCodeOf(error: unknown): { causeCode?: string } {
  try {
    return isInstance(error, KafkaProducerError) && error.causeCode !== null ? { causeCode: error.causeCode } : {}
  } catch {
    return {}
  }
}

function reasonOf(error: unknown): { reason?: string } {
  const reason = innermostMessage(error)
  return reason === undefined ? {} : { reason }
}

/**
 * Where an unexpected error was thrown. The message at the beginning of a stack is left out, because it may quote a
 * payload; if the stack does not begin with it, the stack may contain an earlier message, and there are no frames.
 */
function stackFrames(error: unknown): string[] {
  try {
    if (!(error instanceof Error)) return []
    const { message, stack } = error
    if (typeof message !== 'string' || typeof stack !== 'string') return []
    const begin = message === '' ? stack.indexOf('\n') : stack.indexOf(': ') + 2
    if (!stack.startsWith(`${message}\n    at `, begin)) return []
    const [, ...lines] = stack.slice(begin + message.length).split('\n', 1 + MAX_FRAMES)
    return lines.filter(line => /^ +at /.test(line)).map(line => line.trim().slice(0, MAX_FRAME_LENGTH))
  } catch {
    return []
  }
}

/** The code of an error, never its text, which may contain an address or a path. */
function codeOf(error: unknown): string {
  try {
    const { code, name } = Object(error) as { code?: unknown; name?: unknown }
    const texts = error instanceof Error ? [code, name] : [code]
    return texts.find((text): text is string => typeof text === 'string' && CODE.test(text)) ?? 'none'
  } catch {
    return 'none'
  }
}

/** Says where the dead letters of an invocation are, because the answers to callers do not. */
function deadLettersOf(fates: readonly RecordFate[]): object {
  const stored = fates.flatMap(fate => (fate.fate === 'dead-lettered' ? [fate] : []))
  if (stored.length === 0) return {}
  const deadLetters = stored.slice(0, MAX_LOGGED).map(({ deadLetterId, location }) => ({ deadLetterId, location }))
  return { deadLetters }
}
