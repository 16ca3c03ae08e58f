// A real Apache Kafka cluster on 127.0.0.1, of one or three nodes (KRaft, broker and controller in one), whose brokers
// can be stopped, killed and started.

import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { kafkaJars } from '../artifacts.ts'
import { accepts, freePort } from '../ports.ts'
import { endProcess, isStopped, startProcess, temporaryFolder } from '../processes.ts'
import { requireJava } from '../requirements.ts'
import { clusterIdAt } from './admin.ts'

const LOGGING = `Configuration:
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "[%d] %p %m (%c)%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: out
`
const HEAP = '-Xmx384m'
/** How often a cluster is started if another program takes its ports meanwhile. */
const ATTEMPTS = 3
const START_MS = 60_000

/** A listener in addition to the PLAINTEXT listener on 127.0.0.1. */
export interface Listener {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly protocol: 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT'
}

export interface KafkaOptions {
  readonly log?: (line: string) => void
  /** The version of Apache Kafka. Default: that of the local stack. */
  readonly version?: string
  /** Broker settings; they take precedence over the local defaults. */
  readonly properties?: Readonly<Record<string, string>>
  readonly firstPort?: number
  readonly listeners?: readonly Listener[]
  /** One port per broker that the brokers advertise to clients: the ports of their proxies. */
  readonly advertisedPorts?: readonly number[]
  /** One `broker.rack` per broker. */
  readonly racks?: readonly string[]
  readonly classPath?: string
  /** Arguments for the storage tool, e.g. users that exist from the start. */
  readonly formatArguments?: readonly string[]
}

interface Node {
  readonly id: number
  readonly port: number
  readonly controllerPort: number
  /** The port for traffic between brokers, which does not use the proxies. */
  readonly internalPort: number
  readonly folder: string
  process: ChildProcess | undefined
  /** Whether the broker has accepted a connection since it was started. */
  isReady: boolean
  isFrozen: boolean
}

/** `frozen`: the process is stopped; its connections stay open, but get no answer. */
export type BrokerState = 'up' | 'starting' | 'frozen' | 'down'

function endOfLog({ folder }: Node): string {
  return readFileSync(join(folder, 'broker.log'), 'utf8').slice(-2000)
}

class PortTakenError extends Error {
  constructor(port: number) {
    super(`Port ${port} is taken by another program. Start again.`)
  }
}

export class LocalKafka {
  readonly #nodes: readonly Node[]
  readonly #folder: string
  readonly #jars: string
  readonly #options: KafkaOptions
  /** The storage tool would parse an id that begins with a dash as an option. */
  readonly #clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A')

  private constructor(nodes: readonly Node[], folder: string, jars: string, options: KafkaOptions) {
    this.#nodes = nodes
    this.#folder = folder
    this.#jars = jars
    this.#options = options
  }

  static async start(brokers: number, options: KafkaOptions = {}): Promise<LocalKafka> {
    const { log = () => {} } = options
    requireJava()
    const jars = await kafkaJars(log, options.version)
    for (let attempt = 1; ; attempt++) {
      try {
        return await LocalKafka.#startOnce(brokers, options, jars)
      } catch (error) {
        // Another program, such as a second stack, took a port after it was found free.
        if (!(error instanceof PortTakenError) || attempt === ATTEMPTS) throw error
      }
    }
  }

