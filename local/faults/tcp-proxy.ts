// A TCP proxy in front of a broker whose connections can be cut: in silence, with a FIN or with an RST. New ones go through.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export type Cut = 'silent' | 'fin' | 'rst'
/** What becomes of new connections: they go through, hang without an answer, or are reset. */
export type Door = 'open' | 'hanging' | 'resetting'

interface Pair {
  readonly client: Socket
  readonly broker: Socket
  silent: boolean
  losing: boolean
  /** How much of what comes next from the client goes through before both ends are reset: a share of it. */
  cutting: number | undefined
}

export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Where new connections go; set before the first. */
  targetPort = 0
  door: Door = 'open'
  /** Of everything, either way, ms. */
  delayMs = 0
  /** New connections that go through in any one second; the others are reset, as MSK does. */
  acceptPerSecond = Number.POSITIVE_INFINITY
  /** When connections were asked for, wall-clock ms. */
  readonly connectionAttempts: number[] = []
  readonly #accepted: number[] = []

  private constructor() {
    this.#server = createServer(client => this.#join(client))
  }

  static async listen(): Promise<TcpProxy> {
    const proxy = new TcpProxy()
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** All connections that are open: in silence nothing passes any more, either way, and neither end is told. */
  cut(kind: Cut): void {
    for (const pair of this.#pairs) {
      if (kind === 'silent') pair.silent = true
      else {
        if (kind === 'fin') pair.client.end()
        else pair.client.resetAndDestroy()
        pair.broker.destroy()
      }
    }
  }

  /** What the broker answers next on each connection is lost, and then the connection is: it has written, and nobody is told. */
  loseAnswers(): void {
    for (const pair of this.#pairs) pair.losing = true
  }

  /** What the client sends next on each connection arrives in part, and then the connection is lost. */
  cutRequests(share: number): void {
    for (const pair of this.#pairs) pair.cutting = share
  }

  close(): void {
    for (const { client, broker } of this.#pairs) {
      client.destroy()
      broker.destroy()
    }
    this.#server.close()
  }

  #admits(): boolean {
    const now = Date.now()
    while (this.#accepted[0] !== undefined && this.#accepted[0] <= now - 1000) this.#accepted.shift()
    if (this.#accepted.length >= this.acceptPerSecond) return false
    this.#accepted.push(now)
    return true
  }

  #join(client: Socket): void {
    this.connectionAttempts.push(Date.now())
    if (this.door === 'resetting' || !this.#admits()) return void client.resetAndDestroy()
    const broker = connect(this.targetPort, '127.0.0.1')
    const pair: Pair = { client, broker, silent: this.door === 'hanging', losing: false, cutting: undefined }
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      from.setNoDelay(true)
      const pass = (chunk: Buffer) => {
        if (!pair.silent && !to.destroyed) to.write(chunk)
      }
      // Bytes keep their order, also while a delay ends.
      let delayed = 0
      let last: Promise<void> = Promise.resolve()
      const passLater = (chunk: Buffer) => {
        const at = performance.now() + this.delayMs
        delayed++
        last = last.then(async () => {
          await pause(Math.max(0, at - performance.now()))
          delayed--
          pass(chunk)
        })
      }
      from.on('data', chunk => {
        if (pair.cutting !== undefined && from === client) {
          // The part is flushed before the end is told.
          broker.end(chunk.subarray(0, Math.floor(chunk.length * pair.cutting)))
          client.resetAndDestroy()
        } else if (pair.losing && from === broker) {
          client.resetAndDestroy()
          broker.destroy()
        } else if (this.delayMs > 0 || delayed > 0) passLater(chunk)
        else pass(chunk)
      })
      from.on('error', () => from.destroy())
      from.on('close', () => {
        this.#pairs.delete(pair)
        if (!pair.silent) to.destroy()
      })
    }
  }
}
