// A TCP proxy in front of a broker whose connections can be cut: in silence, with a FIN or with an RST. New ones go through.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Cut = 'silent' | 'fin' | 'rst'
/** What becomes of new connections: they go through, hang without an answer, or are reset. */
export type Door = 'open' | 'hanging' | 'resetting'

interface Pair {
  readonly client: Socket
  readonly broker: Socket
  silent: boolean
  losing: boolean
}

export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Where new connections go; set before the first. */
  targetPort = 0
  door: Door = 'open'
  connections = 0

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

  close(): void {
    for (const { client, broker } of this.#pairs) {
      client.destroy()
      broker.destroy()
    }
    this.#server.close()
  }

  #join(client: Socket): void {
    this.connections++
    if (this.door === 'resetting') return void client.resetAndDestroy()
    const broker = connect(this.targetPort, '127.0.0.1')
    const pair: Pair = { client, broker, silent: this.door === 'hanging', losing: false }
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', chunk => {
        if (pair.losing && from === broker) {
          client.resetAndDestroy()
          broker.destroy()
        } else if (!pair.silent) to.write(chunk)
      })
      from.on('error', () => from.destroy())
      from.on('close', () => {
        this.#pairs.delete(pair)
        if (!pair.silent) to.destroy()
      })
    }
  }
}
