// SECURITY.md: every line of its tables names the tests or files that ensure it, and these exist.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const tests = globSync('test/**/*.ts')

/** The cells of the rows of all tables, without their headings. */
function rows(markdown: string): string[][] {
  return [...markdown.matchAll(/^\|(?:[-|]+)\|\n((?:\|.*\|\n)+)/gm)].flatMap(([, body = '']) =>
    body
      .trim()
      .split('\n')
      .map(row => row.slice(1, -1).split(' | ')),
  )
}

test('every line of SECURITY.md names tests or files, and each exists', () => {
  const all = rows(readFileSync('SECURITY.md', 'utf8'))
  assert.ok(all.length > 30, `${all.length} rows`)
  for (const cells of all) {
    const holder = cells.at(-1)?.trim() ?? ''
    const names = [...holder.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
    assert.ok(names.length > 0 || holder === 'the same', `${cells.join(' | ')}\nnames nothing`)
    for (const name of names)
      assert.ok(existsSync(name) || tests.some(path => path.endsWith(`/${name}`)), `${name} does not exist`)
  }
})
