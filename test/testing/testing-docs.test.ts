// Runs each test of docs/testing.md.
import { test } from 'node:test'
import { runTestsOf } from '../support/docs-tests.ts'

test('each test of docs/testing.md passes unchanged', () => runTestsOf('docs/testing.md', 2))
