// What a body costs to parse is estimated of its names, escapes, objects and lists. Each test has a text that costs
// exactly the limit of 300 ms, or the most that is below it, and one with a part more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCostlyToParse } from '../../functions/http/parse-cost.ts'

const LIMIT_NS = 300e6
const CHARACTER_NS = 20

/**
 * Checks how many parts of a kind may be in a text.
 * @param part one of them, by its index; all have the same length
 * @param ns what one costs beyond its characters
 * @param onceNs what the first one costs beyond the others
 */
function assertLimit(part: (index: number) => string, ns: number, onceNs = 0): void {
  const fitting = Math.floor((LIMIT_NS - onceNs) / (ns + part(0).length * CHARACTER_NS))
  const text = Array.from({ length: fitting }, (_, index) => part(index)).join('')
  assert.equal(isCostlyToParse(text), false, `${fitting} of ${part(0)}`)
  assert.equal(isCostlyToParse(text + part(fitting)), true, `${fitting + 1} of ${part(0)}`)
}

const name = (index: number) => String(index).padStart(6, '0')

test('each object and each list costs 300 ns', () => {
  assertLimit(() => '[', 300)
  assertLimit(() => '{', 300)
  assertLimit(() => '{"a":[]},', 600, 1000)
})

test('each different name costs 1,000 ns, wherever its colon is; the same one costs nothing more', () => {
  assertLimit(index => `"${name(index)}":`, 1000)
  assertLimit(index => `"${name(index)}" \t\n\r:`, 1000)
  assertLimit(() => '"same":[],', 300, 1000)
})

test('an escape in a name costs 1,400 ns each time, and 5,000 ns once for a name that keeps it', () => {
  for (const written of ['\\u5b57', '\\ud700', '\\u0100', '\\uFFFD']) {
    assertLimit(index => `"${written}${name(index)}":`, 2400)
    assertLimit(() => `"${written}":`, 1400, 1000)
  }
  for (const written of ['\\n', '\\"', '\\\\', '\\u0000', '\\u00e9', '\\ud800', '\\uDBFF', '\\udc00', '\\uDFFF']) {
    assertLimit(index => `"${name(index)}${written}":`, 7400)
    assertLimit(() => `"${written}":`, 1400, 6000)
  }
})

test('a text that is no name costs only its characters, whatever is in it', () => {
  for (const text of ['[[[[', '{"', '\\"', 'a:'].map(part => JSON.stringify(part)))
    assert.equal(isCostlyToParse(`${text},`.repeat(1_000_000)), false, text)
  assertLimit(() => '"[{",[', 300)
  assertLimit(() => '"\\"":[', 1700, 6000)
})

test('a text of up to 256 KiB is never costly', () => {
  const names = Array.from({ length: 40_000 }, (_, index) => `"\\n${String.fromCharCode(0x3000 + index)}":`).join('')
  assert.equal(isCostlyToParse(names.padEnd(256 * 1024)), false)
  assert.equal(isCostlyToParse(names.padEnd(256 * 1024 + 1)), true)
})

test('a text that ends within a name, its escape or the space behind it is counted to its end', () => {
  for (const end of ['"a', '"a\\', '"a"', '"a" ', '"a":'])
    assert.equal(isCostlyToParse(' '.repeat(256 * 1024) + end), false, end)
})
