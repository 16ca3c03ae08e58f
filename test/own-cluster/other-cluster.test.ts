// A cluster that is recreated at the same address (compose `down -v`, a restore) assigns the same producer ids again.
// If a warm producer kept its id, brokers could treat its batches as duplicates of another producer's: they would be
// acknowledged, but not be in the log. Java's producer 4.3 loses 4 of the 11 records.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { KAFKA_VERSION } from '../../local/artifacts.ts'
import { createTopics, readTopic } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { freePort } from '../../local/ports.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'

const topic = 'orders'

async function start(t: TestContext, firstPort: number, version: string): Promise<LocalKafka> {
  const kafka = await LocalKafka.start(1, { firstPort, version })
  t.after(() => kafka.stop())
  await createTopics(kafka.bootstrapServers, [{ topic, partitions: 1 }])
  return kafka
}

/** The last version asks with ApiVersions, the other with Metadata. */
for (const version of [KAFKA_VERSION, '3.9.2'])
  test(`rule 16: Kafka ${version}, records sent to a recreated cluster are in its log once`, async t => {
    const port = await freePort()
    const former = await start(t, port, version)
    const servers = [former.bootstrapServers]
    const producers = { old: producerOf(servers), new: producerOf(servers) }
    t.after(() => Promise.all(Object.values(producers).map(producer => producer.close())))
    const send = async (who: keyof typeof producers, value: string) =>
      (await producers[who].sendAll([{ topic, key: 'k', value }])).map(summaryOf)
    for (const value of ['first 0', 'first 1', 'first 2']) assert.deepEqual(await send('old', value), ['delivered'])
    await former.stop()
    const { bootstrapServers } = await start(t, port, version)

    const turns = ['new', 'new', 'new', 'old', 'old', 'old', 'new', 'new', 'new', 'new', 'old'] as const
    const values: string[] = []
    for (const [index, who] of turns.entries()) {
      const value = `${who} ${index}`
      values.push(value)
      assert.deepEqual(await send(who, value), ['delivered'], value)
    }
    const stored = (await readTopic(bootstrapServers, topic)).map(record => String(record.value))
    assert.deepEqual(stored, values)
  })
