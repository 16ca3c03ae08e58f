// Stores dead letters as items of a DynamoDB table with the partition key `deadLetterId` (S), each once. The client is
// loaded on first use. Limits: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (an item has
// at most 400 KB)
import type { AttributeValue, PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { DeadLetterError } from '../../errors.ts'
import { requirePackages } from '../../optional-packages.ts'
import type { Deadline } from '../../time/deadline.ts'
import { abortAfter, type DynamoDb, loadDynamoDb } from '../aws-clients.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  DEAD_LETTER_TOO_LARGE,
  type DeadLetterTarget,
  type DeadLetterTargetKind,
  NOTE_BYTES,
  type StoreResult,
} from '../dead-letter-target.ts'
import { inParallel } from '../in-parallel.ts'
import { withDoubt } from '../merge-dead-letters.ts'
import { readDeadLetter } from '../read-dead-letter.ts'
import { VERSION_1_ITEM, VERSION_1_TABLE_KEY } from '../version-1.ts'

/** The limit of an item in bytes, with attribute names, minus a margin for the other attributes and a later note. */
const MAX_BYTES = 400 * 1024 - 1024 - NOTE_BYTES

/** The attribute with the envelope. */
export const TABLE_ITEM = 'deadLetter'

type Item = Readonly<Record<string, AttributeValue>>

export interface DynamoDbTargetConfig {
  readonly kind: 'dynamodb'
  readonly table: string
}

export const dynamodb: DeadLetterTargetKind<DynamoDbTargetConfig> = {
  syntax: 'dynamodb:<table>',
  parse: text => (/^[A-Za-z0-9_.-]{3,255}$/.test(text) ? { kind: 'dynamodb', table: text } : undefined),
}

export function createDynamoDbTarget({ table }: DynamoDbTargetConfig): DynamoDbDeadLetterTarget {
  requirePackages('dynamodb')
  return new DynamoDbDeadLetterTarget(table)
}

export class DynamoDbDeadLetterTarget implements DeadLetterTarget {
  readonly #table: string
  #client: Promise<DynamoDb> | undefined

  constructor(table: string) {
    this.#table = table
  }

  /** @returns locations `dynamodb:<table>#<deadLetterId>`, the same for a dead letter that is already stored */
  store(deadLetters: readonly DeadLetter[], deadline: Deadline): Promise<StoreResult[]> {
    // BatchWriteItem has no conditions: storing a dead letter again would overwrite the counts of a redrive.
    return inParallel(deadLetters, deadLetter => this.#put(deadLetter, deadline))
  }

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  async #put(deadLetter: DeadLetter, deadline: Deadline): Promise<StoreResult> {
    const location = `dynamodb:${this.#table}#${deadLetter.deadLetterId}`
    let stored: Item | undefined
    for (let merged = deadLetter; ; ) {
      if (Buffer.byteLength(JSON.stringify(merged)) > MAX_BYTES) return tooLarge()
      try {
        const item = await this.#putIf(merged, stored, deadline)
        if (item === 'stored') return location
        const before = readDeadLetter(textOf(item))
        // An unreadable item is replaced: keeping it would report a location where nothing readable is stored.
        merged = before ? withDoubt(before, deadLetter) : deadLetter
        if (merged === before) return location
        stored = item
      } catch (cause) {
        return notStored(cause)
      }
    }
  }

  /**
   * @param stored the item that the table is expected to have under this id; the new item is written only if that still
   * holds
   * @returns `stored`, or the item that the table has
   */
  async #putIf(deadLetter: DeadLetter, stored: Item | undefined, deadline: Deadline): Promise<'stored' | Item> {
    this.#client ??= loadDynamoDb()
    const { dynamodb, client } = await this.#client
    const command = new dynamodb.PutItemCommand({
      TableName: this.#table,
      Item: itemOf(deadLetter),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...isSameItem(stored),
    })
    try {
      await client.send(command, abortAfter(deadline.remaining))
      return 'stored'
    } catch (error) {
      if (!(error instanceof dynamodb.ConditionalCheckFailedException)) throw error
      return error.Item ?? {}
    }
  }
}

/** Requires that the table has no such dead letter, or still the one that was read. */
function isSameItem(stored: Item | undefined): Partial<PutItemCommandInput> {
  const isNone = `attribute_not_exists(deadLetterId) AND attribute_not_exists(${VERSION_1_TABLE_KEY})`
  if (!stored) return { ConditionExpression: isNone }
  const name = [TABLE_ITEM, VERSION_1_ITEM].find(each => stored[each] !== undefined)
  if (name === undefined) return {}
  const value = stored[name] as AttributeValue
  return {
    ConditionExpression: `(${isNone}) OR ${name} = :stored`,
    ExpressionAttributeValues: { ':stored': value },
  }
}

function tooLarge(): DeadLetterError {
  return new DeadLetterError(DEAD_LETTER_TOO_LARGE, 'A dead letter exceeds the size limit of a DynamoDB item (400 KB).')
}

function notStored(cause: unknown): DeadLetterError {
  const name = cause instanceof Error ? cause.name : 'Error'
  return new DeadLetterError('dead-letter', `The DynamoDB target did not store a dead letter (${name}).`, {
    retriable: true,
    cause,
  })
}

/** Returns the text of the envelope; empty for an item without one. */
export function textOf(item: Readonly<Record<string, { readonly S?: string | undefined }>>): string {
  return (item[TABLE_ITEM] ?? item[VERSION_1_ITEM])?.S ?? ''
}

/** Builds the item of a dead letter: the envelope, and attributes by which people filter a table. */
export function itemOf(deadLetter: DeadLetter): Record<string, { readonly S: string }> {
  const { record, failure } = deadLetter
  const texts = {
    deadLetter: JSON.stringify(deadLetter),
    topic: record.topic ?? '',
    code: failure.code,
    outcome: failure.outcome,
    lastAt: failure.lastAt,
  }
  const attributes = Object.entries(texts).filter(([, text]) => text !== '')
  return {
    ...tableKeys(deadLetter.deadLetterId),
    ...Object.fromEntries(attributes.map(([name, text]) => [name, { S: text }])),
  }
}

/** Returns an id under both possible names of the partition key. */
export function tableKeys(id: string): Record<string, { readonly S: string }> {
  return { deadLetterId: { S: id }, [VERSION_1_TABLE_KEY]: { S: id } }
}
