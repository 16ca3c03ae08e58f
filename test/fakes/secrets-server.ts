// Secrets Manager and the SSM Parameter Store over HTTP (JSON 1.1), with the operations that reading secrets needs.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export class SecretsServer {
  readonly #server: Server
  readonly #values = new Map<string, string>()
  reads = 0
  /** Called once, after the next answer. */
  onRead: () => void = () => {}

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const target = String(request.headers['x-amz-target'])
      this.#answer(target, JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>, response)
    })
  }

  static async start(): Promise<SecretsServer> {
    const server = new SecretsServer()
    await new Promise<void>(resolve => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get env(): Record<string, string> {
    const url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return { AWS_ENDPOINT_URL_SECRETS_MANAGER: url, AWS_ENDPOINT_URL_SSM: url }
  }

  /** @returns the secret's ARN */
  async put(name: string, value: unknown): Promise<string> {
    const arn = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf`
    this.#values.set(arn, typeof value === 'string' ? value : JSON.stringify(value))
    return arn
  }

  async putParameter(name: string, value: unknown): Promise<string> {
    this.#values.set(name, typeof value === 'string' ? value : JSON.stringify(value))
    return `arn:aws:ssm:us-east-1:123456789012:parameter${name}`
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  #answer(target: string, { SecretId, Name, WithDecryption }: Record<string, unknown>, response: ServerResponse): void {
    this.reads++
    const isParameter = target === 'AmazonSSM.GetParameter'
    const stored = this.#values.get(String(isParameter ? Name : SecretId))
    if (stored === undefined) {
      const type = isParameter ? 'ParameterNotFound' : 'ResourceNotFoundException'
      return void response
        .writeHead(400, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': type })
        .end(JSON.stringify({ __type: type, message: 'not there' }))
    }
    const body = isParameter
      ? { Parameter: { Name, Type: 'SecureString', Value: WithDecryption ? stored : 'kms:…' } }
      : { ARN: SecretId, SecretString: stored }
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
    this.onRead()
    this.onRead = () => {}
  }
}
