// What a body costs to parse is estimated of its names, escapes, objects and lists. The texts here only claim a length,
// which leaves so many ns of the limit to what they begin with: texts of that length take seconds to count in a copy
// that is instrumented.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCostlyToParse } from '../../functions/http/parse-cost.ts'

const LIMIT_NS = 300e6
const CHARACTER_NS = 20

/** Whether a text of this length is found costly, or counted beyond what it begins with, or not counted at all. */
function resultOf(begin: string, length: number): 'costly' | 'counted' | 'free' {
  const beyond = new Error('beyond the begin')
  const text = {
    length,
    charCodeAt: (at: number) => {
      if (at >= begin.length) throw beyond
      return begin.charCodeAt(at)
    },
    slice: (from?: number, to?: number) => begin.slice(from, to),
  }
  try {
    return isCostlyToParse(text) ? 'costly' : 'free'
  } catch (error) {
    assert.equal(error, beyond)
    return 'counted'
  }
}

/** Checks what a text costs beyond its characters, to 20 ns. */
function assertCost(begin: string, ns: number): void {
  const lengthThatLeaves = (leftNs: number) => (LIMIT_NS - leftNs) / CHARACTER_NS
  assert.equal(resultOf(begin, lengthThatLeaves(ns)), 'counted', `${begin} costs at most ${ns} ns`)
  if (ns > 0) assert.equal(resultOf(begin, lengthThatLeaves(ns - 20)), 'costly', `${begin} costs at least ${ns} ns`)
}

test('each object and each list costs 300 ns', () => {
  assertCost('[', 300)
  assertCost('{', 300)
  assertCost('[[{[', 1200)
  assertCost(']},:1 ', 0)
})

test('each different name costs 1,000 ns, wherever its colon is; the same one costs nothing more', () => {
  assertCost('"a":', 1000)
  assertCost('"a":"b":"a":', 2000)
  for (const space of [' ', '\t', '\n', '\r', ' \t\n\r ']) assertCost(`"a"${space}:`, 1000)
  assertCost('"":', 1000)
})

test('an escape in a name costs 1,400 ns each time, and 5,000 ns once for a name that keeps it', () => {
  for (const written of ['\\u5b57', '\\ud700', '\\u0100', '\\uFFFD', '\\u1d80']) {
    assertCost(`"${written}":`, 2400)
    assertCost(`"a${written}":"a${written}":`, 3800)
  }
  for (const written of ['\\n', '\\"', '\\\\', '\\u0000', '\\u00e9', '\\ud800', '\\uDBFF', '\\udc00', '\\uDFFF']) {
    assertCost(`"${written}":`, 7400)
    assertCost(`"a${written}":"a${written}":`, 8800)
    assertCost(`"a${written}":"b${written}":`, 14_800)
  }
  assertCost('"\\u5b57":"n":', 3400)
})

test('a text that is no name costs only its characters, whatever is in it', () => {
  for (const text of ['[[[[', '{\\"', '\\"', 'a:', ':']) assertCost(`"${text}",`, 0)
  assertCost('"[{",[', 300)
  assertCost('"\\\\",[', 300)
  assertCost('"\\"":[', 7700)
  assertCost('"a"!:', 0)
})

test('a text of up to 256 KiB is free', () => {
  assert.equal(resultOf('', 256 * 1024), 'free')
  assert.equal(resultOf('', 256 * 1024 + 1), 'counted')
})

test('a text that ends within a name, its escape or the space behind it is counted to its end', () => {
  for (const end of ['"a\\', '"a" ', '"a":']) assert.equal(isCostlyToParse(' '.repeat(256 * 1024) + end), false, end)
})
