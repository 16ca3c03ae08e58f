import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromBase64, isBase64, toBase64 } from '../../lib/record/base64.ts'

test('bytes and null survive a round trip', () => {
  fc.assert(
    fc.property(fc.uint8Array(), bytes => {
      const text = toBase64(bytes)
      assert.ok(text !== null && isBase64(text))
      assert.deepEqual(new Uint8Array(fromBase64(text) as Buffer), bytes)
    }),
  )
  assert.deepEqual([toBase64(null), fromBase64(null)], [null, null])
})

test('text that Node’s decoder would truncate or skip is not base64', () => {
  for (const text of ['A', 'AB', 'ABC', 'A===', 'AB=C', '====', 'AB-_', 'AB C', 'ABCD\n', 'ÄBCD'])
    assert.equal(isBase64(text), false, text)
})
