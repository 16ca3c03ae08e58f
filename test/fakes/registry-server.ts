// A registry over HTTP that returns the responses which a test sets, request by request.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface AskedRegistry {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** The client's port: tells connections apart. */
  readonly port: number
}

export interface RegistryAnswer {
  /** Default: 200 */
  readonly status?: number
  readonly headers?: Record<string, string>
  /** A text is sent unchanged, anything else as JSON. */
  readonly body?: unknown
}

type Reaction = RegistryAnswer | 'silence' | 'reset' | 'half'
type Handler = (asked: AskedRegistry) => Reaction | Promise<Reaction>

export class RegistryServer {
  readonly asked: AskedRegistry[] = []
  handler: Handler
  readonly server: Server
  readonly #protocol: string

  private constructor(handler: Handler, tls: ServerOptions | undefined) {
    this.handler = handler
    this.#protocol = tls ? 'https' : 'http'
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response)
    this.server = tls ? createTlsServer(tls, listener) : createServer(listener)
    // Keeps connections open: only a test closes them.
    this.server.keepAliveTimeout = 0
  }

  static async start(
    test: { after(stop: () => void): void },
    handler: Handler,
    tls?: ServerOptions,
  ): Promise<RegistryServer> {
    const registry = new RegistryServer(handler, tls)
    test.after(() => registry.stop())
    await new Promise<void>(resolve => registry.server.listen(0, '127.0.0.1', resolve))
    return registry
  }

  get url(): string {
    return `${this.#protocol}://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** `GET /subjects/a/versions/latest` */
  get requests(): string[] {
    return this.asked.map(({ method, path }) => `${method} ${path}`)
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const { method = '', url: path = '', headers, socket } = request
    const asked = {
      method,
      path,
      headers,
      body: text === '' ? undefined : JSON.parse(text),
      port: socket.remotePort ?? 0,
    }
    this.asked.push(asked)
    const answer = await this.handler(asked)
    if (answer === 'silence') return
    if (answer === 'reset') return void socket.resetAndDestroy()
    if (answer === 'half') {
      response.writeHead(200, { 'content-length': '100' }).write('{"id":1,')
      return void setImmediate(() => socket.destroy())
    }
    const { status = 200, headers: more = {}, body = {} } = answer
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json', ...more }).end(sent)
  }
}
