// The library alone, without a function around it, against raw kafkajs.
import { compare, type Row } from './measure.ts'
import { chat, ourProducer, rawKafkajs } from './subjects.ts'

const TARGETS = { 1: 0.75, 3: 0.97 }

export async function oneRecord(servers: string, brokers: 1 | 3): Promise<Row[]> {
  const producer = ourProducer(servers)
  const raw = await rawKafkajs(servers)
  const value = JSON.stringify(chat(950))
  const cluster = brokers === 3 ? 'three brokers' : 'one broker without replication'
  const row = await compare({
    name: `library-${brokers}`,
    what: `one record of 1 KB through the library alone / raw kafkajs send, ${cluster}, p50`,
    target: TARGETS[brokers],
    calls: 500,
    ours: () => producer.send({ topic: 'chat', key: 'lobby', value }),
    theirs: () => raw.send({ topic: 'chat', acks: -1, messages: [{ key: 'lobby', value }] }),
  })
  await Promise.all([raw.disconnect(), producer.close()])
  return [row]
}
