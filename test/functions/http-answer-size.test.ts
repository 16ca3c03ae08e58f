// Whatever a request contains, the response fits the limit of the gateway or load balancer in front.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contractsOf } from '../support/contracts.ts'
import { httpHarness, recordsOf, v2Event } from '../support/function-harness.ts'

const LAMBDA = 6_291_556
const ALB = 1_000_000
const codes = Array.from({ length: 200 }, (_, n) => `code-${n}-${'x'.repeat(20)}`)
const contracts = contractsOf([
  { topic: 'open', json: { key: { required: false }, limits: { records: 50_000 } } },
  {
    topic: 'codes',
    json: {
      key: { required: false },
      value: { schema: { type: 'object', additionalProperties: { enum: codes }, properties: { ok: true } } },
      limits: { records: 500 },
    },
  },
  {
    topic: 'strict',
    json: {
      key: { required: false },
      headers: { allow: Array.from({ length: 100 }, (_, n) => `name-${n}`) },
      limits: { records: 500 },
    },
  },
])

const LONGEST_KEY = { 'idempotency-key': '"'.repeat(255) }
const manyOf = (count: number, fields: string) => `{"records":[${`{${fields}},`.repeat(count - 1)}{${fields}}]}`

const HOSTS = {
  'HTTP API': (topic: string, body: string, headers: Record<string, string>) =>
    v2Event('POST', `/topics/${topic}`, Buffer.from(body), { 'content-type': 'application/json', ...headers }),
  'load balancer': (topic: string, body: string, headers: Record<string, string>) => ({
    httpMethod: 'POST',
    path: `/topics/${topic}`,
    headers: { 'content-type': 'application/json', ...headers },
    body,
    isBase64Encoded: false,
    requestContext: { elb: {} },
  }),
}

async function invoke(host: keyof typeof HOSTS, topic: string, body: string, headers: Record<string, string> = {}) {
  const harness = httpHarness({ contracts })
  const result = await harness.invoke(HOSTS[host](topic, body, headers))
  return { bytes: Buffer.byteLength(JSON.stringify(result)), answer: JSON.parse(result.body as string), harness }
}

test('records that would fit with short ids are refused with ids that are too long for the answer', async () => {
  const body = manyOf(800, '"value":1')
  const short = await invoke('load balancer', 'open', body)
  assert.equal(short.answer.records.length, 800)
  const long = await invoke('load balancer', 'open', body, LONGEST_KEY)
  assert.equal(long.answer.code, 'too-many-records')
  assert.match(long.answer.detail, /got 800\./)
})

const invalid = JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`p${n}`, 'x'])))

for (const [host, limit] of [
  ['HTTP API', LAMBDA],
  ['load balancer', ALB],
] as const) {
  test(`${host}: 499 records with 20 broken rules of 200 choices each beside a good one`, async () => {
    const bad = Array.from({ length: 499 }, () => `{"value":${invalid}}`)
    const { bytes, answer, harness } = await invoke(host, 'codes', `{"records":[${bad.join()},{"value":{"ok":1}}]}`)
    assert.ok(bytes <= limit, `${bytes} bytes`)
    assert.equal(recordsOf(harness).length, 1)
    assert.equal(answer.records.length, 500)
    for (const { violations } of answer.records.slice(0, 499)) {
      assert.ok(violations.length > 0)
      for (const { expected } of violations) assert.ok(expected.length <= 64)
    }
  })

  test(`${host}: more records than the answer has room for are refused before anything is sent`, async () => {
    const body = `{"records":[${'{"value":1},'.repeat(49_999)}{"value":1}]}`
    const { answer, harness } = await invoke(host, 'open', body, { 'idempotency-key': '"'.repeat(255) })
    assert.equal(answer.code, 'too-many-records')
    const most = Number(/at most (\d+)/.exec(answer.detail)?.[1])
    assert.match(answer.detail, new RegExp(String(limit)))
    assert.equal(recordsOf(harness).length, 0)

    const fitting = `{"records":[${'{"value":1},'.repeat(most - 1)}{"value":1}]}`
    const second = await invoke(host, 'open', fitting, { 'idempotency-key': '"'.repeat(255) })
    assert.equal(second.answer.records.length, most)
    assert.ok(second.bytes <= limit, `${second.bytes} bytes`)
    assert.ok(second.bytes > limit / 4, 'the bound is no larger than it needs to be')
  })
}

test('what is wrong with each record fits the answer, and is cut where it is long', async () => {
  const { harness: _, ...full } = await invoke('load balancer', 'open', manyOf(50_000, '"value":1'), LONGEST_KEY)
  const most = Number(/at most (\d+)/.exec(full.answer.detail)?.[1])
  const { bytes, answer } = await invoke('load balancer', 'open', manyOf(most, '"value":1,"foo":1'), LONGEST_KEY)
  assert.ok(bytes <= ALB, `${bytes} bytes`)
  assert.equal(answer.records.length, most)
  for (const { detail } of answer.records) assert.match(detail, /^record: expected no other record/)

  const long = await invoke('load balancer', 'strict', manyOf(500, '"value":1,"headers":{"a":""}'))
  assert.ok(long.bytes <= ALB, `${long.bytes} bytes`)
  for (const { detail } of long.answer.records) assert.match(detail, /^headers: expected only name.{150,}…$/)
})

test('names of megabytes make a small answer', async () => {
  for (const name of ['/'.repeat(4_500_000), '\\u0000'.repeat(700_000)]) {
    const { bytes } = await invoke('load balancer', 'codes', `{"value":{"${name}":1}}`)
    assert.ok(bytes < 20_000, `${bytes} bytes`)
    const repeated = await invoke('load balancer', 'codes', `{"value":{"${name}":1,"${name}":1}}`)
    assert.ok(repeated.bytes < 20_000, `${repeated.bytes} bytes`)
  }
})

test('the bodies of one record and of 500 need no look at the size of each', async () => {
  const records = `{"records":[${'{"value":1},'.repeat(499)}{"value":1}]}`
  const { answer } = await invoke('HTTP API', 'open', records)
  assert.equal(answer.records.length, 500)
})
