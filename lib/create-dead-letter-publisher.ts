// The dead letters of a configuration: its chain of targets, and who is told of a dead letter.
import type { ProducerConfig } from './config/settings.ts'
import { DeadLetterPublisher } from './dead-letter/dead-letter-publisher.ts'
import type { DeadLetterProducer } from './dead-letter/kafka/target.ts'
import { notifiersOf } from './dead-letter/notifier.ts'
import { KafkaProducer } from './kafka-producer.ts'
import { createKafkaJsClient } from './producer-factory.ts'

/** @param warn is told when a notification failed */
export function createDeadLetterPublisher(
  config: ProducerConfig,
  warn: (text: string) => void = () => {},
): DeadLetterPublisher {
  return DeadLetterPublisher.of(config.deadLetter, {
    producerOf: servers => createDeadLetterProducer(config, servers),
    notifiers: notifiersOf(config.deadLetterNotify),
    onNotifyFailure: error =>
      warn(`A dead letter is stored, but its notification failed (${error instanceof Error ? error.name : 'error'}).`),
  })
}

/** A producer for dead letters as they are: any topic, no contract, no serializer or partitioner of the user's. @param servers of another cluster */
export function createDeadLetterProducer(
  config: ProducerConfig,
  servers?: readonly string[],
): DeadLetterProducer & KafkaProducer {
  const {
    keySerializer: _key,
    valueSerializer: _value,
    partitionerClass: _partitioner,
    mskClusterArn,
    ...rest
  } = config
  const own = {
    ...rest,
    acks: 'all',
    enableIdempotence: true,
    partitionerIgnoreKeys: false,
    ...(servers ? { bootstrapServers: servers } : mskClusterArn === undefined ? {} : { mskClusterArn }),
  } as ProducerConfig
  return new KafkaProducer(own, { client: createKafkaJsClient(own), rules: { anyTopic: true, keyRequired: false } })
}
