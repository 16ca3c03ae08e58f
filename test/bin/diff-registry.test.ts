// contracts diff: what a schema file or a version has changed since the subject's latest version.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RegistryServer } from '../fakes/registry-server.ts'
import { runCommand } from '../support/command.ts'

const order = (...names: string[]) =>
  JSON.stringify({ type: 'record', name: 'Order', fields: names.map(name => ({ name, type: 'string' })) })
const VERSIONS: Readonly<Record<string, object>> = {
  latest: { id: 7, version: 3, schema: order('id', 'note') },
  3: { id: 7, version: 3, schema: order('id', 'note') },
  2: { id: 5, version: 2, schema: order('id') },
}
const NOT_FOUND = { status: 404, body: { error_code: 40401, message: '' } }

async function diffOf(t: TestContext, value: object, files: Readonly<Record<string, string>> = {}) {
  const server = await RegistryServer.start(t, ({ path }) => {
    const version = /^\/subjects\/orders-value\/versions\/(\w+)$/.exec(path)?.[1] ?? ''
    return VERSIONS[version] ? { body: { subject: 'orders-value', ...VERSIONS[version] } } : NOT_FOUND
  })
  const folder = mkdtempSync(join(tmpdir(), 'diff-registry-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const contract = { value: { format: 'avro', registry: 'confluent', ...value } }
  for (const [name, text] of Object.entries({ 'orders.json': JSON.stringify(contract), ...files }))
    writeFileSync(join(folder, name), text)
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:1', KAFKA_SCHEMA_REGISTRY_URL: server.url }
  return { ...(await runCommand(['contracts', 'diff', folder], env)), requests: server.requests }
}

const FILE = { version: { schema: 'order.avsc' } }

test('the lines that a file adds and takes away are printed, and nothing is registered', async t => {
  const { stdout, status, requests } = await diffOf(t, FILE, { 'order.avsc': order('id', 'cents') })
  assert.match(stdout, /^contracts\/orders\.json: value, orders-value: version 3 → the file$/m)
  assert.match(stdout, /^- +"name": "note",$/m)
  assert.match(stdout, /^\+ +"name": "cents",$/m)
  assert.match(stdout, /^ +"name": "id",$/m)
  assert.equal(status, 1)
  assert.ok(
    requests.every(request => request.startsWith('GET ')),
    requests.join(),
  )
})

test('spaces are no difference', async t => {
  const spaced = JSON.stringify(JSON.parse(order('id', 'note')), undefined, 4)
  const { stdout, status } = await diffOf(t, FILE, { 'order.avsc': spaced })
  assert.deepEqual([stdout, status], ['', 0])
})

test('an older version is compared with the latest one', async t => {
  const { stdout, status } = await diffOf(t, { version: 2 })
  assert.match(stdout, /orders-value: version 3 → version 2$/m)
  assert.match(stdout, /^- +"name": "note",$/m)
  assert.equal(status, 1)
})

test('for a subject without a version every line is new; a missing version is a problem', async t => {
  const { stdout } = await diffOf(t, { ...FILE, subject: 'new' }, { 'order.avsc': order('id') })
  assert.match(stdout, /new: no version → the file$/m)
  const { stderr, status } = await diffOf(t, { version: 9 })
  assert.match(stderr, /contracts\/orders\.json: value: .*orders-value/)
  assert.equal(status, 1)
})

test('a contract that uses the latest version has no differences', async t => {
  const { stdout, stderr, status } = await diffOf(t, {})
  assert.deepEqual([stdout, status], ['', 0])
  assert.match(stderr, /0 schemas of 0 differ/)
})
