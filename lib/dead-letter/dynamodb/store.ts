// The open dead letters of a DynamoDB table: one item each, which is deleted when it is completed.
import { randomUUID } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { abortAfter, type DynamoDb, loadDynamoDb } from '../aws-clients.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  LEASE_MS,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  redriveRunning,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { inParallel } from '../in-parallel.ts'
import { readDeadLetter } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { VERSION_1_ITEM, VERSION_1_TABLE_KEY } from '../version-1.ts'
import { tableKeys } from './target.ts'

type Key = Record<string, AttributeValue>

const CALL_MS = 30_000
/** The key of the lease item; it can't be a dead letter's id, which has 22 characters. */
const LEASE_ID = 'redrive-lease'

export function openStore({ table }: DeadLetterTargetConfig<'dynamodb'>): DynamoDbDeadLetterStore {
  return new DynamoDbDeadLetterStore(table)
}

/** The handle is the id of the dead letter. */
type Handle = undefined

export class DynamoDbDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #table: string
  #keyName = 'deadLetterId'
  #client: Promise<DynamoDb> | undefined

  constructor(table: string) {
    this.#table = table
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    const { dynamodb, client } = await this.#load()
    for (let from: Record<string, AttributeValue> | undefined; ; ) {
      const command = new dynamodb.ScanCommand({
        TableName: this.#table,
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
      })
      const page = await client.send(command, abortAfter(CALL_MS))
      for (const item of page.Items ?? []) {
        const deadLetter = readDeadLetter((item.deadLetter ?? item[VERSION_1_ITEM])?.S ?? '')
        if (deadLetter)
          yield {
            deadLetter,
            location: `dynamodb:${this.#table}#${deadLetter.deadLetterId}`,
            verified: deadLetter.claimCheck === null,
            handle: undefined,
          }
      }
      from = page.LastEvaluatedKey
      if (from === undefined) return
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: true, handle: undefined }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    const { dynamodb, client } = await this.#load()
    await inParallel(completed, ({ open }) =>
      this.#withKey(open.deadLetter.deadLetterId, Key =>
        client.send(new dynamodb.DeleteItemCommand({ TableName: this.#table, Key }), abortAfter(CALL_MS)),
      ),
    )
  }

  async replace({ deadLetter: { deadLetterId } }: OpenDeadLetter, deadLetter: DeadLetter): Promise<void> {
    const { dynamodb, client } = await this.#load()
    const change = (Key: Key) =>
      new dynamodb.UpdateItemCommand({
        TableName: this.#table,
        Key,
        UpdateExpression: `SET deadLetter = :deadLetter REMOVE ${VERSION_1_ITEM}`,
        ConditionExpression: `attribute_exists(deadLetter) OR attribute_exists(${VERSION_1_ITEM})`,
        ExpressionAttributeValues: { ':deadLetter': { S: JSON.stringify(deadLetter) } },
      })
    await this.#withKey(deadLetterId, key => client.send(change(key), abortAfter(CALL_MS)))
  }

  async lease(): Promise<Lease> {
    const { dynamodb, client } = await this.#load()
    const holder = randomUUID()
    const take = async () => {
      const now = Date.now()
      const command = new dynamodb.PutItemCommand({
        TableName: this.#table,
        Item: { ...tableKeys(LEASE_ID), holder: { S: holder }, until: { N: String(now + LEASE_MS) } },
        ConditionExpression: 'attribute_not_exists(holder) OR holder = :holder OR #until < :now',
        ExpressionAttributeNames: { '#until': 'until' },
        ExpressionAttributeValues: { ':holder': { S: holder }, ':now': { N: String(now) } },
      })
      await client.send(command, abortAfter(CALL_MS)).catch(error => {
        if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
        throw redriveRunning('table')
      })
    }
    await take()
    const release = (Key: Key) =>
      new dynamodb.DeleteItemCommand({
        TableName: this.#table,
        Key,
        ConditionExpression: 'holder = :holder',
        ExpressionAttributeValues: { ':holder': { S: holder } },
      })
    return {
      check: take,
      renew: take,
      release: async () => void (await this.#withKey(LEASE_ID, key => client.send(release(key), abortAfter(CALL_MS)))),
    }
  }

  async reserve(): Promise<void> {}

  async tidy(): Promise<void> {}

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  /** Tries the other name of the partition key when the table does not have this one. */
  async #withKey<T>(id: string, call: (key: Key) => Promise<T>): Promise<T> {
    // Calls run in parallel: another one may already have found the right name when this one fails.
    const keyName = this.#keyName
    try {
      return await call({ [keyName]: { S: id } })
    } catch (error) {
      if ((error as Error).name !== 'ValidationException' || keyName === VERSION_1_TABLE_KEY) throw error
    }
    const result = await call({ [VERSION_1_TABLE_KEY]: { S: id } })
    this.#keyName = VERSION_1_TABLE_KEY
    return result
  }

  #load(): Promise<DynamoDb> {
    this.#client ??= loadDynamoDb()
    return this.#client
  }
}
