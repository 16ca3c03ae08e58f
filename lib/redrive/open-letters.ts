// A target of KAFKA_DEAD_LETTER → the store of its letters.
import type { DeadLetterChain, ProducerConfig } from '../config/settings.ts'
import { createLetterProducer } from '../create-dead-letters.ts'
import { isLetterTopic } from '../dead-letter/kafka-letter.ts'
import { createKafkaJsClient } from '../producer-factory.ts'
import { LogReader } from '../transport/kafkajs/log-reader.ts'
import { DiskLetters } from './disk-letters.ts'
import { DynamoDbLetters } from './dynamodb-letters.ts'
import { KafkaLetters } from './kafka-letters.ts'
import type { LetterStore } from './letter-store.ts'
import { S3Letters } from './s3-letters.ts'
import { SqliteLetters } from './sqlite-letters.ts'
import { type RawToLetters, SqsLetters } from './sqs-letters.ts'

type Target = DeadLetterChain[number]

/** @param toLetters what a message of a queue is that is no letter; only for queues that are backstops */
export function openLetters(target: Target, config: ProducerConfig, toLetters?: RawToLetters): LetterStore {
  switch (target.kind) {
    case 'disk':
      return new DiskLetters(target.folder)
    case 'sqlite':
      return new SqliteLetters(target.file)
    case 'sqs':
      return new SqsLetters(target.queueUrl, toLetters)
    case 's3':
      return new S3Letters(target.bucket, target.prefix)
    case 'dynamodb':
      return new DynamoDbLetters(target.table)
    case 'kafka':
      return new KafkaLetters({ pattern: target.pattern, producer: createLetterProducer(config, target.servers), ...createLogReader(config, target.servers) })
  }
}

/** Topics that letters must not be sent to: those of the chain itself. */
export function letterTopicsOf(chain: DeadLetterChain): (topic: string) => boolean {
  const patterns = chain.flatMap(target => (target.kind === 'kafka' ? [target.pattern] : []))
  return topic => patterns.some(pattern => isLetterTopic(pattern, topic))
}

/** @param servers of another cluster than the configuration's */
export function createLogReader(config: ProducerConfig, servers?: readonly string[]): { readonly reader: LogReader; closeReader(): Promise<void> } {
  const { mskClusterArn: _msk, ...rest } = config
  const client = createKafkaJsClient(servers ? ({ ...rest, bootstrapServers: servers } as ProducerConfig) : config)
  return { reader: new LogReader(client), closeReader: () => client.close() }
}
