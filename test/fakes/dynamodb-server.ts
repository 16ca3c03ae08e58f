// A table of DynamoDB in memory, over HTTP: pages of at most 1 MB, conditional writes, a clock of its own, and calls
// that it refuses.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AWS_TEST_KEYS } from '../support/moto.ts'
import { holds, type Item, type Placeholders, update } from './dynamodb-expressions.ts'

/** The limit of an answer, docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html */
const PAGE_BYTES = 1024 * 1024

export interface DynamoDbCall extends Placeholders {
  readonly TableName?: string
  readonly Item?: Item
  readonly Key?: Item
  readonly ExclusiveStartKey?: Item
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ReturnValues?: string
  readonly ReturnValuesOnConditionCheckFailure?: string
  readonly ConsistentRead?: boolean
}

type Answer = { readonly __type: string } | object

export class DynamoDbServer {
  /** The items in the order of their first writes; undefined: deleted. */
  readonly #items: (Item | undefined)[] = []
  readonly #places = new Map<string, number>()
  readonly calls = new Map<string, number>()
  /** How far the service's clock is ahead of this machine's, ms. */
  aheadMs = 0
  /** Whether answers have the time. */
  hasDate = true
  /** The name of the table's partition key. */
  key = 'deadLetterId'
  /** Called before a call is answered. @returns the name of an error, to refuse the call */
  onCall: (operation: string, call: DynamoDbCall) => string | undefined = () => undefined
  readonly #server = createServer((request, response) => {
    let text = ''
    request.on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
      this.calls.set(operation, (this.calls.get(operation) ?? 0) + 1)
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      response.sendDate = false
      if (this.hasDate) response.setHeader('date', new Date(Date.now() + this.aheadMs).toUTCString())
      const call: DynamoDbCall = JSON.parse(text)
      const refusal = this.onCall(operation, call)
      const answer = refusal === undefined ? this.#answer(operation, call) : { __type: refusal }
      if ('__type' in answer) response.statusCode = 400
      response.end(JSON.stringify(answer))
    })
  })

  /** Starts the server, and makes it the endpoint of this process's DynamoDB clients and of its children's. */
  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` })
  }

  /** How many connections clients have open. */
  connections(): Promise<number> {
    return new Promise(resolve => this.#server.getConnections((_error, count) => resolve(count)))
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Empties the table and takes back what a test set, for the next one. */
  reset(key = 'deadLetterId'): void {
    this.#items.length = 0
    this.#places.clear()
    this.calls.clear()
    this.aheadMs = 0
    this.hasDate = true
    this.key = key
    this.onCall = () => undefined
  }

  put(item: Item): void {
    const key = this.#keyIn(item) ?? ''
    const place = this.#places.get(key) ?? this.#items.length
    this.#places.set(key, place)
    this.#items[place] = item
  }

  get(key: string): Item | undefined {
    return this.#items[this.#places.get(key) ?? -1]
  }

  delete(key: string): void {
    const place = this.#places.get(key)
    if (place !== undefined) this.#items[place] = undefined
  }

  get keys(): string[] {
    return this.#items.flatMap(item => (item ? [this.#keyIn(item) ?? ''] : [])).sort()
  }

  get size(): number {
    return this.keys.length
  }

  #keyIn(item: Item | undefined): string | undefined {
    return item?.[this.key]?.S as string | undefined
  }

  #answer(operation: string, call: DynamoDbCall): Answer {
    if (call.TableName === 'missing') return { __type: 'ResourceNotFoundException' }
    if (operation === 'Scan') return this.#scan(call.ExclusiveStartKey)
    const key = this.#keyIn(call.Item ?? call.Key)
    if (key === undefined || (call.Key && Object.keys(call.Key).length > 1)) return { __type: 'ValidationException' }
    const before = this.get(key)
    if (!holds(call.ConditionExpression, before, call)) {
      const isReturned = call.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && before
      return { __type: 'ConditionalCheckFailedException', ...(isReturned ? { Item: before } : {}) }
    }
    if (call.Item) this.put(call.Item)
    if (operation === 'UpdateItem') this.put(update(call.UpdateExpression ?? '', { ...before, ...call.Key }, call))
    if (operation === 'DeleteItem') this.delete(key)
    const returned = { ALL_OLD: before, ALL_NEW: this.get(key) }[call.ReturnValues ?? '']
    return returned ? { Attributes: returned } : {}
  }

  #scan(from: Item | undefined): object {
    const Items: Item[] = []
    let bytes = 0
    let at = from ? (this.#places.get(this.#keyIn(from) ?? '') ?? 0) + 1 : 0
    for (; at < this.#items.length && bytes < PAGE_BYTES; at++) {
      const item = this.#items[at]
      if (!item) continue
      Items.push(item)
      bytes += JSON.stringify(item).length
    }
    const last = this.#keyIn(Items.at(-1))
    return { Items, ...(at < this.#items.length && last ? { LastEvaluatedKey: { [this.key]: { S: last } } } : {}) }
  }
}
