// Bad values as text, of a topic whose schema requires a text `room`, which is the key, and where `n` is a number.
import assert from 'node:assert/strict'

/** In each input; neither an answer nor the log may have it. */
export const SECRET = 'payload-that-nobody-may-see'

/** @param text what a caller or the log got */
export function assertNothingShown(text: string): void {
  assert.ok(!text.includes(SECRET), 'no payload')
  assert.doesNotMatch(text, /\n\s+at |\.ts:\d|node:internal/, 'no stack')
}

const nested = (levels: number) => `{"room":"${SECRET}","deep":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
const withNumber = (number: string) => `{"room":"${SECRET}","n":${number}}`

export const VALUES: readonly (readonly [name: string, value: string])[] = [
  ['a text without quotes', SECRET],
  ['an object that is cut off', `{"room":"${SECRET}"`],
  ['a string of 100,000 `\\"` without an end', `{"room":"${SECRET}${'\\"'.repeat(100_000)}`],
  ['an escape that JSON does not define: `\\x41`', String.raw`{"room":"${SECRET}\x41"}`],
  ['an escape that is cut off: `\\u12`', String.raw`{"room":"${SECRET}\u12"}`],
  ['a control character in a string', `{"room":"${SECRET}\u0001"}`],
  ['a lone surrogate in the key: `\\ud800`', String.raw`{"room":"${SECRET}\ud800"}`],
  ['a lone surrogate elsewhere', String.raw`{"room":"${SECRET}","a":"\ud800"}`],
  ['the numbers `01`, `+1`, `.5`, `NaN`', withNumber('01')],
  ['9007199254740993', withNumber('9007199254740993')],
  ['1e400', withNumber('1e400')],
  ['-0', withNumber('-0')],
  ['a number of 5,000 digits', withNumber('7'.repeat(5000))],
  ['100 levels', nested(100)],
  ['101 levels', nested(101)],
  ['100,000 levels', nested(100_000)],
  ['a field `__proto__`', `{"room":"${SECRET}","__proto__":{"a":1}}`],
  ['a name twice', `{"room":"a","room":"${SECRET}"}`],
  ['a text where the schema has an object', `"${SECRET}"`],
  ['no `room`', `{"other":"${SECRET}"}`],
  ['an empty key', `{"room":"","other":"${SECRET}"}`],
  ['null', 'null'],
  ['1 MB', `{"room":"r","a":"${'x'.repeat(1_000_000)}"}`],
]
