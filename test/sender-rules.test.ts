// docs/sender-rules.md against the tests: every rule names tests that exist, and every rule that is cited exists.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const PAGE = 'docs/sender-rules.md'

interface Rule {
  readonly number: number
  /** Tests that the page names; without a name: the file has tests called `rule N: …`. */
  readonly tests: readonly { readonly file: string; readonly name: string | undefined }[]
}

const rules: readonly Rule[] = readFileSync(PAGE, 'utf8')
  .split(/^## /m)
  .slice(1)
  .map(section => ({
    number: Number(/^Rule (\d+)\. /.exec(section)?.[1]),
    tests: [...section.matchAll(/^- `([^`]+)`(?:: (.+))?$/gm)].map(([, file = '', name]) => ({ file, name })),
  }))

test('rules are numbered in order, and each names its tests', () => {
  assert.ok(rules.length >= 15)
  assert.deepEqual(
    rules.map(({ number }) => number),
    rules.map((_, index) => index + 1),
  )
  for (const { number, tests } of rules) assert.ok(tests.length > 0, `rule ${number} names no test`)
})

test('every test that a rule names exists', () => {
  const missing = rules.flatMap(({ number, tests }) =>
    tests
      .filter(({ file, name }) => {
        const text = readFileSync(file, 'utf8')
        return name === undefined
          ? !new RegExp(`\\brule ${number}\\b`, 'i').test(text)
          : !text.includes(`test('${name}'`)
      })
      .map(({ file, name = `rule ${number}: …` }) => `rule ${number}: ${file} has no test '${name}'`),
  )
  assert.deepEqual(missing, [])
})

test('every rule that a file cites exists, and lists the tests that are named after it', () => {
  const files = globSync(['{lib,functions,bin,local,bench,test,scripts}/**/*.ts', 'AGENTS.md', 'docs/*.md']).filter(
    file => file !== PAGE && !file.includes('node_modules'),
  )
  let citationCount = 0
  for (const file of files)
    for (const [citation, digits] of readFileSync(file, 'utf8').matchAll(/\brule (\d+)\b/gi)) {
      citationCount++
      const rule = rules.find(({ number }) => number === Number(digits))
      assert.ok(rule, `${file}: ${PAGE} has no ${citation}`)
      if (file.endsWith('.test.ts'))
        assert.ok(
          rule.tests.some(listed => listed.file === file),
          `${file} cites ${citation}, which does not list it`,
        )
    }
  assert.ok(citationCount > 30, `${citationCount} citations`)
})
