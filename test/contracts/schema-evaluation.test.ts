// The cost of validating a value is bounded, and different numbers stay different even if they parse to the same
// double.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'
import { SchemaEvaluation } from '../../lib/contracts/schema-evaluation.ts'
import { readJson } from '../../lib/record/read-json.ts'

const compile = await createSchemaCompiler()
const reference = { $ref: '#/$defs/node' }
const recursive = (node: object) => compile('t', { $defs: { node }, ...reference })
/** The place of `left` decides whether it is looked at before the alternative fails. */
const alternative = (operator: string, isLeftFirst: boolean) => {
  const [left, op] = [{ left: reference }, { op: { const: operator } }]
  return { type: 'object', required: ['op'], properties: isLeftFirst ? { ...left, ...op } : { ...op, ...left } }
}
const treesOf = (isLeftFirst: boolean, keyword: 'anyOf' | 'oneOf') =>
  recursive({
    [keyword]: [{ type: 'string' }, ...['or', 'xor', 'and'].map(operator => alternative(operator, isLeftFirst))],
  })
const chain = (levels: number, leaf: unknown): unknown =>
  levels === 0 ? leaf : { op: 'and', left: chain(levels - 1, leaf) }

/** References that are followed, and what else is counted. */
function countSteps(t: TestContext): { references: number; steps: number } {
  const counter = { references: 0, steps: 0 }
  const { countReference, countSteps } = SchemaEvaluation.prototype
  t.after(() => Object.assign(SchemaEvaluation.prototype, { countReference, countSteps }))
  SchemaEvaluation.prototype.countReference = function (...args) {
    counter.references++
    countReference.apply(this, args)
  }
  SchemaEvaluation.prototype.countSteps = function (steps) {
    counter.steps += steps
    countSteps.call(this, steps)
  }
  return counter
}

const TOO_MANY = {
  violations: [{ pointer: '/value', rule: 'steps', expected: 'a value that is checked in fewer steps' }],
  truncated: true,
}

// The original bug: 18 levels in 360 bytes took 1.2 s, and 23 levels took longer than the function's timeout.
for (const keyword of ['anyOf', 'oneOf'] as const)
  test(`${keyword} of alternatives that refer to themselves: the steps are bounded, the value is refused`, t => {
    const counter = countSteps(t)
    const check = treesOf(true, keyword)
    for (const levels of [20, 40, 100]) {
      counter.steps = 0
      assert.deepEqual(check(chain(levels, 'leaf')), TOO_MANY)
      assert.ok(counter.steps < 30_000, `${counter.steps} steps for ${levels} levels`)
    }
    assert.deepEqual(check(chain(4, 'leaf')).violations, [], 'a small value')
  })

test('alternatives that fail before they refer to themselves are valid at any depth', () => {
  assert.deepEqual(treesOf(false, 'anyOf')(chain(100, 'leaf')).violations, [])
})

test('if listing all violations would cost too much, the first ones are listed', t => {
  const check = treesOf(false, 'anyOf')
  const counter = countSteps(t)
  const { violations, truncated } = check(chain(60, 1))
  assert.ok(truncated)
  assert.ok(violations.some(({ rule }) => rule === 'type'))
  assert.ok(violations.every(({ rule }) => rule !== 'steps'))
  assert.ok(counter.steps < 60_000, `${counter.steps} steps`)
})

test('large values of recursive schemas are valid: long lists, and unions whose members share a base', () => {
  const lists = recursive({ type: 'array', items: reference })
  assert.deepEqual(lists(Array(200_000).fill([])).violations, [], 'a program’s own, with one list at all places')
  const text = `[${Array(100_000).fill('[[]]').join()}]`
  assert.deepEqual(lists(JSON.parse(text), 'all', text).violations, [])

  const base = { type: 'object', required: ['kind'], properties: { parts: { type: 'array', items: reference } } }
  const kinds = Array.from({ length: 20 }, (_, kind) => ({
    allOf: [{ $ref: '#/$defs/base' }, { properties: { kind: { const: kind } } }],
  }))
  const union = compile('t', { $defs: { base, node: { oneOf: kinds } }, type: 'array', items: reference })
  const items = Array.from({ length: 3000 }, (_, index) => ({ kind: index % 20, id: index, name: 'n', a: 1, b: 2 }))
  assert.deepEqual(union(items, 'all', JSON.stringify(items)).violations, [])
})

// The original bug: valid records were refused, with 80 items of 1 KB and 40 members, or 500 items and 24 members.
for (const [keyword, members] of [
  ['oneOf', 40],
  ['anyOf', 100],
] as const)
  test(`${keyword} of ${members} members with one base: 5,000 items are valid, and no reference is counted`, t => {
    const kinds = Array.from({ length: members }, (_, kind) => ({
      allOf: [{ $ref: '#/$defs/base' }],
      properties: { kind: { const: kind } },
    }))
    const base = { type: 'object', required: ['kind'], properties: { id: { type: 'string' } } }
    const check = compile('t', { $defs: { base }, type: 'array', items: { [keyword]: kinds } })
    const counter = countSteps(t)
    assert.deepEqual(check(Array.from({ length: 5000 }, () => ({ kind: members - 1 }))).violations, [])
    assert.equal(counter.references, 0)
  })

test('a reference to a base through several definitions is not counted, one to itself is', t => {
  const check = compile('t', {
    $defs: {
      a: { type: 'object', properties: { b: { $ref: '#/$defs/b' }, more: { $ref: '#/$defs/c' } } },
      b: { type: 'object', properties: { c: { $ref: '#/$defs/c' } } },
      c: { type: 'object', properties: { d: { $ref: '#/$defs/d' } } },
      d: { type: 'object', properties: { c: { $ref: '#/$defs/c' } } },
    },
    $ref: '#/$defs/a',
  })
  const counter = countSteps(t)
  assert.deepEqual(check({ b: { c: { d: {} } }, more: {} }).violations, [])
  assert.equal(counter.references, 0)
  assert.deepEqual(check({ b: { c: { d: { c: { d: { c: {} } } } } } }).violations, [])
  assert.equal(counter.references, 2)
})

