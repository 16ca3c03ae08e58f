// A custom partitioner that sends most records to one partition leaves the others idle: worth saying, once per topic.

const WINDOW = 1000
/** One partition's share of two windows in a row that is too much: this many times the even share, and half of all. */
const TIMES_EVEN = 3
const MIN_SHARE = 0.5

interface Counts {
  perPartition: number[]
  records: number
  skewedBefore: boolean
}

export class PartitionSkewDetector {
  readonly #onSkew: (text: string) => void
  readonly #topics = new Map<string, Counts | 'told'>()

  constructor(onSkew: (text: string) => void) {
    this.#onSkew = onSkew
  }

  note(topic: string, partition: number, count: number): void {
    const counts = this.#topics.get(topic) ?? { perPartition: [], records: 0, skewedBefore: false }
    if (counts === 'told' || count < 2) return
    this.#topics.set(topic, counts)
    counts.perPartition[partition] = (counts.perPartition[partition] ?? 0) + 1
    if (++counts.records < WINDOW) return
    const most = counts.perPartition.reduce((max, of) => Math.max(max, of ?? 0), 0) / WINDOW
    const isSkewed = most >= Math.min(0.9, Math.max(MIN_SHARE, TIMES_EVEN / count))
    if (isSkewed && counts.skewedBefore) {
      this.#onSkew(
        `partitioner.class sends ${Math.round(most * 100)} % of the records of ${topic} to one of its ${count} partitions.`,
      )
      this.#topics.set(topic, 'told')
      return
    }
    this.#topics.set(topic, { perPartition: [], records: 0, skewedBefore: isSkewed })
  }
}
