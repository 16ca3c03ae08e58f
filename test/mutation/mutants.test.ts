import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  findAgain,
  type Mutant,
  orderTests,
  type Result,
  type Status,
  sampleOf,
  scoreOf,
  survivorsOf,
  survivorsText,
} from './mutants.ts'

const mutant = (line: number, original = 'a < b', replacement = 'a <= b', file = 'lib/send/drainer.ts'): Mutant => ({
  file,
  line,
  column: 3,
  mutator: 'EqualityOperator',
  original,
  replacement,
})
const result = (status: Status, line = 1): Result => ({ ...mutant(line), status })
const hundred = Array.from({ length: 100 }, (_, i) => mutant(i + 1, `a < ${i}`))

test('a seed chooses the same sample again, and another seed another', () => {
  const sample = sampleOf(hundred, 10, 's')
  assert.equal(sample.length, 10)
  assert.deepEqual(sampleOf(hundred, 10, 's'), sample)
  assert.notDeepEqual(sampleOf(hundred, 10, 't'), sample)
})

test('a sample stays as it was if lines are added above it', () => {
  const moved = hundred.map(one => ({ ...one, line: one.line + 7 }))
  const originals = (sample: readonly Mutant[]) => sample.map(({ original }) => original)
  assert.deepEqual(originals(sampleOf(moved, 10, 's')), originals(sampleOf(hundred, 10, 's')))
})

test('the first mutants of a sample are a smaller sample of the whole area, so that a run may be ended early', () => {
  const sample = sampleOf(hundred, 50, 's')
  assert.deepEqual(sample.slice(0, 10), sampleOf(hundred, 10, 's'))
  const lines = sample.slice(0, 10).map(({ line }) => line)
  assert.ok(Math.max(...lines) > 50, lines.join(' '))
})

test('a sample that is larger than the area is the area', () => {
  assert.deepEqual(new Set(sampleOf(hundred, 1000, 's')), new Set(hundred))
})

test('equal changes of a file are different mutants of a sample', () => {
  const twins = [mutant(1), mutant(2), mutant(3)]
  assert.equal(sampleOf(twins, 2, 's').length, 2)
})

test('a listed mutant is found again in the nearest line, and one whose code is gone is not', () => {
  const listed = [mutant(10), mutant(50), mutant(60, 'gone()', '')]
  const now = [mutant(12), mutant(30, 'b < c'), mutant(55)]
  assert.deepEqual(findAgain(listed, now), [mutant(12), mutant(55)])
})

test('two listed mutants are not found in the same place', () => {
  assert.deepEqual(findAgain([mutant(10), mutant(11)], [mutant(10)]), [mutant(10)])
})

test('a mutant that no test reaches counts as alive, one that never ends as killed, an ignored one not at all', () => {
  const statuses: Status[] = ['killed', 'timeout', 'survived', 'no-coverage', 'ignored']
  const results = statuses.map(status => result(status))
  assert.equal(scoreOf(results), 50)
  assert.deepEqual(
    survivorsOf(results).map(({ status }) => status),
    ['survived', 'no-coverage'],
  )
  assert.equal(scoreOf([]), 100)
})

test('the list of survivors has place, change, mutator and status, one to a line', () => {
  const block = { ...mutant(4, '{\n    close()\n  }', '{}'), status: 'no-coverage' as const }
  assert.equal(
    survivorsText([result('killed'), result('survived', 2), block]),
    'lib/send/drainer.ts:2:3  a < b → a <= b  (EqualityOperator, survived)\n' +
      'lib/send/drainer.ts:4:3  { close() } → {}  (EqualityOperator, no-coverage)\n',
  )
})

test('a long change is shortened to its begin and its end', () => {
  const [line = ''] = survivorsText([{ ...mutant(1, `begin${'x'.repeat(500)}end`), status: 'survived' }]).split('\n')
  assert.match(line, /begin\S* … \S*end → a <= b/)
  assert.ok(line.length < 220)
})

test('test files that killed before go first, then the namesake, its folder, and the quickest', () => {
  const ms: Record<string, number> = { 'test/a.test.ts': 5, 'test/b.test.ts': 1, 'test/send/drainer.test.ts': 900 }
  const tests = [
    'test/a.test.ts',
    'test/b.test.ts',
    'test/k.test.ts',
    'test/send/drainer.test.ts',
    'test/send/x.test.ts',
  ]
  assert.deepEqual(
    orderTests(
      'lib/send/drainer.ts',
      tests,
      name => ms[name] ?? 10,
      name => (name === 'test/k.test.ts' ? 2 : 0),
    ),
    ['test/k.test.ts', 'test/send/drainer.test.ts', 'test/send/x.test.ts', 'test/b.test.ts', 'test/a.test.ts'],
  )
})
