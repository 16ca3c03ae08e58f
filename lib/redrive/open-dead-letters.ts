// A target of KAFKA_DEAD_LETTER → the store of its dead letters.
import { deriveConfig } from '../config/derive-config.ts'
import type { ProducerConfig } from '../config/settings.ts'
import { createDeadLetterProducer } from '../create-dead-letter-publisher.ts'
import type { DeadLetterStore } from '../dead-letter/dead-letter-store.ts'
import { DiskDeadLetterStore } from '../dead-letter/disk/store.ts'
import { DynamoDbDeadLetterStore } from '../dead-letter/dynamodb/store.ts'
import { KafkaDeadLetterStore } from '../dead-letter/kafka/store.ts'
import { S3DeadLetterStore } from '../dead-letter/s3/store.ts'
import { SqliteDeadLetterStore } from '../dead-letter/sqlite/store.ts'
import { type RawToDeadLetters, SqsDeadLetterStore } from '../dead-letter/sqs/store.ts'
import { type DeadLetterTargetConfig, kindOf } from '../dead-letter/target-kinds.ts'
import { createKafkaJsClient } from '../producer-factory.ts'
import { LogReader, type LogReaderOptions } from '../transport/kafkajs/log-reader.ts'
import { DEFAULT_MAX_INFLATED_BYTES } from '../wire-format/record-batch.ts'

type Target = DeadLetterTargetConfig

/** @param toDeadLetters what a message of a queue is that is no dead letter; only for queues that are source DLQs and failure destinations */
export function openDeadLetterStores(
  target: Target,
  config: ProducerConfig,
  toDeadLetters?: RawToDeadLetters,
  warn?: (text: string) => void,
): DeadLetterStore {
  switch (target.kind) {
    case 'disk':
      return new DiskDeadLetterStore(target.folder)
    case 'sqlite':
      return new SqliteDeadLetterStore(target.file)
    case 'sqs':
      return new SqsDeadLetterStore(target.queueUrl, toDeadLetters)
    case 's3':
      return new S3DeadLetterStore(target.bucket, target.prefix)
    case 'dynamodb':
      return new DynamoDbDeadLetterStore(target.table)
    case 'kafka':
      return new KafkaDeadLetterStore({
        pattern: target.pattern,
        producer: createDeadLetterProducer(config, target.servers),
        ...createLogReader(config, { servers: target.servers, warn }),
      })
  }
}

/** Topics that dead letters must not be sent to: those that the targets keep dead letters in. */
export function deadLetterTopicsOf(targets: readonly Target[]): (topic: string) => boolean {
  return topic => targets.some(target => kindOf(target).holdsTopic?.(target, topic) ?? false)
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
