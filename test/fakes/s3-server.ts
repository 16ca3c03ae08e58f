// A bucket of S3 in memory, over HTTP: conditional writes, pages, a clock of its own, and objects that it refuses.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AWS_TEST_KEYS } from '../support/moto.ts'

interface StoredObject {
  readonly body: Buffer
  readonly modified: number
}

export class S3Server {
  readonly objects = new Map<string, StoredObject>()
  /** Keys that can't be read or written: key → error code. */
  readonly refused = new Map<string, string>()
  /** Method and key of every request, in order. */
  readonly requests: string[] = []
  readonly bucket: string
  /** How far the service's clock is ahead of this machine's, ms. */
  aheadMs = 0
  pageSize = 1000
  /** Called before a request is answered. */
  onRequest: (method: string, key: string) => void = () => {}
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  constructor(bucket: string) {
    this.bucket = bucket
  }

  /** Starts the server, and makes it the endpoint of this process's S3 clients. */
  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` })
  }

  /** How many connections clients have open. */
  connections(): Promise<number> {
    return new Promise(resolve => this.#server.getConnections((_error, count) => resolve(count)))
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Empties the bucket and resets all options for the next test. */
  reset(): void {
    this.objects.clear()
    this.refused.clear()
    this.requests.length = 0
    this.aheadMs = 0
    this.pageSize = 1000
  }

  put(key: string, body: string | Buffer, ageMs = 0): void {
    this.objects.set(key, { body: Buffer.from(body as string), modified: this.#now() - ageMs })
  }

  /** The contents, to compare before and after. */
  contents(): Record<string, string> {
    return Object.fromEntries([...this.objects].map(([key, { body }]) => [key, body.toString()]))
  }

  #now(): number {
    return Date.now() + this.aheadMs
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url ?? '', 'http://s3')
    const [, bucket = '', ...path] = url.pathname.split('/')
    const key = decodeURIComponent(path.join('/'))
    this.requests.push(`${request.method} ${key}`)
    this.onRequest(request.method ?? '', key)
    response.setHeader('date', new Date(this.#now()).toUTCString())
    const refuse = (status: number, code: string) =>
      void response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`)
    if (bucket !== this.bucket) return refuse(404, 'NoSuchBucket')
    if (key === '') return void response.end(this.#list(url.searchParams))
    const object = this.objects.get(key)
    const refused = this.refused.get(key)
    const status = refused === 'SlowDown' ? 503 : 403
    switch (request.method) {
      case 'HEAD':
      case 'GET': {
        if (refused !== undefined) return refuse(status, refused)
        if (!object) return refuse(404, 'NoSuchKey')
        response.setHeader('etag', etagOf(object)).setHeader('last-modified', new Date(object.modified).toUTCString())
        return void response.end(request.method === 'HEAD' ? undefined : object.body)
      }
      case 'PUT': {
        if (refused !== undefined) return refuse(403, refused)
        const { 'if-match': match, 'if-none-match': noneMatch } = request.headers
        if (match !== undefined && !object) return refuse(404, 'NoSuchKey')
        if ((match !== undefined && object && match !== etagOf(object)) || (noneMatch && object))
          return refuse(412, 'PreconditionFailed')
        this.put(key, bodyOf(Buffer.concat(chunks), request))
        return void response.setHeader('etag', etagOf(this.objects.get(key) as StoredObject)).end()
      }
      default:
        if (refused !== undefined) return refuse(403, refused)
        if (object && (request.headers['if-match'] ?? etagOf(object)) !== etagOf(object))
          return refuse(412, 'PreconditionFailed')
        this.objects.delete(key)
        response.writeHead(204).end()
    }
  }

  #list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? ''
    const after = query.get('continuation-token') ?? ''
    const delimiter = query.get('delimiter')
    const keys = [...this.objects.keys()]
      .filter(key => key.startsWith(prefix) && key > after)
      .filter(key => delimiter === null || !key.slice(prefix.length).includes(delimiter))
      .sort()
    const page = keys.slice(0, this.pageSize)
    const size = (key: string) => this.objects.get(key)?.body.length ?? 0
    const time = (key: string) => new Date(this.objects.get(key)?.modified ?? 0).toISOString()
    return [
      '<?xml version="1.0"?><ListBucketResult>',
      ...page.map(
        key =>
          `<Contents><Key>${key}</Key><Size>${size(key)}</Size><LastModified>${time(key)}</LastModified></Contents>`,
      ),
      keys.length > page.length ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '',
      '</ListBucketResult>',
    ].join('')
  }
}

function etagOf({ body }: StoredObject): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

/** The client may send a body in signed chunks, with a checksum behind them. */
function bodyOf(bytes: Buffer, { headers }: IncomingMessage): Buffer {
  if (!headers['content-encoding']?.includes('aws-chunked')) return bytes
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16)
    if (!size) return Buffer.concat(parts)
    parts.push(bytes.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
