// Comments without a subject (a doc comment above nothing, a file that does not exist), and lines too wide to
// read, which Biome leaves where a text or a comment makes them so.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const FOLDERS = '{lib,functions,bin,local,scripts,bench,examples,test}'
const files = globSync(`${FOLDERS}/**/*.{ts,js}`, { exclude: name => name === 'node_modules' || name === 'dist' })
/** Example paths in the comments of the script that shortens paths. */
const EXAMPLES = ['functions/http/x.ts', 'lib/send/x.ts']

function linesOf(file: string): { readonly line: string; readonly next: string; readonly where: string }[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.map((line, i) => ({ line, next: (lines[i + 1] ?? '').trim(), where: `${file}:${i + 1}` }))
}

test('a doc comment stands directly above what it describes', () => {
  assert.ok(files.length > 300)
  for (const file of files) {
    let inDoc = false
    for (const { line, next, where } of linesOf(file)) {
      inDoc ||= /^\s*\/\*\*/.test(line)
      if (!inDoc || !line.includes('*/')) continue
      inDoc = false
      assert.doesNotMatch(next, /^(\/[*/]|\}|$)/, where)
    }
  }
})

test('a file of this repository that a comment names exists', () => {
  let count = 0
  for (const { line, where } of files.flatMap(linesOf)) {
    const comment = /(?:^|\s)(?:\/\/|\/?\*\*?\s)(.*)/.exec(line)?.[1] ?? ''
    const paths = comment.matchAll(
      /(?<![\w/.-])(?:lib|functions|bin|local|scripts|bench|examples|test|docs)\/[\w./-]+\.(?:ts|js|md)\b/g,
    )
    for (const [path] of paths) {
      count++
      assert.ok(existsSync(path) || EXAMPLES.includes(path), `${where}: ${path}`)
    }
  }
  assert.ok(count > EXAMPLES.length)
})

test('no line is wider than 120 columns, texts and comments included', () => {
  for (const { line, where } of files.flatMap(linesOf))
    assert.ok(line.length <= 120 || /https?:\/\//.test(line), `${where}: ${line.length} columns`)
})
