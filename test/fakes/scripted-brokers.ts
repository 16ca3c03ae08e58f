// Brokers on real sockets that answer the requests of kafkajs and of our driver, and follow a script: refuse, drop an
// answer, hold a request. They are deterministic: one script shows a loss with one client, and none with another.

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { decodeBatch, PartitionLog } from '../../lib/testing/partition-log.ts'

interface ProducePartition {
  readonly broker: number
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
  /** The number of this batch among the batches of its partition, from 0, over all brokers. */
  readonly attempt: number
}

/** What to do with one partition of a Produce. `append`: as a real broker does. */
type ProduceAction =
  | { readonly errorCode: number; readonly baseOffset?: number; readonly recordErrors?: readonly number[] }
  | 'append'

export interface Script {
  onProduce?(partition: ProducePartition): ProduceAction
  /** The whole answer to a Produce is sent, dropped, or sent when the promise resolves. */
  onAnswer?(broker: number, produces: number): 'send' | 'drop' | Promise<void>
  /**
   * Called with the number of this connection, from 1. `hang`: nothing is read. A number: closed after this many ms.
   */
  onConnection?(broker: number, connections: number): 'serve' | 'hang' | number
  /** Returns the bytes to send in place of a response. */
  onBytes?(broker: number, apiKey: number, response: Buffer): Buffer
  /** Called before the request is processed; a promise holds it. */
  onRequest?(broker: number, apiKey: number, requests: number): Promise<void> | undefined
}

const IDENTITY_VERSION = 5
const TOPIC_AUTHORIZATION_FAILED = 29
const REBOOTSTRAP_REQUIRED = 129

export class ScriptedBrokers {
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #muted = new WeakSet<Socket>()
  readonly #logs = new Map<string, PartitionLog>()
  readonly #attempts = new Map<string, number>()
  readonly topic: string
  /** Leader of each partition: a broker's number, from 0. Scripts may change it. */
  leaders: number[]
  leaderEpochs: number[]
  script: Script
  connections = 0
  /** The outdated metadata of a broker that lags behind. */
  lag: { leaders: number[]; leaderEpochs: number[] } | undefined
  /** The host that the brokers advertise. */
  advertisedHost = '127.0.0.1'
  /** The rack of each broker, by its number; null: it has none. */
  racks: readonly (string | null)[] = []
  /** The brokers that metadata names, by id and port; undefined: all. */
  members: { id: number; port: number }[] | undefined
  /** What the metadata of one broker names, by its number, where that differs. */
  readonly membersSeenBy = new Map<number, { id: number; port: number }[]>()
  /** Null if the brokers don't return it. */
  clusterId: string | null = 'scripted'
  /** The cluster and the id of one broker, by its number, where they differ. */
  readonly identities = new Map<number, { clusterId?: string; nodeId?: number }>()
  /** Brokers know ApiVersions 5, which compares the ids (KIP-1242). */
  checksIdentity = false
  /** The newest version of Produce that brokers know. */
  produceVersion = 8
  /** The throttle time in every Produce answer, ms. */
  throttleMs = 0
  /** The throttle time in the answers of a broker to Metadata and InitProducerId, ms. */
  questionThrottleMs: (broker: number) => number = () => 0
  /** The topic's settings; undefined: nobody may read them. */
  topicSettings: Readonly<Record<string, string>> | undefined
  /** The error in every InitProducerId answer. */
  initProducerIdError = 0
  /** The received requests. */
  readonly requests: {
    broker: number
    apiKey: number
    apiVersion: number
    /** The number of its connection, from 1. */
    connection: number
    at: number
    clientId: string
    ackTimeoutMs: number | undefined
    acks: number | undefined
  }[] = []
  #producerIds = 0n
  #produces = 0

  private constructor(topic: string, leaders: number[], script: Script) {
    this.topic = topic
    this.leaders = leaders
    this.leaderEpochs = leaders.map(() => 0)
    this.script = script
  }

