// The open letters of a DynamoDB table: one item each. A settled one is deleted.
import { randomUUID } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { abortAfter, type DynamoDb, loadDynamoDb } from '../dead-letter/aws-clients.ts'
import type { DeadLetter } from '../dead-letter/envelope.ts'
import { inParallel } from '../dead-letter/in-parallel.ts'
import { readLetter } from '../dead-letter/read-letter.ts'
import { DeadLetterError } from '../errors.ts'
import { LEASE_MS, type Lease, type LetterStore, type OpenLetter, type Settled } from './letter-store.ts'

const CALL_MS = 30_000
/** Stands beside the letters; a letter's id has 22 characters. */
const LEASE = { letterId: { S: 'redrive-lease' } }

export class DynamoDbLetters implements LetterStore {
  readonly #table: string
  #client: Promise<DynamoDb> | undefined

  constructor(table: string) {
    this.#table = table
  }

  async *letters(): AsyncGenerator<OpenLetter> {
    const { dynamodb, client } = await this.#load()
    for (let from: Record<string, AttributeValue> | undefined; ; ) {
      const command = new dynamodb.ScanCommand({ TableName: this.#table, ConsistentRead: true, ...(from ? { ExclusiveStartKey: from } : {}) })
      const page = await client.send(command, abortAfter(CALL_MS))
      for (const item of page.Items ?? []) {
        const letter = readLetter(item.letter?.S ?? '')
        if (letter) yield { letter, receipt: `dynamodb:${this.#table}#${letter.letterId}` }
      }
      from = page.LastEvaluatedKey
      if (from === undefined) return
    }
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    const { dynamodb, client } = await this.#load()
    await inParallel(settled, ({ open }) =>
      client.send(new dynamodb.DeleteItemCommand({ TableName: this.#table, Key: { letterId: { S: open.letter.letterId } } }), abortAfter(CALL_MS)),
    )
  }

  async replace({ letter: { letterId } }: OpenLetter, letter: DeadLetter): Promise<void> {
    const { dynamodb, client } = await this.#load()
    const command = new dynamodb.UpdateItemCommand({
      TableName: this.#table,
      Key: { letterId: { S: letterId } },
      UpdateExpression: 'SET letter = :letter',
      ConditionExpression: 'attribute_exists(letterId)',
      ExpressionAttributeValues: { ':letter': { S: JSON.stringify(letter) } },
    })
    await client.send(command, abortAfter(CALL_MS))
  }

  async lease(): Promise<Lease> {
    const { dynamodb, client } = await this.#load()
    const holder = randomUUID()
    const take = async () => {
      const now = Date.now()
      const command = new dynamodb.PutItemCommand({
        TableName: this.#table,
        Item: { ...LEASE, holder: { S: holder }, until: { N: String(now + LEASE_MS) } },
        ConditionExpression: 'attribute_not_exists(letterId) OR holder = :holder OR #until < :now',
        ExpressionAttributeNames: { '#until': 'until' },
        ExpressionAttributeValues: { ':holder': { S: holder }, ':now': { N: String(now) } },
      })
      await client.send(command, abortAfter(CALL_MS)).catch(error => {
        if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
        throw new DeadLetterError('redrive-running', 'Another redrive of this table is running, or ended without a word less than a minute ago.', { retriable: true })
      })
    }
    await take()
    const release = new dynamodb.DeleteItemCommand({
      TableName: this.#table,
      Key: LEASE,
      ConditionExpression: 'holder = :holder',
      ExpressionAttributeValues: { ':holder': { S: holder } },
    })
    return { renew: take, release: async () => void (await client.send(release, abortAfter(CALL_MS))) }
  }

  async close(): Promise<void> {
    const made = this.#client
    this.#client = undefined
    ;(await made)?.client.destroy()
  }

  #load(): Promise<DynamoDb> {
    this.#client ??= loadDynamoDb()
    return this.#client
  }
}
