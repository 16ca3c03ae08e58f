import { ScriptedKafkaClient, type ScriptedKafkaClientOptions } from '../../lib/testing/scripted-kafka-client.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Cluster } from '../../lib/transport/kafka-client.ts'

export interface GrowingClientOptions extends ScriptedKafkaClientOptions {
  /** Partitions that metadata shows from the start. Default: all. */
  readonly shown?: number
  /** How long a metadata request takes, ms. Default: 1 */
  readonly metadataMs?: number
}

/** Brokers whose topics get their later partitions, or exist at all, only when the test says so. */
export class GrowingClient extends ScriptedKafkaClient {
  readonly #clock: Clock
  readonly #metadataMs: number
  /** How many partitions metadata shows. */
  shown: number
  /** Topics that do not exist yet. */
  readonly missing = new Set<string>()
  metadataRequests = 0

  constructor({ shown, metadataMs = 1, ...options }: GrowingClientOptions) {
    super(options)
    this.#clock = options.clock
    this.#metadataMs = metadataMs
    this.shown = shown ?? options.partitions
  }

  override async metadata(topics: readonly string[]): Promise<Cluster> {
    this.metadataRequests++
    const cluster = await super.metadata(topics)
    await new Promise<void>(resolve => {
      this.#clock.setTimeout(resolve, this.#metadataMs)
    })
    return {
      topics: cluster.topics.map(({ topic, partitions }) =>
        this.missing.has(topic)
          ? { topic, error: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] }
          : { topic, error: null, partitions: partitions.slice(0, this.shown) },
      ),
    }
  }
}
