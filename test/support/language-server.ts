// What an editor shows of a program that uses the library: the language server of the TypeScript in node_modules.
// https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Marks the place of the cursor in a program. */
export const CURSOR = '‸'

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export class LanguageServer {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #replies = new Map<number, (message: Message) => void>()
  #received: Buffer = Buffer.alloc(0)
  #nextId = 1

  private constructor(executable: string) {
    this.#process = spawn(process.execPath, [executable, '--lsp', '--stdio'])
    this.#process.stdout.on('data', (bytes: Buffer) => this.#receive(bytes))
  }

  static async start(): Promise<LanguageServer> {
    const server = new LanguageServer('node_modules/typescript/bin/tsc')
    await server.#request('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL('.').href,
      capabilities: { textDocument: { hover: { contentFormat: ['markdown'] } } },
    })
    server.#notify('initialized', {})
    return server
  }

  stop(): void {
    this.#process.kill()
  }

  /** The help at each cursor. */
  async help(program: string): Promise<string[]> {
    const results = await this.#atCursors<{ contents: { value: string } }>('textDocument/hover', program)
    return results.map(result => result?.contents.value ?? '')
  }

  /** The texts that are offered at each cursor. */
  async completions(program: string): Promise<string[][]> {
    const results = await this.#atCursors<{ items: { label: string }[] }>('textDocument/completion', program)
    return results.map(result => result?.items.map(({ label }) => label) ?? [])
  }

  async #atCursors<T>(method: string, program: string): Promise<(T | null)[]> {
    // Outside of the repository, whose tsconfig.json would have the server read every test.
    const uri = pathToFileURL(join(tmpdir(), `program-${this.#nextId}.ts`)).href
    const parts = program.split(CURSOR)
    const textDocument = { uri, languageId: 'typescript', version: 1, text: parts.join('') }
    this.#notify('textDocument/didOpen', { textDocument })
    const results: (T | null)[] = []
    for (let end = 1; end < parts.length; end++) {
      const lines = parts.slice(0, end).join('').split('\n')
      const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 }
      results.push((await this.#request(method, { textDocument: { uri }, position })) as T | null)
    }
    this.#notify('textDocument/didClose', { textDocument: { uri } })
    return results
  }

  #request(method: string, params: object): Promise<unknown> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#replies.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)))
    this.#write({ jsonrpc: '2.0', id, method, params })
    return promise
  }

  #notify(method: string, params: object): void {
    this.#write({ jsonrpc: '2.0', method, params })
  }

  #write(message: object): void {
    const body = Buffer.from(JSON.stringify(message))
    this.#process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`)
    this.#process.stdin.write(body)
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    for (;;) {
      const start = this.#received.indexOf('\r\n\r\n') + 4
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.subarray(0, start).toString())?.[1])
      if (start < 4 || this.#received.length < start + length) return
      const message = JSON.parse(this.#received.subarray(start, start + length).toString()) as Message
      this.#received = this.#received.subarray(start + length)
      this.#handle(message)
    }
  }

  #handle(message: Message): void {
    // A request of the server, for its settings or to register a capability: an editor without any answers null.
    if (message.method !== undefined) {
      if (message.id !== undefined) this.#write({ jsonrpc: '2.0', id: message.id, result: null })
      return
    }
    this.#replies.get(message.id ?? 0)?.(message)
    this.#replies.delete(message.id ?? 0)
  }
}
