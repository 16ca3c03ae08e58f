// An HTTP server of the local stack, which listens on 127.0.0.1 for programs of this machine. A page of another site in
// the developer's browser gets 403, and no request ends the process.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer that a handler gives by throwing it. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface LocalServerOptions {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** Called with what the handler threw, unless it is a Refusal or the client went away. */
  readonly onError: (error: unknown) => void
  /** The body of an answer that the handler did not create. */
  readonly errorBody?: (status: number, message: string) => object
  /**
   * Whether a link on another site may open this path as a page. Default: none. Such a path must neither change nor
   * reveal anything.
   */
  readonly isPage?: (path: string) => boolean
}

export function createLocalServer({
  handle,
  onError,
  errorBody = (_, message) => ({ message }),
  isPage = () => false,
}: LocalServerOptions): Server {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const foreign = foreignRequest(request, (server.address() as AddressInfo).port, isPage)
    if (foreign !== undefined) throw new Refusal(403, foreign)
    await handle(request, response)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(error => {
      const isRefusal = error instanceof Refusal
      if (!isRefusal && !request.destroyed) onError(error)
      if (response.headersSent) return void response.destroy()
      const status = isRefusal ? error.status : 500
      const body = JSON.stringify(errorBody(status, isRefusal ? error.message : 'Internal Server Error'))
      // The rest of the body is not read, because the connection ends with this answer.
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body)
    })
  })
  return server
}

/**
 * Returns why a request may come from a page of another site; undefined for programs of this machine. Checking `Host`
 * prevents DNS rebinding. Browsers send `Origin` with every request that changes something, and `Sec-Fetch-Site` also
 * with requests without `Origin` (an image, a form sent by GET). A page can set none of the three.
 */
function foreignRequest(
  { method, url = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  port: number,
  isPage: (path: string) => boolean,
): string | undefined {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map(name => `${name}:${port}`)
  const { host = 'none', origin } = headers
  if (!hosts.includes(host.toLowerCase())) return `Host: expected 127.0.0.1:${port}, got ${host}.`
  if (origin !== undefined && !hosts.some(name => origin.toLowerCase() === `http://${name}`))
    return `Origin: expected http://127.0.0.1:${port} or none, got ${origin}.`
  const site = headers['sec-fetch-site'] ?? 'none'
  if (method === 'GET' && headers['sec-fetch-dest'] === 'document' && isPage(url)) return undefined
  if (site !== 'none' && site !== 'same-origin') return `Sec-Fetch-Site: expected same-origin or none, got ${site}.`
  return undefined
}

/**
 * Reads a body.
 * @throws Refusal 413 if it is larger; the body is read to its end first, so that the client reads the answer
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size <= maxBytes) chunks.push(chunk as Buffer)
  }
  if (size > maxBytes) throw new Refusal(413, 'Request Too Long')
  return Buffer.concat(chunks)
}
