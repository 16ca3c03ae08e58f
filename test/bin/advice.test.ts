// The command's advice for dead letters that a redrive keeps.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { adviceFor } from '../../bin/advice.ts'

// The original bugs: `redrive --to nosuch` advised to use --to, and new codes for kept dead letters had no advice.
test('each code that a redrive keeps dead letters for has advice, and a row in the documents', () => {
  const rows = readFileSync('docs/delivery-semantics.md', 'utf8').matchAll(
    /^\| `([\w-]+)` \| redrive(?:, .*?)? kept it/gm,
  )
  const documented = [...rows].map(([, code = '']) => code)
  const kept = globSync('lib/redrive/*.ts').flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/(?:skip|keep)\((?:\w+, )?'([\w-]+)'/g)].map(([, code = '']) => code),
  )
  assert.ok(documented.length > 8 && kept.length > 1)
  for (const code of [...documented, ...kept]) assert.equal(adviceFor([code]).length, 1, code)
  for (const code of kept) assert.ok(documented.includes(code), code)
})

test('with --to, the advice is about --to', () => {
  assert.match(adviceFor(['topic-not-on-cluster'])[0] ?? '', /use --to <topic>/)
  const [line = ''] = adviceFor(['topic-not-on-cluster'], 'oders')
  assert.match(line, /the topic of --to, oders, does not exist; correct --to/)
  assert.deepEqual(adviceFor(['too-old'], 'oders'), adviceFor(['too-old']))
  assert.deepEqual(adviceFor(['constructor', 'unreachable'], 'oders'), [])
})
