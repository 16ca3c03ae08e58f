import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { KafkaProducer } from '../../lib/kafka-producer.ts'
import { type Script, ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf } from './producer-of.ts'

/** Runs a test with a producer and one scripted broker, and closes both. */
export async function withProducer(
  options: ProducerOptions,
  script: Script,
  run: (producer: KafkaProducer, cluster: ScriptedBrokers) => Promise<void>,
  leaders = [0],
): Promise<void> {
  const cluster = await ScriptedBrokers.start({ leaders, brokers: 1, script })
  try {
    const producer = producerOf(cluster.addresses, options)
    try {
      await run(producer, cluster)
    } finally {
      await producer.close()
    }
  } finally {
    await cluster.stop()
  }
}

export function produces(cluster: ScriptedBrokers): ScriptedBrokers['requests'] {
  return cluster.requests.filter(({ apiKey }) => apiKey === 0)
}
