// Reads and completes the dead letters of a DynamoDB table. Each is one item, which is deleted on completion.
import { randomUUID } from 'node:crypto'
import type { AttributeValue, PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { systemClock } from '../../time/clock.ts'
import { abortAfter, type DynamoDb, loadDynamoDb } from '../aws-clients.ts'
import { awsStoreError, dateOf } from '../aws-error.ts'
import { completeEach } from '../complete-each.ts'
import { Copies, type Entries } from '../copies.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  type Completed,
  LEASE_MS,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  redriveRunning,
  type SendingPlace,
  type StopRequest,
  stopRequested,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { inParallel } from '../in-parallel.ts'
import { mergeDeadLetters } from '../merge-dead-letters.ts'
import { parseDeadLetter, type ReadResult } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { VERSION_1_ITEM, VERSION_1_TABLE_KEY } from '../version-1.ts'
import { itemOf, TABLE_ITEM, tableKeys, textOf } from './target.ts'

type Item = Readonly<Record<string, AttributeValue>>

const CALL_MS = 30_000
const TABLE_KEY = 'deadLetterId'
/** The key of the lease item; it can't be a dead letter's id, which has 22 characters. */
const LEASE_ID = 'redrive-lease'
/** The attribute with the time of the record's last failure; the notes of a redrive don't change it. */
const LAST_AT = 'lastAt'
/** The key of the item that lists the dead letters which are being sent. */
const SENDING_ID = 'redrive-sending'
const NO_DEAD_LETTERS: ReadonlySet<string> = new Set([LEASE_ID, SENDING_ID])

export function openStore({ table }: DeadLetterTargetConfig<'dynamodb'>): DynamoDbDeadLetterStore {
  return new DynamoDbDeadLetterStore(table)
}

/**
 * An item's actual key, under each name that the table's key may have. Never the id inside the envelope, which may be
 * forged.
 */
interface Key {
  readonly [TABLE_KEY]: string | undefined
  readonly [VERSION_1_TABLE_KEY]: string | undefined
  /** When the record had failed last; undefined if the item was not read or is of version 0.1. */
  readonly lastAt?: string | undefined
}
type KeyName = typeof TABLE_KEY | typeof VERSION_1_TABLE_KEY

export class DynamoDbDeadLetterStore implements TargetDeadLetterStore<Entries<Key>> {
  readonly #table: string
  /** Copies of completed dead letters that were read after the completion. */
  readonly #late: Key[] = []
  #keyName: KeyName = TABLE_KEY
  #client: Promise<DynamoDb> | undefined

  constructor(table: string) {
    this.#table = table
  }

  /** Reads page by page, because a response of DynamoDB has at most 1 MB. */
  async *deadLetters({ onUnreadable, signal }: ReadOptions = {}): AsyncGenerator<OpenDeadLetter<Entries<Key>>> {
    const { dynamodb, client } = await this.#load()
    const copies = new Copies<Key>(key => this.#late.push(key))
    for (let from: Record<string, AttributeValue> | undefined; !signal?.aborted; ) {
      const command = new dynamodb.ScanCommand({
        TableName: this.#table,
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
      })
      const page = await this.#call(() => client.send(command, abortAfter(CALL_MS)))
      for (const item of page.Items ?? []) {
        const key = keyOf(item)
        if (NO_DEAD_LETTERS.has(idOf(key))) continue
        const location = `dynamodb:${this.#table}#${idOf(key)}`
        const read = readItem(item)
        if (read.kind !== 'dead-letter') {
          onUnreadable?.({ location, reason: read.kind === 'foreign' ? 'it is no dead letter' : read.reason, count: 1 })
          continue
        }
        const handle = copies.add(read.deadLetter, key)
        if (handle?.keys.length === 1) yield { deadLetter: read.deadLetter, location, verified: read.verified, handle }
      }
      from = page.LastEvaluatedKey
      if (from === undefined) return
    }
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Entries<Key>>> {
    const id = location.slice(location.indexOf('#') + 1)
    return { deadLetter, location, verified: true, handle: { keys: [ownKey(id)], isCompleted: false } }
  }

  async complete(completed: readonly Completed<Entries<Key>>[]): Promise<void> {
    await completeEach(completed, key => this.#delete(key))
  }

  async replace({ deadLetter: old, handle }: OpenDeadLetter<Entries<Key>>, deadLetter: DeadLetter): Promise<void> {
    const [first, ...others] = handle.keys as [Key, ...Key[]]
    const isNew = deadLetter.deadLetterId !== old.deadLetterId
    // An edited dead letter has another id and becomes another item: if the old one is stored again, its key must be
    // free.
    if (isNew) await this.#put(deadLetter)
    else await this.#update(first, deadLetter)
    for (const replaced of isNew ? handle.keys : others) await this.#delete(replaced)
    handle.keys.splice(0, handle.keys.length, isNew ? ownKey(deadLetter.deadLetterId) : first)
  }

  /** Uses the time of DynamoDB, because two machines with different clocks could otherwise both hold the lease. */
  async lease(): Promise<Lease> {
    const { dynamodb, client } = await this.#load()
    const holder = randomUUID()
    const now = await this.#serviceTime()
    let isAskedToStop = false
    const put = async (
      condition: Pick<PutItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeNames'>,
      values: Item,
    ) => {
      const command = new dynamodb.PutItemCommand({
        TableName: this.#table,
        Item: { ...tableKeys(LEASE_ID), holder: { S: holder }, until: { N: String(now() + LEASE_MS) } },
        // Writing the item removes an earlier request to stop.
        ReturnValues: 'ALL_OLD',
        ...condition,
        ExpressionAttributeValues: values,
      })
      try {
        const { Attributes: before } = await client.send(command, abortAfter(CALL_MS))
        if (before?.stop?.S === holder) isAskedToStop = true
      } catch (error) {
        if ((error as Error).name === 'ConditionalCheckFailedException') throw redriveRunning('table')
        throw awsStoreError(error, 'DynamoDB table')
      }
    }
    await put(
      {
        // A time far in the future was written by a wrong clock, so it does not block the lease.
        ConditionExpression:
          'attribute_not_exists(holder) OR holder = :holder OR NOT attribute_type(#until, :number) ' +
          'OR #until < :now OR #until > :farAhead',
        ExpressionAttributeNames: { '#until': 'until' },
      },
      {
        ':holder': { S: holder },
        ':now': { N: String(now()) },
        ':farAhead': { N: String(now() + 2 * LEASE_MS) },
        ':number': { S: 'N' },
      },
    )
    // The condition has no time: a lease that another redrive has taken is never taken back.
    const renew = () => put({ ConditionExpression: 'holder = :holder' }, { ':holder': { S: holder } })
    // Checking also renews: one small write per batch.
    const check = async () => {
      await renew()
      if (isAskedToStop) throw stopRequested()
    }
    const release = async () => {
      await this.#withKey(ownKey(LEASE_ID), Key =>
        client.send(
          new dynamodb.DeleteItemCommand({
            TableName: this.#table,
            Key,
            ConditionExpression: 'holder = :holder',
            ExpressionAttributeValues: { ':holder': { S: holder } },
          }),
          abortAfter(CALL_MS),
        ),
      )
    }
    return { check, renew, release }
  }

  async requestStop(): Promise<StopRequest> {
    const { dynamodb, client } = await this.#load()
    const now = (await this.#serviceTime())()
    const command = (Key: Record<string, AttributeValue>) =>
      new dynamodb.UpdateItemCommand({
        TableName: this.#table,
        Key,
        UpdateExpression: 'SET #stop = holder',
        ConditionExpression: 'attribute_exists(holder) AND #until BETWEEN :now AND :farAhead',
        ExpressionAttributeNames: { '#stop': 'stop', '#until': 'until' },
        ExpressionAttributeValues: { ':now': { N: String(now) }, ':farAhead': { N: String(now + 2 * LEASE_MS) } },
      })
    return this.#withKey(ownKey(LEASE_ID), async Key => {
      try {
        await client.send(command(Key), abortAfter(CALL_MS))
        return 'requested'
      } catch (error) {
        if ((error as Error).name === 'ConditionalCheckFailedException') return 'not-running'
        throw error
      }
    })
  }

  /** Stored in one item that only the holder of the lease writes. */
  readonly sending: SendingPlace = {
    // An update that changes nothing returns the item, so a redrive does not need the permission dynamodb:GetItem.
    read: async () => {
      const { dynamodb, client } = await this.#load()
      const command = (Key: Record<string, AttributeValue>) =>
        new dynamodb.UpdateItemCommand({
          TableName: this.#table,
          Key,
          UpdateExpression: 'SET sending = sending',
          ConditionExpression: 'attribute_exists(sending)',
          ReturnValues: 'ALL_NEW',
        })
      return this.#withKey(ownKey(SENDING_ID), async Key => {
        try {
          return (await client.send(command(Key), abortAfter(CALL_MS))).Attributes?.sending?.S
        } catch (error) {
          if ((error as Error).name === 'ConditionalCheckFailedException') return undefined
          throw error
        }
      })
    },
    write: async text => {
      const { dynamodb, client } = await this.#load()
      const Item = { ...tableKeys(SENDING_ID), sending: { S: text } }
      const command = new dynamodb.PutItemCommand({ TableName: this.#table, Item })
      await this.#call(() => client.send(command, abortAfter(CALL_MS)))
    },
    remove: () => this.#delete(ownKey(SENDING_ID)),
  }

  /** Does nothing: a table always has room. */
  async reserve(): Promise<void> {}

  /** Completed dead letters are deleted at once, so only copies that were read later remain. */
  async tidy(): Promise<void> {
    await inParallel(this.#late.splice(0), key => this.#delete(key))
  }

  async close(): Promise<void> {
    const pendingClient = this.#client
    this.#client = undefined
    ;(await pendingClient)?.client.destroy()
  }

  /** @returns the time of DynamoDB, ms since the epoch, derived from the header `date` of one response */
  async #serviceTime(): Promise<() => number> {
    const { dynamodb, client } = await this.#load()
    const command = new dynamodb.ScanCommand({ TableName: this.#table, Limit: 1, Select: 'COUNT' })
    let aheadMs = Date.now() - systemClock.now()
    command.middlewareStack.add(
      next => async args => {
        const result = await next(args)
        aheadMs = (dateOf(result.response) ?? Date.now()) - systemClock.now()
        return result
      },
      { step: 'deserialize' },
    )
    await this.#call(() => client.send(command, abortAfter(CALL_MS)))
    return () => Math.round(systemClock.now() + aheadMs)
  }

  async #delete(key: Key): Promise<void> {
    const { dynamodb, client } = await this.#load()
    await this.#withKey(key, Key =>
      client.send(new dynamodb.DeleteItemCommand({ TableName: this.#table, Key }), abortAfter(CALL_MS)),
    )
  }

  async #put(deadLetter: DeadLetter): Promise<void> {
    const { dynamodb, client } = await this.#load()
    const command = new dynamodb.PutItemCommand({ TableName: this.#table, Item: itemOf(deadLetter) })
    await this.#call(() => client.send(command, abortAfter(CALL_MS)))
  }

  /**
   * The record may have failed again since the item was read; what that says about the record's place in the log must
   * be kept.
   */
  async #update(key: Key, deadLetter: DeadLetter): Promise<void> {
    for (let merged = deadLetter, { lastAt } = key; ; ) {
      const changed = await this.#updateIf(key, merged, lastAt)
      if (!changed) return
      const stored = parseDeadLetter(textOf(changed))
      if (stored.kind === 'dead-letter') merged = mergeDeadLetters(deadLetter, stored.deadLetter)
      lastAt = changed[LAST_AT]?.S
    }
  }

  /** @returns the item if its record has failed again since `lastAt` */
  async #updateIf(key: Key, deadLetter: DeadLetter, lastAt: string | undefined): Promise<Item | undefined> {
    const { dynamodb, client } = await this.#load()
    const command = (Key: Record<string, AttributeValue>) =>
      new dynamodb.UpdateItemCommand({
        TableName: this.#table,
        Key,
        UpdateExpression: `SET ${TABLE_ITEM} = :deadLetter REMOVE ${VERSION_1_ITEM}`,
        // Does not recreate a dead letter that was completed meanwhile.
        ConditionExpression:
          `(attribute_exists(${TABLE_ITEM}) OR attribute_exists(${VERSION_1_ITEM}))` +
          (lastAt === undefined ? '' : ` AND ${LAST_AT} = :lastAt`),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ExpressionAttributeValues: {
          ':deadLetter': { S: JSON.stringify(deadLetter) },
          ...(lastAt === undefined ? {} : { ':lastAt': { S: lastAt } }),
        },
      })
    return this.#withKey(key, async Key => {
      try {
        await client.send(command(Key), abortAfter(CALL_MS))
        return undefined
      } catch (error) {
        if (error instanceof dynamodb.ConditionalCheckFailedException && error.Item) return error.Item
        throw error
      }
    })
  }

  /** Tries the other name of the partition key if the table does not have this one. */
  async #withKey<T>(key: Key, call: (key: Record<string, AttributeValue>) => Promise<T>): Promise<T> {
    // Calls run in parallel, so another one may have found the right name before this one fails.
    const keyName = this.#keyName
    const otherName = keyName === TABLE_KEY ? VERSION_1_TABLE_KEY : TABLE_KEY
    const named = (name: KeyName) => call({ [name]: { S: key[name] ?? '' } })
    return this.#call(async () => {
      // An item always has its table's key, so if it lacks this name, the table uses the other one.
      if (key[keyName] !== undefined) {
        try {
          return await named(keyName)
        } catch (error) {
          if ((error as Error).name !== 'ValidationException' || key[otherName] === undefined) throw error
        }
      }
      const result = await named(otherName)
      this.#keyName = otherName
      return result
    })
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw awsStoreError(error, 'DynamoDB table')
    }
  }

  #load(): Promise<DynamoDb> {
    this.#client ??= loadDynamoDb()
    return this.#client
  }
}

function readItem(item: Item): ReadResult {
  return parseDeadLetter(textOf(item))
}

function keyOf(item: Item): Key {
  return {
    [TABLE_KEY]: item[TABLE_KEY]?.S,
    [VERSION_1_TABLE_KEY]: item[VERSION_1_TABLE_KEY]?.S,
    lastAt: item[LAST_AT]?.S,
  }
}

function ownKey(id: string): Key {
  return { [TABLE_KEY]: id, [VERSION_1_TABLE_KEY]: id }
}

function idOf(key: Key): string {
  return key[TABLE_KEY] ?? key[VERSION_1_TABLE_KEY] ?? ''
}
