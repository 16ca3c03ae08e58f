// The producer's counters in Prometheus's text format (prometheus.io/docs/instrumenting/exposition_formats).
import type { ProducerMetrics } from 'serverless-kafka-producer'

const GAUGES: ReadonlySet<string> = new Set(['connections', 'bufferUsed', 'maxThrottleTimeMs'])

/** @param fates how many records had each fate */
export function prometheusText(metrics: ProducerMetrics, fates: Readonly<Record<string, number>>): string {
  const lines = ['# TYPE kafka_records_total counter']
  for (const [fate, count] of Object.entries(fates)) lines.push(`kafka_records_total{fate="${fate}"} ${count}`)
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value !== 'number') continue
    const type = GAUGES.has(name) ? 'gauge' : 'counter'
    const metric = `kafka_producer_${name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)}`
    const fullName = type === 'counter' ? `${metric}_total` : metric
    lines.push(`# TYPE ${fullName} ${type}`, `${fullName} ${value}`)
  }
  return `${lines.join('\n')}\n`
}
