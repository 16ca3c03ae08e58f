// The socket of a connection, TCP or TLS, and what happened to it.
import { once } from 'node:events'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { type Clock, sleep } from '../../time/clock.ts'
import type { TlsMaterial } from '../connection-security.ts'
import type { EarlyClose } from './refused-connection.ts'

const KEEP_ALIVE_MS = 30_000
/** Set explicitly, because NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would change Node's defaults. */
const TLS_ALWAYS = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const

export interface ConnectionSocketOptions {
  readonly host: string
  readonly port: number
  readonly lookup: LookupFunction
  readonly clock: Clock
  /** Undefined: no TLS. */
  readonly tls: TlsMaterial | undefined
  /** Called when the socket ends for any reason, possibly several times. */
  readonly onEnd: (event: 'end' | 'error' | 'close') => void
}

export class ConnectionSocket {
  /** The error that the socket emitted. */
  error: NodeJS.ErrnoException | undefined
  readonly #options: ConnectionSocketOptions
  readonly #begin: number
  #socket: Socket | undefined
  /** Times of the TCP handshake and of the first bytes sent (monotonic clock). */
  #tcpConnectedAt: number | undefined
  #firstWriteAt: number | undefined

  constructor(options: ConnectionSocketOptions) {
    this.#options = options
    this.#begin = options.clock.now()
  }

  get isTcpConnected(): boolean {
    return this.#tcpConnectedAt !== undefined
  }

  get timesOfClose(): Omit<EarlyClose, 'cause'> {
    const now = this.#options.clock.now()
    return {
      msAfterWrite: this.#firstWriteAt === undefined ? undefined : now - this.#firstWriteAt,
      connectMs: (this.#tcpConnectedAt ?? now) - this.#begin,
    }
  }

  /** Opens the TCP connection and sends nothing for `ms`, in which a broker at its connection limit closes it. */
  async listenFirst(ms: number): Promise<void> {
    const { host, port, lookup, clock } = this.#options
    const socket = this.#watch(connect({ host, port, lookup }))
    await once(socket, 'connect')
    await sleep(clock, ms)
  }

  /** Opens the socket, on the TCP connection of `listenFirst` if there is one. */
  open(onConnect: () => void): Socket {
    const { host, port, lookup, tls } = this.#options
    const opened = this.#socket
    if (tls) {
      const target = opened ? { host, socket: opened } : { host, port, lookup }
      const name = isIP(host) ? {} : { servername: host }
      if (opened) this.willWrite()
      return this.#watch(connectTls({ ...target, ...tls, ...name, ...TLS_ALWAYS }, onConnect))
    }
    if (!opened) return this.#watch(connect({ host, port, lookup }, onConnect))
    queueMicrotask(onConnect)
    return opened
  }

  /** Call it before anything is written. */
  willWrite(): void {
    this.#firstWriteAt ??= this.#options.clock.now()
  }

  /**
   * Writes all parts, with one system call if the operating system takes them all.
   * @param onWritten called when all parts are taken, or never will be because the socket was destroyed
   */
  write(parts: readonly Buffer[], onWritten?: () => void): void {
    const socket = this.#socket as Socket
    if (parts.length > 1) socket.cork()
    const last = parts.length - 1
    parts.forEach((part, index) => void socket.write(part, index === last ? onWritten : undefined))
    if (parts.length > 1) socket.uncork()
  }

  /** Collects everything written until `uncork` into one write. */
  cork(): void {
    this.#socket?.cork()
  }

  uncork(): void {
    this.#socket?.uncork()
  }

  /**
   * Destroys the socket, always with an error: kafkajs does not listen to 'close', and would wait for answers forever.
   */
  destroy(reason: string): void {
    if (this.#socket && !this.#socket.destroyed) this.#socket.destroy(new Error(reason))
  }

  #watch(socket: Socket): Socket {
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.once('connect', () => {
      this.#tcpConnectedAt ??= this.#options.clock.now()
      // TLS sends its first bytes at once.
      if (socket instanceof TLSSocket) this.willWrite()
    })
    socket.once('error', error => {
      this.error ??= error
    })
    for (const event of ['end', 'error', 'close'] as const) socket.on(event, () => this.#options.onEnd(event))
    this.#socket = socket
    return socket
  }
}
