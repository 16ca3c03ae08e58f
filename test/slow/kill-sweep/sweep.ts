// Runs the processes of a sweep on one target, and kills them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { createTopics, kafkaOf, readTopic, untilInSync } from '../../../local/kafka/admin.ts'
import { judge, type Verdict } from './ledger.ts'
import type { Place } from './places.ts'

/** What is killed: an operation, and the event after which it is. */
export const MOMENTS = [
  ['redrive', 'try'],
  ['store', 'store'],
  ['redrive', 'begin'],
  ['edit', 'edit'],
  ['redrive', 'completed'],
  ['discard', 'begin'],
  ['tidy', 'begin'],
  ['redrive', 'try'],
  ['discard', 'discarded'],
  ['edit', 'begin'],
  ['tidy', 'completed'],
] as const
/** How long after it, unless that is the begin of an operation, ms. */
const SOON_MS = 15
/** The targets that note what a redrive is sending. */
export const NOTED: ReadonlySet<string> = new Set(['disk', 'sqlite', 's3', 'dynamodb'])
/** The setting of the processes (process.ts). */
const IN_DOUBT_WAIT_MS = 1000
/** What a first guess of an operation's duration is, ms. */
const DURATION_MS = 300
/** What a process does wrong, for controls that must be caught; without leases nothing may be lost either. */
export type Control = 'completes before it sends' | 'forgets what is completed' | 'ignores leases'

export interface SweepOptions {
  /** The bundle of `process.ts`. */
  readonly program: string
  readonly servers: string
  /** The topic of the records. */
  readonly topic: string
  readonly control?: Control
}

export class Sweep {
  readonly place: Place
  readonly #options: SweepOptions
  readonly #events: string[] = []
  readonly #durations = new Map<string, number>()
  #processes = 0

  private constructor(place: Place, options: SweepOptions) {
    this.place = place
    this.#options = options
  }

  static async create(place: Place, options: SweepOptions): Promise<Sweep> {
    await createTopics(options.servers, [{ topic: options.topic, partitions: 1 }])
    await untilInSync(options.servers, options.topic, 1)
    return new Sweep(place, options)
  }

  /** Kills a process at a drawn moment after an event of an operation. */
  async kill([operation, event]: (typeof MOMENTS)[number]): Promise<void> {
    const { child, ended, happened } = this.#start(operation, { event })
    await happened
    const withinMs = event === 'begin' ? 1.1 * (this.#durations.get(operation) ?? DURATION_MS) : SOON_MS
    await pause(Math.random() * withinMs)
    child.kill('SIGKILL')
    const { signal, stderr } = await ended
    if (signal !== 'SIGKILL') throw new Error(`The process ended before it was killed:\n${stderr}`)
    this.#events.push('killed')
    await this.place.endLease()
    await this.#untilWritten()
  }

  /** Requests of a topic are written in their order: with this one the killed process's last is in the log, too. */
  async #untilWritten(): Promise<void> {
    const { servers, topic } = this.#options
    const producer = kafkaOf(servers).producer()
    await producer.connect()
    await producer.send({ topic, messages: [{ value: null }] })
    await producer.disconnect()
  }

  /** Runs an operation once, to its end. @returns the exit status and the output of its errors */
  once(
    operation: string,
    count = this.place.count,
  ): Promise<{ readonly status: number | null; readonly stderr: string }> {
    return this.#start(`once:${operation}`, { count }).ended
  }

  /** Runs operations to their ends, and holds what is found then against the promises. */
  async finish(operations: readonly string[] = ['discard', 'edit', 'redrive']): Promise<Verdict> {
    const { servers, topic } = this.#options
    await this.place.settled?.()
    // What a killed redrive was sending waits before it is looked for.
    await pause(IN_DOUBT_WAIT_MS + 500)
    for (const operation of operations) {
      const { status, stderr } = await this.once(operation)
      if (status !== 0) throw new Error(`${operation} failed:\n${stderr}`)
    }
    if (operations.includes('redrive')) await this.#redriveWhatIsLeft()
    const records = await readTopic(servers, topic)
    const values = records.filter(({ value }) => value !== null).map(({ value }) => String(value))
    const isNoted = NOTED.has(this.place.name) && this.#options.control === undefined
    return judge({ events: this.#events, isNoted, values, left: await this.place.left() })
  }

  /** A redrive keeps what a slow broker has not acknowledged, for the next one. */
  async #redriveWhatIsLeft(): Promise<void> {
    // To look at a queue hides its messages.
    if (this.#options.control !== undefined || this.place.name === 'sqs') return
    for (let round = 0; round < 3; round++) {
      const left = await this.place.left()
      if (left.every(id => id.startsWith('kept-'))) return
      await pause(IN_DOUBT_WAIT_MS)
      const { status, stderr } = await this.once('redrive')
      if (status !== 0) throw new Error(`redrive failed:\n${stderr}`)
    }
  }

  #start(operation: string, { event = '', count = this.place.count }) {
    const { program, servers, topic, control = '' } = this.#options
    const name = `${topic}-${this.#processes++}`
    const child: ChildProcess = spawn(
      process.execPath,
      [program, this.place.setting, servers, topic, operation, name, String(count), control],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(program), 'cache') },
      },
    )
    let stderr = ''
    child.stderr?.on('data', chunk => {
      stderr += chunk
    })
    const happened = Promise.withResolvers<void>()
    let began = 0
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', line => {
      this.#events.push(line)
      if (line === 'begin') began = performance.now()
      if (began > 0 && line.split(' ', 1)[0] === event) happened.resolve()
      if (line === 'end') this.#durations.set(operation, performance.now() - began)
    })
    const ended = once(child, 'close').then(([status, signal]) => {
      happened.resolve()
      return { status: status as number | null, signal: signal as string | null, stderr }
    })
    return { child, ended, happened: happened.promise }
  }
}
