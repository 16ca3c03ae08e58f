// The load of load.ts: a process of its own, with its ledger on disk.
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createTopics, deleteTopic, untilInSync } from '../kafka/admin.ts'
import { startProcess } from '../processes.ts'
import { check } from './check.ts'
import type { FaultLoad } from './fault-load.ts'
import type { SenderSpec } from './load.ts'

const PARTITIONS = 6
const CALLERS = 4
const DOWN = 'sqs:http://127.0.0.1:9/000000000000/nowhere'

export type Driver = 'ours' | 'kafkajs' | 'kafkajs-acks-1' | 'kafkajs-idempotent'
/** Dead-letter targets: a disk; a target that is down, then a disk; only a target that is down; none. */
export type Targets = 'disk' | 'down-then-disk' | 'down' | 'off'

/** How the sender differs from the default, for faults that need it. */
export type SenderTuning = Partial<Pick<SenderSpec, 'callers' | 'pauseMs' | 'settings'>>

export interface SenderLoadOptions {
  readonly servers: string
  readonly driver: Driver
  readonly targets: Targets
  /** The folder of the ledger and the dead letters. */
  readonly folder: string
  /** Maximum duration of a call, ms; undefined: no bound. */
  readonly maxMs: number | undefined
  readonly partitions?: number
  readonly tuning?: SenderTuning | undefined
}

export interface SenderLoad extends FaultLoad {
  /** Kills the sender at once. */
  kill(): Promise<void>
}

export async function startSenderLoad({
  servers,
  driver,
  targets,
  folder,
  maxMs,
  partitions = PARTITIONS,
  tuning,
}: SenderLoadOptions): Promise<SenderLoad> {
  const topic = `faults-${randomBytes(5).toString('hex')}`
  await createTopics(servers, [{ topic, partitions, replicas: 3 }])
  await untilInSync(servers, topic, 3)
  const ledger = join(folder, `${topic}.ledger`)
  const deadLetters = join(folder, `${topic}.dead-letters`)
  const settings = {
    disk: `disk:${deadLetters}`,
    'down-then-disk': `${DOWN},disk:${deadLetters}`,
    down: DOWN,
    off: 'none',
  }
  let run = 0
  const spec = { ledger, servers, topic, driver, deadLetter: settings[targets], callers: CALLERS, pauseMs: 0 }
  const start = () => startSender({ ...spec, settings: {}, ...tuning, run: `r${run++}` })
  let madeAnewAt: number | undefined
  let sender = await start()
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    sender.kill(signal)
    await once(sender, 'exit')
  }
  return {
    topic,
    kill: () => kill(),
    restart: async () => {
      await kill()
      sender = await start()
    },
    freeze: () => void sender.kill('SIGSTOP'),
    thaw: () => void sender.kill('SIGCONT'),
    stop: () => kill('SIGTERM'),
    recreateTopic: async partitionCount => {
      await deleteTopic(servers, topic)
      await createTopics(servers, [{ topic, partitions: partitionCount, replicas: 3 }])
      madeAnewAt = Date.now()
      await untilInSync(servers, topic, 3)
    },
    check: async (otherLog = []) => {
      await untilInSync(servers, topic, 3)
      return check({ servers, topic, ledger, deadLetters, maxMs, madeAnewAt, otherLog })
    },
  }
}

async function startSender(spec: SenderSpec): Promise<ChildProcess> {
  const child = startProcess(
    'load',
    process.execPath,
    ['--disable-warning=TimeoutNegativeWarning', 'local/faults/load.ts', JSON.stringify(spec)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: 'k',
        AWS_SECRET_ACCESS_KEY: 's',
        AWS_REGION: 'us-east-1',
        AWS_MAX_ATTEMPTS: '1',
      },
    },
  )
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}
