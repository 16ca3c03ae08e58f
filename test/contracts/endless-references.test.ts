// Schemas of contracts that refer to themselves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'

test('a contract’s schema that refers to itself for the same value is refused when it is compiled', async () => {
  const compile = await createSchemaCompiler()
  for (const schema of [{ $ref: '#' }, { $recursiveRef: '#' }, { anyOf: [{ type: 'string' }, { $ref: '#' }] }])
    assert.throws(() => compile('chat', schema), /contracts\/chat\.json: value\.schema: expected references that end/)
  // One compiler has all contracts.
  const check = compile('list', { type: ['object', 'null'], properties: { next: { $ref: '#' } } })
  assert.deepEqual(check({ next: { next: null } }).violations, [])
})
