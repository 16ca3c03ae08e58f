// One execution environment: a child process behind its own Lambda Runtime API (next, response, error, init/error).
// As in Lambda, it handles one invocation at a time, is frozen between invocations, and is killed when one times out.
import type { ChildProcess } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deepJsonText } from '../../lib/record/json-object.ts'
import { createLocalServer } from '../local-server.ts'
import { listenLocally } from '../ports.ts'
import { endProcess, startProcess } from '../processes.ts'

export interface SandboxOptions {
  readonly name: string
  /** The command that runs the runtime client. */
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly onOutput: (line: string) => void
}

const randomHex = (bytes: number) => randomBytes(bytes).toString('hex')

/** Lambda's limit for the init phase. */
const INIT_MS = 10_000

interface Invocation {
  readonly id: string
  readonly event: unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export class Sandbox {
  readonly #options: SandboxOptions
  readonly #server: Server
  #child: ChildProcess | undefined
  #next: ServerResponse | undefined
  #queued: Invocation | undefined
  #running: Invocation | undefined
  #timer: NodeJS.Timeout | undefined
  #stopping = false
  isDead = false

  private constructor(options: SandboxOptions) {
    this.#options = options
    this.#server = createLocalServer({
      handle: (request, response) => this.#serve(request, response),
      onError: error => options.onOutput(`Runtime API: ${(error as Error).message}`),
    })
    // A request for `next` waits until there is an invocation, so it must not time out.
    this.#server.requestTimeout = 0
    this.#server.keepAliveTimeout = 0
  }

  static async start(options: SandboxOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options)
    await listenLocally(sandbox.#server, 0)
    const { port } = sandbox.#server.address() as AddressInfo
    const child = startProcess(options.name, options.command, options.args, {
      env: { ...reservedVariables(options.name), ...options.env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    sandbox.#child = child
    for (const stream of [child.stdout, child.stderr]) forEachLine(stream, options.onOutput)
    sandbox.#timer = setTimeout(() => {
      sandbox.#die(new Error(`Init timed out after ${INIT_MS / 1000} seconds`))
      child.kill('SIGKILL')
    }, INIT_MS)
    child.once('exit', status => sandbox.#die(new Error(`Runtime exited with ${status}`)))
    return sandbox
  }

  get isBusy(): boolean {
    return this.#queued !== undefined || this.#running !== undefined
  }

  /** @throws Error the error that the function reported, its timeout or its crash */
  invoke(event: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isDead) return reject(new Error('The sandbox is dead.'))
      this.#queued = { id: randomUUID(), event, resolve, reject }
      this.#handOver()
    })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Stops the process until `thaw`, as Lambda does between invocations. */
  freeze(): void {
    if (!this.isDead && !this.#stopping) this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    if (!this.isDead) this.#child?.kill('SIGCONT')
  }

  /** @returns the exit status of the process; null if a signal ended it */
  async stop(): Promise<number | null> {
    this.#stopping = true
    this.thaw()
    if (this.#child) await endProcess(this.#child, 2000)
    this.#die(new Error('The sandbox was stopped.'))
    return this.#child?.exitCode ?? null
  }

  #handOver(): void {
    if (!this.#next || !this.#queued || this.#running) return
    const response = this.#next
    const invocation = this.#queued
    this.#next = undefined
    this.#queued = undefined
    this.#running = invocation
    this.thaw()
    this.#timer = setTimeout(() => {
      this.#die(new Error(`Task timed out after ${this.#options.timeoutMs / 1000} seconds`))
      this.#child?.kill('SIGKILL')
    }, this.#options.timeoutMs)
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': String(Date.now() + this.#options.timeoutMs),
      'lambda-runtime-invoked-function-arn': `arn:aws:lambda:local:000000000000:function:${this.#options.name}`,
      'lambda-runtime-trace-id': `Root=1-${randomHex(4)}-${randomHex(12)};Sampled=0`,
    })
    // Handles any depth, because the sender of an event decides how deep it is.
    response.end(deepJsonText(invocation.event))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/2018-06-01/runtime', '')
    if (path === '/invocation/next') {
      clearTimeout(this.#timer)
      this.#next = response
      this.#handOver()
      // Between invocations Lambda freezes the environment.
      if (!this.#running) this.freeze()
      return
    }
    const body = await readAll(request)
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
    if (path === '/init/error') this.#die(functionError(body))
    else if (path === `/invocation/${this.#running?.id}/response`)
      this.#finish(invocation => invocation.resolve(JSON.parse(body)))
    else if (path === `/invocation/${this.#running?.id}/error`)
      this.#finish(invocation => invocation.reject(functionError(body)))
  }

  #finish(complete: (invocation: Invocation) => void): void {
    clearTimeout(this.#timer)
    const invocation = this.#running
    this.#running = undefined
    if (invocation) complete(invocation)
  }

  #die(error: Error): void {
    this.isDead = true
    this.#finish(invocation => invocation.reject(error))
    this.#queued?.reject(error)
    this.#queued = undefined
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** Lambda's reserved variables, except AWS_EXECUTION_ENV, so that no code mistakes the local stack for Lambda. */
function reservedVariables(name: string): Record<string, string> {
  return {
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_REGION: 'us-east-1',
    // The local SQS accepts any credentials.
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  }
}

function functionError(body: string): Error {
  const { errorType = 'Error', errorMessage = '' } = JSON.parse(body) as { errorType?: string; errorMessage?: string }
  return Object.assign(new Error(errorMessage), { name: errorType })
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function forEachLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') onLine(line)
  })
}
