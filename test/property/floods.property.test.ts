// Long texts of one kind, complete or cut off: parsing them takes a number of steps proportional to their length.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCostlyToParse } from '../../functions/http/parse-cost.ts'
import { createSchemaCompiler } from '../../lib/contracts/schema-compiler.ts'
import { MAX_DEPTH } from '../../lib/record/json-object.ts'
import { type JsonShape, outlineJson } from '../../lib/record/json-outline.ts'
import { readJson } from '../../lib/record/read-json.ts'
import { countedText } from '../support/counting.ts'
import { floodOf } from '../support/hostile-json.ts'

const numRuns = Math.min(5000, Number(process.env.FAST_CHECK_RUNS ?? 200))
const flood = fc.oneof(...[1, 30, 2000, 20_000].map(floodOf))
const value: JsonShape = { uniqueNames: true, isDepthRoot: true }
const SHAPES: readonly JsonShape[] = [
  value,
  { fields: new Map([['value', value]]) },
  { items: value, maxItems: 50 },
  { items: { fields: new Map([['a', value]]) }, maxItems: 50, uniqueNames: true },
]
const check = (await createSchemaCompiler())('t', { uniqueItems: true, items: { uniqueItems: true } })

test('the outline of a text takes at most eight steps a character', () => {
  fc.assert(
    fc.property(flood, fc.constantFrom(...SHAPES), (text, shape) => {
      for (const whole of [text, `{"value":${text}}`, `[${text},${text}]`]) {
        const source = countedText(whole)
        outlineJson(source, shape, MAX_DEPTH)
        assert.ok(source.steps <= 8 * whole.length + 100, `${source.steps} steps of ${whole.length} characters`)
      }
    }),
    { numRuns },
  )
})

test('whether a text is costly is found in one pass, also if it is cut off', () => {
  const filler = ' '.repeat(1024 * 1024)
  fc.assert(
    fc.property(flood, fc.double({ min: 0, max: 1, noNaN: true }), (text, part) => {
      const cut = text.slice(0, Math.ceil(part * text.length))
      const source = countedText(filler + cut)
      isCostlyToParse(source)
      assert.ok(source.steps <= filler.length + 3 * cut.length + 10, `${source.steps} steps of ${cut.length} more`)
    }),
    { numRuns: Math.min(60, numRuns) },
  )
})

test('what is read is what JSON.parse reads, and its items are unique or not by what is written', () => {
  fc.assert(
    fc.property(floodOf(300), text => {
      const reading = readJson(text, value)
      assert.deepEqual(reading?.parsed, JSON.parse(text))
      if (reading?.outline.fault) return
      const { violations } = check(reading?.parsed, 'first', text)
      if (violations.length === 0) return
      assert.equal(violations[0]?.rule, 'uniqueItems')
    }),
    { numRuns },
  )
})
