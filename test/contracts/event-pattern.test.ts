// Event patterns match as EventBridge's do: the examples of its guide, and what they don't match.
// docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesPattern, mayBothMatch } from '../../lib/contracts/event-pattern.ts'

const of = (...conditions: unknown[]) => ({ detail: { field: conditions } })
const withField = (field?: unknown) => ({ source: 's', detail: field === undefined ? { other: 1 } : { field } })

const CASES: [string, unknown[], matches: unknown[], others: unknown[]][] = [
  [
    'values',
    ['Alice', 100, true, null],
    ['Alice', 100, true, null, ['Bob', 'Alice']],
    ['alice', '100', 'true', {}, []],
  ],
  ['the empty text', [''], [''], [null, undefined, ' ']],
  ['prefix', [{ prefix: 'us-' }], ['us-east-1', ['eu', 'us-a']], ['eu-us-', 1, undefined]],
  ['prefix in any case', [{ prefix: { 'equals-ignore-case': 'EventB' } }], ['eventbridge', 'EVENTB'], ['event']],
  ['suffix', [{ suffix: '.png' }], ['a.png'], ['a.PNG', 'png']],
  ['suffix in any case', [{ suffix: { 'equals-ignore-case': '.png' } }], ['a.PnG'], ['a.jpg']],
  ['any case', [{ 'equals-ignore-case': 'alice' }], ['ALICE', 'alice'], ['alic', 1]],
  ['anything but', [{ 'anything-but': 'a' }], ['b', 1, null], ['a', undefined, { a: 1 }]],
  ['anything but these', [{ 'anything-but': ['a', 404] }], ['b', 405, '404'], ['a', 404]],
  ['anything but a prefix', [{ 'anything-but': { prefix: 'us-' } }], ['eu-a', 5], ['us-a']],
  ['anything but suffixes', [{ 'anything-but': { suffix: ['.png', '.jpg'] } }], ['a.gif'], ['a.png', 'a.jpg']],
  ['anything but in any case', [{ 'anything-but': { 'equals-ignore-case': ['a', 'b'] } }], ['c'], ['A', 'b']],
  ['anything but a wildcard', [{ 'anything-but': { wildcard: '*/lib/*' } }], ['/bin/a'], ['/usr/lib/a']],
  ['wildcard', [{ wildcard: 'dir/*.p*g' }], ['dir/a.png', 'dir/.pg', 'dir/a.jpeg.pg'], ['dir/a.gif', 'adir/a.png']],
  ['an escaped asterisk', [{ wildcard: 'a\\*b*' }], ['a*b', 'a*bc'], ['axb']],
  ['a wildcard whose parts would overlap', [{ wildcard: 'ab*ba' }], ['abba', 'abxba'], ['aba']],
  ['numbers', [{ numeric: ['>', 0, '<=', 5] }], [0.1, 5, [9, 3]], [0, 6, '3', undefined]],
  ['a number', [{ numeric: ['=', 3.018e2] }], [301.8], [301]],
  ['numbers from one on', [{ numeric: ['>=', 2, '<', 4] }], [2, 3.9], [1.9, 4]],
  ['a field that is there', [{ exists: true }], ['a', null, 0, ['a']], [undefined, { a: 1 }]],
  ['a field that is not there', [{ exists: false }], [undefined], ['a', null]],
  ['addresses', [{ cidr: '10.0.0.0/24' }], ['10.0.0.255'], ['10.0.1.0', 'ten', '::1', 5]],
  ['addresses of IPv6', [{ cidr: '2001:db8::/32' }], ['2001:db8::5'], ['2001:db9::', '10.0.0.1']],
  ['one of several', [{ prefix: 'a' }, 'b', { numeric: ['>', 1] }], ['ax', 'b', 2], ['c', 1]],
]

for (const [name, conditions, matches, others] of CASES)
  test(`${name}`, () => {
    for (const value of matches) assert.ok(matchesPattern(of(...conditions), withField(value)), JSON.stringify(value))
    for (const value of others) assert.ok(!matchesPattern(of(...conditions), withField(value)), JSON.stringify(value))
  })

test('every field must match; of $or one pattern; of a list of objects one item as a whole', () => {
  const pattern = { source: ['s'], detail: { a: ['1'], $or: [{ b: [2] }, { c: { d: [{ exists: true }] } }] } }
  assert.ok(matchesPattern(pattern, { source: 's', detail: { a: '1', b: 2 } }))
  assert.ok(matchesPattern(pattern, { source: 's', detail: { a: '1', c: { d: 0 } } }))
  assert.ok(!matchesPattern(pattern, { source: 's', detail: { a: '1', b: 3 } }))
  assert.ok(!matchesPattern(pattern, { source: 't', detail: { a: '1', b: 2 } }))
  const items = { detail: { items: { id: ['a'], n: [1] } } }
  assert.ok(matchesPattern(items, { detail: { items: [{ id: 'b' }, { id: 'a', n: 1 }] } }))
  assert.ok(
    !matchesPattern(items, {
      detail: {
        items: [
          { id: 'a', n: 2 },
          { id: 'b', n: 1 },
        ],
      },
    }),
  )
})

test('fields of the prototype are not there', () => {
  assert.ok(!matchesPattern({ constructor: [{ exists: true }] }, {}))
  assert.ok(matchesPattern({ toString: [{ exists: false }] }, {}))
})

test('patterns exclude each other if one field has plain values without a common one', () => {
  const pattern = (source: unknown[], ...type: unknown[]) => ({
    source,
    ...(type.length > 0 ? { detail: { type } } : {}),
  })
  assert.ok(!mayBothMatch(pattern(['a']), pattern(['b'])))
  assert.ok(!mayBothMatch(pattern(['a'], 'x'), pattern(['a'], 'y', 'z')))
  assert.ok(mayBothMatch(pattern(['a', 'b'], 'x'), pattern(['b'])))
  assert.ok(mayBothMatch(pattern(['a'], 'x'), pattern(['a'], { prefix: 'y' })))
  assert.ok(mayBothMatch({ source: ['a'] }, { region: ['b'] }))
  assert.ok(mayBothMatch({ $or: [{ a: [1] }, { b: [1] }] }, { $or: [{ a: [2] }, { b: [2] }] }))
})
