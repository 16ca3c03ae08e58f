// A consumer's ids in DynamoDB, on moto.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDbIdStore } from '../../lib/consumer/dynamodb-id-store.ts'
import type { Claim } from '../../lib/consumer/id-store.ts'
import { ConfigError } from '../../lib/errors.ts'
import { idStoreContract } from '../consumer/id-store.contract.ts'
import { createTable } from '../support/dynamodb-table.ts'
import { AWS_TEST_KEYS, type Moto, startMoto } from '../support/moto.ts'

const TABLE = 'handled-records'
let moto: Moto
let client: DynamoDBClient
before(async () => {
  moto = await startMoto()
  Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_DYNAMODB: moto.url })
  client = new DynamoDBClient({})
  await createTable(client, TABLE, 'id')
})
after(() => {
  client.destroy()
  moto.stop()
})

idStoreContract('dynamodb', () => {
  let now = Date.now()
  const dynamodb = new DynamoDbIdStore({ table: TABLE, now: () => now })
  after(() => dynamodb.close())
  const prefix = randomUUID()
  return {
    store: {
      claim: (id: string, claim: Claim) => dynamodb.claim(`${prefix} ${id}`, claim),
      complete: (id, windowMs) => dynamodb.complete(`${prefix} ${id}`, windowMs),
      release: (id, owner) => dynamodb.release(`${prefix} ${id}`, owner),
    },
    advance: ms => {
      now += ms
    },
  }
})

test('dynamodb: a claim whose answer was lost is still the caller’s when the SDK repeats the request', async () => {
  const store = new DynamoDbIdStore({ table: TABLE })
  const claim = { owner: 'x', leaseMs: 60_000 }
  assert.equal(await store.claim('repeated', claim), 'claimed')
  assert.equal(await store.claim('repeated', claim), 'claimed')
  assert.equal(await store.claim('repeated', { ...claim, owner: 'y' }), 'in-progress')
  await store.close()
})

test('dynamodb: the time to live of an item is the end of its lease or window, in seconds', async () => {
  const now = Date.UTC(2026, 0, 1) + 1
  const store = new DynamoDbIdStore({ table: TABLE, now: () => now })
  const expiry = async () => {
    const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: { id: { S: 'ttl' } } }))
    return Number(Item?.expiresAt?.N)
  }
  await store.claim('ttl', { owner: 'x', leaseMs: 20_500.25 })
  assert.equal(await expiry(), Date.UTC(2026, 0, 1) / 1000 + 21)
  await store.complete('ttl', 86_400_000)
  assert.equal(await expiry(), Date.UTC(2026, 0, 2) / 1000 + 1)
  await store.close()
})

test('dynamodb: a table that is missing rejects, and one that can’t exist is a ConfigError', async () => {
  const store = new DynamoDbIdStore({ table: 'not-created' })
  await assert.rejects(store.claim('a', { owner: 'x', leaseMs: 1000 }), { name: 'ResourceNotFoundException' })
  await assert.rejects(store.complete('a', 1000), { name: 'ResourceNotFoundException' })
  await store.close()
  assert.throws(() => new DynamoDbIdStore({ table: 'a b' }), ConfigError)
})