test('a recursive union accepts long lists and some levels of nesting', () => {
  const parts = { type: 'array', items: reference }
  const base = { type: 'object', required: ['kind'], properties: { parts } }
  const kinds = Array.from({ length: 40 }, (_, kind) => ({
    allOf: [{ $ref: '#/$defs/base' }],
    properties: { kind: { const: kind } },
  }))
  const check = compile('t', { $defs: { base, node: { oneOf: kinds } }, ...reference })
  const leaves = Array.from({ length: 2000 }, () => ({ kind: 39 }))
  assert.deepEqual(check({ kind: 39, parts: leaves }).violations, [])
  assert.deepEqual(check({ kind: 39, parts: [{ kind: 39, parts: [{ kind: 39 }] }] }).violations, [])
})

const withData = (data: object) =>
  recursive({
    anyOf: [
      { type: 'string' },
      ...['and', 'or'].map(op => ({
        type: 'object',
        required: ['left'],
        properties: { data, left: reference, op: { const: op } },
      })),
    ],
  })
const around = (levels: number, leaf: unknown): unknown =>
  levels === 0 ? leaf : { op: 'or', left: around(levels - 1, leaf) }

// The original bug: 0.9 MB took 7.5 s, because the list was read for each of 16,000 references.
for (const [what, schema, data] of [
  ['list', { type: 'array', items: { type: 'integer' } }, Array(100_000).fill(1)],
  ['text', { pattern: '^[a-z]*$' }, 'a'.repeat(800_000)],
  [
    'object',
    { additionalProperties: { type: 'integer' } },
    Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`n${index}`, 1])),
  ],
] as const)
  test(`a large ${what} is read a few times, not once for each enclosing alternative`, t => {
    const counter = countSteps(t)
    const check = withData(schema)
    const leaf = { op: 'or', data, left: 'leaf' }
    assert.deepEqual(check(around(3, leaf)).violations, [])
    for (const levels of [12, 60]) {
      counter.steps = 0
      assert.deepEqual(check(around(levels, leaf)), TOO_MANY)
      assert.ok(counter.steps < 60 * JSON.stringify(data).length, `${counter.steps} steps for ${levels} levels`)
    }
  })

test('a list of unique items is read once, however many alternatives enclose it', () => {
  const check = withData({ uniqueItems: true })
  let reads = 0
  const data = new Proxy(['a', 'b'], {
    get: (list, name) => {
      if (name === '0') reads++
      return Reflect.get(list, name)
    },
  })
  assert.deepEqual(check(around(6, { op: 'or', data, left: 'leaf' })).violations, [])
  assert.equal(reads, 1)
})

test('many values that stay below the limit take steps as their size grows', t => {
  const counter = countSteps(t)
  const check = compile('t', {
    $defs: { node: { anyOf: [{ type: 'string' }, alternative('or', true), alternative('and', true)] } },
    type: 'array',
    items: reference,
  })
  const [few, many] = [2000, 20_000].map(count => {
    counter.steps = 0
    assert.deepEqual(check(Array.from({ length: count }, () => chain(4, 'leaf'))).violations, [])
    return counter.steps / count
  }) as [number, number]
  assert.ok(many <= few * 1.1, `${few} and ${many} steps a value`)
})

test('nested lists are each read once, at any depth', () => {
  const check = recursive({ type: 'array', uniqueItems: true, items: reference })
  let reads = 0
  const leaf = new Proxy(['a', ['b']], {
    get: (list, name) => {
      if (name === '0') reads++
      return Reflect.get(list, name)
    },
  })
  const deep = (levels: number): unknown => (levels === 0 ? leaf : [deep(levels - 1)])
  check(deep(5), 'first')
  const shallow = reads
  reads = 0
  check(deep(95), 'first')
  assert.equal(reads, shallow)
})

const unique = compile('t', { type: ['array', 'object'], uniqueItems: true, items: { uniqueItems: true } })
const isUnique = (text: string) => unique(readJson(text, {})?.parsed, 'all', text).violations.length === 0

// The original bug: they are equal as doubles, so the list was refused.
for (const text of [
  '[9007199254740992,9007199254740993]',
  '[[9007199254740992,{"a":"\\"1"}],[9007199254740993,{"a":"\\"1"}]]',
  '[1e400,-1e400,null,1e401]',
  '[[1e400],[null]]',
  '[[1e400],[-1e400]]',
  '[{"a":[0.1000000000000000055]},{"a":[0.1]}]',
  '[1e-400,0]',
  '[1e99999999999999999999,1e99999999999999999998]',
  '[1.00000000000000000001,1]',
])
  test(`the items of ${text} are unique as they are written`, () => assert.ok(isUnique(text)))

for (const text of [
  '[9007199254740993,9007199254740993.0]',
  '[90071992547409930e-1,9007199254740993]',
  '[1e400,10e399]',
  '[[1e400],[1.0E+400]]',
  '[0,-0]',
  '[0.0e5,-0]',
  '[1,1.0]',
  '[100,1e2]',
  '["9007199254740993",9007199254740993,9007199254740993]',
  '[1e400,{"x":[2,2]},{"x":[2,2.0]}]',
])
  test(`the items of ${text} are not unique`, () => assert.ok(!isUnique(text)))

test('a value from code, which has no text, is compared by its doubles', () => {
  assert.equal(unique([9007199254740992, 9007199254740992]).violations.length, 1)
})
