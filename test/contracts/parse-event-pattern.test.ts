// Which event patterns the build accepts, by EventBridge's rules for the pattern of a rule, and what it says of others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventPatternProblem } from '../../lib/contracts/parse-event-pattern.ts'

const EXPECTED =
  'expected an event pattern of EventBridge: objects, and lists of texts, numbers, booleans, null and { prefix | ' +
  'suffix | equals-ignore-case | wildcard | exists | cidr | numeric | anything-but }'
const problemOf = (pattern: unknown) => eventPatternProblem('at', pattern)
const withCondition = (condition: unknown) => problemOf({ field: [condition] })

const ACCEPTED: unknown[] = [
  'text',
  5,
  true,
  null,
  { prefix: 'a' },
  { prefix: { 'equals-ignore-case': 'a' } },
  { suffix: 'a' },
  { suffix: { 'equals-ignore-case': 'a' } },
  { 'equals-ignore-case': 'a' },
  { wildcard: 'a*' },
  { exists: true },
  { exists: false },
  { cidr: '10.0.0.0/8' },
  { cidr: '10.0.0.1/32' },
  { cidr: '0.0.0.0/0' },
  { cidr: '2001:db8::/128' },
  { numeric: ['<', 5] },
  { numeric: ['<=', -0.5] },
  { numeric: ['=', 0] },
  { numeric: ['>', 0, '<', 5] },
  { numeric: ['>=', 0, '<=', 5] },
  { 'anything-but': 'a' },
  { 'anything-but': 5 },
  { 'anything-but': false },
  { 'anything-but': ['a', 5, true] },
  { 'anything-but': { prefix: 'a' } },
  { 'anything-but': { suffix: ['a', 'b'] } },
  { 'anything-but': { 'equals-ignore-case': ['a'] } },
  { 'anything-but': { wildcard: 'a*' } },
]
for (const condition of ACCEPTED)
  test(`the condition ${JSON.stringify(condition)} is accepted`, () =>
    assert.equal(withCondition(condition), undefined))

const REFUSED: unknown[] = [
  undefined,
  ['a'],
  {},
  { prefx: 'a' },
  { constructor: 'a' },
  { prefix: 'a', suffix: 'b' },
  { prefix: 5 },
  { prefix: { 'equals-ignore-case': 5 } },
  { prefix: { wildcard: 'a' } },
  { prefix: { 'equals-ignore-case': 'a', wildcard: 'a' } },
  { suffix: ['a'] },
  { 'equals-ignore-case': { prefix: 'a' } },
  { wildcard: 5 },
  { exists: 'true' },
  { cidr: '10.0.0.0' },
  { cidr: '10.0.0.0/33' },
  { cidr: '10.0.0.0/' },
  { cidr: '10.0.0.0/8/8' },
  { cidr: 'ten/8' },
  { cidr: '/8' },
  { cidr: '2001:db8::/129' },
  { cidr: '2001:db8::/1234' },
  { cidr: 5 },
  { numeric: '<5' },
  { numeric: [] },
  { numeric: ['<'] },
  { numeric: ['>', 1, '<'] },
  { numeric: ['>', 1, '<', 5, '=', 3] },
  { numeric: ['!=', 5] },
  { numeric: [5, '<'] },
  { numeric: ['<', '5'] },
  { numeric: ['<', Number.NaN] },
  { numeric: ['>', 1, '?', 5] },
  { 'anything-but': [] },
  { 'anything-but': null },
  { 'anything-but': [null] },
  { 'anything-but': [['a']] },
  { 'anything-but': {} },
  { 'anything-but': { exists: true } },
  { 'anything-but': { numeric: ['<', 5] } },
  { 'anything-but': { prefix: [] } },
  { 'anything-but': { prefix: 5 } },
  { 'anything-but': { prefix: ['a', 5] } },
  { 'anything-but': { prefix: 'a', suffix: 'b' } },
]
for (const condition of REFUSED)
  test(`the condition ${JSON.stringify(condition)} is refused at its place`, () =>
    assert.equal(withCondition(condition), `at.field[0]: ${EXPECTED}`))

test('a pattern is an object with a list, an object or alternatives in each field', () => {
  assert.equal(problemOf({ a: ['x'], b: { c: [1] }, $or: [{ d: [1] }, { e: [2] }] }), undefined)
  for (const [pattern, at] of [
    [undefined, 'at'],
    ['text', 'at'],
    [[], 'at'],
    [{}, 'at'],
    [{ a: 'x' }, 'at.a'],
    [{ a: [] }, 'at.a'],
    [{ a: ['x', { b: 1 }] }, 'at.a[1]'],
    [{ a: ['x'], b: {} }, 'at.b'],
    [{ a: { b: { c: null } } }, 'at.a.b.c'],
    [{ $or: { a: [1] } }, 'at.$or'],
    [{ $or: [{ a: [1] }] }, 'at.$or'],
    [{ $or: [{ a: [1] }, 5] }, 'at.$or[1]'],
    [{ $or: [{ a: [1] }, { b: [[]] }] }, 'at.$or[1].b[0]'],
  ] as const)
    assert.equal(problemOf(pattern), `${at}: ${EXPECTED}`)
})
