// The AWS Glue Schema Registry over HTTP (JSON 1.1): each operation has a list of answers, whose last one is repeated.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type GlueOperation =
  | 'GetSchemaByDefinition'
  | 'GetSchemaVersion'
  | 'RegisterSchemaVersion'
  | 'CreateSchema'
  | 'CheckSchemaVersionValidity'

/** An object: the answer. A text: the name of an error, or `silence`, `reset`, or a status. */
export type GlueAnswer = object | string | number

export interface GlueCall {
  readonly operation: string
  readonly body: Readonly<Record<string, unknown>>
}

export class GlueServer {
  readonly calls: GlueCall[] = []
  url = ''
  /** The requests since its start. */
  connections = 0
  #answers: Partial<Record<GlueOperation, readonly GlueAnswer[]>> = {}
  #close = () => {}

  static async start(): Promise<GlueServer> {
    const glue = new GlueServer()
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
      glue.calls.push({ operation, body: JSON.parse(Buffer.concat(chunks).toString()) })
      const answer = glue.#next(operation as GlueOperation)
      if (answer === 'silence') return
      if (answer === 'reset') return void request.socket.resetAndDestroy()
      const isError = typeof answer === 'string'
      response.writeHead(typeof answer === 'number' ? answer : isError ? 400 : 200, {
        'content-type': 'application/x-amz-json-1.1',
      })
      const quoted = 'a message that quotes "secret"'
      response.end(
        JSON.stringify(isError ? { __type: answer, Message: quoted } : typeof answer === 'number' ? {} : answer),
      )
    })
    server.on('connection', () => glue.connections++)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    glue.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    glue.#close = () => {
      server.closeAllConnections()
      server.close()
    }
    return glue
  }

  script(answers: Partial<Record<GlueOperation, readonly GlueAnswer[]>>): void {
    this.#answers = { ...answers }
    this.calls.length = 0
  }

  get operations(): string[] {
    return this.calls.map(({ operation }) => operation)
  }

  stop(): void {
    this.#close()
  }

  #next(operation: GlueOperation): GlueAnswer {
    const [answer = 'ValidationException', ...rest] = this.#answers[operation] ?? []
    if (rest.length > 0) this.#answers[operation] = rest
    return answer
  }
}
