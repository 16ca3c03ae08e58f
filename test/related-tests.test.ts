// Finding the tests near a change.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { relatedTests, STYLE_TESTS } from './related-tests.ts'

const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  'test/send/order.test.ts': ['test/support/harness.ts'],
  'test/send/sender.test.ts': ['lib/index.ts'],
  'test/validate/limits.test.ts': ['lib/validate/limits.ts'],
  'test/time/clock.test.ts': ['lib/time/clock.ts'],
  'test/support/harness.ts': ['lib/send/sender.ts'],
}
const TESTS = Object.keys(IMPORTS).filter(file => file.endsWith('.test.ts'))
const related = (...changed: string[]) => relatedTests(changed, TESTS, file => IMPORTS[file] ?? [])

test('a test is near a file that it imports, also through a helper, or whose name it has', () => {
  assert.deepEqual(related('lib/validate/limits.ts'), ['test/validate/limits.test.ts'])
  assert.deepEqual(related('lib/send/sender.ts'), ['test/send/order.test.ts', 'test/send/sender.test.ts'])
  assert.deepEqual(related('test/support/harness.ts'), ['test/send/order.test.ts'])
})

test('a changed test is near itself; a file that nobody imports has none', () => {
  assert.deepEqual(related('test/time/clock.test.ts'), ['test/time/clock.test.ts'])
  assert.deepEqual(related('README.md', 'lib/send/unused.ts'), [])
})

test('the tests of the repository as a whole exist', () => {
  assert.deepEqual(
    STYLE_TESTS.filter(file => !existsSync(file)),
    [],
  )
})
