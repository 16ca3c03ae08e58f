// A real schema registry with Confluent's API on 127.0.0.1: Apicurio Registry, in memory.
import type { ChildProcess } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { apicurioFolder } from '../artifacts.ts'
import { freePort } from '../ports.ts'
import { endProcess, startProcess } from '../processes.ts'
import { requireJava } from '../requirements.ts'

const START_MS = 60_000
const HEAP = '-Xmx256m'
/** How often it is started when another program took its port meanwhile. */
const ATTEMPTS = 3

export interface ApicurioOptions {
  readonly log?: (line: string) => void
  /** Default: any free port. */
  readonly firstPort?: number
}

/** A registry that can be killed and started again at the same address, but then has lost its schemas. */
export class LocalApicurio {
  /** The URL of Confluent's API. */
  readonly url: string
  readonly #folder: string
  readonly #port: number
  #process: ChildProcess | undefined

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
    this.url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  }

  static async start({ log = () => {}, firstPort = 0 }: ApicurioOptions = {}): Promise<LocalApicurio> {
    requireJava()
    const folder = await apicurioFolder(log)
    for (let attempt = 1; ; attempt++) {
      const apicurio = new LocalApicurio(folder, await freePort(firstPort))
      try {
        await apicurio.startAgain()
        return apicurio
      } catch (error) {
        await apicurio.kill()
        const isTaken = String(error).includes('in use by another process')
        if (!isTaken || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** Starts it again. Resolves when it answers requests. */
  async startAgain(): Promise<void> {
    const runner = readdirSync(this.#folder).find(name => name.endsWith('-runner.jar')) ?? ''
    const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', HEAP, '-jar', runner]
    const child = startProcess('apicurio', 'java', java, {
      cwd: this.#folder,
      env: { ...process.env, QUARKUS_HTTP_HOST: '127.0.0.1', QUARKUS_HTTP_PORT: String(this.#port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a process group of its own, Ctrl-C reaches only this process, which then stops the registry in order.
      detached: true,
    })
    this.#process = child
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', chunk => {
        output = `${output}${chunk}`.slice(-4000)
      })
    const end = Date.now() + START_MS
    // Not checked by a request, because another program may have taken the port and answer instead.
    while (!output.includes('Listening on: ')) {
      if (child.exitCode !== null || Date.now() > end)
        throw new Error(`Apicurio Registry did not start; its output ends:\n${output}`)
      await pause(100)
    }
  }

  async kill(): Promise<void> {
    if (this.#process) await endProcess(this.#process, 0, 'SIGKILL')
  }

  async stop(): Promise<void> {
    if (this.#process) await endProcess(this.#process, 2000)
  }
}
