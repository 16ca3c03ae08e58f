import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/settings.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'

/** Our producer on real sockets, any topic, keys optional. */
export function producerOf(bootstrapServers: readonly string[], options: ProducerOptions = {}): KafkaProducer {
  const config = parseConfig({ bootstrapServers, ...options }, {})
  return new KafkaProducer(config, {
    client: createKafkaJsClient(config),
    rules: { anyTopic: true, keyRequired: false },
  })
}

/** A delivered record's place, or what it was told. */
export function told(report: Awaited<ReturnType<KafkaProducer['sendAll']>>[number]): string {
  return report.kind === 'delivered' ? 'delivered' : `${report.outcome}:${report.code}`
}
