// One SQS queue over HTTP, in memory and with a virtual clock: visibility, receipt handles and FIFO groups behave as
// AWS documents them. A delete with an expired handle of a standard queue is answered as a success and deletes nothing.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface FakeMessage {
  readonly id: string
  readonly body: string
  readonly group: string | undefined
  readonly attributes: Readonly<Record<string, string>>
  readonly sentAt: number
  /** When it becomes visible, ms. */
  visibleAt: number
  handle: string
  receives: number
}

export interface FakeCall {
  readonly operation: string
  readonly body: Readonly<Record<string, unknown>>
}

type Entry = { readonly Id: string; readonly ReceiptHandle: string; readonly VisibilityTimeout?: number }

const MAX = 10

export class SqsServer {
  readonly calls: FakeCall[] = []
  readonly messages: FakeMessage[] = []
  now = 0
  /** Message ids that the queue refuses to delete. */
  readonly undeletable = new Set<string>()
  /** The most messages that may be in flight; above it, the response is OverLimit. */
  maxInFlight = Number.POSITIVE_INFINITY
  /** The most messages that were in flight at once. */
  peakInFlight = 0
  isMissing = false
  url = ''
  readonly #name: string
  #ids = 0
  #close = () => {}
  /** How many connections clients have open. */
  connections: () => Promise<number> = async () => 0

  private constructor(name: string) {
    this.#name = name
  }

  /** @param name ends with .fifo for a FIFO queue */
  static async start(name: string): Promise<SqsServer> {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-east-1' })
    const sqs = new SqsServer(name)
    const server = createServer((request, response) => {
      let text = ''
      request.on('data', chunk => {
        text += chunk
      })
      request.on('end', () => {
        const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
        const body = JSON.parse(text)
        sqs.calls.push({ operation, body })
        const answer = sqs.#answer(operation, body)
        response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' })
        response.end(JSON.stringify(answer))
      })
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    sqs.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/${name}`
    sqs.connections = () => new Promise(resolve => server.getConnections((_error, count) => resolve(count)))
    sqs.#close = () => {
      server.closeAllConnections()
      server.close()
    }
    return sqs
  }

  get visible(): number {
    return this.messages.filter(({ visibleAt }) => visibleAt <= this.now).length
  }

  readonly clock = { now: () => this.now }

  add(body: string, { group, ...attributes }: { readonly group?: string } & Record<string, string> = {}): string {
    const id = `m-${this.#ids++}`
    this.messages.push({ id, body, group, attributes, sentAt: this.now, visibleAt: 0, handle: '', receives: 0 })
    return id
  }

  callsOf(operation: string): FakeCall[] {
    return this.calls.filter(call => call.operation === operation)
  }

  close(): void {
    this.#close()
  }

  #answer(operation: string, body: Record<string, unknown>): object {
    if (this.isMissing) return { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'gone' }
    if (operation === 'ReceiveMessage') return this.#receive(Number(body.VisibilityTimeout))
    if (operation === 'SendMessage') {
      const text = String(body.MessageBody)
      const group = body.MessageGroupId as string | undefined
      return { MessageId: this.add(text, group === undefined ? {} : { group }), MD5OfMessageBody: md5(text) }
    }
    if (operation === 'SendMessageBatch') {
      const sent = (body.Entries as { Id: string; MessageBody: string }[]).map(({ Id, MessageBody }) => ({
        Id,
        MessageId: this.add(MessageBody),
        MD5OfMessageBody: md5(MessageBody),
      }))
      return { Successful: sent, Failed: [] }
    }
    if (operation === 'DeleteMessageBatch') return this.#each(body, entry => this.#delete(entry))
    if (operation === 'ChangeMessageVisibilityBatch') return this.#each(body, entry => this.#hide(entry))
    const inFlight = this.messages.length - this.visible
    return {
      Attributes: {
        ApproximateNumberOfMessages: String(this.visible),
        ApproximateNumberOfMessagesNotVisible: String(inFlight),
        ApproximateNumberOfMessagesDelayed: '0',
      },
    }
  }

  #receive(visibilityS: number): object {
    if (this.messages.length - this.visible >= this.maxInFlight)
      return { __type: 'com.amazonaws.sqs#OverLimit', message: 'too many' }
    const isHidden = ({ visibleAt }: FakeMessage) => visibleAt > this.now
    const locked = new Set(this.messages.filter(isHidden).map(({ group }) => group))
    const isFree = (message: FakeMessage) =>
      !isHidden(message) && (message.group === undefined || !locked.has(message.group))
    const Messages = this.messages
      .filter(isFree)
      .slice(0, MAX)
      .map(message => {
        message.visibleAt = this.now + visibilityS * 1000
        message.receives++
        message.handle = `${message.id}#${message.receives}`
        return {
          MessageId: message.id,
          ReceiptHandle: message.handle,
          Body: message.body,
          MD5OfBody: md5(message.body),
          Attributes: {
            SentTimestamp: String(message.sentAt),
            ApproximateReceiveCount: String(message.receives),
            ...message.attributes,
            ...(message.group === undefined ? {} : { MessageGroupId: message.group }),
          },
        }
      })
    this.peakInFlight = Math.max(this.peakInFlight, this.messages.length - this.visible)
    return { Messages }
  }

  #delete({ ReceiptHandle }: Entry): boolean {
    const index = this.messages.findIndex(({ handle }) => handle === ReceiptHandle)
    const message = this.messages[index]
    if (message && this.undeletable.has(message.id)) return false
    const isExpired = !message || message.visibleAt <= this.now
    if (isExpired && this.#name.endsWith('.fifo')) return false
    if (!isExpired) this.messages.splice(index, 1)
    return true
  }

  #hide({ ReceiptHandle, VisibilityTimeout = 0 }: Entry): boolean {
    const message = this.messages.find(({ handle }) => handle === ReceiptHandle)
    if (!message || message.visibleAt <= this.now) return false
    message.visibleAt = this.now + VisibilityTimeout * 1000
    return true
  }

  #each(body: Record<string, unknown>, act: (entry: Entry) => boolean): object {
    const results = (body.Entries as Entry[]).map(entry => ({ Id: entry.Id, isDone: act(entry) }))
    return {
      Successful: results.filter(({ isDone }) => isDone).map(({ Id }) => ({ Id })),
      Failed: results
        .filter(({ isDone }) => !isDone)
        .map(({ Id }) => ({ Id, Code: 'ReceiptHandleIsInvalid', SenderFault: true })),
    }
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
