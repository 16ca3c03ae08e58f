// The tables that the benchmark prints for docs/benchmarks.md, and the rows that --only selects.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GROUPS, selectable } from '../../bench/groups.ts'
import { rowOf } from '../../bench/measure.ts'
import { markdownOf } from '../../bench/table.ts'

const rounds = (...ratios: number[]) => ratios.map(ratio => ({ ours: ratio * 200, theirs: 200, again: 202 }))

test('a row has its figures, its range, the control, and whether it meets its target', () => {
  const times = { name: 'a', what: 'one / two', unit: 'ms' }
  const rates = { ...times, unit: 'records/s', better: 'higher' as const }
  const rows = [
    rowOf({ ...times, target: 1.2 }, rounds(1.1, 1.2, 1.3)),
    rowOf({ ...times, target: 1.15 }, rounds(1.1, 1.2, 1.3)),
    rowOf({ ...times, target: 1 }, rounds(1.1, 1.2, 1.3)),
    rowOf({ ...rates, target: 1.2 }, rounds(1.1, 1.2, 1.3)),
    rowOf({ ...rates, target: 1.4 }, rounds(1.1, 1.2, 1.3)),
  ]
  const lines = markdownOf({ machine: 'here', rows, curves: [] })
    .split('\n')
    .filter(line => line.startsWith('| a'))
  assert.deepEqual(lines, [
    '| a | one / two (240 / 200 ms) | 1.20 | 1.10–1.30 | 1.01 | ≤ 1.2 | met |',
    '| a | one / two (240 / 200 ms) | 1.20 | 1.10–1.30 | 1.01 | ≤ 1.15 | missed, within the range |',
    '| a | one / two (240 / 200 ms) | 1.20 | 1.10–1.30 | 1.01 | ≤ 1 | missed |',
    '| a | one / two (240 / 200 records/s) | 1.20 | 1.10–1.30 | 1.01 | ≥ 1.2 | met |',
    '| a | one / two (240 / 200 records/s) | 1.20 | 1.10–1.30 | 1.01 | ≥ 1.4 | missed |',
  ])
})

test('a curve has its sizes and its cost per unit', () => {
  const curve = { name: 'batch, records', unit: 'µs per record', points: [{ at: 1, perUnit: 344.4 }] }
  const text = markdownOf({
    machine: 'here',
    rows: [],
    curves: [{ ...curve, points: [...curve.points, { at: 10_000, perUnit: 3.912 }] }],
  })
  assert.match(text, /^\| batch, records: 1, 10,000 \| µs per record \| 344, 3\.91 \|$/m)
})

test('every row has one group', () => {
  const rows = GROUPS.flatMap(group => group.rows)
  assert.deepEqual(rows, [...new Set(rows)])
  assert.ok(selectable().includes('growth'))
  for (const name of [...rows, 'http', 'bulk']) assert.ok(selectable().includes(name), name)
})
