// Brokers bounce while records are sent; then the whole log is read back and every acknowledgement is looked for in it.
// The same harness runs raw kafkajs as the control: a checker that never finds a loss proves nothing.
import { randomBytes } from 'node:crypto'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'
import { createTopics, partitionsOf, readTopic, untilInSync } from '../kafka/admin.ts'
import type { LocalKafka } from '../kafka/cluster.ts'

const CALLERS = 4
const RECORDS = 12
const PARTITIONS = 6

export type Driver = 'ours' | 'kafkajs'
export type Bounce = 'clean' | 'kill'

export interface BounceResult {
  readonly driver: Driver
  readonly bounces: readonly Bounce[]
  readonly seconds: number
  readonly acked: number
  readonly unknown: number
  readonly failed: number
  /** Acknowledged and not in the log. */
  readonly lost: readonly string[]
  /** In the log more than once and not told `unknown`. */
  readonly duplicated: readonly string[]
  /** Told `rejected` or `not-sent`, and in the log. */
  readonly contradicted: readonly string[]
  /** Keys whose records are not in the order of their sends. */
  readonly disordered: readonly string[]
}

type Told = 'acked' | 'unknown' | 'failed'
interface Load {
  send(records: readonly { key: string; value: string }[]): Promise<Told[]>
  close(): Promise<void>
}

/** @param servers where clients reach the brokers, if not directly */
export async function bounce(kafka: LocalKafka, driver: Driver, bounces: readonly Bounce[], afterMs = 2500, servers = kafka.bootstrapServers): Promise<BounceResult> {
  const topic = `bounce-${randomBytes(5).toString('hex')}`
  await createTopics(kafka.bootstrapServers, [{ topic, partitions: PARTITIONS, replicas: 3 }])
  await untilInSync(kafka.bootstrapServers, topic, 3)
  const load = await (driver === 'ours' ? ourLoad : rawLoad)(servers, topic)
  const ledger = new Map<string, Told>()
  const begin = Date.now()
  const stop = { is: false }
  const callers = Array.from({ length: CALLERS }, (_, caller) => call(load, caller, ledger, stop))
  for (const kind of bounces) {
    await pause(afterMs)
    await bounceLeader(kafka, topic, kind)
  }
  await pause(afterMs)
  stop.is = true
  await Promise.all(callers)
  const seconds = Math.round((Date.now() - begin) / 1000)
  await load.close()
  await untilInSync(kafka.bootstrapServers, topic, 3)
  return { driver, bounces, seconds, ...check(ledger, await readTopic(kafka.bootstrapServers, topic)) }
}

async function call(load: Load, caller: number, ledger: Map<string, Told>, stop: { is: boolean }): Promise<void> {
  for (let n = 0; !stop.is; n++) {
    const records = Array.from({ length: RECORDS }, (_, key) => ({ key: `c${caller}k${key}`, value: `c${caller}k${key}:${n}` }))
    const told = await load.send(records)
    records.forEach(({ value }, index) => void ledger.set(value, told[index] as Told))
  }
}

/** The broker that leads most partitions goes, and comes back. */
async function bounceLeader(kafka: LocalKafka, topic: string, kind: Bounce): Promise<void> {
  const partitions = await partitionsOf(kafka.bootstrapServers, topic)
  const leading = (id: number) => partitions.filter(({ leader }) => leader === id).length
  const [id = 1] = [...kafka.brokerIds].sort((a, b) => leading(b) - leading(a))
  if (kind === 'kill') {
    await kafka.killBroker(id)
    await pause(7500)
  } else await kafka.stopBroker(id)
  await kafka.startBroker(id)
  await untilInSync(kafka.bootstrapServers, topic, 3)
}

function check(ledger: ReadonlyMap<string, Told>, log: Awaited<ReturnType<typeof readTopic>>) {
  const copies = new Map<string, number>()
  const disordered = new Set<string>()
  const last = new Map<string, number>()
  for (const { key, value } of log) {
    const text = String(value)
    copies.set(text, (copies.get(text) ?? 0) + 1)
    const number = Number(text.split(':')[1])
    if (number < (last.get(String(key)) ?? -1)) disordered.add(String(key))
    last.set(String(key), number)
  }
  const all = [...ledger]
  const count = (told: Told) => all.filter(entry => entry[1] === told).length
  return {
    acked: count('acked'),
    unknown: count('unknown'),
    failed: count('failed'),
    lost: all.filter(([value, told]) => told === 'acked' && !copies.has(value)).map(([value]) => value),
    duplicated: [...copies].filter(([value, times]) => times > 1 && ledger.get(value) !== 'unknown').map(([value]) => value),
    contradicted: all.filter(([value, told]) => told === 'failed' && copies.has(value)).map(([value]) => value),
    disordered: [...disordered],
  }
}

async function ourLoad(bootstrapServers: string, topic: string): Promise<Load> {
  const config = parseConfig({ bootstrapServers, clientId: 'bounce' }, {})
  const producer = new KafkaProducer(config, { client: createKafkaJsClient(config) })
  return {
    send: async records =>
      (await producer.sendAll(records.map(record => ({ topic, ...record })))).map(report =>
        report.kind === 'delivered' ? 'acked' : report.outcome === 'unknown' ? 'unknown' : 'failed',
      ),
    close: () => producer.close(),
  }
}

/** kafkajs as its documents show it. What it rejects may be written, so it counts as unknown. */
async function rawLoad(bootstrapServers: string, topic: string): Promise<Load> {
  const kafka = new Kafka({
    brokers: bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
    requestTimeout: 5000,
    retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 2000 },
  })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  return {
    send: async messages => {
      const told = await producer.send({ topic, acks: -1, timeout: 4000, messages: [...messages] }).then(
        () => 'acked' as const,
        () => 'unknown' as const,
      )
      return messages.map(() => told)
    },
    close: () => producer.disconnect(),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
