// The tests in docs/testing.md run as they stand there.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'

const folder = mkdtempSync(join(tmpdir(), 'testing-docs-'))
after(() => rmSync(folder, { recursive: true }))

test('each test of docs/testing.md passes', () => {
  const blocks = [...readFileSync('docs/testing.md', 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(
    ([, code = '']) => code,
  )
  assert.equal(blocks.length, 2)
  const files = blocks.map((code, index) => {
    const file = join(folder, `block-${index}.test.mts`)
    const source = (path: string) => `'${pathToFileURL(path).href}'`
    writeFileSync(
      file,
      code
        .replace("'serverless-kafka-producer'", source('lib/index.ts'))
        .replace("'serverless-kafka-producer/testing'", source('lib/testing/index.ts')),
    )
    return file
  })
  const env = { ...process.env }
  // Set for the files of a test run; with it the tests would report to this file's runner.
  delete env.NODE_TEST_CONTEXT
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...files], {
    encoding: 'utf8',
    env,
  })
  assert.equal(status, 0, stdout)
  assert.match(stdout, /^# pass 2$/m)
})
