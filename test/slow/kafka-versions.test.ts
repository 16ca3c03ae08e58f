// The contract of KafkaClient on the oldest Apache Kafka with KRaft, on the last 3.x, and on the local stack's version.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { KAFKA_VERSION } from '../../local/artifacts.ts'
import { readTopic } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { kafkaClientContract } from '../kafka-client.contract.ts'
import { producerOf } from '../support/producer-of.ts'
import { contractCluster, newTopic } from '../support/real-kafka.ts'

/** The codecs that the reader of the tests knows; test/kafka/compression.test.ts has the others. */
const CODECS = ['none', 'gzip'] as const
const RECORDS = 100

for (const version of ['3.0.2', '3.9.2', KAFKA_VERSION]) {
  let starting: Promise<LocalKafka> | undefined
  const serversOf = async () => {
    starting ??= LocalKafka.start(1, { version })
    return (await starting).bootstrapServers
  }
  after(async () => (await starting)?.stop())

  kafkaClientContract(`Kafka ${version}`, async () => contractCluster(await serversOf()))

  test(`Kafka ${version}: records are read back as they were sent, once`, async () => {
    const servers = await serversOf()
    for (const compressionType of CODECS) {
      const topic = await newTopic(servers)
      const producer = producerOf(servers.split(','), { compressionType })
      const values = Array.from({ length: RECORDS }, (_, index) => `${index} ${'x'.repeat(index)}`)
      const reports = await producer.sendAll(values.map(value => ({ topic, key: value, value })))
      await producer.close()
      assert.deepEqual(
        reports.map(({ kind }) => kind),
        values.map(() => 'delivered'),
      )
      const stored = (await readTopic(servers, topic)).map(({ value }) => String(value))
      assert.deepEqual(stored.sort(), values.toSorted())
    }
  })
}