  static async start({
    topic = 't',
    brokers = 2,
    leaders,
    script = {},
  }: {
    topic?: string
    brokers?: number
    leaders: number[]
    script?: Script
  }): Promise<ScriptedBrokers> {
    const cluster = new ScriptedBrokers(topic, leaders, script)
    for (let broker = 0; broker < brokers; broker++) {
      const server = createServer(socket => cluster.#serve(broker, socket))
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      cluster.#servers.push(server)
    }
    return cluster
  }

  get addresses(): string[] {
    return this.ports.map(port => `127.0.0.1:${port}`)
  }

  get ports(): number[] {
    return this.#servers.map(server => (server.address() as AddressInfo).port)
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  log(partition: number): PartitionLog {
    const key = `${this.topic}/${partition}`
    const log = this.#logs.get(key) ?? new PartitionLog()
    this.#logs.set(key, log)
    return log
  }

  /** The values in all logs, sorted. */
  values(): string[] {
    return this.leaders
      .flatMap((_, partition) => this.log(partition).records.map(record => String(record.value)))
      .sort()
  }

  /**
   * Simulates another cluster at the same addresses: its logs are empty, and it assigns the same producer ids again.
   */
  makeAnew(clusterId: string): void {
    this.clusterId = clusterId
    this.#logs.clear()
    this.#producerIds = 0n
    this.closeConnections()
  }

  moveLeader(partition: number, broker: number): void {
    this.leaders[partition] = broker
    this.leaderEpochs[partition] = (this.leaderEpochs[partition] ?? 0) + 1
  }

  /**
   * Connections that are open now get neither a response nor a FIN any more, as after a NAT gateway has dropped them.
   */
  muteConnections(): void {
    for (const socket of this.#sockets) this.#muted.add(socket)
  }

  closeConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    this.closeConnections()
    await Promise.all(this.#servers.map(server => new Promise(resolve => server.close(resolve))))
  }

  #serve(broker: number, socket: Socket): void {
    this.connections++
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    const fate = this.script.onConnection?.(broker, this.connections) ?? 'serve'
    if (fate !== 'serve') {
      if (fate !== 'hang') setTimeout(() => socket.end(), fate)
      return
    }
    const connection = this.connections
    let buffered = Buffer.alloc(0)
    let chain = Promise.resolve()
    socket.on('data', chunk => {
      buffered = Buffer.concat([buffered, chunk])
      while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
        const frame = buffered.subarray(4, 4 + buffered.readInt32BE(0))
        buffered = buffered.subarray(4 + frame.length)
        // One request of a connection at a time, as in a broker.
        chain = chain.then(() => this.#answer(broker, connection, socket, Buffer.from(frame)))
      }
    })
  }

  async #answer(broker: number, connection: number, socket: Socket, frame: Buffer): Promise<void> {
    const apiKey = frame.readInt16BE(0)
    const version = frame.readInt16BE(2)
    const reader = new Reader(frame, 8)
    const clientId = reader.string()
    // A Produce begins with a transactional id (null), acks and the timeout.
    const isProduce = apiKey === 0
    this.requests.push({
      broker,
      apiKey,
      apiVersion: version,
      connection,
      at: performance.now(),
      clientId,
      acks: isProduce ? frame.readInt16BE(reader.at + 2) : undefined,
      ackTimeoutMs: isProduce ? frame.readInt32BE(reader.at + 4) : undefined,
    })
    await this.script.onRequest?.(broker, apiKey, this.requests.length)
    const body =
      apiKey === 0
        ? this.#produce(broker, version, reader)
        : apiKey === 3
          ? this.#metadata(broker, version)
          : apiKey === 22
            ? this.#initProducerId(broker)
            : apiKey === 32
              ? this.#describeConfigs()
              : this.#apiVersions(broker, version, reader)
    if (apiKey === 0) {
      const fate = this.script.onAnswer?.(broker, ++this.#produces) ?? 'send'
      if (fate === 'drop') return
      if (fate !== 'send') await fate
    }
    const head = Buffer.alloc(8)
    head.writeInt32BE(4 + body.length, 0)
    frame.copy(head, 4, 4, 8)
    const response = Buffer.concat([head, body])
    if (!socket.destroyed && !this.#muted.has(socket))
      socket.write(this.script.onBytes?.(broker, apiKey, response) ?? response)
  }

  #produce(broker: number, version: number, reader: Reader): Buffer {
    reader.string()
    reader.at += 6
    const topics = reader.array(() => {
      const topic = reader.string()
      const partitions = reader.array(() => {
        const partition = reader.int32()
        const size = reader.int32()
        const bytes = reader.bytes(size)
        const { errorCode, baseOffset, recordErrors = [] } = this.#takeBatch(broker, topic, partition, bytes)
        const parts = [int32(partition), int16(errorCode), int64(baseOffset ?? -1), int64(-1), int64(0)]
        if (version >= 8)
          parts.push(array(recordErrors.map(index => Buffer.concat([int32(index), int16(-1)]))), int16(-1))
        return Buffer.concat(parts)
      })
      return Buffer.concat([string(topic), array(partitions)])
    })
    return Buffer.concat([array(topics), int32(this.throttleMs)])
  }

  #takeBatch(
    broker: number,
    topic: string,
    partition: number,
    bytes: Buffer,
  ): { errorCode: number; baseOffset?: number; recordErrors?: readonly number[] } {
    const attempt = this.#attempts.get(`${topic}/${partition}`) ?? 0
    this.#attempts.set(`${topic}/${partition}`, attempt + 1)
    const action = this.script.onProduce?.({ broker, topic, partition, bytes, attempt }) ?? 'append'
    if (action !== 'append') return action
    if (this.leaders[partition] !== broker) return { errorCode: 6 }
    return this.log(partition).append(decodeBatch(bytes))
  }

  #metadata(broker: number, version: number): Buffer {
    const brokers = (
      this.membersSeenBy.get(broker) ??
      this.members ??
      this.ports.map((port, id) => ({ id, port }))
    ).map(({ id, port }) =>
      Buffer.concat([int32(id), string(this.advertisedHost), int32(port), string(this.racks[id] ?? null)]),
    )
    const { leaders, leaderEpochs } = this.lag ?? this
    const partitions = leaders.map((leader, partition) =>
      Buffer.concat([
        int16(0),
        int32(partition),
        int32(leader),
        ...(version >= 7 ? [int32(leaderEpochs[partition] ?? 0)] : []),
        array([int32(leader)]),
        array([int32(leader)]),
        array([]),
      ]),
    )
    const topic = Buffer.concat([int16(0), string(this.topic), Buffer.from([0]), array(partitions)])
    const throttle = int32(this.questionThrottleMs(broker))
    return Buffer.concat([throttle, array(brokers), string(this.#clusterIdOf(broker)), int32(0), array([topic])])
  }

  #initProducerId(broker: number): Buffer {
    const throttle = int32(this.questionThrottleMs(broker))
    return Buffer.concat([throttle, int16(this.initProducerIdError), int64(Number(++this.#producerIds)), int16(0)])
  }

  #describeConfigs(): Buffer {
    const { topicSettings } = this
    const settings = Object.entries(topicSettings ?? {}).map(([name, value]) =>
      Buffer.concat([string(name), string(value), Buffer.alloc(3), array([])]),
    )
    const error = topicSettings ? 0 : TOPIC_AUTHORIZATION_FAILED
    const topic = Buffer.concat([int16(error), int16(-1), Buffer.from([2]), string(this.topic), array(settings)])
    return Buffer.concat([int32(0), array([topic])])
  }

  #clusterIdOf(broker: number): string | null {
    return this.identities.get(broker)?.clusterId ?? this.clusterId
  }

  #apiVersions(broker: number, version: number, reader: Reader): Buffer {
    const isExpected = version < IDENTITY_VERSION || this.#isExpected(broker, reader)
    const isFlexible = version >= 3
    const ranges = [
      [0, 0, this.produceVersion],
      [3, 0, 7],
      [18, 0, this.checksIdentity ? IDENTITY_VERSION : 2],
      [22, 0, 1],
      [32, 0, 1],
    ].map(range => Buffer.concat([...range.map(int16), Buffer.alloc(isFlexible ? 1 : 0)]))
    if (!isFlexible) return Buffer.concat([int16(0), array(ranges), int32(0)])
    if (!isExpected) return Buffer.concat([int16(REBOOTSTRAP_REQUIRED), array([]), int32(0)])
    return Buffer.concat([int16(0), Buffer.from([ranges.length + 1]), ...ranges, int32(0), Buffer.from([0])])
  }

  /** The request has the name and version of the client, cluster id and node id; the header ends with its tags. */
  #isExpected(broker: number, reader: Reader): boolean {
    reader.at++
    for (const _ of ['name', 'version']) reader.compactString()
    const clusterId = reader.compactString()
    const nodeId = reader.int32()
    return clusterId === this.#clusterIdOf(broker) && nodeId === (this.identities.get(broker)?.nodeId ?? broker)
  }
}

class Reader {
  at: number
  readonly #buffer: Buffer

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer
    this.at = at
  }

  int32(): number {
    this.at += 4
    return this.#buffer.readInt32BE(this.at - 4)
  }

  string(): string {
    const length = this.#buffer.readInt16BE(this.at)
    this.at += 2 + Math.max(0, length)
    return length < 0 ? '' : this.#buffer.toString('utf8', this.at - length, this.at)
  }

  /** Only for texts of fewer than 127 bytes. */
  compactString(): string {
    const length = (this.#buffer[this.at] as number) - 1
    this.at += 1 + length
    return this.#buffer.toString('utf8', this.at - length, this.at)
  }

  bytes(size: number): Buffer {
    this.at += size
    return this.#buffer.subarray(this.at - size, this.at)
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: this.int32() }, read)
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

function string(value: string | null): Buffer {
  if (value === null) return int16(-1)
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}

function array(items: readonly Buffer[]): Buffer {
  return Buffer.concat([int32(items.length), ...items])
}
