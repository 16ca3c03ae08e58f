// The rows of the benchmark. Each compares this project with what a user would write instead, in one run.
import { setTimeout as pause } from 'node:timers/promises'
import { KafkaJsClient } from '../lib/transport/kafkajs/kafkajs-client.ts'
import { startProxiedKafka } from '../local/faults/proxied-kafka.ts'
import { createTopics, untilInSync } from '../local/kafka/admin.ts'
import { compare, cpu, quantile, type Round, type Row, rowOf } from './measure.ts'
import {
  chat,
  context,
  type Handler,
  handlerOf,
  httpEvent,
  ourProducer,
  quakes,
  quietly,
  rawKafkajs,
  sqsEvent,
} from './subjects.ts'

const KIB = chat(950)

/** Replaces the network with immediate acknowledgements, so that only our own work is measured. */
function withoutNetwork(): () => void {
  const { produce } = KafkaJsClient.prototype
  KafkaJsClient.prototype.produce = async (_leader, batches, request) => {
    request.beginWrite()
    return batches.map(() => ({ kind: 'acked', baseOffset: 1n, logAppendTime: null, proof: 'all' }))
  }
  return () => {
    KafkaJsClient.prototype.produce = produce
  }
}

async function ok(handler: Handler, event: object): Promise<void> {
  const { statusCode, batchItemFailures } = await handler(event, context)
  if (statusCode !== 200 && batchItemFailures?.length !== 0)
    throw new Error(`The handler returned ${statusCode}; expected 200, or no batchItemFailures.`)
}

export async function latency(servers: string): Promise<Row[]> {
  const handler = await handlerOf('http', servers)
  const raw = await rawKafkajs(servers)
  const shared = {
    ours: () => ok(handler, httpEvent(KIB)),
    theirs: () => raw.send({ topic: 'chat', acks: -1, messages: [{ key: KIB.room, value: JSON.stringify(KIB) }] }),
  }
  const b1 = await quietly(() =>
    compare({
      name: 'B1',
      what: 'one record of 1 KB through the warm HTTP handler / raw kafkajs send, p50',
      target: 1.06,
      calls: 200,
      ...shared,
    }),
  )
  const b2 = await quietly(() =>
    compare({
      name: 'B2',
      what: 'the same, p99',
      target: 1.1,
      calls: 400,
      statistic: values => quantile(values, 0.99),
      ...shared,
    }),
  )
  await raw.disconnect()
  return [b1, b2]
}

export async function ownWork(servers: string): Promise<Row[]> {
  const restore = withoutNetwork()
  const producer = ourProducer(servers)
  const body = JSON.stringify({ value: KIB })
  await producer.partitionsFor('chat')
  const times = 200
  const row = await compare({
    name: 'B3',
    what: 'CPU from validation to report, no network (200 × 1 KB) / JSON.parse + JSON.stringify of the same bytes',
    target: 3,
    calls: 20,
    unit: 'ms CPU',
    cost: cpu,
    ours: async () => {
      for (let i = 0; i < times; i++)
        await producer.send({ topic: 'chat', key: 'lobby', value: JSON.stringify(JSON.parse(body).value) })
    },
    theirs: async () => {
      for (let i = 0; i < times; i++) await Promise.resolve(JSON.stringify(JSON.parse(body)))
    },
  })
  restore()
  await producer.close()
  return [row]
}

export async function batches(servers: string): Promise<Row[]> {
  const handler = await handlerOf('sqs', servers)
  const raw = await rawKafkajs(servers)
  const ten = quakes(10)
  const ours = () => ok(handler, sqsEvent(10))
  const once = () => raw.send({ topic: 'earthquakes', acks: -1, messages: ten })
  const oneByOne = async () => {
    for (const message of ten) await raw.send({ topic: 'earthquakes', acks: -1, messages: [message] })
  }
  const rows = [
    await quietly(() =>
      compare({
        name: 'B5',
        what: 'an SQS batch of 10 through the handler / one raw kafkajs send of 10',
        target: 1.1,
        calls: 150,
        ours,
        theirs: once,
      }),
    ),
    await quietly(() =>
      compare({ name: 'B6', what: 'the same / ten raw kafkajs sends', target: 0.2, calls: 40, ours, theirs: oneByOne }),
    ),
  ]
  await raw.disconnect()
  return rows
}

