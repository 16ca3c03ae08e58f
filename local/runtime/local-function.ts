// Runs a deployed function locally: starts sandboxes on demand up to its concurrency, keeps them warm, and replaces
// those that die.

import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Sandbox } from './sandbox.ts'

export interface LocalFunctionOptions {
  readonly name: string
  /** The bundle that `npm run build` writes. */
  readonly bundle: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly concurrency: number
  readonly onOutput: (line: string) => void
  /** The command with which a sandbox runs the bundle; default: local/runtime/runtime-client.ts. */
  readonly runtime?: (bundle: string) => {
    readonly command: string
    readonly args: readonly string[]
    readonly env?: Readonly<Record<string, string>>
  }
}

export class LocalFunction {
  #options: LocalFunctionOptions
  #sandboxes: Sandbox[] = []
  #starting = 0
  #stopped = false
  readonly #waiting: { resolve: (sandbox: Sandbox) => void; reject: (error: unknown) => void }[] = []

  constructor(options: LocalFunctionOptions) {
    this.#options = options
  }

  get sandboxes(): readonly Sandbox[] {
    return this.#sandboxes
  }

  async invoke(event: unknown): Promise<unknown> {
    const sandbox = await this.#take()
    try {
      return await sandbox.invoke(event)
    } finally {
      this.#release()
    }
  }

  /** Deploys new code or settings. Busy sandboxes finish their invocation first. */
  async reload(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#options = { ...this.#options, env: { ...this.#options.env, ...env } }
    const old = this.#sandboxes
    this.#sandboxes = []
    for (const sandbox of old) {
      while (sandbox.isBusy) await pause(50)
      await sandbox.stop()
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('The local function was stopped.'))
    await Promise.all(this.#sandboxes.map(sandbox => sandbox.stop()))
  }

  readonly #taken = new WeakSet<Sandbox>()

  #take(): Promise<Sandbox> {
    return new Promise((resolveSandbox, reject) => {
      this.#waiting.push({ resolve: resolveSandbox, reject })
      this.#release()
    })
  }

  #release(): void {
    this.#sandboxes = this.#sandboxes.filter(sandbox => !sandbox.isDead)
    for (const sandbox of this.#sandboxes) if (!sandbox.isBusy) this.#taken.delete(sandbox)
    while (this.#waiting.length > 0) {
      const free = this.#sandboxes.find(sandbox => !sandbox.isBusy && !this.#taken.has(sandbox))
      if (!free) break
      this.#taken.add(free)
      this.#waiting.shift()?.resolve(free)
    }
    if (
      this.#waiting.length > this.#starting &&
      this.#sandboxes.length + this.#starting < this.#options.concurrency &&
      !this.#stopped
    )
      void this.#grow()
  }

  async #grow(): Promise<void> {
    this.#starting++
    const { name, bundle, env, timeoutMs, onOutput, runtime } = this.#options
    const ownClient = { command: process.execPath, args: [resolve('local/runtime/runtime-client.ts')] }
    const { command, args, env: runtimeEnv = {} } = { env: {}, ...(runtime?.(bundle) ?? ownClient) }
    try {
      const path = process.env.PATH ?? ''
      this.#sandboxes.push(
        await Sandbox.start({
          name,
          command,
          args,
          timeoutMs,
          onOutput,
          env: { PATH: path, _HANDLER: `${resolve(bundle)}#handler`, ...runtimeEnv, ...env },
        }),
      )
    } catch (error) {
      this.#waiting.shift()?.reject(error)
    } finally {
      this.#starting--
      this.#release()
    }
  }
}
