// Letters as items of a DynamoDB table with the partition key `letterId` (S), each put once. The client is loaded when first needed.
// Limits: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (an item has at most 400 KB)
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DeadLetterError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import { type DeadLetterTarget, LETTER_TOO_LARGE, type StoreResult } from './dead-letter-chain.ts'
import type { DeadLetter } from './envelope.ts'
import { inParallel } from './in-parallel.ts'

/** Bytes of an item, its attribute names included, less a margin for those beside the letter. */
const MAX_BYTES = 400 * 1024 - 1024
const CONNECT_MS = 1000

type DynamoDb = typeof import('@aws-sdk/client-dynamodb')

export class DynamoDbDeadLetter implements DeadLetterTarget {
  readonly #table: string
  #client: Promise<{ dynamodb: DynamoDb; client: DynamoDBClient }> | undefined

  constructor(table: string) {
    this.#table = table
  }

  /** @returns receipts `dynamodb:<table>#<letterId>`; a letter that is there already has the same */
  store(letters: readonly DeadLetter[], deadline: Deadline): Promise<StoreResult[]> {
    // Batches (BatchWriteItem) know no conditions: a letter put again would overwrite what a redrive has noted in it.
    return inParallel(letters, letter => this.#put(letter, deadline))
  }

  async close(): Promise<void> {
    const made = this.#client
    this.#client = undefined
    ;(await made)?.client.destroy()
  }

  async #put(letter: DeadLetter, deadline: Deadline): Promise<StoreResult> {
    const json = JSON.stringify(letter)
    if (Buffer.byteLength(json) > MAX_BYTES) return new DeadLetterError(LETTER_TOO_LARGE, 'A letter is larger than a DynamoDB item may be (400 KB).')
    const text = { letter: json, topic: letter.record.topic ?? '', code: letter.failure.code, outcome: letter.failure.outcome, lastAt: letter.failure.lastAt }
    const attributes = Object.entries(text).filter(([, value]) => value !== '')
    try {
      const { dynamodb, client } = await this.#load()
      const command = new dynamodb.PutItemCommand({
        TableName: this.#table,
        Item: { letterId: { S: letter.letterId }, ...Object.fromEntries(attributes.map(([name, value]) => [name, { S: value }])) },
        ConditionExpression: 'attribute_not_exists(letterId)',
      })
      await client.send(command, { abortSignal: AbortSignal.timeout(Math.max(1, Math.ceil(deadline.remaining))) })
    } catch (cause) {
      const name = cause instanceof Error ? cause.name : 'Error'
      if (name !== 'ConditionalCheckFailedException') return new DeadLetterError('dead-letter', `The DynamoDB target did not store a letter (${name}).`, { retriable: true, cause })
    }
    return `dynamodb:${this.#table}#${letter.letterId}`
  }

  #load(): Promise<{ dynamodb: DynamoDb; client: DynamoDBClient }> {
    this.#client ??= import('@aws-sdk/client-dynamodb').then(dynamodb => ({ dynamodb, client: new dynamodb.DynamoDBClient({ requestHandler: { connectionTimeout: CONNECT_MS } }) }))
    return this.#client
  }
}
