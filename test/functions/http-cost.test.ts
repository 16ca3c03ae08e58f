// Bodies of nearly 5 MiB, each of one kind: none costs much, because costly bodies are refused before they are parsed,
// and the rest is bounded. Each test prints the CPU time of its body, which docs/benchmarks.md lists.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCostlyToParse } from '../../functions/http/parse-cost.ts'
import { contractsOf } from '../support/contracts.ts'
import { countedText } from '../support/counting.ts'
import { httpHarness } from '../support/function-harness.ts'
import { LARGE_BODIES } from '../support/large-bodies.ts'

const strict = {
  type: ['object', 'array'],
  required: ['room'],
  properties: { room: { type: 'string' }, user: { type: 'string' }, text: { type: 'string' } },
  additionalProperties: false,
  items: { type: 'string' },
  uniqueItems: true,
}
const open = { key: { required: false }, limits: { valueBytes: 6_000_000 } }
const contracts = contractsOf([
  { topic: 'open', json: open },
  { topic: 'strict', json: { ...open, value: { schema: strict } } },
])

/** The status of a body of a topic without a schema, and of one with a schema. */
const STATUS: Readonly<Record<keyof typeof LARGE_BODIES, readonly [open: number, strict: number]>> = {
  numbers: [200, 422],
  'numbers, after an escaped name': [200, 422],
  'long numbers': [200, 422],
  'one number': [200, 422],
  'one text': [200, 422],
  'one text of brackets': [200, 422],
  'one text of escaped quotes': [200, 422],
  'one text of escapes': [200, 422],
  'an open text of escaped quotes': [400, 400],
  '499,000 objects and lists': [200, 422],
  '49,000 names': [200, 422],
  'one name, many times': [200, 400],
  'one name': [200, 422],
  'one header of base64 with a wrong end': [400, 400],
  '500 records with the same fields': [200, 422],
  '500 valid records': [200, 200],
}
for (const [name, bodyOf] of Object.entries(LARGE_BODIES))
  for (const [at, topic] of (['open', 'strict'] as const).entries()) {
    const status = STATUS[name]?.[at] ?? 413
    test(`${name}: ${status} of the topic ${topic}`, async t => {
      const harness = httpHarness({ contracts, options: { maxRequestSize: 8_000_000, bufferMemory: 100_000_000 } })
      const body = bodyOf()
      const before = process.cpuUsage()
      const answer = await harness.post(topic, body)
      const { user, system } = process.cpuUsage(before)
      t.diagnostic(`${Math.round((user + system) / 1000)} ms of CPU`)
      assert.equal(answer.status, status, JSON.stringify(answer.body).slice(0, 300))
    })
  }

const WITHOUT_AN_EARLY_END = [
  'numbers',
  'one text',
  'one text of escaped quotes',
  'an open text of escaped quotes',
  'one name, many times',
  '500 records with the same fields',
]
for (const name of WITHOUT_AN_EARLY_END)
  test(`${name}: what it costs to parse is found in one pass`, () => {
    const text = LARGE_BODIES[name]?.() ?? ''
    const counted = countedText(text)
    isCostlyToParse(counted)
    assert.ok(counted.steps <= 3 * text.length, `${counted.steps} steps of ${text.length} characters`)
  })

const list = (count: number, part: (index: number) => string) => Array.from({ length: count }, (_, n) => part(n)).join()
/** Ordinary bodies, and what costs more than its bytes suggest: the bound follows the cost, not the size. */
const BOUNDS: readonly [name: string, body: () => string, isCostly: boolean][] = [
  [
    '500 records with a map of 120 ids each',
    () => `{"records":[${list(500, of => `{"value":{${list(120, n => `"device-${of}-${n}":17`)}}}`)}]}`,
    false,
  ],
  [
    '1,500 records of 40 fields in Python’s default spelling',
    () => `{"records":[${list(1500, of => `{"value":{${list(40, n => `"\\u5b57\\u6bb5${n}": ${of}`)}}}`)}]}`,
    false,
  ],
  ['150,000 different names', () => `{"value":{${list(150_000, n => `"k${n}":1`)}}}`, false],
  ['300,000 different names', () => `{"value":{${list(300_000, n => `"k${n}":1`)}}}`, true],
  [
    '90,000 different names that keep their escape, 1 MB',
    () => `{"value":{${list(90_000, n => `"\\n${n}":1`)}}}`,
    true,
  ],
  [
    '20,000 records of 100 levels',
    () => `{"records":[${list(20_000, () => `${'['.repeat(100)}${']'.repeat(100)}`)}]}`,
    true,
  ],
]
for (const [name, body, isCostly] of BOUNDS)
  test(`${name}: ${isCostly ? 'refused before it is parsed' : 'parsed'}`, () => {
    assert.equal(isCostlyToParse(body()), isCostly)
  })

test('a body of 256 KiB, and the same names in many records, are always parsed', () => {
  assert.equal(isCostlyToParse('['.repeat(256 * 1024)), false)
  assert.equal(isCostlyToParse(`[${Array(100_000).fill('{"a":[1,2],"b":"{[{["}').join()}]`), false)
})

test('a text that ends within a string, a name or an escape is counted to its end', () => {
  for (const end of ['"', '"\\', '"a" ', '"a":', '{', '"a\\"'])
    assert.equal(isCostlyToParse(' '.repeat(1024 * 1024) + end), false)
})
