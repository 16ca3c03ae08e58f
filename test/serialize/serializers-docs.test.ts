// Runs the serializer of docs/serializers.md.
import { test } from 'node:test'
import { runTestsOf } from '../support/docs-tests.ts'

test('the serializer of docs/serializers.md works unchanged', () => runTestsOf('docs/serializers.md', 1))