export async function throughput(servers: string): Promise<Row[]> {
  const producer = ourProducer(servers)
  const raw = await rawKafkajs(servers)
  const many = quakes(10_000)
  const row = await compare({
    name: 'B7',
    what: '10,000 records in one sendAll / in one raw kafkajs send',
    target: 0.45,
    calls: 4,
    ours: () => producer.sendAll(many.map(record => ({ topic: 'earthquakes', ...record }))),
    theirs: () => raw.send({ topic: 'earthquakes', acks: -1, messages: many }),
  })
  const concurrent = await compare({
    name: 'B10',
    what: '64 sends at once / 64 raw kafkajs sends at once',
    target: 0.33,
    calls: 40,
    ours: () => Promise.all(quakes(64).map(record => producer.send({ topic: 'earthquakes', ...record }))),
    theirs: () =>
      Promise.all(quakes(64).map(message => raw.send({ topic: 'earthquakes', acks: -1, messages: [message] }))),
  })
  await Promise.all([raw.disconnect(), producer.close()])
  return [row, concurrent]
}

export async function idempotence(servers: string): Promise<Row[]> {
  const on = ourProducer(servers)
  const off = ourProducer(servers, { enableIdempotence: false })
  const record = { topic: 'chat', key: 'lobby', value: JSON.stringify(KIB) }
  const row = await compare({
    name: 'B18',
    what: 'one send with idempotence / without, p50',
    target: 1.05,
    calls: 200,
    ours: () => on.send(record),
    theirs: () => off.send(record),
  })
  await Promise.all([on.close(), off.close()])
  return [row]
}

export async function thaw(): Promise<Row[]> {
  const rig = await startProxiedKafka()
  try {
    await createTopics(rig.bootstrapServers, [{ topic: 'thaw', partitions: 1 }])
    await untilInSync(rig.bootstrapServers, 'thaw', 1)
    const record = { topic: 'thaw', key: 'k', value: 'v' }
    const warm = ourProducer(rig.bootstrapServers, { reconnectBackoffMs: 1, reconnectBackoffMaxMs: 1 })
    await warm.send(record)
    const measured: Round[] = []
    const timed = async (work: () => Promise<unknown>) => {
      const begin = performance.now()
      await work()
      return performance.now() - begin
    }
    const cold = async () => {
      const producer = ourProducer(rig.bootstrapServers)
      const took = await timed(() => producer.send(record))
      await producer.close()
      return took
    }
    for (let round = 0; round < 15; round++) {
      rig.proxy.cut('fin')
      await pause(50)
      measured.push({ ours: await timed(() => warm.send(record)), theirs: await cold(), again: await cold() })
    }
    await warm.close()
    return [
      rowOf(
        {
          name: 'B16',
          what: 'the first send after the broker closed the idle connection / connect and send of a new producer',
          target: 1.1,
          unit: 'ms',
        },
        measured,
      ),
    ]
  } finally {
    await rig.stop()
  }
}

export async function memory(servers: string): Promise<Row[]> {
  const producer = ourProducer(servers)
  const batch = quakes(1000).map(record => ({ topic: 'earthquakes', ...record }))
  const rss = () => process.memoryUsage().rss / 1e6
  for (let i = 0; i < 200; i++) await producer.sendAll(batch)
  const start = rss()
  let half = 0
  for (let i = 0; i < 1000; i++) {
    await producer.sendAll(batch)
    if (i === 500) half = rss()
  }
  const end = rss()
  await producer.close()
  // The control is the change after half of the sends.
  return [
    rowOf({ name: 'B17', what: 'RSS after one million sends / before', target: 1.05, unit: 'MB' }, [
      { ours: end, theirs: start, again: half },
    ]),
  ]
}
