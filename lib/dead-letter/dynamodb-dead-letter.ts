// Letters as items of a DynamoDB table with the partition key `letterId` (S), each put once. The client is loaded when first needed.
// Limits: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (an item has at most 400 KB)
import { DeadLetterError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import { abortAfter, type DynamoDb, loadDynamoDb } from './aws-clients.ts'
import { type DeadLetterTarget, LETTER_TOO_LARGE, type StoreResult } from './dead-letter-chain.ts'
import type { DeadLetter } from './envelope.ts'
import { inParallel } from './in-parallel.ts'

/** Bytes of an item, its attribute names included, less a margin for those beside the letter. */
const MAX_BYTES = 400 * 1024 - 1024

export class DynamoDbDeadLetter implements DeadLetterTarget {
  readonly #table: string
  #client: Promise<DynamoDb> | undefined

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
      this.#client ??= loadDynamoDb()
      const { dynamodb, client } = await this.#client
      const command = new dynamodb.PutItemCommand({
        TableName: this.#table,
        Item: { letterId: { S: letter.letterId }, ...Object.fromEntries(attributes.map(([name, value]) => [name, { S: value }])) },
        ConditionExpression: 'attribute_not_exists(letterId)',
      })
      await client.send(command, abortAfter(deadline.remaining))
    } catch (cause) {
      const name = cause instanceof Error ? cause.name : 'Error'
      if (name !== 'ConditionalCheckFailedException') return new DeadLetterError('dead-letter', `The DynamoDB target did not store a letter (${name}).`, { retriable: true, cause })
    }
    return `dynamodb:${this.#table}#${letter.letterId}`
  }
}
