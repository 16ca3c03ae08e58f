// A TCP proxy in front of a broker that can disrupt connections: silence them, close them with a FIN, or reset them.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { RequestScan } from './request-scan.ts'

export type Cut = 'silent' | 'fin' | 'rst'
/** What the proxy does with a new connection: forwards it, lets it hang without a response, or resets it. */
export type NewConnections = 'forward' | 'hang' | 'reset'

interface Pair {
  readonly client: Socket
  readonly broker: Socket
  silent: boolean
  losing: boolean
  /** The share of the client's next chunk that is forwarded before both ends are reset. */
  cutting: number | undefined
}

export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** The broker's port; set it before the first connection. */
  targetPort = 0
  newConnections: NewConnections = 'forward'
  /** Delay of all data in both directions, ms. */
  delayMs = 0
  /** Delay of Metadata requests, ms. Later requests on their connection wait, too. */
  metadataDelayMs = 0
  /** How many new connections per second are accepted at most; more are reset, as MSK does. */
  acceptPerSecond = Number.POSITIVE_INFINITY
  /** What clients have sent, in bytes. */
  bytesFromClients = 0
  /** Times of all connection attempts, ms since the epoch. */
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

  /**
   * Disrupts all open connections. `silent`: no more data passes in either direction, and neither end gets a FIN or
   * RST.
   */
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

  /**
   * Drops the broker's next response on each connection and resets it: the broker has written the records, but the
   * client never learns it.
   */
  loseResponses(): void {
    for (const pair of this.#pairs) pair.losing = true
  }

  /** Forwards only a share of the client's next request on each connection, then resets it. */
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
    if (this.newConnections === 'reset' || !this.#admits()) return void client.resetAndDestroy()
    const broker = connect(this.targetPort, '127.0.0.1')
    const pair: Pair = { client, broker, silent: this.newConnections === 'hang', losing: false, cutting: undefined }
    this.#pairs.add(pair)
    const requests = new RequestScan()
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      from.setNoDelay(true)
      const pass = (chunk: Buffer) => {
        if (!pair.silent && !to.destroyed) to.write(chunk)
      }
      // Keeps the order of the bytes even if the delay changes.
      let delayed = 0
      let last: Promise<void> = Promise.resolve()
      const passLater = (chunk: Buffer, delayMs: number) => {
        const at = performance.now() + delayMs
        delayed++
        last = last.then(async () => {
          await pause(Math.max(0, at - performance.now()))
          delayed--
          pass(chunk)
        })
      }
      from.on('data', chunk => {
        if (from === client) this.bytesFromClients += chunk.length
        if (pair.cutting !== undefined && from === client) {
          // Sends this part before the FIN.
          broker.end(chunk.subarray(0, Math.floor(chunk.length * pair.cutting)))
          client.resetAndDestroy()
        } else if (pair.losing && from === broker) {
          client.resetAndDestroy()
          broker.destroy()
        } else {
          const delayMs = this.delayMs + (from === client && requests.hasMetadata(chunk) ? this.metadataDelayMs : 0)
          if (delayMs > 0 || delayed > 0) passLater(chunk, delayMs)
          else pass(chunk)
        }
      })
      from.on('error', () => from.destroy())
      from.on('close', () => {
        this.#pairs.delete(pair)
        if (!pair.silent) to.destroy()
      })
    }
  }
}
