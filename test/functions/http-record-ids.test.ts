// Retrying a request is safe: with an Idempotency-Key, or its own id, a record gets the same id each time, and never
// that of another caller.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contractsOf } from '../support/contracts.ts'
import { httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const contracts = contractsOf(['open', 'other'].map(topic => ({ topic, json: { key: { required: false } } })))
const KEY = { 'idempotency-key': 'K' }

interface Options {
  readonly headers?: Record<string, string>
  readonly authorizer?: object
  readonly topic?: string
  readonly principalHeader?: boolean
}

async function post(body: unknown, { headers = {}, authorizer, topic = 'open', principalHeader }: Options = {}) {
  const harness = httpHarness({ contracts, options: principalHeader === undefined ? {} : { principalHeader } })
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const event = v2Event('POST', `/topics/${topic}`, Buffer.from(text), {
    'content-type': 'application/json',
    ...headers,
  })
  if (authorizer) Object.assign(event.requestContext as object, { authorizer })
  const { statusCode, body: answer } = (await harness.invoke(event)) as { statusCode: number; body: string }
  const records = JSON.parse(answer).records as { id: string; fate: string; code?: string }[]
  return { statusCode, records, ids: records.map(({ id }) => id), log: recordsOf(harness) }
}
const idOf = async (body: unknown, options?: Options) => (await post(body, options)).ids[0]
const headerOf = (record: ReturnType<typeof recordsOf>[number] | undefined, name: string) =>
  record?.headers.filter(([each]) => each === name).map(([, value]) => String(value))

test('the rest of a request, sent again with its key, has the ids that it had', async () => {
  const [a, b, c] = [{ value: 'A' }, { value: 'B', key: 'k' }, { value: 'C', headers: { h: '1' } }]
  const all = await post({ records: [a, b, c] }, { headers: KEY })
  assert.equal(new Set(all.ids).size, 3)
  const rest = await post({ records: [c, b] }, { headers: KEY })
  assert.deepEqual(rest.ids, [all.ids[2], all.ids[1]])
  assert.equal((await post(b, { headers: KEY })).ids[0], all.ids[1])
  assert.deepEqual(rest.log.map(record => headerOf(record, 'kp-id')?.[0]).sort(), [...rest.ids].sort())
})

test('another content, topic or key is another id', async () => {
  const ids = [
    await idOf({ value: 1 }, { headers: KEY }),
    await idOf({ value: 2 }, { headers: KEY }),
    await idOf({ value: 1, key: 'k' }, { headers: KEY }),
    await idOf({ value: 1, timestamp: 5 }, { headers: KEY }),
    await idOf({ value: 1 }, { headers: KEY, topic: 'other' }),
    await idOf({ value: 1 }, { headers: { 'idempotency-key': 'L' } }),
  ]
  assert.equal(new Set(ids).size, ids.length)
  assert.equal(await idOf('{ "key":"k", "value" : 1 }', { headers: KEY }), ids[2])
})

test('equal records under one key are refused, unless each has an id of its own', async () => {
  const { records, log } = await post({ records: [{ value: 1 }, { value: 2 }, { value: 1 }] }, { headers: KEY })
  assert.deepEqual(
    records.map(({ fate, code }) => [fate, code]),
    [
      ['refused', 'duplicate-record'],
      ['delivered', undefined],
      ['refused', 'duplicate-record'],
    ],
  )
  assert.equal(log.length, 1)
  const own = {
    records: [
      { id: '1', value: 1 },
      { id: '2', value: 1 },
    ],
  }
  assert.equal((await post(own, { headers: KEY })).statusCode, 200)
  assert.equal(
    (
      await post({
        records: [
          { id: '1', value: 1 },
          { id: '1', value: 2 },
        ],
      })
    ).statusCode,
    422,
  )
  // Without a key every record is one of its own.
  assert.equal((await post({ records: [{ value: 1 }, { value: 1 }] })).statusCode, 200)
})

test('an id of the record’s own makes its id, whatever its content', async () => {
  const id = await idOf({ id: 'order-7', value: 1 })
  assert.match(String(id), /^order-7:/)
  assert.equal(await idOf({ value: 2, id: 'order-7' }), id)
  for (const bad of ['', 'with space', 'x'.repeat(256), 7, null])
    assert.equal((await post({ id: bad, value: 1 })).records[0]?.code, 'bad-value')
})

test('ids are bound to the caller that the gateway authenticated; a session is not part of it', async () => {
  const role = (name: string, session: string) => ({
    iam: { userArn: `arn:aws:sts::123456789012:assumed-role/${name}/${session}` },
  })
  const token = (iss: string, sub: string) => ({ jwt: { claims: { iss, sub } } })
  for (const body of [{ value: 1 }, { id: 'order-7', value: 1 }]) {
    const of = (authorizer?: object) => idOf(body, { headers: KEY, ...(authorizer ? { authorizer } : {}) })
    const ids = [
      await of(),
      await of(role('a', 's')),
      await of(role('b', 's')),
      await of(token('i', 's')),
      await of(token('i', 't')),
      await of({ lambda: { principalId: 'c' } }),
      await of({ lambda: { principalId: 'd' } }),
    ]
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(await of(role('a', 'another')), ids[1])
  }
})

test('ids of two callers differ, also where the texts that they are made of join to the same', async () => {
  const caller = (principalId: string) => ({ authorizer: { lambda: { principalId } } })
  const body = { id: 'order-7', value: 1 }
  const withoutKey = await idOf(body, caller('aopen'))
  const withKey = await idOf(body, { ...caller('a'), headers: { 'idempotency-key': 'open' } })
  assert.match(withoutKey ?? '', /^order-7:/)
  assert.match(withKey ?? '', /^order-7:/)
  assert.notEqual(withKey, withoutKey)
})

test('the ids of a request without a key are those of the request, with the index among several', async () => {
  assert.deepEqual((await post({ value: 1 })).ids, ['r-1'])
  assert.deepEqual((await post({ records: [{ value: 1 }] })).ids, ['r-1'])
  assert.deepEqual((await post({ records: [{ value: 1 }, { value: 1 }] })).ids, ['r-1:0', 'r-1:1'])
  assert.deepEqual((await post({ records: [{ value: 1 }, { id: '', value: 1 }] }, { headers: KEY })).ids[1], 'r-1:1')
})

test('an id is the key, or the record’s own id, and 16 bytes of a digest', async () => {
  assert.match(String(await idOf({ value: 1 }, { headers: KEY })), /^K:[\w-]{22}$/)
  const longest = '~'.repeat(255)
  assert.match(String(await idOf({ id: longest, value: 1 }, { headers: KEY })), /^~{255}:[\w-]{22}$/)
})

test('the order of the fields changes no id; what belongs to which field does', async () => {
  const fields = ['"value":1', '"key":"k"', '"headers":{}', '"partition":0', '"timestamp":5']
  const ids = await Promise.all(
    [fields, fields.toReversed(), [...fields.slice(2), ...fields.slice(0, 2)]].map(order =>
      idOf(`{${order.join()}}`, { headers: KEY }),
    ),
  )
  assert.equal(new Set(ids).size, 1)
  const moved = await Promise.all([
    idOf({ value: 1, partition: 2, timestamp: 3 }, { headers: KEY }),
    idOf({ value: 1, partition: 3, timestamp: 2 }, { headers: KEY }),
    idOf({ value: 1, partition: 23 }, { headers: KEY }),
    idOf({ value: 1, timestamp: 23 }, { headers: KEY }),
  ])
  assert.equal(new Set(moved).size, moved.length)
})

test('records that are no objects have ids too, so that their refusals can be told apart', async () => {
  const { records } = await post({ records: [5, 6, {}, [], 'x', 'x'] }, { headers: KEY })
  assert.equal(new Set(records.map(({ id }) => id)).size, 5)
  assert.deepEqual(
    records.map(({ code }) => code),
    ['bad-json', 'bad-json', 'schema', 'bad-json', 'duplicate-record', 'duplicate-record'],
  )
})

test('an Idempotency-Key is 1 to 255 visible ASCII characters', async () => {
  for (const key of ['!', '~'.repeat(255)])
    assert.equal((await post({ value: 1 }, { headers: { 'idempotency-key': key } })).statusCode, 200)
  for (const key of ['', ' ', 'a b', '\u007f', 'é', '~'.repeat(256)]) {
    const harness = httpHarness({ contracts })
    const { status, body } = await harness.post('open', { value: 1 }, { 'idempotency-key': key })
    assert.deepEqual(
      [status, body.code, body.detail],
      [400, 'bad-header', 'idempotency-key: expected 1 to 255 visible ASCII characters.'],
    )
  }
})

test('KAFKA_PRINCIPAL_HEADER adds the caller to the record', async () => {
  const authorizer = { iam: { userArn: 'arn:aws:sts::123456789012:assumed-role/shop/session' } }
  const { log } = await post({ value: 1 }, { authorizer, principalHeader: true })
  assert.deepEqual(headerOf(log[0], 'kp-principal'), ['arn:aws:sts::123456789012:assumed-role/shop'])
  assert.deepEqual(headerOf((await post({ value: 1 }, { authorizer })).log[0], 'kp-principal'), [])
  assert.deepEqual(headerOf((await post({ value: 1 }, { principalHeader: true })).log[0], 'kp-principal'), [])
})
