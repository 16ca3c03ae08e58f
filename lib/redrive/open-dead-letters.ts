// Opens the stores that redrive reads.
import { deriveConfig } from '../config/derive-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { createDeadLetterProducer } from '../create-dead-letter-publisher.ts'
import type { DeadLetterStoreServices, TargetDeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import type { SourceMessageReader } from '../dead-letter/raw-message.ts'
import { openStore, type RedriveSource, storeKindOf } from '../dead-letter/store-kinds.ts'
import { createDriver } from '../producer-factory.ts'
import { LogReader } from '../transport/kafkajs/log-reader.ts'
import { DEFAULT_MAX_INFLATED_BYTES } from '../wire-format/record-batch.ts'
import type { LogRecord } from '../wire-format/record-batch-decoder.ts'
import type { RedriveLog } from './redrive-options.ts'

export interface OpenStoreOptions {
  /** Reads the messages of source DLQs and failure destinations. */
  readonly readSourceMessage?: SourceMessageReader | undefined
  /** Called with a warning about unreadable batches of a topic. */
  readonly warn?: ((text: string) => void) | undefined
}

/** Opens the store of a target, source DLQ or failure destination. Close it after use. */
export function openDeadLetterStore(
  source: RedriveSource,
  config: ProducerConfig,
  { readSourceMessage, warn }: OpenStoreOptions = {},
): Promise<TargetDeadLetterStore> {
  return openStore(source, {
    createProducer: servers => createDeadLetterProducer(config, servers, warn),
    createLogReader: servers => createLogReader(config, { servers, warn }),
    readSourceMessage,
    ...leaseServices(config),
  })
}

/**
 * Whether a configured target is missing (`not-found`) only because no dead letter was stored in it yet. A target that
 * a person names must exist.
 */
export function isNotCreatedYet(code: string | undefined, source: RedriveSource, config: ProducerConfig): boolean {
  return (
    code === 'not-found' &&
    storeKindOf(source).isCreatedByStoring === true &&
    config.deadLetter.some(target => target === source)
  )
}

/** Provides the lease for redrives of SQS queues, which have none of their own. */
function leaseServices(config: ProducerConfig): Pick<DeadLetterStoreServices, 'takeLease' | 'requestStop'> {
  const { redriveLeaseQueue, deadLetter } = config
  if (redriveLeaseQueue !== undefined) {
    const load = () => import('../dead-letter/sqs/lease.ts')
    return {
      // A lease in a queue uses SQS's own clock, so it never needs to wait.
      takeLease: async () => (await load()).takeQueueLease(redriveLeaseQueue),
      requestStop: async () => (await load()).requestQueueStop(redriveLeaseQueue),
    }
  }
  const target = deadLetter.find(each => storeKindOf(each).leasesForOthers)
  if (target === undefined) return {}
  return {
    takeLease: async wait => {
      const store = await openDeadLetterStore(target, config)
      try {
        const lease = await store.lease(wait)
        return {
          check: () => lease.check(),
          renew: () => lease.renew(),
          release: () => lease.release().finally(() => store.close()),
        }
      } catch (error) {
        await store.close()
        throw error
      }
    },
    requestStop: async () => {
      const store = await openDeadLetterStore(target, config)
      return store.requestStop().finally(() => store.close())
    },
  }
}

/** Returns a predicate: whether a topic holds dead letters of a target, so that none may be sent to it. */
export function deadLetterTopicsOf(sources: readonly RedriveSource[]): (topic: string) => boolean {
  return topic => sources.some(source => storeKindOf(source).holdsTopic?.(source, topic) ?? false)
}

export interface CreateLogReaderOptions {
  /** The bootstrap servers of another cluster. */
  readonly servers?: readonly string[] | undefined
  /**
   * The most bytes that the records of one batch may have after decompression. Default: 16 MiB, or `max.request.size`
   * if larger.
   */
  readonly maxInflatedBytes?: number | undefined
  /** Called when batches are skipped because they can't be read. Default: `process.emitWarning`. */
  readonly warn?: ((text: string) => void) | undefined
}

/** Reads the topics of a cluster. `ms` limits how long the leader of a partition may take; default: 5,000. */
export interface TopicReader extends RedriveLog {
  /** Returns the names of all topics that the client may DESCRIBE. */
  topics(): Promise<string[]>
  /** Returns the number of partitions. */
  partitions(topic: string, ms?: number): Promise<number>
  /** Returns the first offset. */
  start(topic: string, partition: number, ms?: number): Promise<bigint>
  /** Returns the offset of the next record. */
  end(topic: string, partition: number, ms?: number): Promise<bigint>
  /** Returns the offset of the first record from a time on. */
  offsetAt(topic: string, partition: number, timestamp: number, ms?: number): Promise<bigint>
  /** Returns the records from `from` to before `to`. */
  read(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogRecord>
}

/**
 * Creates a reader that accepts every batch this producer can write: decompressed, up to `max.request.size` or the
 * reader's default, whichever is larger.
 */
export function createLogReader(
  config: ProducerConfig,
  {
    servers,
    maxInflatedBytes = Math.max(config.maxRequestSize, DEFAULT_MAX_INFLATED_BYTES),
    warn,
  }: CreateLogReaderOptions = {},
): { readonly reader: TopicReader; closeReader(): Promise<void> } {
  const client = createDriver(
    servers ? deriveConfig(config, { bootstrapServers: servers, mskClusterArn: undefined }) : config,
    warn,
  )
  const reader = new LogReader(client, { maxInflatedBytes, warn })
  return { reader, closeReader: () => client.close() }
}
