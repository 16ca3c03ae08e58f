// A token endpoint that records requests and returns the responses which a test sets.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

interface TokenRequest {
  readonly form: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
}

/** A status with a body; or no answer at all. */
type Answer = { readonly status?: number; readonly body: string | object } | 'silence'

export class TokenServer {
  readonly requests: TokenRequest[] = []
  answer: (request: TokenRequest) => Answer | Promise<Answer> = () => ({ status: 500, body: '' })
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(answer?: (request: TokenRequest) => Answer | Promise<Answer>): Promise<TokenServer> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
      const read = { form, headers: request.headers }
      tokens.requests.push(read)
      const given = await tokens.answer(read)
      if (given === 'silence') return
      const { status = 200, body } = given
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
    })
    const tokens = new TokenServer(server)
    if (answer) tokens.answer = answer
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return tokens
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
