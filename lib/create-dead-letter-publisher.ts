// Creates the dead-letter publisher of a configuration: its targets in order, and its notifications.
import { deriveConfig } from './config/derive-config.ts'
import type { ProducerConfig } from './config/settings.ts'
import { DeadLetterPublisher } from './dead-letter/dead-letter-publisher.ts'
import type { DeadLetterProducer } from './dead-letter/dead-letter-target.ts'
import { notifiersOf } from './dead-letter/notifier.ts'
import { createTarget } from './dead-letter/target-kinds.ts'
import { errorName } from './errors.ts'
import { KafkaProducer } from './kafka-producer.ts'
import { createKafkaJsClient } from './producer-factory.ts'
import { guardedWarn, type Warn } from './warn.ts'

/**
 * Creates a publisher.
 * @param warn called with problems that do not stop it, such as a notification that failed. Default:
 *   `process.emitWarning`
 */
export function createDeadLetterPublisher(config: ProducerConfig, warn?: Warn): DeadLetterPublisher {
  const createProducer = (servers: readonly string[] | undefined) => createDeadLetterProducer(config, servers, warn)
  const targets = config.deadLetter.map(target => createTarget(target, { createProducer }))
  return new DeadLetterPublisher(targets, {
    notifiers: notifiersOf(config.deadLetterNotify),
    onNotifyFailure: error =>
      guardedWarn(warn)(`A dead letter is stored, but its notification failed (${errorName(error)}).`),
  })
}

/**
 * Creates a producer that writes dead letters unchanged: to any topic, without contract, custom serializer or
 * partitioner.
 * @param servers bootstrap servers of another cluster
 */
export function createDeadLetterProducer(
  config: ProducerConfig,
  servers?: readonly string[],
  warn?: Warn,
): DeadLetterProducer & KafkaProducer {
  const deadLetterConfig = deriveConfig(config, {
    keySerializer: undefined,
    valueSerializer: undefined,
    partitionerClass: undefined,
    partitionerIgnoreKeys: false,
    acks: 'all',
    enableIdempotence: true,
    ...(servers ? { bootstrapServers: servers, mskClusterArn: undefined } : {}),
  })
  return new KafkaProducer(deadLetterConfig, {
    client: createKafkaJsClient(deadLetterConfig, warn),
    ...(warn ? { warn } : {}),
  })
}
