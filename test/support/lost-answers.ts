// A fault between client and brokers: a batch is written, and the answer is lost on its way back.
import type { ProducerConfig } from '../../lib/config/settings.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'
import type { KafkaClient } from '../../lib/transport/kafka-client.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'

/** @param count of how many requests, from the first on, the answer is lost */
export function losingAnswers(config: ProducerConfig, count: number): KafkaClient {
  const client = createKafkaJsClient(config)
  const produce = client.produce.bind(client)
  let lost = 0
  client.produce = async (leader, batches, request) => {
    const outcomes = await produce(leader, batches, request)
    // A new topic's leader may refuse at first: only an answer that says "written" is lost.
    if (lost >= count || outcomes.some(({ kind }) => kind !== 'acked')) return outcomes
    lost++
    return batches.map(() => failure('unknown', 'REQUEST_TIMEOUT', true))
  }
  return client
}
