// Formats metrics in CloudWatch's embedded metric format, for log lines.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
import { Metrics, type MetricUnit } from '@aws-lambda-powertools/metrics'

const NAMESPACE = 'ServerlessKafkaProducer'

export type Metric = readonly [name: string, unit: (typeof MetricUnit)[keyof typeof MetricUnit], value: number]

/** A set of metrics with the same dimensions, as JSON without the outer brackets. */
export interface MetricSet {
  readonly directive: string
  /** The set's dimensions except `service`. */
  readonly dimensions: string
  readonly numbers: string
}

class EmfMetrics extends Metrics {
  /** False if POWERTOOLS_METRICS_DISABLED or POWERTOOLS_DEV is set. */
  get isOn(): boolean {
    return !this.isDisabled()
  }
}

export class EmfLines {
  readonly #function: string
  readonly #metrics: EmfMetrics
  readonly #templates = new Map<string, Omit<MetricSet, 'numbers'>>()

  constructor(functionName: string) {
    this.#function = functionName
    const namespace = process.env.POWERTOOLS_METRICS_NAMESPACE || NAMESPACE
    this.#metrics = new EmfMetrics({ namespace, serviceName: functionName })
  }

  get isOn(): boolean {
    return this.#metrics.isOn
  }

  /**
   * Formats a set. Powertools formats each kind of set once; later sets of the kind only differ in their numbers.
   * Topics and outcomes are few, so that few kinds are kept.
   * @param dimensions in addition to `service` and `function`
   */
  metricSet(dimensions: Readonly<Record<string, string>>, metrics: readonly Metric[]): MetricSet {
    let key = ''
    let numbers = ''
    for (const name in dimensions) key += `${dimensions[name]} `
    for (const [name, , value] of metrics) {
      key += `${name} `
      numbers += `,"${name}":${value}`
    }
    let template = this.#templates.get(key)
    if (!template) {
      template = this.#createTemplate(dimensions, metrics)
      this.#templates.set(key, template)
    }
    const { directive, dimensions: text } = template
    return { directive, dimensions: text, numbers }
  }

  /**
   * Returns the fields of a log line that declare metric sets and contain their values. Each field begins with a comma.
   * @param sets the dimensions of the first set include those of the others
   */
  fields(sets: readonly MetricSet[]): string {
    const [first] = sets
    if (!first) return ''
    let { directive, numbers } = first
    for (const other of sets.slice(1)) {
      directive += `,${other.directive}`
      numbers += other.numbers
    }
    return `,"_aws":{"Timestamp":${Date.now()},"CloudWatchMetrics":[${directive}]},${first.dimensions}${numbers}`
  }

  #createTemplate(
    dimensions: Readonly<Record<string, string>>,
    metrics: readonly Metric[],
  ): Omit<MetricSet, 'numbers'> {
    this.#metrics.addDimensions({ function: this.#function, ...dimensions })
    for (const [name, unit, value] of metrics) this.#metrics.addMetric(name, unit, value)
    const { CloudWatchMetrics: directives } = this.#metrics.serializeMetrics()._aws
    this.#metrics.clearMetrics()
    this.#metrics.clearDimensions()
    return {
      directive: JSON.stringify(directives).slice(1, -1),
      dimensions: JSON.stringify({ function: this.#function, ...dimensions }).slice(1, -1),
    }
  }
}
