// The faults of the rig. Each strikes repeatedly while records are sent. docs/faults.md lists them by name.
import { setTimeout as pause } from 'node:timers/promises'
import { createTopics, partitionsOf, rotatePreferredLeaders, untilInSync } from '../kafka/admin.ts'
import type { FaultLoad } from './fault-load.ts'
import { DELIVERY_MS } from './load.settings.ts'
import type { ProxiedKafka } from './proxied-kafka.ts'
import type { SenderTuning, Targets } from './sender-load.ts'

interface FaultContext {
  readonly rig: ProxiedKafka
  readonly load: FaultLoad
  /** @returns a number from 0 to 1, determined by the seed of the run */
  readonly random: () => number
  /** Called with a problem that does not concern records; the row then fails. */
  readonly problem: (text: string) => void
}

export interface Fault {
  readonly name: string
  readonly what: string
  /** Strikes once; resolves when the fault is over. */
  strike(scene: FaultContext): Promise<void>
  /** The load; default: the sender. */
  readonly load?: 'queues'
  /** The sender's dead-letter targets; default: a disk. */
  readonly targets?: Targets
  /** The fault's share of `--seconds`. Default: 1. */
  readonly share?: number
  /** How the sender differs from that of the other faults. */
  readonly sender?: SenderTuning
  /** Whether the sender survives the fault within a record's deadline, so that no record may fail or be unknown. */
  readonly deliversAll?: boolean
  /** Whether records may also be in the log of another cluster. */
  readonly hasOtherCluster?: boolean
  /** Whether the process is stopped, so that the duration of a call has no limit. */
  readonly freezesSender?: boolean
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'F1',
    what: 'clean restart of the leader of most partitions',
    strike: async scene => {
      const id = await busiestLeader(scene)
      await scene.rig.kafka.stopBroker(id)
      await scene.rig.kafka.startBroker(id)
      await untilRecovered(scene)
    },
  },
  {
    name: 'F2',
    what: 'kill -9 of the leader of most partitions',
    strike: async scene => {
      const id = await busiestLeader(scene)
      await scene.rig.kafka.killBroker(id)
      await pause(7500)
      await scene.rig.kafka.startBroker(id)
      await untilRecovered(scene)
    },
  },
  {
    name: 'F3',
    what: 'kill -9 of each broker in turn, including the active controller',
    strike: async scene => {
      for (const id of scene.rig.kafka.brokerIds) {
        await scene.rig.kafka.killBroker(id)
        await scene.rig.kafka.startBroker(id)
        await untilRecovered(scene)
      }
    },
  },
  {
    name: 'F4',
    what: 'every partition moves to another leader: brokers refuse part of a request',
    strike: async ({ rig, load }) => {
      await rotatePreferredLeaders(rig.bootstrapServers, load.topic)
      await rig.kafka.electPreferredLeaders()
    },
  },
  {
    name: 'F5',
    what: 'responses are lost after the write, connections are reset',
    strike: async ({ rig, random }) => {
      one(rig, random).loseResponses()
      await pause(200 + random() * 300)
    },
  },
  {
    name: 'F6',
    what: 'requests are cut off in the middle, connections are reset',
    strike: async ({ rig, random }) => {
      one(rig, random).cutRequests(random())
      await pause(200 + random() * 300)
    },
  },
  {
    name: 'F7',
    what: 'two of three brokers are frozen for 8 s',
    strike: async scene => {
      const ids = scene.rig.kafka.brokerIds.filter(id => id !== 1 + Math.floor(scene.random() * 3))
      for (const id of ids.slice(0, 2)) process.kill(scene.rig.kafka.pid(id), 'SIGSTOP')
      await pause(8000)
      for (const id of ids.slice(0, 2)) process.kill(scene.rig.kafka.pid(id), 'SIGCONT')
      await untilRecovered(scene)
    },
  },
  {
    name: 'F8',
    what: 'two of three brokers are killed: too few in-sync replicas',
    strike: async scene => {
      const keep = await busiestLeader(scene)
      const others = scene.rig.kafka.brokerIds.filter(id => id !== keep)
      await Promise.all(others.map(id => scene.rig.kafka.killBroker(id)))
      await pause(4000)
      await Promise.all(others.map(id => scene.rig.kafka.startBroker(id)))
      await untilRecovered(scene)
    },
  },
  {
    name: 'F9',
    what: 'connections go silent, to one broker or to all; new ones hang for 3 s',
    strike: async scene => {
      await disrupt(oneOrAll(scene), 'hang', 3000)
      await pause(1000)
    },
  },
  {
    name: 'F10',
    what: 'connections are reset, and new ones too, for 2 s',
    strike: async scene => {
      await disrupt(oneOrAll(scene), 'reset', 2000)
      await pause(1000)
    },
  },
  {
    name: 'F11',
    what: 'a delay of 5, 50 or 500 ms each way, to one broker or to all',
    strike: async scene => {
      const slow = oneOrAll(scene)
      const delayMs = [5, 50, 500][Math.floor(scene.random() * 3)] as number
      for (const proxy of slow) proxy.delayMs = delayMs
      await pause(2500)
      for (const proxy of slow) proxy.delayMs = 0
    },
  },
  {
    name: 'F12',
    what: 'the sender is frozen for 1 to 4 s during a send; its connections may go silent',
    freezesSender: true,
    strike: async ({ rig, load, random }) => {
      load.freeze()
      if (random() < 0.5) for (const proxy of rig.proxies) proxy.cut('silent')
      await pause(1000 + random() * 3000)
      load.thaw()
      await pause(1500)
    },
  },
  {
    name: 'F13',
    what: 'kill -9 of the sender during a send',
    strike: async ({ load, random }) => {
      await pause(random() * 1500)
      await load.restart()
    },
  },
  {
    name: 'F15',
    what: 'SQS: sandboxes are killed, batches outlast their visibility or fail in part',
    load: 'queues',
    strike: async ({ rig, load, random }) => {
      for (let kills = 0; kills < 3; kills++) {
        await load.restart()
        await pause(500 + random() * 500)
      }
      // Longer than the visibility timeout and than a record's deadline.
      await disrupt([one(rig, random)], 'hang', DELIVERY_MS + 2000)
      await pause(1000)
      await disrupt(rig.proxies, 'reset', 2000)
      await pause(2000)
    },
  },
  {
    name: 'F16',
    what: 'every broker is down for 7 s, and the first dead-letter target too',
    targets: 'down-then-disk',
    strike: scene => outage(scene),
  },
  {
    name: 'F17',
    what: 'every broker is down for 7 s, and every dead-letter target too',
    targets: 'down',
    strike: scene => outage(scene),
  },
  {
    name: 'F22',
    share: 0.5,
    what: 'the topic is deleted and created again with half as many partitions',
    strike: async scene => {
      const { length } = await partitionsOf(scene.rig.bootstrapServers, scene.load.topic)
      // From 6 to 3 to 1 partitions. A key whose partition remains stays in it, so that the order of its records can be
      // checked.
      await recreate(scene, Math.max(1, Math.floor(length / 2)))
    },
  },
  {
    name: 'F23',
    share: 0.5,
    what: 'the topic is deleted and created again with as many partitions',
    strike: async scene => {
      const { length } = await partitionsOf(scene.rig.bootstrapServers, scene.load.topic)
      await recreate(scene, length)
    },
  },
  {
    name: 'F24',
    share: 0.5,
    what: 'Metadata takes 1.2 s on every broker while partitions move to other leaders',
    deliversAll: true,
    strike: async ({ rig, load }) => {
      await rotatePreferredLeaders(rig.bootstrapServers, load.topic)
      for (const proxy of rig.proxies) proxy.metadataDelayMs = 1200
      await rig.kafka.electPreferredLeaders()
      await pause(2500)
      for (const proxy of rig.proxies) proxy.metadataDelayMs = 0
    },
  },
  {
    name: 'F25',
    share: 0.5,
    what: 'a quota of 400 B/s per broker for 4 s: brokers ask for pauses of seconds',
    strike: async ({ rig }) => {
      await rig.kafka.setProducerQuota(CLIENT_ID, 400)
      await pause(4000)
      await rig.kafka.setProducerQuota(CLIENT_ID, undefined)
      await pause(1500)
    },
  },
  {
    name: 'F26',
    share: 0.5,
    what: 'buffer.memory of 16 kB for 24 callers; brokers answer late, then hang for longer than a record’s time',
    sender: {
      callers: 24,
      settings: { bufferMemory: 16_384, maxRequestSize: 8192, batchSize: 4096, deliveryTimeoutMs: 3000 },
    },
    strike: async ({ rig }) => {
      for (const proxy of rig.proxies) proxy.delayMs = 150
      await pause(2000)
      for (const proxy of rig.proxies) proxy.delayMs = 0
      await disrupt(rig.proxies, 'hang', 4000)
      await pause(1000)
    },
  },
  {
    name: 'F27',
    share: 0.5,
    what: 'every broker takes 800 ms for an answer, and connections are idle between the sends',
    deliversAll: true,
    sender: { pauseMs: 300 },
    strike: async ({ rig, problem }) => {
      for (const proxy of rig.proxies) proxy.delayMs = 400
      // The first probes still have the time limit of the fast answers before, and may end their connections.
      await pause(4000)
      const attempts = () => rig.proxies.reduce((sum, { connectionAttempts }) => sum + connectionAttempts.length, 0)
      const before = attempts()
      await pause(4000)
      if (attempts() > before) problem(`${attempts() - before} new connections, although brokers are only slow`)
      for (const proxy of rig.proxies) proxy.delayMs = 0
    },
  },
  {
    name: 'F28',
    share: 0.5,
    what: 'another cluster that has the topic is at the brokers’ addresses for some seconds',
    hasOtherCluster: true,
    strike: async ({ rig, load }) => {
      await rig.atOtherCluster(async () => {
        await createTopics(rig.bootstrapServers, [{ topic: load.topic, partitions: 6, replicas: 1 }])
        await pause(3000)
      })
      await pause(2500)
    },
  },
]

