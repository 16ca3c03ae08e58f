// Helpers for tests on a real Kafka.
import { randomBytes } from 'node:crypto'
import { KafkaJsClient } from '../../lib/transport/kafkajs/kafkajs-client.ts'
import { createTopics, untilInSync } from '../../local/kafka/admin.ts'
import type { ContractCluster } from '../kafka-client.contract.ts'

/** The bootstrap servers of the cluster that the files of test/kafka share; `npm test` starts one for them. */
export function sharedClusterServers(): string {
  const servers = process.env.KAFKA_TEST_BOOTSTRAP
  if (servers === undefined) throw new Error('Expected KAFKA_TEST_BOOTSTRAP. Run this file with: npm test -- FILE')
  return servers
}

/** A topic of its own, once its leaders are known. */
export async function newTopic(servers: string, config: Record<string, string> = {}, partitions = 3): Promise<string> {
  const topic = `test-${randomBytes(6).toString('hex')}`
  await createTopics(servers, [{ topic, partitions, config }])
  await untilInSync(servers, topic, 1)
  return topic
}

/** A new client and topic for each test of the contract; the cluster stays. */
export async function contractCluster(servers: string): Promise<ContractCluster> {
  const topic = await newTopic(servers)
  const client = new KafkaJsClient({
    bootstrap: () => servers.split(','),
    clientId: 'contract',
    connectTimeoutMs: 3000,
    maxIdleMs: 120_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
  })
  return { client, topic, knowsTopics: true, stop: async () => {} }
}
