// The same scripts on raw kafkajs, used as documented, and on our producer. kafkajs resolves and the records are not in
// the log. If a script shows no loss with kafkajs, its test fails: then it would prove nothing about our producer
// either.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import { type Script, ScriptedBrokers } from './fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from './support/producer-of.ts'

const NOT_LEADER = 6

async function rawProducer(
  cluster: ScriptedBrokers,
  options: { idempotent?: boolean; retries?: number; requestTimeout?: number } = {},
): Promise<Producer> {
  const kafka = new Kafka({
    brokers: cluster.addresses,
    logLevel: logLevel.NOTHING,
    requestTimeout: options.requestTimeout ?? 2000,
    retry: { retries: options.retries ?? 5, initialRetryTime: 50, maxRetryTime: 100 },
  })
  const producer = kafka.producer({
    idempotent: options.idempotent ?? false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: options.retries ?? 5 },
  })
  await producer.connect()
  return producer
}

const missing = (values: readonly string[], cluster: ScriptedBrokers) => {
  const log = cluster.values()
  return values.filter(value => !log.includes(value))
}

/** Broker 1 refuses its first batch; everything else is written. */
function refusesOnce(): Script {
  let refused = false
  return {
    onProduce: ({ broker }) => {
      if (broker !== 1 || refused) return 'append'
      refused = true
      return { errorCode: NOT_LEADER }
    },
  }
}

test('control i: raw kafkajs loses records without a key when one of two leaders refuses once', async () => {
  const values = ['a', 'b', 'c']
  let lost: string[] = []
  // Round-robin starts at a random partition, so the loss does not show in every round.
  for (let round = 0; round < 20 && lost.length === 0; round++) {
    const cluster = await ScriptedBrokers.start({ leaders: [0, 1], script: refusesOnce() })
    const producer = await rawProducer(cluster)
    await producer.send({ topic: 't', acks: -1, messages: values.map(value => ({ value })) })
    lost = missing(values, cluster)
    await producer.disconnect()
    await cluster.stop()
  }

  assert.ok(lost.length >= 1, 'the control does not work: kafkajs lost nothing')
  assert.ok(lost.every(value => values.includes(value)))
})

test('our producer, script i: every record is in the log once', async () => {
  const values = ['a', 'b', 'c']
  const cluster = await ScriptedBrokers.start({ leaders: [0, 1], script: refusesOnce() })
  const producer = producerOf(cluster.addresses)
  const reports = await producer.sendAll(values.map((value, index) => ({ topic: 't', value, partition: index % 2 })))

  assert.deepEqual(reports.map(summaryOf), ['delivered', 'delivered', 'delivered'])
  assert.deepEqual(cluster.values(), values)
  await producer.close()
  await cluster.stop()
})

/** Broker 1 refuses a batch for partition 1, whose leader moves to broker 0; broker 0 has answered before that. */
function leaderMoves(cluster: () => ScriptedBrokers): Script {
  let moved = false
  let answered: () => void = () => {}
  const firstAnswered = new Promise<void>(resolve => {
    answered = resolve
  })
  return {
    onProduce: ({ broker, partition }) => {
      if (partition !== 1 || broker !== 1 || moved) return 'append'
      moved = true
      cluster().moveLeader(1, 0)
      return { errorCode: NOT_LEADER }
    },
    onAnswer: (broker, produces) => {
      if (broker === 0) setTimeout(answered, 30)
      return broker === 1 && produces <= 2 ? firstAnswered : 'send'
    },
  }
}

const KEYED = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8']

test('control ii: raw kafkajs loses records whose leader moved to a broker that had answered', async () => {
  const cluster: ScriptedBrokers = await ScriptedBrokers.start({ leaders: [0, 1], script: leaderMoves(() => cluster) })
  const producer = await rawProducer(cluster)
  await producer.send({ topic: 't', acks: -1, messages: KEYED.map(key => ({ key, value: key })) })

  const lost = missing(KEYED, cluster)
  assert.ok(lost.length >= 1, 'the control does not work: kafkajs lost nothing')
  assert.equal(lost.length + cluster.log(0).records.length, KEYED.length, 'exactly the moved partition is missing')
  await producer.disconnect()
  await cluster.stop()
})

test('our producer, script ii: the records are sent to the new leader', async () => {
  const cluster: ScriptedBrokers = await ScriptedBrokers.start({ leaders: [0, 1], script: leaderMoves(() => cluster) })
  const producer = producerOf(cluster.addresses)
  const reports = await producer.sendAll(KEYED.map(key => ({ topic: 't', key, value: key })))

  assert.ok(reports.every(({ kind }) => kind === 'delivered'))
  assert.deepEqual(cluster.values(), KEYED)
  await producer.close()
  await cluster.stop()
})

/** Both answers of the second batch are dropped after the write. */
const dropsAnswersOfB: Script = { onAnswer: (_, produces) => (produces === 2 || produces === 3 ? 'drop' : 'send') }

test('control iii: raw idempotent kafkajs loses C after both answers to B were dropped', async () => {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1, script: dropsAnswersOfB })
  const producer = await rawProducer(cluster, { idempotent: true, retries: 1, requestTimeout: 400 })
  const send = (value: string) => producer.send({ topic: 't', acks: -1, messages: [{ key: 'k', value }] })
  await send('A')
  await assert.rejects(send('B'))
  await producer.disconnect()
  await producer.connect()
  await send('C')

  assert.deepEqual(missing(['A', 'C'], cluster), ['C'], 'the control does not work: C is in the log')
  await producer.disconnect()
  await cluster.stop()
})

test('our producer, script iii: B is reported as unknown, and C is in the log', async () => {
  const cluster = await ScriptedBrokers.start({ leaders: [0], brokers: 1, script: dropsAnswersOfB })
  const producer = producerOf(cluster.addresses, { retries: 1, requestTimeoutMs: 400, ackTimeoutMs: 300 })
  const send = async (value: string) => summaryOf((await producer.sendAll([{ topic: 't', key: 'k', value }]))[0])

  assert.equal(await send('A'), 'delivered')
  assert.equal(await send('B'), 'unknown:delivery-unknown')
  assert.equal(await send('C'), 'delivered')
  assert.deepEqual(cluster.values(), ['A', 'B', 'C'])
  await producer.close()
  await cluster.stop()
})