/** The default of `client.id`. */
const CLIENT_ID = 'serverless-kafka-producer'

async function recreate({ load }: FaultContext, partitions: number): Promise<void> {
  await load.recreateTopic?.(partitions)
  await pause(4000)
}

export async function outage({ rig }: FaultContext, ms = 7000): Promise<void> {
  await disrupt(rig.proxies, 'reset', ms)
  await pause(2000)
}

async function disrupt(proxies: ProxiedKafka['proxies'], newConnections: 'hang' | 'reset', ms: number): Promise<void> {
  for (const proxy of proxies) {
    proxy.newConnections = newConnections
    proxy.cut(newConnections === 'hang' ? 'silent' : 'rst')
  }
  await pause(ms)
  for (const proxy of proxies) {
    proxy.newConnections = 'forward'
    // Resets the connections that hung, so that both ends notice it.
    proxy.cut('rst')
  }
}

function oneOrAll({ rig, random }: FaultContext): ProxiedKafka['proxies'] {
  return random() < 0.5 ? rig.proxies : [one(rig, random)]
}

function one({ proxies }: ProxiedKafka, random: () => number): ProxiedKafka['proxy'] {
  return proxies[Math.floor(random() * proxies.length)] as ProxiedKafka['proxy']
}

async function busiestLeader({ rig, load }: FaultContext): Promise<number> {
  const partitions = await partitionsOf(rig.bootstrapServers, load.topic)
  const leading = (id: number) => partitions.filter(({ leader }) => leader === id).length
  return [...rig.kafka.brokerIds].sort((a, b) => leading(b) - leading(a))[0] as number
}

async function untilRecovered({ rig, load }: FaultContext): Promise<void> {
  await untilInSync(rig.bootstrapServers, load.topic, 3)
  await pause(1500)
}
