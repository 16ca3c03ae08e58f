// Creates topics and reads their records through kafkajs's public API, without any code of the producer that it checks.
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type Admin, type ISocketFactory, Kafka, logLevel } from 'kafkajs'

const LEADERS_MS = 30_000

export interface ReadRecord {
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>
}

export function kafkaOf(bootstrapServers: string, options: { socketFactory?: ISocketFactory } = {}): Kafka {
  return new Kafka({
    ...options,
    clientId: 'local-admin',
    brokers: bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 200, maxRetryTime: 1000 },
  })
}

/** @returns the id of the cluster that a broker belongs to */
export async function clusterIdAt(server: string): Promise<string> {
  return withAdmin(server, async admin => (await admin.describeCluster()).clusterId)
}

/** @returns the topics of a cluster by name, without Kafka's own */
export async function topicsAt(bootstrapServers: string): Promise<string[]> {
  const topics = await withAdmin(bootstrapServers, admin => admin.listTopics())
  return topics.filter(topic => !topic.startsWith('__')).sort()
}

/** Creates the topics that are missing and waits until every partition has a leader. */
export async function createTopics(
  bootstrapServers: string,
  topics: readonly { topic: string; partitions: number; replicas?: number; config?: Record<string, string> }[],
): Promise<void> {
  await withAdmin(bootstrapServers, async admin => {
    const existing = new Set(await admin.listTopics())
    const missing = topics.filter(({ topic }) => !existing.has(topic))
    await admin.createTopics({
      // If it were true, kafkajs would ask one broker, and fail if that broker does not know the new topic yet.
      waitForLeaders: false,
      topics: missing.map(({ topic, partitions, replicas = -1, config = {} }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replicas,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    })
    await Promise.all(missing.map(({ topic, partitions }) => untilLed(bootstrapServers, topic, partitions)))
  })
}

/** Deletes a topic and waits until no broker lists it. */
export async function deleteTopic(bootstrapServers: string, topic: string): Promise<void> {
  await withAdmin(bootstrapServers, admin => admin.deleteTopics({ topics: [topic] }))
  await untilEachBroker(bootstrapServers, `no ${topic}`, topics => !topics.includes(topic))
}

/** Waits until every broker lists the topic: brokers learn of a new topic one after the other. */
export function untilEachBrokerLists(bootstrapServers: string, topic: string): Promise<void> {
  return untilEachBroker(bootstrapServers, topic, topics => topics.includes(topic))
}

async function untilEachBroker(
  bootstrapServers: string,
  expected: string,
  holds: (topics: readonly string[]) => boolean,
): Promise<void> {
  const end = Date.now() + LEADERS_MS
  for (const server of bootstrapServers.split(',')) {
    const { hostname: host, port } = new URL(`kafka://${server}`)
    // kafkajs sends a request for metadata to any broker it knows. Here, each connection leads to the same one.
    const socketFactory: ISocketFactory = ({ onConnect }) => connect({ host, port: Number(port) }, onConnect)
    await useAdmin(kafkaOf(server, { socketFactory }), async admin => {
      while (!holds(await admin.listTopics())) {
        if (Date.now() > end) throw new Error(`Expected ${server} to list ${expected} within ${LEADERS_MS} ms.`)
        await pause(100)
      }
    })
  }
}

function withAdmin<T>(bootstrapServers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  return useAdmin(kafkaOf(bootstrapServers), work)
}

async function useAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

async function untilLed(bootstrapServers: string, topic: string, partitions: number): Promise<void> {
  for (const end = Date.now() + LEADERS_MS; ; ) {
    const ready = await partitionsOf(bootstrapServers, topic).catch(() => [])
    if (ready.length >= partitions && ready.every(({ leader }) => leader >= 0)) return
    if (Date.now() > end)
      throw new Error(`Expected a leader for each of the ${partitions} partitions of ${topic} within ${LEADERS_MS} ms.`)
    await pause(100)
  }
}

export interface PartitionInfo {
  readonly partition: number
  readonly leader: number
  readonly inSync: readonly number[]
}

export async function partitionsOf(bootstrapServers: string, topic: string): Promise<PartitionInfo[]> {
  return withAdmin(bootstrapServers, async admin => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return (topics[0]?.partitions ?? [])
      .map(({ partitionId, leader, isr }) => ({ partition: partitionId, leader, inSync: isr }))
      .sort((a, b) => a.partition - b.partition)
  })
}

/** Makes the next replica of each partition its preferred leader. Moves no data. */
export async function rotatePreferredLeaders(bootstrapServers: string, topic: string): Promise<void> {
  await withAdmin(bootstrapServers, async admin => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const partitionAssignment = (topics[0]?.partitions ?? []).map(({ partitionId, replicas: [first, ...others] }) => ({
      partition: partitionId,
      replicas: [...others, first as number],
    }))
    await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] })
  })
}

/** Waits until every partition has a leader and as many in-sync replicas as `replicas`. */
export async function untilInSync(
  bootstrapServers: string,
  topic: string,
  replicas: number,
  withinMs = 60_000,
): Promise<void> {
  const end = Date.now() + withinMs
  for (;;) {
    const partitions = await partitionsOf(bootstrapServers, topic).catch(() => [])
    if (partitions.length > 0 && partitions.every(({ leader, inSync }) => leader >= 0 && inSync.length >= replicas))
      return
    if (Date.now() > end)
      throw new Error(`Expected ${replicas} in-sync replicas for each partition of ${topic} within ${withinMs} ms.`)
    await pause(250)
  }
}

/** Retries while a partition has no leader: kafkajs calls that error retriable but does not retry it. */
async function retryUntilLed<T>(request: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + LEADERS_MS; ; ) {
    try {
      return await request()
    } catch (error) {
      if (!(error as { retriable?: boolean }).retriable || Date.now() > end) throw error
    }
    await pause(100)
  }
}

/** Reads the whole log of a topic up to its end at the time of the call, in the order of offsets per partition. */
export async function readTopic(bootstrapServers: string, topic: string): Promise<ReadRecord[]> {
  const kafka = kafkaOf(bootstrapServers)
  const admin = kafka.admin()
  await admin.connect()
  const ends = await retryUntilLed(() => admin.fetchTopicOffsets(topic))
  const records: ReadRecord[] = []
  const left = new Map(
    ends.filter(({ high, low }) => BigInt(high) > BigInt(low)).map(({ partition, high }) => [partition, BigInt(high)]),
  )
  const groupId = `read-${topic}-${process.pid}-${Date.now()}`
  if (left.size > 0) {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 200 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const done = Promise.withResolvers<void>()
    // A crash without a restart, e.g. because kafkajs does not have the codec of a batch.
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      if (!restart) done.reject(error)
    })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { offset, timestamp, key, value, headers = {} } of batch.messages)
          records.push({
            partition: batch.partition,
            offset: BigInt(offset),
            timestamp: Number(timestamp),
            key,
            value,
            headers,
          })
        const end = left.get(batch.partition)
        if (end !== undefined && BigInt(batch.lastOffset()) >= end - 1n) left.delete(batch.partition)
        if (left.size === 0) done.resolve()
      },
    })
    await done.promise
    await consumer.disconnect()
    await admin.deleteGroups([groupId]).catch(() => undefined)
  }
  await admin.disconnect()
  return records
}
