// The parts of a JSON text are found, for texts of every form. The texts are generated from their parts, so the
// generator knows the right positions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type JsonOutline, type JsonShape, outlineJson } from '../../lib/record/json-outline.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 500)

interface Spelled {
  readonly text: string
  readonly items?: readonly Spelled[]
  readonly fields?: readonly (readonly [name: string, field: Spelled])[]
}

const space = fc.stringMatching(/^[ \t\n\r]{0,2}$/)
const character = fc.oneof(fc.constantFrom(...'"\\/]},:[{\u2028', '\ud800', 'a'), fc.string({ maxLength: 2 }))
const string = fc.array(character.chain(spellingsOf), { maxLength: 6 }).map(parts => `"${parts.join('')}"`)
/** Few names, so that they meet. */
const name = fc.oneof(fc.constantFrom('"a"', '"\\u0061"', '"0"', '""'), string)

function spellingsOf(part: string): fc.Arbitrary<string> {
  const escapes = Array.from(
    { length: part.length },
    (_, at) => `\\u${part.charCodeAt(at).toString(16).padStart(4, '0')}`,
  )
  return fc.constantFrom(JSON.stringify(part).slice(1, -1), escapes.join(''))
}

const word = fc.oneof(
  fc.constantFrom('true', 'false', 'null', '-0', '1E+2', '0.10', '12345678901234567890', '1e-400'),
  fc.integer().map(String),
)
const { value } = fc.letrec<{ value: Spelled; list: Spelled; object: Spelled }>(tie => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(word, string).map(text => ({ text })),
    tie('list'),
    tie('object'),
  ),
  list: fc.tuple(space, fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 })).map(([inner, items]) => ({
    text: `[${inner}${items.map(([left, item, right]) => left + item.text + right).join(',')}]`,
    items: items.map(([, item]) => item),
  })),
  object: fc
    .tuple(space, fc.array(fc.tuple(name, space, tie('value'), space), { maxLength: 4 }))
    .map(([inner, fields]) => ({
      text: `{${inner}${fields.map(textOfField).join(',')}}`,
      fields: fields.map(([own, , field]) => [JSON.parse(own), field] as const),
    })),
}))

function textOfField([own, gap, field, after]: readonly [string, string, Spelled, string]): string {
  return `${own + gap}:${gap}${field.text}${after}`
}

const NAMES = ['a', '0', '', '"', '\\']
/** Every list, and of every object the fields with these names. */
const DEEP: JsonShape = (() => {
  const fields = new Map<string, JsonShape>()
  const shape: { fields: typeof fields; items?: JsonShape; maxItems: number } = { fields, maxItems: 9 }
  shape.items = shape
  for (const own of NAMES) fields.set(own, shape)
  return shape
})()

function checkParts(source: string, part: JsonOutline | undefined, { text, items, fields = [] }: Spelled): void {
  assert.ok(part, text)
  assert.equal(source.slice(part.start, part.end), text)
  assert.equal(part.items?.length, items?.length)
  items?.forEach((item, at) => void checkParts(source, part.items?.[at], item))
  const last = new Map(fields.filter(([own]) => NAMES.includes(own)))
  if (!items) assert.deepEqual([...(part.fields?.keys() ?? [])].sort(), [...last.keys()].sort())
  for (const [own, field] of last) checkParts(source, part.fields?.get(own), field)
}

function repeatsName({ items = [], fields = [] }: Spelled): boolean {
  const isRepeated = new Set(fields.map(([own]) => own)).size < fields.length
  return isRepeated || items.some(repeatsName) || fields.some(([, field]) => repeatsName(field))
}

test('each part lies where it was written, and of a repeated name the last one is found', () => {
  fc.assert(
    fc.property(value, space, (spelled, around) => {
      const source = around + spelled.text + around
      checkParts(source, outlineJson(source, DEEP, 100).root, spelled)
    }),
    { numRuns },
  )
})

test('a name is a fault exactly where an object has it twice', () => {
  fc.assert(
    fc.property(value, spelled => {
      const { fault } = outlineJson(spelled.text, { uniqueNames: true }, 100).root
      assert.equal(fault?.code, repeatsName(spelled) ? 'repeated-name' : undefined)
    }),
    { numRuns },
  )
})
