// Compares the library alone, without a function around it, with raw kafkajs.
import { compare, type Row } from './measure.ts'
import { chat, ourProducer, quakes, rawKafkajs } from './subjects.ts'

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

/** Measures what the headers `kp-id` and `traceparent`, which KafkaTemplate and the middleware add, cost. */
export async function recordIds(servers: string): Promise<Row[]> {
  const [on, off] = [ourProducer(servers, {}, 'uuid'), ourProducer(servers)]
  const record = { topic: 'chat', key: 'lobby', value: JSON.stringify(chat(950)) }
  const many = quakes(10_000).map(quake => ({ topic: 'earthquakes', ...quake }))
  const rows = [
    await compare({
      name: 'ids-1',
      what: 'one send of 1 KB with kp-id and traceparent / without, p50',
      target: 1.05,
      calls: 200,
      ours: () => on.send(record),
      theirs: () => off.send(record),
    }),
    await compare({
      name: 'ids-bulk',
      what: '10,000 records of 130 bytes in one sendAll with kp-id and traceparent / without',
      target: 2,
      calls: 4,
      ours: () => on.sendAll(many),
      theirs: () => off.sendAll(many),
    }),
  ]
  await Promise.all([on.close(), off.close()])
  return rows
}
