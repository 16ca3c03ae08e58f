import { test } from 'node:test'
import { runTestsOf } from '../support/docs-tests.ts'

test('each test of docs/testing.md passes as it stands there', () => runTestsOf('docs/testing.md', 2))
