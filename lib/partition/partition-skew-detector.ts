// Warns once per topic when a custom partitioner sends most records to one partition.

const WINDOW = 1000
/**
 * A topic is skewed if, in two windows in a row, one partition gets this many times the even share and at least half of
 * the records.
 */
const TIMES_EVEN = 3
const MIN_SHARE = 0.5

interface Counts {
  perPartition: number[]
  records: number
  skewedBefore: boolean
}

export class PartitionSkewDetector {
  readonly #onSkew: (text: string) => void
  readonly #topics = new Map<string, Counts | 'reported'>()

  constructor(onSkew: (text: string) => void) {
    this.#onSkew = onSkew
  }

  note(topic: string, partition: number, count: number): void {
    const counts = this.#topics.get(topic) ?? { perPartition: [], records: 0, skewedBefore: false }
    if (counts === 'reported' || count < 2) return
    this.#topics.set(topic, counts)
    counts.perPartition[partition] = (counts.perPartition[partition] ?? 0) + 1
    if (++counts.records < WINDOW) return
    const maxShare = counts.perPartition.reduce((max, of) => Math.max(max, of ?? 0), 0) / WINDOW
    const isSkewed = maxShare >= Math.min(0.9, Math.max(MIN_SHARE, TIMES_EVEN / count))
    if (isSkewed && counts.skewedBefore) {
      this.#onSkew(
        `partitioner.class sends ${Math.round(maxShare * 100)} % of the records of ${topic} ` +
          `to one of its ${count} partitions.`,
      )
      this.#topics.set(topic, 'reported')
      return
    }
    this.#topics.set(topic, { perPartition: [], records: 0, skewedBefore: isSkewed })
  }
}
