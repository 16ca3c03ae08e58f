// A table of DynamoDB in memory, over HTTP: pages of at most 1 MB, put and delete. Conditions hold where an item is.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AWS_TEST_KEYS } from '../support/moto.ts'

type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>

/** The limit of an answer, docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html */
const PAGE_BYTES = 1024 * 1024

export class DynamoDbServer {
  /** The items in the order of their first writes; undefined: deleted. */
  readonly #items: (Item | undefined)[] = []
  readonly #places = new Map<string, number>()
  readonly calls = new Map<string, number>()
  readonly #server = createServer((request, response) => {
    let text = ''
    request.on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
      this.calls.set(operation, (this.calls.get(operation) ?? 0) + 1)
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      const answer = this.#answer(operation, JSON.parse(text))
      if (!answer) response.statusCode = 400
      response.end(JSON.stringify(answer ?? { __type: 'ConditionalCheckFailedException' }))
    })
  })

  /** Starts the server, and makes it the endpoint of this process's DynamoDB clients and of its children's. */
  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` })
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  put(item: Item): void {
    const key = item.deadLetterId?.S ?? ''
    const place = this.#places.get(key) ?? this.#items.length
    this.#places.set(key, place)
    this.#items[place] = item
  }

  get size(): number {
    return this.#items.filter(Boolean).length
  }

  /** @returns undefined when a condition does not hold */
  #answer(operation: string, body: { Item?: Item; Key?: Item; ExclusiveStartKey?: Item }): object | undefined {
    if (operation === 'Scan') return this.#scan(body.ExclusiveStartKey)
    if (operation === 'PutItem' && body.Item) this.put(body.Item)
    const place = this.#places.get(body.Key?.deadLetterId?.S ?? '')
    // Of updates only those that change nothing and return the item.
    if (operation === 'UpdateItem') {
      const item = place === undefined ? undefined : this.#items[place]
      return item ? { Attributes: item } : undefined
    }
    if (operation === 'DeleteItem' && place !== undefined) this.#items[place] = undefined
    return {}
  }

  #scan(from: Item | undefined): object {
    const Items: Item[] = []
    let bytes = 0
    let at = from ? (this.#places.get(from.deadLetterId?.S ?? '') ?? 0) + 1 : 0
    for (; at < this.#items.length && bytes < PAGE_BYTES; at++) {
      const item = this.#items[at]
      if (!item) continue
      Items.push(item)
      bytes += JSON.stringify(item).length
    }
    const last = Items.at(-1)?.deadLetterId
    return { Items, ...(at < this.#items.length && last ? { LastEvaluatedKey: { deadLetterId: last } } : {}) }
  }
}
