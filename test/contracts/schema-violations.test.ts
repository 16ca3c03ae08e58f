// What a violation says: where, which rule, and what the schema expects, in few words and never with the value.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AjvError, type AjvValidate, schemaCheck } from '../../lib/contracts/ajv-violations.ts'
import { defineContract } from '../../lib/contracts/define-contract.ts'
import { isMember } from '../../lib/contracts/enum-members.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'
import { TooManySteps } from '../../lib/contracts/schema-evaluation.ts'
import { validateRecord } from '../../lib/validate/record-validator.ts'

const compile = await createSchemaCompiler({ schemas: [{ pattern: 'a' }] })
const violationsOf = (schema: object, value: unknown) =>
  compile('t', schema)(value).violations.map(({ pointer, rule, expected }) => [pointer, rule, expected].join(' · '))

test('each rule says what it expects', () => {
  for (const [schema, value, violation] of [
    [{ type: 'string' }, 1, '/value · type · string'],
    [{ type: ['string', 'null'] }, 1, '/value · type · string | null'],
    [{ required: ['a'] }, {}, '/value · required · a'],
    [{ enum: ['a', 'b'] }, 'c', '/value · enum · a | b'],
    [{ const: 5 }, 6, '/value · const · 5'],
    [{ minimum: 5 }, 4, '/value · minimum · 5'],
    [{ maxLength: 2 }, 'abc', '/value · maxLength · 2'],
    [{ pattern: '^a$' }, 'b', '/value · pattern · ^a$'],
    [{ format: 'email' }, 'b', '/value · format · email'],
    [{ multipleOf: 0.5 }, 0.7, '/value · multipleOf · 0.5'],
    [{ uniqueItems: true }, [1, 1], '/value · uniqueItems · uniqueItems'],
    [{ additionalProperties: false }, { secret: 1 }, '/value · additionalProperties · no other properties'],
    [{ unevaluatedProperties: false }, { secret: 1 }, '/value · unevaluatedProperties · no other properties'],
    [{ properties: { a: { type: 'string' } } }, { a: 1 }, '/value/a · type · string'],
    [{ items: { type: 'string' } }, ['a', 1], '/value/1 · type · string'],
  ] as const)
    assert.deepEqual(violationsOf(schema, value), [violation])
})

const failing =
  (...errors: readonly Partial<AjvError>[]): AjvValidate =>
  () => {
    validate.errors = errors.map(error => ({ instancePath: '', keyword: 'k', params: {}, ...error }))
    return false
  }
let validate: AjvValidate

function listed(...errors: readonly Partial<AjvError>[]) {
  validate = failing(...errors)
  return schemaCheck(validate)({})
}

test('a list of the schema is named up to the twentieth entry, a text up to 1000 characters', () => {
  const names = Array.from({ length: 21 }, (_, index) => `n${index}`)
  const expectedOf = (allowedValues: unknown) => listed({ params: { allowedValues } }).violations[0]?.expected
  assert.equal(expectedOf(names.slice(0, 20)), names.slice(0, 20).join(' | '))
  assert.equal(expectedOf(names), `${names.slice(0, 20).join(' | ')} | …`)
  assert.equal(expectedOf('x'.repeat(1000)), 'x'.repeat(1000))
  assert.equal(expectedOf('x'.repeat(1001)), `${'x'.repeat(1000)}…`)
})

test('a long pointer is cut', () => {
  const [violation] = listed({ instancePath: `/${'x'.repeat(5000)}` }).violations
  assert.ok((violation?.pointer.length ?? 0) < 5000)
  assert.ok(violation?.pointer.startsWith('/value/xxx'))
})

test('without a second check the violations are those of the first, twenty at most', () => {
  const errors = Array.from({ length: 21 }, () => ({ keyword: 'r' }))
  assert.deepEqual(listed(...errors.slice(1)).truncated, false)
  const { violations, truncated } = listed(...errors)
  assert.deepEqual([violations.length, truncated, violations[0]?.rule], [20, true, 'r'])
})

test('a value that takes too many steps is refused; another error of the check is thrown', () => {
  const throwing = (error: Error) =>
    schemaCheck(() => {
      throw error
    })
  assert.deepEqual(throwing(new TooManySteps())({}), {
    violations: [{ pointer: '/value', rule: 'steps', expected: 'a value that is checked in fewer steps' }],
    truncated: true,
  })
  assert.throws(() => throwing(new RangeError('broken'))({}), { name: 'RangeError', message: 'broken' })
})

test('a value equals a member of an enum whatever the order of its fields', () => {
  const members = [1, 'a', null, { a: 1, b: [2, { c: 3 }] }, [1, 2]]
  for (const value of [1, 'a', null, { b: [2, { c: 3 }], a: 1 }, [1, 2]]) assert.equal(isMember(value, members), true)
  for (const value of [
    '1',
    'b',
    undefined,
    {},
    [],
    [2, 1],
    { a: 1, b: [2, { c: '3' }] },
    { a: 1, b: [2, { c: 3 }], d: 1 },
  ])
    assert.equal(isMember(value, members), false, JSON.stringify(value))
  assert.equal(isMember({ 0: 1, 1: 2 }, members), false)
  assert.equal(isMember('{"a":1}', [{ a: 1 }]), false)
})

const withIssues = (issues: readonly object[] | undefined) =>
  defineContract('t', {
    key: { required: false },
    value: { schema: { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) as never } } },
  })
const violationsIn = (issues: readonly object[] | undefined) => {
  try {
    validateRecord({ topic: 't', value: {} }, { contracts: new Map([['t', withIssues(issues)]]) })
  } catch (error) {
    return (error as { violations: unknown }).violations
  }
  return 'accepted'
}

test('a schema in code names the place of each issue, and its rule where it has one', () => {
  assert.equal(violationsIn(undefined), 'accepted')
  const expected = 'what the schema says'
  for (const [issue, violation] of [
    [{}, { pointer: '/value', rule: 'schema', expected }],
    [{ path: ['a', 0, { key: 'b/c' }] }, { pointer: '/value/a/0/b~1c', rule: 'schema', expected }],
    [
      { code: 'too_small', expected: 'string' },
      { pointer: '/value', rule: 'too_small', expected: 'string' },
    ],
    [
      { type: 'min_length', expected: 5 },
      { pointer: '/value', rule: 'min_length', expected },
    ],
    [
      { code: 5, type: 'string' },
      { pointer: '/value', rule: 'string', expected },
    ],
    [
      { code: 'a', type: 'b', message: 'secret' },
      { pointer: '/value', rule: 'a', expected },
    ],
  ] as const)
    assert.deepEqual(violationsIn([issue]), [violation])
})
