// A TCP proxy in front of a broker whose connections can be cut: in silence, with a FIN or with an RST. New ones go through.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Cut = 'silent' | 'fin' | 'rst'

interface Pair {
  readonly client: Socket
  readonly broker: Socket
  silent: boolean
}

export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Where new connections go; set before the first. */
  targetPort = 0
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

  close(): void {
    for (const { client, broker } of this.#pairs) {
      client.destroy()
      broker.destroy()
    }
    this.#server.close()
  }

  #join(client: Socket): void {
    this.connections++
    const broker = connect(this.targetPort, '127.0.0.1')
    const pair: Pair = { client, broker, silent: false }
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', chunk => {
        if (!pair.silent) to.write(chunk)
      })
      from.on('error', () => from.destroy())
      from.on('close', () => {
        this.#pairs.delete(pair)
        if (!pair.silent) to.destroy()
      })
    }
  }
}
