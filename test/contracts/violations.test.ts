// The work for violations is bounded by the number that is listed: Ajv's `allErrors` created 500,000 to list 20.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { schemaCheck } from '../../lib/contracts/ajv-violations.ts'
import type { SchemaCheck } from '../../lib/contracts/contract.ts'
import { createAjv } from '../../lib/contracts/create-ajv.ts'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { hasMoreEntriesThan } from '../../lib/record/json-object.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { systemClock } from '../../lib/time/clock.ts'

const schema = { type: 'object', properties: { id: { type: 'string' } }, additionalProperties: { type: 'string' } }
const check = (await createSchemaCompiler())('t', schema)
const withNumbers = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, index]))
const listed = (value: unknown, extent?: 'first') => {
  const { violations, truncated } = check(value, extent)
  return [violations.length, truncated]
}

test('the violations of a value are listed up to the twentieth', () => {
  assert.deepEqual(
    [0, 3, 20, 21, 2000].map(count => listed(withNumbers(count))),
    [
      [0, false],
      [3, false],
      [20, false],
      [20, true],
      [20, true],
    ],
  )
})

test('for a large value only the first violation is listed', () => {
  assert.deepEqual(listed(withNumbers(2001)), [1, true])
  assert.deepEqual(listed({ list: Array(500_000).fill(1) }), [1, true])
  assert.deepEqual(listed(withNumbers(2), 'first'), [1, true])
})

test('the first violation ends the check of a large value', async () => {
  const validate = (await createAjv(false)).compile(schema)
  let reads = 0
  const value = new Proxy(withNumbers(500_000), {
    get: (target, name) => {
      reads++
      return Reflect.get(target, name)
    },
  })
  const explain = () => assert.fail('looked for all violations')
  assert.equal(schemaCheck(validate as never, explain)(value).violations.length, 1)
  assert.ok(reads < 5000, `${reads} reads`)
})

test('entries are counted up to the limit, on every level', () => {
  const nested = { a: [1, 2, { b: [] }], c: {} }
  assert.deepEqual(
    [5, 6].map(max => hasMoreEntriesThan(nested, max)),
    [true, false],
  )
  assert.equal(hasMoreEntriesThan('text', 0), false)
})

test('after a thousand violations in a call, each further record has its first one listed', async () => {
  const calls: (string | undefined)[] = []
  const counted: SchemaCheck = (value, extent) => {
    calls.push(extent)
    return check(value, extent)
  }
  const contract = parseContract('t', { key: { required: false }, value: { schema: {} } }, () => counted)
  const producer = new KafkaProducer(parseConfig({ bootstrapServers: ['a:1'] }, {}), {
    client: new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock: systemClock }),
    rules: { contracts: new Map([['t', contract]]) },
  })
  const reports = await producer.sendAll(Array(60).fill({ topic: 't', value: withNumbers(100) }))
  assert.deepEqual([calls.filter(extent => extent === 'all').length, calls.length], [50, 60])
  assert.ok(reports.every(({ kind }) => kind === 'failed'))
  await producer.close()
})