  static async #startOnce(brokers: number, options: KafkaOptions, jars: string): Promise<LocalKafka> {
    const { firstPort = 0 } = options
    const folder = temporaryFolder()
    const nodes: Node[] = []
    for (let id = 1; id <= brokers; id++) {
      const port = await freePort(firstPort === 0 ? 0 : (nodes.at(-1)?.port ?? firstPort - 1) + 1)
      nodes.push({
        id,
        port,
        controllerPort: await freePort(),
        internalPort: await freePort(),
        folder: join(folder, `node${id}`),
        process: undefined,
        isReady: false,
        isFrozen: false,
      })
    }
    const kafka = new LocalKafka(nodes, folder, jars, options)
    try {
      await kafka.#format()
      await Promise.all(nodes.map(node => kafka.startBroker(node.id)))
      // Only with well-known ports do several programs want the same port.
      if (firstPort !== 0) await Promise.all(nodes.map(node => kafka.#checkOwn(node)))
    } catch (error) {
      await kafka.stop()
      throw error
    }
    return kafka
  }

  get bootstrapServers(): string {
    return this.#nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  get brokerIds(): readonly number[] {
    return this.#nodes.map(({ id }) => id)
  }

  pid(id: number): number {
    const pid = this.#node(id).process?.pid
    if (pid === undefined) throw new Error(`Broker ${id} is not running.`)
    return pid
  }

  isRunning(id: number): boolean {
    return this.#node(id).process !== undefined
  }

  stateOf(id: number): BrokerState {
    const { process, isReady, isFrozen } = this.#node(id)
    if (process?.pid === undefined) return 'down'
    if (isStopped(process.pid) ?? isFrozen) return 'frozen'
    return isReady ? 'up' : 'starting'
  }

  /** Stops the process of a broker until `thawBroker`, like a long pause of its machine. */
  freezeBroker(id: number): void {
    const node = this.#node(id)
    node.isFrozen = node.process?.kill('SIGSTOP') ?? false
  }

  thawBroker(id: number): void {
    const node = this.#node(id)
    node.process?.kill('SIGCONT')
    node.isFrozen = false
  }

  /** Resolves when the broker accepts connections on its port. */
  async startBroker(id: number): Promise<void> {
    const node = this.#node(id)
    if (node.process) return
    const child = this.#java(node, 'kafka.Kafka', [join(node.folder, 'server.properties')], `broker${id}`)
    node.process = child
    node.isReady = false
    node.isFrozen = false
    child.once('exit', () => {
      node.process = undefined
    })
    const end = Date.now() + START_MS
    while (!(await accepts(node.port))) {
      if (!node.process && /Address already in use/.test(endOfLog(node))) throw new PortTakenError(node.port)
      if (!node.process || Date.now() > end)
        throw new Error(`Kafka broker ${id} did not start; its log ends:\n${endOfLog(node)}`)
      await pause(100)
    }
    node.isReady = true
  }

  /** Sends SIGTERM: the broker moves its leaderships to other brokers first. */
  async stopBroker(id: number): Promise<void> {
    const { process } = this.#node(id)
    if (process) await endProcess(process, 30_000)
  }

  async killBroker(id: number): Promise<void> {
    const { process } = this.#node(id)
    if (process) await endProcess(process, 0, 'SIGKILL')
  }

  /** Elects the first replica of each partition as its leader, if it is in sync (kafka-leader-election.sh). */
  async electPreferredLeaders(): Promise<void> {
    const args = ['--bootstrap-server', this.bootstrapServers, '--election-type', 'preferred', '--all-topic-partitions']
    await this.#tool(this.#node(1), 'org.apache.kafka.tools.LeaderElectionCommand', args, 'election')
  }

  /**
   * Limits how much a client may produce per broker (kafka-configs.sh).
   * @param bytesPerSecond undefined: no limit
   */
  async setProducerQuota(clientId: string, bytesPerSecond: number | undefined): Promise<void> {
    const change =
      bytesPerSecond === undefined
        ? ['--delete-config', 'producer_byte_rate']
        : ['--add-config', `producer_byte_rate=${bytesPerSecond}`]
    const entity = ['--alter', '--entity-type', 'clients', '--entity-name', clientId]
    const args = ['--bootstrap-server', this.bootstrapServers, ...entity, ...change]
    await this.#tool(this.#node(1), 'org.apache.kafka.tools.ConfigCommand', args, 'quota')
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ id }) => this.killBroker(id)))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #node(id: number): Node {
    const node = this.#nodes.find(candidate => candidate.id === id)
    if (!node) throw new Error(`Broker ${id} does not exist.`)
    return node
  }

  /**
   * Checks that the broker on the port is this cluster's, and not another program's.
   * @throws PortTakenError
   */
  async #checkOwn({ port }: Node): Promise<void> {
    if ((await clusterIdAt(`127.0.0.1:${port}`)) !== this.#clusterId) throw new PortTakenError(port)
  }

  async #format(): Promise<void> {
    await Promise.all(
      this.#nodes.map(async node => {
        mkdirSync(node.folder, { recursive: true })
        writeFileSync(join(node.folder, 'server.properties'), this.#serverProperties(node))
        const args = [
          'format',
          '-t',
          this.#clusterId,
          '-c',
          join(node.folder, 'server.properties'),
          ...(this.#options.formatArguments ?? []),
        ]
        await this.#tool(node, 'kafka.tools.StorageTool', args, `format${node.id}`)
      }),
    )
  }

  async #tool(node: Node, main: string, args: readonly string[], name: string): Promise<void> {
    const status = await new Promise(resolve => this.#java(node, main, args, name).once('exit', resolve))
    if (status !== 0) throw new Error(`Kafka's ${main} failed; its log ends:\n${endOfLog(node)}`)
  }

  #serverProperties({ id, port, controllerPort, internalPort, folder }: Node): string {
    const replicas = Math.min(3, this.#nodes.length)
    const { listeners = [], advertisedPorts = [], racks = [] } = this.#options
    const rack = racks[id - 1]
    const advertisedPort = advertisedPorts[id - 1] ?? port
    // Replication does not use the proxies.
    const internal =
      advertisedPorts.length > 0
        ? [{ name: 'INTERNAL', host: '127.0.0.1', port: internalPort, protocol: 'PLAINTEXT' }]
        : []
    const all = [...listeners, ...internal]
    const furtherListeners = all.map(({ name, host, port }) => `,${name}://${host}:${port}`).join('')
    const properties: Record<string, string | number> = {
      'process.roles': 'broker,controller',
      'node.id': id,
      'controller.quorum.voters': this.#nodes.map(node => `${node.id}@127.0.0.1:${node.controllerPort}`).join(','),
      listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${furtherListeners}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort}${furtherListeners}`,
      'listener.security.protocol.map': [
        'PLAINTEXT:PLAINTEXT',
        'CONTROLLER:PLAINTEXT',
        ...all.map(({ name, protocol }) => `${name}:${protocol}`),
      ].join(','),
      'controller.listener.names': 'CONTROLLER',
      ...(internal.length > 0 ? { 'inter.broker.listener.name': 'INTERNAL' } : {}),
      ...(rack === undefined ? {} : { 'broker.rack': rack }),
      'log.dirs': join(folder, 'data'),
      'auto.create.topics.enable': 'false',
      'default.replication.factor': replicas,
      'min.insync.replicas': Math.max(1, replicas - 1),
      'offsets.topic.replication.factor': replicas,
      'offsets.topic.num.partitions': 3,
      'transaction.state.log.replication.factor': replicas,
      'transaction.state.log.min.isr': 1,
      'group.initial.rebalance.delay.ms': 0,
      // The controller notices a killed broker after this time; the default is 9000.
      'broker.session.timeout.ms': 6000,
      'num.network.threads': 2,
      'num.io.threads': 4,
      'log.cleaner.dedupe.buffer.size': 4_194_304,
      ...this.#options.properties,
    }
    return Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')
  }

  #java(node: Node, main: string, args: readonly string[], name: string): ChildProcess {
    const log = openSync(join(node.folder, 'broker.log'), 'a')
    const config = join(this.#folder, 'log4j2.yaml')
    writeFileSync(config, LOGGING)
    try {
      const options = [
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-Xshare:auto',
        HEAP,
        `-Dlog4j2.configurationFile=${config}`,
        '-cp',
        [this.#options.classPath, `${this.#jars}/*`].filter(Boolean).join(':'),
      ]
      // A process group of its own: Ctrl-C reaches only this process, which then stops the brokers in order.
      return startProcess(name, 'java', [...options, main, ...args], { stdio: ['ignore', log, log], detached: true })
    } finally {
      closeSync(log)
    }
  }
}
