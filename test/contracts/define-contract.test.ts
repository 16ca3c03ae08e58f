// The arguments of defineContract, which JavaScript callers pass without types.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../../lib/contracts/define-contract.ts'

const define = defineContract as (...values: unknown[]) => unknown
const SCHEMA = 'value.schema: expected true or a Standard Schema (zod, valibot, arktype …).'
const problemsOf = (...values: unknown[]): readonly string[] => {
  try {
    define(...values)
    return []
  } catch (error) {
    return (error as { problems: readonly string[] }).problems
  }
}

test('a schema that is no Standard Schema is refused at once, and not at the first record', () => {
  const standards = [undefined, null, {}, { validate: true }].map(standard => ({ '~standard': standard }))
  for (const schema of [{ type: 'object' }, null, 'x', false, 5, [], ...standards])
    assert.deepEqual(problemsOf('chat', { value: { schema } }), [SCHEMA], JSON.stringify(schema))
  const standard = { version: 1, vendor: 'test', validate: () => ({}) }
  const callable = Object.assign(() => undefined, { '~standard': standard })
  const callableStandard = { '~standard': Object.assign(() => undefined, standard) }
  class OfPrototype {
    get '~standard'() {
      return standard
    }
  }
  for (const schema of [undefined, true, { '~standard': standard }, callable, callableStandard, new OfPrototype()])
    assert.deepEqual(problemsOf('chat', { value: { schema } }), [])
})

test('the wrong kind of an argument or of a part is named', () => {
  const both = (topic: string, fields: string) => [
    `defineContract: expected a topic and an object of fields, got ${topic} and ${fields}.`,
  ]
  assert.deepEqual(problemsOf({ topic: 'chat' }), both('an object', 'undefined'))
  assert.deepEqual(problemsOf('chat', null), both('a string', 'null'))
  assert.deepEqual(problemsOf('chat', { key: 5, value: [] }), [
    'key: expected an object, got a number.',
    'value: expected an object, got a list.',
  ])
  for (const value of [Promise.resolve({ schema: true }), new Map([['schema', true]]), new Date()])
    assert.deepEqual(problemsOf('chat', { value }), ['value: expected an object, got an object without fields.'])
  for (const part of [new Map([['records', 1]]), Promise.resolve({ records: 1 })])
    assert.deepEqual(problemsOf('chat', { limits: part, headers: part }), [
      'headers: expected an object, got an object without fields.',
      'limits: expected an object, got an object without fields.',
    ])
  for (const codec of [null, 0, ''])
    assert.match(problemsOf('chat', { value: { codec } }).join(), /^value\.codec: expected a ValueCodec;/)
  class Fields {
    readonly value = Object.assign(Object.create(null), { schema: true })
  }
  assert.deepEqual(problemsOf('chat', new Fields()), [])
  assert.deepEqual(problemsOf('chat', { key: undefined, value: undefined }), [])
})
