// Stores ids in a DynamoDB table, for consumers with several instances. The table's partition key is `id` (S);
// `expiresAt` (N, seconds) is its time-to-live attribute.
// docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { checkOptions } from '../check-options.ts'
import { abortAfter, type DynamoDb, loadDynamoDb } from '../dead-letter/aws-clients.ts'
import { ConfigError } from '../errors.ts'
import { requirePackages } from '../optional-packages.ts'
import type { Claim, ClaimResult, IdStore } from './id-store.ts'

/** How long a call may take, the SDK's retries included, ms. */
const CALL_MS = 5000

export interface DynamoDbIdStoreOptions {
  /** The table's name. Its partition key is `id` (S); enable time to live on `expiresAt`. */
  readonly table: string
  /** Returns the time, ms since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

type Item = Record<string, AttributeValue>

/**
 * Stores ids in a DynamoDB table. A claim is one conditional write, a completion another. An expired item counts as
 * absent, even before DynamoDB deletes it. The role needs `dynamodb:PutItem` and `dynamodb:DeleteItem`.
 */
export class DynamoDbIdStore implements IdStore {
  readonly #table: string
  readonly #now: () => number
  #client: Promise<DynamoDb> | undefined

  /** @throws ConfigError if the table name is invalid, or `@aws-sdk/client-dynamodb` is not installed */
  constructor(options: DynamoDbIdStoreOptions) {
    checkOptions('DynamoDbIdStore', options, { table: 'any', now: 'any' })
    const { table, now = Date.now } = options
    if (typeof table !== 'string' || !/^[A-Za-z0-9_.-]{3,255}$/.test(table))
      throw new ConfigError(['DynamoDbIdStore: table: expected 3 to 255 of A-Z, a-z, 0-9, "_", "." and "-".'])
    if (typeof now !== 'function') throw new ConfigError(['DynamoDbIdStore: now: expected a function.'])
    requirePackages('idStore')
    this.#table = table
    this.#now = now
  }

  async claim(id: string, { owner, leaseMs }: Claim): Promise<ClaimResult> {
    const now = this.#now()
    const { dynamodb, client } = await this.#connect()
    const command = new dynamodb.PutItemCommand({
      TableName: this.#table,
      Item: { ...itemOf(id, 'claimed', now + leaseMs), owner: { S: owner } },
      ConditionExpression: 'attribute_not_exists(#id) OR #until <= :now',
      ExpressionAttributeNames: { '#id': 'id', '#until': 'until' },
      ExpressionAttributeValues: { ':now': { N: String(now) } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    try {
      await client.send(command, abortAfter(CALL_MS))
      return 'claimed'
    } catch (error) {
      if (!(error instanceof dynamodb.ConditionalCheckFailedException)) throw error
      if (error.Item?.state?.S === 'completed') return 'completed'
      // The SDK retries a request whose response was lost: the first attempt may have claimed the id for the same
      // owner.
      return error.Item?.owner?.S === owner ? 'claimed' : 'in-progress'
    }
  }

  async complete(id: string, windowMs: number): Promise<void> {
    const { dynamodb, client } = await this.#connect()
    const Item = itemOf(id, 'completed', this.#now() + windowMs)
    await client.send(new dynamodb.PutItemCommand({ TableName: this.#table, Item }), abortAfter(CALL_MS))
  }

  async release(id: string, owner: string): Promise<void> {
    const { dynamodb, client } = await this.#connect()
    const command = new dynamodb.DeleteItemCommand({
      TableName: this.#table,
      Key: { id: { S: id } },
      ConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': { S: owner } },
    })
    try {
      await client.send(command, abortAfter(CALL_MS))
    } catch (error) {
      if (!(error instanceof dynamodb.ConditionalCheckFailedException)) throw error
    }
  }

  /** Closes the client; a later call opens a new one. */
  async close(): Promise<void> {
    const pending = this.#client
    this.#client = undefined
    const client: DynamoDBClient | undefined = (await pending)?.client
    client?.destroy()
  }

  #connect(): Promise<DynamoDb> {
    this.#client ??= loadDynamoDb('idStore')
    return this.#client
  }
}

function itemOf(id: string, state: 'claimed' | 'completed', until: number): Item {
  return {
    id: { S: id },
    state: { S: state },
    until: { N: String(Math.ceil(until)) },
    expiresAt: { N: String(Math.ceil(until / 1000)) },
  }
}
