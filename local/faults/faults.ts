// The faults, each over and over while records are sent. The names are those of the fault matrix in docs/faults.md.
import { setTimeout as pause } from 'node:timers/promises'
import { partitionsOf, rotatePreferredLeaders, untilInSync } from '../kafka/admin.ts'
import type { FaultLoad } from './fault-load.ts'
import { DELIVERY_MS } from './load.settings.ts'
import type { ProxiedKafka } from './proxied-kafka.ts'
import type { Chain } from './sender-load.ts'

interface Scene {
  readonly rig: ProxiedKafka
  readonly load: FaultLoad
  /** From 0 to 1, by the run's seed. */
  readonly random: () => number
}

export interface FailureKind {
  readonly name: string
  readonly what: string
  /** Once: it begins, and it is over when this resolves. */
  strike(scene: Scene): Promise<void>
  /** What sends; default: the sender. */
  readonly load?: 'queues'
  /** The sender's chain of dead letters; default: a disk. */
  readonly chain?: Chain
  /** A call can't be bounded while its process is stopped. */
  readonly freezesSender?: boolean
}

export const FAULTS: readonly FailureKind[] = [
  {
    name: 'F1',
    what: 'clean restart of the leader of most partitions',
    strike: async scene => {
      const id = await busiest(scene)
      await scene.rig.kafka.stopBroker(id)
      await scene.rig.kafka.startBroker(id)
      await completed(scene)
    },
  },
  {
    name: 'F2',
    what: 'kill -9 of the leader of most partitions',
    strike: async scene => {
      const id = await busiest(scene)
      await scene.rig.kafka.killBroker(id)
      await pause(7500)
      await scene.rig.kafka.startBroker(id)
      await completed(scene)
    },
  },
  {
    name: 'F3',
    what: 'kill -9 of each broker in its turn, the active controller among them',
    strike: async scene => {
      for (const id of scene.rig.kafka.brokerIds) {
        await scene.rig.kafka.killBroker(id)
        await scene.rig.kafka.startBroker(id)
        await completed(scene)
      }
    },
  },
  {
    name: 'F4',
    what: 'every partition gets another leader, and nobody is told: brokers refuse part of a request',
    strike: async ({ rig, load }) => {
      await rotatePreferredLeaders(rig.bootstrapServers, load.topic)
      await rig.kafka.electPreferredLeaders()
    },
  },
  {
    name: 'F5',
    what: 'answers lost after the write, the connection reset',
    strike: async ({ rig, random }) => {
      one(rig, random).loseAnswers()
      await pause(200 + random() * 300)
    },
  },
  {
    name: 'F6',
    what: 'requests cut off in the middle, the connection reset',
    strike: async ({ rig, random }) => {
      one(rig, random).cutRequests(random())
      await pause(200 + random() * 300)
    },
  },
  {
    name: 'F7',
    what: 'two of three brokers frozen for 8 s',
    strike: async scene => {
      const ids = scene.rig.kafka.brokerIds.filter(id => id !== 1 + Math.floor(scene.random() * 3))
      for (const id of ids.slice(0, 2)) process.kill(scene.rig.kafka.pid(id), 'SIGSTOP')
      await pause(8000)
      for (const id of ids.slice(0, 2)) process.kill(scene.rig.kafka.pid(id), 'SIGCONT')
      await completed(scene)
    },
  },
  {
    name: 'F8',
    what: 'too few replicas: two of three brokers stopped',
    strike: async scene => {
      const keep = await busiest(scene)
      const others = scene.rig.kafka.brokerIds.filter(id => id !== keep)
      await Promise.all(others.map(id => scene.rig.kafka.killBroker(id)))
      await pause(4000)
      await Promise.all(others.map(id => scene.rig.kafka.startBroker(id)))
      await completed(scene)
    },
  },
  {
    name: 'F9',
    what: 'connections cut in silence, to one broker or to all, and new ones hang for 3 s',
    strike: async scene => {
      await shut(oneOrAll(scene), 'hanging', 3000)
      await pause(1000)
    },
  },
  {
    name: 'F10',
    what: 'connections reset, and new ones too, for 2 s',
    strike: async scene => {
      await shut(oneOrAll(scene), 'resetting', 2000)
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
    what: 'the sender frozen in mid-send for 1 to 4 s, its connections cut in silence or not',
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
    what: 'kill -9 of the sender in mid-send',
    strike: async ({ load, random }) => {
      await pause(random() * 1500)
      await load.restart()
    },
  },
  {
    name: 'F15',
    what: 'SQS: sandboxes killed in mid-batch, batches that outlast their visibility or fail in part, invalid messages',
    load: 'queues',
    strike: async ({ rig, load, random }) => {
      for (let kills = 0; kills < 3; kills++) {
        await load.restart()
        await pause(500 + random() * 500)
      }
      // Longer than a visibility, and than a record's own time.
      await shut([one(rig, random)], 'hanging', DELIVERY_MS + 2000)
      await pause(1000)
      await shut(rig.proxies, 'resetting', 2000)
      await pause(2000)
    },
  },
  {
    name: 'F16',
    what: 'every broker resets for 7 s and the first dead-letter target is down',
    chain: 'down-then-disk',
    strike: scene => outage(scene),
  },
  {
    name: 'F17',
    what: 'every broker resets for 7 s and every dead-letter target is down',
    chain: 'down',
    strike: scene => outage(scene),
  },
]

async function outage({ rig }: Scene): Promise<void> {
  await shut(rig.proxies, 'resetting', 7000)
  await pause(2000)
}

async function shut(proxies: ProxiedKafka['proxies'], door: 'hanging' | 'resetting', ms: number): Promise<void> {
  for (const proxy of proxies) {
    proxy.door = door
    proxy.cut(door === 'hanging' ? 'silent' : 'rst')
  }
  await pause(ms)
  for (const proxy of proxies) {
    proxy.door = 'open'
    // What hung is over: its ends are told.
    proxy.cut('rst')
  }
}

function oneOrAll({ rig, random }: Scene): ProxiedKafka['proxies'] {
  return random() < 0.5 ? rig.proxies : [one(rig, random)]
}

function one({ proxies }: ProxiedKafka, random: () => number): ProxiedKafka['proxy'] {
  return proxies[Math.floor(random() * proxies.length)] as ProxiedKafka['proxy']
}

async function busiest({ rig, load }: Scene): Promise<number> {
  const partitions = await partitionsOf(rig.bootstrapServers, load.topic)
  const leading = (id: number) => partitions.filter(({ leader }) => leader === id).length
  return [...rig.kafka.brokerIds].sort((a, b) => leading(b) - leading(a))[0] as number
}

async function completed({ rig, load }: Scene): Promise<void> {
  await untilInSync(rig.bootstrapServers, load.topic, 3)
  await pause(1500)
}
