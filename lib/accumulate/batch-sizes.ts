// How many bytes of records go into a batch of a topic. `batch.size` bounds the batch as it is sent: with compression,
// by the ratio of the topic's last batches (Java: CompressionRatioEstimator). A size that a broker refused bounds the
// topic's next batches for a while. Neither says anything about a single record.
import { type Clock, elapsedSince, type Moment, moment } from '../time/clock.ts'
import { BATCH_OVERHEAD, DEFAULT_MAX_INFLATED_BYTES } from '../wire-format/record-batch.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** The next batch may compress worse than the last ones (Java: `COMPRESSION_RATE_ESTIMATION_FACTOR`). */
const MARGIN = 1.05
/** Smaller batches compress worse than a full one, and are no reason to make batches smaller. */
const MIN_BYTES = 16_384
/** A reader has the inflated batch in memory as a whole. */
const MAX_UNCOMPRESSED_BYTES = DEFAULT_MAX_INFLATED_BYTES / 2

interface TopicSizes {
  /** Compressed to uncompressed size, estimated for the next batch. */
  ratio: number
  refused: { readonly limit: number; readonly at: Moment } | undefined
}

export class BatchSizes {
  readonly #batchSize: number
  readonly #refusedForMs: number
  readonly #clock: Clock
  readonly #topics = new Map<string, TopicSizes>()

  /** @param refusedForMs how long a refused size counts (`metadata.max.age.ms`): a topic's limit may be raised */
  constructor(batchSize: number, refusedForMs: number, clock: Clock) {
    this.#batchSize = batchSize
    this.#refusedForMs = refusedForMs
    this.#clock = clock
  }

  /** The largest size of a batch before it is compressed, bytes. */
  limit(topic: string): number {
    const sizes = this.#topics.get(topic)
    if (!sizes) return this.#batchSize
    const { ratio, refused } = sizes
    const isRefused = refused !== undefined && elapsedSince(this.#clock, refused.at) <= this.#refusedForMs
    const size = isRefused ? Math.min(refused.limit, this.#batchSize) : this.#batchSize
    return Math.max(size, Math.min(size / Math.min(1, ratio * MARGIN), MAX_UNCOMPRESSED_BYTES))
  }

  /** Learns how the topic's records compress: what is worse than expected counts at once, what is better by half. */
  compressed({ topic, records, bytes }: ProducerBatch): void {
    const uncompressed = records.reduce((sum, { record }) => sum + record.wireSize, BATCH_OVERHEAD)
    if (uncompressed < MIN_BYTES) return
    const sizes = this.#of(topic)
    const ratio = bytes.length / uncompressed
    sizes.ratio = ratio > sizes.ratio ? ratio : (ratio + sizes.ratio) / 2
  }

  /** A broker refused a batch of several records as too large: the next ones of the topic get at most half its size. */
  refused({ topic, bytes }: ProducerBatch): void {
    const limit = Math.max(MIN_BYTES, Math.floor(bytes.length / 2))
    this.#of(topic).refused = { limit, at: moment(this.#clock) }
  }

  #of(topic: string): TopicSizes {
    const sizes = this.#topics.get(topic) ?? { ratio: 1, refused: undefined }
    this.#topics.set(topic, sizes)
    return sizes
  }
}
