// The time limits for checking patterns.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPatternCheck } from '../../lib/contracts/risky-patterns.ts'

test('all patterns of a schema share one time limit; those not checked by then are unknown', async () => {
  const patterns = ['^a$', '^b$', '^c$', '^d$']
  const schema = { allOf: patterns.map(pattern => ({ pattern })) }
  let time = 0
  const now = () => {
    time += 900
    return time
  }
  const check = await createPatternCheck([schema], { one: 1000, all: 3000, now })
  assert.deepEqual(check(schema), { vulnerable: [], unknown: ['^d$'] })
  // Each schema has its own.
  assert.deepEqual(check({ pattern: '^e$' }), { vulnerable: [], unknown: [] })
})

test('without a common limit each pattern is checked', async () => {
  const schema = { allOf: [{ pattern: '^a$' }, { pattern: '^(a+)+$' }] }
  const check = await createPatternCheck(undefined, { one: 10_000 })
  assert.deepEqual(check(schema), { vulnerable: ['^(a+)+$'], unknown: [] })
})

// The original bug: recheck never returned.
test('a fractional time limit and a deeply nested pattern do not make the check hang', async () => {
  const hard = '^(?:a|b|ab|ba|aab)*(?:a{1,50}b{1,50}c{1,50}){1,30}(?:(?=.*x)[a-z]+|q)*(.)\\1{3,9}$'
  const deep = '('.repeat(50_000) + ')'.repeat(50_000)
  const schema = { allOf: [{ pattern: hard }, { pattern: deep }] }
  const check = await createPatternCheck([schema], { one: 20.5, all: 3000 })
  assert.deepEqual(check(schema), { vulnerable: [], unknown: [hard, deep] })
})
