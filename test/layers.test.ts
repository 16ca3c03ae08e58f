// Each test file belongs to exactly one layer of `npm test`.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { LONGEST, OWN_CLUSTER, SHARED_CLUSTER, SLOW, UNIT } from './layers.ts'

// The original bug: tests in nested folders were in no layer, so they were never run.
test('every test file is in exactly one layer', () => {
  const inLayers = [UNIT, SHARED_CLUSTER, OWN_CLUSTER, SLOW].flatMap(pattern => globSync(pattern))
  assert.deepEqual(inLayers.sort(), globSync('test/**/*.test.ts').sort())
  for (const file of LONGEST) assert.ok(inLayers.includes(file), file)
})
