// What the check of a value may cost, and numbers that are one double.
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

function countSteps(t: TestContext): { steps: number } {
  const counter = { steps: 0 }
  const { countStep } = SchemaEvaluation.prototype
  t.after(() => {
    SchemaEvaluation.prototype.countStep = countStep
  })
  SchemaEvaluation.prototype.countStep = function (...args) {
    counter.steps++
    countStep.apply(this, args)
  }
  return counter
}

// 18 levels in 360 bytes took 1.2 s, 23 outlived the function.
for (const keyword of ['anyOf', 'oneOf'] as const)
  test(`${keyword} of alternatives that refer to themselves: the steps are bounded, the value is refused`, t => {
    const counter = countSteps(t)
    const check = treesOf(true, keyword)
    for (const levels of [20, 40, 100]) {
      counter.steps = 0
      assert.deepEqual(check(chain(levels, 'leaf')), {
        violations: [{ pointer: '/value', rule: 'steps', expected: 'each $ref followed up to 16 times at a place' }],
        truncated: true,
      })
      assert.ok(counter.steps < 6000, `${counter.steps} steps for ${levels} levels`)
    }
    assert.deepEqual(check(chain(4, 'leaf')).violations, [], 'a small value')
  })

test('alternatives that fail before they refer to themselves are valid at any depth', () => {
  assert.deepEqual(treesOf(false, 'anyOf')(chain(100, 'leaf')).violations, [])
})

test('where all violations would cost too much, the first ones are listed', t => {
  const check = treesOf(false, 'anyOf')
  const counter = countSteps(t)
  const { violations, truncated } = check(chain(60, 1))
  assert.ok(truncated)
  assert.ok(violations.some(({ rule }) => rule === 'type'))
  assert.ok(violations.every(({ rule }) => rule !== 'steps'))
  assert.ok(counter.steps < 12_000, `${counter.steps} steps`)
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

test('lists in lists are each looked at once, whatever their depth', () => {
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

// As doubles they are equal, and the list was refused.
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

test('a value of a program, which has no text, is judged by its doubles', () => {
  assert.equal(unique([9007199254740992, 9007199254740992]).violations.length, 1)
})
