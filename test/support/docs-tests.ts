import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Runs the TypeScript blocks of a document, each a file of tests, as they stand there. */
export function runTestsOf(document: string, count: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'docs-tests-'))
  try {
    const blocks = [...readFileSync(document, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code)
    assert.equal(blocks.length, count)
    const files = blocks.map((code, index) => {
      const file = join(folder, `block-${index}.test.mts`)
      const source = (path: string) => `'${pathToFileURL(path).href}'`
      writeFileSync(
        file,
        code
          .replace("'serverless-kafka-producer'", source('lib/index.ts'))
          .replace("'serverless-kafka-producer/testing'", source('lib/testing/index.ts'))
          .replace("'serverless-kafka-producer/schema-registry'", source('lib/schema-registry/index.ts')),
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
    assert.match(stdout, new RegExp(`^# pass ${count}$`, 'm'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
