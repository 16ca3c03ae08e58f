// The result of parsing a JSON text does not depend on texts that were parsed before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from '../../lib/record/read-json.ts'

const parsed = (text: string) => readJson(text, {})?.parsed

// github.com/nodejs/node/issues/63785: after {"a":1,"\\":2} JSON.parse takes "\u0062" for "\\".
test('an escaped name stays itself after objects with a backslash in a name', () => {
  for (let n = 0; n < 100; n++) JSON.parse(String.raw`{"a":1,"\\":2}`)
  assert.deepEqual(parsed(String.raw`{"a":1,"\u0062":2}`), { a: 1, b: 2 })
  assert.deepEqual(parsed(String.raw`[{"a":1,"\"":{"a":1,"\n":[{"a":1,"\\":2}]}}]`), [
    { a: 1, '"': { a: 1, '\n': [{ a: 1, '\\': 2 }] } },
  ])
})

test('of a repeated name the last one counts, however it is spelled', () => {
  assert.deepEqual(parsed(String.raw`{"b":1,"\u0062":2}`), { b: 2 })
  assert.deepEqual(parsed(String.raw`{"\u0062":1,"b":2,"\u000a":1,"\n":2}`), { b: 2, '\n': 2 })
})

test('text that is not JSON differs from null', () => {
  assert.equal(readJson('{"a":1', {}), undefined)
  assert.equal(readJson('\ufeff{}', {}), undefined)
  assert.equal(parsed('null'), null)
})

test('names that need their escape keep their place among others, many of them too', () => {
  assert.deepEqual(
    Object.entries(parsed(String.raw`{"b":1,"\n":2,"a":3,"\n":4,"\u007f":5,"` + '\u007f":6}') as object),
    [
      ['b', 1],
      ['\n', 4],
      ['a', 3],
      ['\u007f', 6],
    ],
  )
  const many = `{${String.raw`"\n":1,`.repeat(100_000)}"x":{"\\"":2}}`
  assert.deepEqual(parsed(many), { '\n': 1, x: { '"': 2 } })
})
