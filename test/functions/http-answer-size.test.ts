// Whatever a request contains, the response fits the limit of the gateway or load balancer in front.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectAnswerFits, ReasonBudget } from '../../functions/http/dialects/native/answer-size.ts'
import type { HttpRequest } from '../../lib/lambda/http-event.ts'
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

const requestOf = (kind: HttpRequest['kind']) => ({ kind }) as HttpRequest
const namedRecords = (count: number, id: string, topic: string) =>
  Array.from({ length: count }, () => ({ id, record: { topic, value: null } }))

/** The most records whose answer surely fits, and the number that is recommended when there is one more. */
const MOST: readonly [kind: HttpRequest['kind'], id: string, topic: string, most: number, recommended: number][] = [
  ['apigw-v1', 'i', 't', 15_910, 15_905],
  ['apigw-v2', 'i', 't', 15_910, 15_905],
  ['apigw-v2', '"'.repeat(255), 't', 4448, 4447],
  ['apigw-v2', 'i', 't'.repeat(249), 9783, 9780],
  ['alb', 'i', 't', 2529, 2524],
  ['alb', '"'.repeat(255), 't', 706, 704],
  ['alb', 'i', 't'.repeat(249), 1553, 1550],
  ['lattice', 'i', 't', 15_174, 15_169],
  ['lattice', '"'.repeat(255), 't', 4242, 4241],
]
const LIMITS = {
  'apigw-v1': '6291556 bytes (Lambda’s limit)',
  'apigw-v2': '6291556 bytes (Lambda’s limit)',
  alb: '1000000 bytes (the limit of a load balancer)',
  lattice: '6000000 bytes (the limit of VPC Lattice)',
}
for (const [kind, id, topic, most, recommended] of MOST)
  test(`${kind}: with ids of ${id.length} and a topic of ${topic.length} characters ${most} records fit`, () => {
    expectAnswerFits(namedRecords(most, id, topic), requestOf(kind), 'r-1')
    assert.throws(() => expectAnswerFits(namedRecords(most + 1, id, topic), requestOf(kind), 'r-1'), {
      code: 'too-many-records',
      status: 413,
      message:
        `records: expected at most ${recommended} with ids of this length, so that the answer fits ${LIMITS[kind]}, ` +
        `got ${most + 1}.`,
    })
  })

test('one long id among many records counts', () => {
  const records = namedRecords(2529, 'i', 't')
  const [, ...others] = records
  const longer = namedRecords(1, 'x'.repeat(255), 't')
  assert.throws(() => expectAnswerFits([...longer, ...others], requestOf('alb'), 'r-1'), { code: 'too-many-records' })
  assert.throws(() => expectAnswerFits(records, requestOf('alb'), 'r'.repeat(1000)), { code: 'too-many-records' })
})

/** A budget in which each refused record has 80 bytes for its reasons, and next to nothing of the rest. */
const scarce = () => new ReasonBudget([{ id: 'i', topic: 't' }], 1e9, requestOf('alb'), 'r-1')
const reasons = (detail: string, ...expected: string[]) => ({
  detail,
  violations: expected.map(each => ({ pointer: '', rule: '', expected: each })),
  truncated: false,
})

test('80 bytes of a detail always fit; a longer one is cut to half until it fits', () => {
  const full = new ReasonBudget(Array(5000).fill({ id: 'i', topic: 't' }), 1, requestOf('alb'), 'r-1')
  for (const budget of [scarce(), full]) {
    // In the answer a text has two quotes, each with its escape.
    assert.equal(budget.take(reasons('x'.repeat(76))).detail, 'x'.repeat(76))
    assert.equal(budget.take(reasons('x'.repeat(77))).detail, `${'x'.repeat(37)}…`)
    assert.equal(budget.take(reasons('x'.repeat(300))).detail, `${'x'.repeat(49)}…`)
    assert.equal(budget.take(reasons('\u0000'.repeat(76))).detail, `${'\u0000'.repeat(8)}…`)
  }
})

test('violations are left out where the next one does not fit', () => {
  const fitting = scarce().take(reasons('d', 'x'.repeat(24), 'y'))
  assert.deepEqual([fitting.violations.map(({ expected }) => expected), fitting.truncated], [['x'.repeat(24)], true])
  const alone = scarce().take(reasons('d', 'x'.repeat(24)))
  assert.deepEqual([alone.violations.length, alone.truncated], [1, false])
  const tooLong = scarce().take(reasons('d', 'x'.repeat(25)))
  assert.deepEqual(tooLong, { detail: 'd', violations: [], truncated: true })
})

test('an answer has at most 20 violations of a record, and the first characters of each', () => {
  const budget = new ReasonBudget([{ id: 'i', topic: 't' }], 1, requestOf('alb'), 'r-1')
  const violation = (pointer: string, expected: string) => ({ pointer, rule: 'r', expected })
  const kept = violation('p'.repeat(256), 'e'.repeat(64))
  assert.deepEqual(budget.take({ detail: 'd'.repeat(200), violations: Array(20).fill(kept), truncated: false }), {
    detail: 'd'.repeat(200),
    violations: Array(20).fill(kept),
    truncated: false,
  })
  const long = violation('p'.repeat(257), 'e'.repeat(65))
  assert.deepEqual(budget.take({ detail: 'd'.repeat(201), violations: Array(21).fill(long), truncated: false }), {
    detail: `${'d'.repeat(199)}…`,
    violations: Array(20).fill(violation(`${'p'.repeat(255)}…`, `${'e'.repeat(63)}…`)),
    truncated: true,
  })
})
