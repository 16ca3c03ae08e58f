// Opens the store of a target of KAFKA_DEAD_LETTER.
import { deriveConfig } from '../config/derive-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { createDeadLetterProducer } from '../create-dead-letter-publisher.ts'
import type { TargetDeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import type { RawToDeadLetters } from '../dead-letter/raw-message.ts'
import { openStore, storeKindOf } from '../dead-letter/store-kinds.ts'
import type { DeadLetterTargetConfig } from '../dead-letter/target-kinds.ts'
import { createKafkaJsClient } from '../producer-factory.ts'
import { LogReader, type LogReaderOptions } from '../transport/kafkajs/log-reader.ts'
import { DEFAULT_MAX_INFLATED_BYTES } from '../wire-format/record-batch.ts'

type Target = DeadLetterTargetConfig

export interface OpenStoreOptions {
  /** Converts a message of a source DLQ or failure destination to dead letters. */
  readonly toDeadLetters?: RawToDeadLetters | undefined
  /** Called with a warning about unreadable batches of a topic. */
  readonly warn?: ((text: string) => void) | undefined
}

/** Opens the store of a target. Close it after use. */
export function openDeadLetterStore(
  target: Target,
  config: ProducerConfig,
  { toDeadLetters, warn }: OpenStoreOptions = {},
): Promise<TargetDeadLetterStore> {
  return openStore(target, {
    createProducer: servers => createDeadLetterProducer(config, servers),
    createLogReader: servers => createLogReader(config, { servers, warn }),
    toDeadLetters,
  })
}

/**
 * Whether a configured target is missing (`not-found`) only because no dead letter was stored in it yet. A target that
 * a person names must exist.
 */
export function isNotCreatedYet(code: string | undefined, target: Target, config: ProducerConfig): boolean {
  return code === 'not-found' && storeKindOf(target).isCreatedByStoring === true && config.deadLetter.includes(target)
}

/** Returns a predicate: whether a topic holds dead letters of a target, so that none may be sent to it. */
export function deadLetterTopicsOf(targets: readonly Target[]): (topic: string) => boolean {
  return topic => targets.some(target => storeKindOf(target).holdsTopic?.(target, topic) ?? false)
}

export interface CreateLogReaderOptions extends Omit<LogReaderOptions, 'clock'> {
  /** The bootstrap servers of another cluster. */
  readonly servers?: readonly string[] | undefined
}

/** Batches may inflate to `max.request.size` or the reader's default, whichever is larger: this producer's fit. */
export function createLogReader(
  config: ProducerConfig,
  {
    servers,
    maxInflatedBytes = Math.max(config.maxRequestSize, DEFAULT_MAX_INFLATED_BYTES),
    warn,
  }: CreateLogReaderOptions = {},
): { readonly reader: LogReader; closeReader(): Promise<void> } {
  const client = createKafkaJsClient(
    servers ? deriveConfig(config, { bootstrapServers: servers, mskClusterArn: undefined }) : config,
  )
  const reader = new LogReader(client, { maxInflatedBytes, warn })
  return { reader, closeReader: () => client.close() }
}
