// AGENTS.md, "To add an HTTP dialect": a file and a row make it work from the route to the dead letter.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const DIALECT = `
import { sourceRecord, standardHeaders } from '../../../lib/lambda/source-record.ts'
import type { Dialect } from './dialect.ts'

/** POST /lines/{topic}: each line is a value. */
export const lines: Dialect = {
  routes: [{ method: 'POST', path: '/lines/{topic}' }],
  parse: ({ body }, { parameters, requestId }) =>
    String(body).split('\\n').map((value, index) => {
      const id = requestId + '-' + index
      const record = { topic: parameters.topic ?? '', key: null, value, headers: standardHeaders(id, 'http') }
      return sourceRecord(id, record, () => record)
    }),
  respond: answered => ({ status: 200, headers: {}, body: answered.map(({ fate }) => fate.fate).join(' ') }),
  respondToError: ({ status, code }) => ({ status, headers: {}, body: code }),
}
`
/** Each new row, in place of a line that exists once. */
const ROWS: readonly [line: string, row: string][] = [
  [
    "import { native } from './dialects/native.ts'",
    "import { lines } from './dialects/lines.ts'\nimport { native } from './dialects/native.ts'",
  ],
  ['const DIALECTS: readonly Dialect[] = [native]', 'const DIALECTS: readonly Dialect[] = [native, lines]'],
]
const USE = `
import { deploymentOf } from './scripts/template/deployment.ts'
import { readOptions } from './scripts/template/options.ts'
import { contractsOf } from './test/support/contracts.ts'
import { httpHarness, recordsOf, v2Event } from './test/support/function-harness.ts'

const json = { key: { required: false }, value: { format: 'text' } }
const contracts = contractsOf([{ topic: 'notes', json: { ...json, from: { http: true } } }])
const post = (harness, path) => harness.invoke(v2Event('POST', path, Buffer.from('first\\nsecond'), {}))
const up = httpHarness({ contracts })
const delivered = await post(up, '/lines/notes')
const down = httpHarness({ contracts, script: Array(20).fill('refuse') })
const deadLettered = await post(down, '/lines/notes')
const old = await up.post('notes', { value: 'third' })
const env = { KAFKA_BOOTSTRAP_SERVERS: 'b-1:9092,b-2:9092' }
const routes = deploymentOf(contracts, env, readOptions([])).routes.map(({ path }) => path)
const values = recordsOf(up).map(({ value }) => String(value)).sort()
const stored = down.deadLetters.deadLetters.length
process.stdout.write(JSON.stringify({ delivered, deadLettered, old: old.status, routes, values, stored }))
`

test('a dialect of a file and a row has its route, its answers and its dead letters', () => {
  const copy = mkdtempSync(join(tmpdir(), 'dialect-'))
  try {
    for (const name of [
      'lib',
      'functions',
      'scripts',
      'local',
      'contracts',
      'test/support',
      'test/fakes',
      'package.json',
    ])
      cpSync(name, join(copy, name), { recursive: true })
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
    writeFileSync(join(copy, 'functions/http/dialects/lines.ts'), DIALECT)
    const routes = join(copy, 'functions/http/routes.ts')
    for (const [line, row] of ROWS) {
      const text = readFileSync(routes, 'utf8')
      assert.equal(text.split(line).length, 2, line)
      writeFileSync(routes, text.replace(line, row))
    }
    writeFileSync(join(copy, 'use.ts'), USE)
    const said = JSON.parse(execFileSync(process.execPath, ['use.ts'], { cwd: copy, encoding: 'utf8' }))
    assert.deepEqual([said.delivered.statusCode, said.delivered.body], [200, 'delivered delivered'])
    assert.deepEqual([said.deadLettered.body, said.stored], ['dead-lettered dead-lettered', 2])
    assert.deepEqual(said.values, ['first', 'second', 'third'])
    assert.equal(said.old, 200)
    assert.deepEqual(said.routes, ['/topics/{topic}', '/lines/{topic}', '/health'])
  } finally {
    rmSync(copy, { recursive: true })
  }
})
