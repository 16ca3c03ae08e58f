// Code that duplicates an existing helper is reported.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

/** `text` matches code without its spaces. */
const WRITTEN_OUT: readonly { readonly helper: string; readonly text: RegExp; readonly home: string }[] = [
  {
    helper: 'sleep of lib/time/clock.ts, setTimeout of node:timers/promises',
    text: /newPromise(<\w+>)?\((\w+)=>\{?(\w+\.)?setTimeout\(\2,/,
    home: 'lib/time/clock.ts',
  },
  {
    helper: 'parseJson of lib/record/json-object.ts',
    text: /try\{returnJSON\.parse\([^{}]*\)\}catch\{returnundefined\}/,
    home: 'lib/record/json-object.ts',
  },
  {
    helper: 'toBase64, fromBase64 of lib/record/base64.ts',
    text: /===null\?null:Buffer\.from\(\w+(\)\.toString\(|,)'base64'\)/,
    home: 'lib/record/base64.ts',
  },
  {
    helper: 'unexpectedError of lib/errors.ts',
    text: /newDeliveryError\(code,'Anunexpectederror;/,
    home: 'lib/errors.ts',
  },
  {
    helper: 'listViolations of lib/contracts/violations.ts',
    text: /truncated:\w+\.length>/,
    home: 'lib/contracts/violations.ts',
  },
]

test('existing helpers are used, not rewritten', () => {
  const files = globSync('{lib,functions,bin,local,scripts,bench,test}/**/*.ts')
  const texts = files.map(file => ({ file, text: readFileSync(file, 'utf8').replaceAll(/\s/g, '') }))
  for (const { helper, text: pattern, home } of WRITTEN_OUT) {
    const homes = texts.filter(({ text }) => pattern.test(text)).map(({ file }) => file)
    assert.deepEqual(homes, [home], `use ${helper}`)
  }
})
