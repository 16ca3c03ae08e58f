// The depth of a body is checked in linear time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidRecordError } from '../../lib/errors.ts'
import { parseBody } from '../../lib/lambda/parse-body.ts'

const isTooDeep = { code: 'bad-json', message: /at most 100 levels/ }
const parse = (text: string) => parseBody(Buffer.from(text), InvalidRecordError)
const nested = (levels: number, inner: string) => '['.repeat(levels) + inner + ']'.repeat(levels)

test('brackets in strings are no levels, also after escaped quotes', () => {
  const text = String.raw`"\\\"[[[["`
  assert.deepEqual(parse(`[${`${text},`.repeat(100)}1]`), [...Array(100).fill('\\"[[[['), 1])
  assert.doesNotThrow(() => parse(nested(100, text)))
  assert.throws(() => parse(nested(101, text)), isTooDeep)
})

// With a regular expression this took hours, far beyond the time limit of a test.
test('a string of 5 MB that never closes takes linear time', () => {
  assert.throws(() => parse(`${'['.repeat(101)}"${String.raw`\"`.repeat(2_500_000)}`), isTooDeep)
})
