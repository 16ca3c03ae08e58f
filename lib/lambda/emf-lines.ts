// Metrics in CloudWatch's embedded metric format, as text for log lines.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
import { Metrics, type MetricUnit } from '@aws-lambda-powertools/metrics'

const NAMESPACE = 'ServerlessKafkaProducer'

export type MetricValues = readonly [
  unit: (typeof MetricUnit)[keyof typeof MetricUnit],
  valuesByName: Readonly<Record<string, number>>,
]

/** One set of metrics, as JSON without the outer brackets. */
export interface MetricSet {
  readonly directive: string
  /** Its dimensions except `service`. */
  readonly dimensions: string
  readonly numbers: string
}

class EmfMetrics extends Metrics {
  /** False with POWERTOOLS_METRICS_DISABLED or POWERTOOLS_DEV. */
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
    this.#metrics = new EmfMetrics({ namespace: NAMESPACE, serviceName: functionName })
  }

  get isOn(): boolean {
    return this.#metrics.isOn
  }

  /**
   * Powertools writes each kind of set once; later ones differ only in their numbers. Topics and outcomes are few.
   * @param dimensions in addition to `service` and `function`
   */
  metricSet(dimensions: Readonly<Record<string, string>>, values: readonly MetricValues[]): MetricSet {
    let key = Object.values(dimensions).join(' ')
    let numbers = ''
    for (const [, valuesByName] of values)
      for (const name in valuesByName) {
        key += ` ${name}`
        numbers += `,"${name}":${valuesByName[name]}`
      }
    const template = this.#templates.get(key) ?? this.#createTemplate(dimensions, values)
    this.#templates.set(key, template)
    return { ...template, numbers }
  }

  /**
   * The fields of a line that declare sets of metrics and hold their values; each begins with a comma.
   * @param sets the dimensions of the first include those of the others
   */
  fields(sets: readonly MetricSet[]): string {
    const [first] = sets
    if (!first) return ''
    const directives = sets.map(({ directive }) => directive).join(',')
    const numbers = sets.map(set => set.numbers).join('')
    return `,"_aws":{"Timestamp":${Date.now()},"CloudWatchMetrics":[${directives}]},${first.dimensions}${numbers}`
  }

  /** Writes a line of its own to standard output. */
  publish(values: MetricValues): void {
    this.#add({}, [values])
    this.#metrics.publishStoredMetrics()
  }

  #add(dimensions: Readonly<Record<string, string>>, values: readonly MetricValues[]): void {
    this.#metrics.addDimensions({ function: this.#function, ...dimensions })
    for (const [unit, valuesByName] of values)
      for (const [name, value] of Object.entries(valuesByName)) this.#metrics.addMetric(name, unit, value)
  }

  #createTemplate(
    dimensions: Readonly<Record<string, string>>,
    values: readonly MetricValues[],
  ): Omit<MetricSet, 'numbers'> {
    this.#add(dimensions, values)
    const { CloudWatchMetrics: directives } = this.#metrics.serializeMetrics()._aws
    this.#metrics.clearMetrics()
    this.#metrics.clearDimensions()
    return {
      directive: JSON.stringify(directives).slice(1, -1),
      dimensions: JSON.stringify({ function: this.#function, ...dimensions }).slice(1, -1),
    }
  }
}
