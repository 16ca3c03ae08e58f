// Decides how many bytes of records go into a batch of a topic. `batch.size` limits the batch as it is sent; with
// compression, the compression ratio of the topic's last batches counts (Java: CompressionRatioEstimator). A size that
// a broker refused limits the topic's next batches for a while. A single record that is larger is sent in any case.
import { type Clock, elapsedSince, type Moment, moment } from '../time/clock.ts'
import { BATCH_OVERHEAD, DEFAULT_MAX_INFLATED_BYTES } from '../wire-format/record-batch.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** Allows for a next batch that compresses worse than the last ones (Java: `COMPRESSION_RATE_ESTIMATION_FACTOR`). */
const MARGIN = 1.05
/** Smaller batches compress worse than full ones, so they do not count. */
const MIN_BYTES = 16_384
/** A consumer holds a decompressed batch in memory as a whole. */
const MAX_UNCOMPRESSED_BYTES = DEFAULT_MAX_INFLATED_BYTES / 2

interface TopicSizes {
  /** The estimated ratio of compressed to uncompressed size of the next batch. */
  ratio: number
  refused: { readonly limit: number; readonly at: Moment } | undefined
}

export class BatchSizes {
  readonly #batchSize: number
  readonly #refusedForMs: number
  readonly #clock: Clock
  readonly #topics = new Map<string, TopicSizes>()

  /**
   * @param refusedForMs how long a refused size counts (`metadata.max.age.ms`); the topic's limit may be raised
   *   meanwhile
   */
  constructor(batchSize: number, refusedForMs: number, clock: Clock) {
    this.#batchSize = batchSize
    this.#refusedForMs = refusedForMs
    this.#clock = clock
  }

  /** Returns the largest uncompressed size of a batch, bytes. */
  limit(topic: string): number {
    const sizes = this.#topics.get(topic)
    if (!sizes) return this.#batchSize
    const { ratio, refused } = sizes
    const isRefused = refused !== undefined && elapsedSince(this.#clock, refused.at) <= this.#refusedForMs
    const size = isRefused ? Math.min(refused.limit, this.#batchSize) : this.#batchSize
    return Math.max(size, Math.min(size / Math.min(1, ratio * MARGIN), MAX_UNCOMPRESSED_BYTES))
  }

  /** Updates the ratio after a batch was compressed: a worse ratio counts at once, a better one by half. */
  compressed({ topic, records, bytes }: ProducerBatch): void {
    const uncompressed = records.reduce((sum, { record }) => sum + record.wireSize, BATCH_OVERHEAD)
    if (uncompressed < MIN_BYTES) return
    const sizes = this.#of(topic)
    const ratio = bytes.length / uncompressed
    sizes.ratio = ratio > sizes.ratio ? ratio : (ratio + sizes.ratio) / 2
  }

  /** Halves the size of the topic's next batches, because a broker refused a batch of several records as too large. */
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
