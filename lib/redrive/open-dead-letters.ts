// A target of KAFKA_DEAD_LETTER → the store of its dead letters.
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
  /** Makes dead letters of a message that is none, in a queue that is a source DLQ or failure destination. */
  readonly toDeadLetters?: RawToDeadLetters | undefined
  /** Called with what of a topic can't be read. */
  readonly warn?: ((text: string) => void) | undefined
}

/** Opens the store of a target's dead letters; close it after use. */
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

/** Topics that dead letters must not be sent to: those that the targets keep dead letters in. */
export function deadLetterTopicsOf(targets: readonly Target[]): (topic: string) => boolean {
  return topic => targets.some(target => storeKindOf(target).holdsTopic?.(target, topic) ?? false)
}

export interface CreateLogReaderOptions extends Omit<LogReaderOptions, 'clock'> {
  /** Of another cluster than the configuration's. */
  readonly servers?: readonly string[] | undefined
}

/** A batch of ours never inflates to more than `max.request.size`; other producers' may, within the reader's default. */
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
