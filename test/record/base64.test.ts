// Base64 texts of requests: valid, large and invalid ones.
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

// The original bug: a pattern over the whole text overflowed the stack, so no record of the request got a result.
test('a text of 5 MB is judged, whatever is at its end', () => {
  const text = 'AAAA'.repeat(1_310_720)
  assert.deepEqual([text, `${text}AA==`, `${text}A===`, `${text}A`, `=${text}AAA`].map(isBase64), [
    true,
    true,
    false,
    false,
    false,
  ])
})

test('text that Node’s decoder would truncate or skip is not base64', () => {
  for (const text of ['A', 'AB', 'ABC', 'A===', 'AB=C', '====', '=', 'A=B=', 'AB-_', 'AB C', 'ABCD\n', 'ÄBCD'])
    assert.equal(isBase64(text), false, text)
})
