import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'

/**
 * A producer with real sockets.
 * @param warn called with what the client warns of
 */
export function producerOf(
  bootstrapServers: readonly string[],
  options: ProducerOptions = {},
  warn?: (text: string) => void,
): KafkaProducer {
  const config = parseConfig({ bootstrapServers, ...options }, {})
  return new KafkaProducer(config, { client: createKafkaJsClient(config, warn) })
}

/** `delivered`, or what the report says of a failed record: `outcome:code`. */
export function summaryOf(report: DeliveryReport | undefined): string {
  if (report === undefined) throw new Error('Expected a report, got none.')
  return report.kind === 'delivered' ? 'delivered' : `${report.outcome}:${report.code}`
}
