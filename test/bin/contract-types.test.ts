// contracts types: what the values of each topic may be, in TypeScript.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runCommand } from '../support/command.ts'

const ORDER = JSON.stringify({ type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] })
const ORDER_TYPE = '/** Topic orders. */\nexport type Orders = {\n  readonly id: number | bigint\n}\n\n'

function folderWith(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'contract-types-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, file] of Object.entries(files))
    writeFileSync(join(folder, name), typeof file === 'string' ? file : JSON.stringify(file))
  return folder
}

test('types of a schema in a file of the contract need no registry', async t => {
  const value = { format: 'avro', registry: 'confluent', version: { schema: 'order.avsc' } }
  const folder = folderWith(t, {
    'orders.json': { value },
    'order.avsc': ORDER,
    'texts.json': { value: { format: 'text' } },
  })
  const { stdout, stderr, status } = await runCommand(['contracts', 'types', folder], {})
  assert.equal(status, 0, stderr)
  assert.equal(stdout, `${ORDER_TYPE}export type Texts = unknown\n\n`)
})

test('types of Protobuf messages and of JSON Schemas', async t => {
  const contract = (format: string, schema: string) => ({
    value: { format, registry: 'confluent', version: { schema } },
  })
  const folder = folderWith(t, {
    'a.json': contract('protobuf', 'a.proto'),
    'a.proto': 'syntax = "proto3"; message Other {} message Order { int64 id = 1; }',
    'b.json': contract('json-schema', 'b.schema'),
    'b.schema': { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
  })
  const { stdout, stderr, status } = await runCommand(['contracts', 'types', folder], {})
  assert.equal(status, 0, stderr)
  assert.match(stdout, /\/\*\* Topic a. \*\/\nexport type A = /)
  assert.match(stdout, /\/\*\* Topic b. \*\/\s+export interface B \{\s+id: number/)
})

test('a registry is asked for the schema that it has, and registers none', async t => {
  const requests: string[] = []
  const server = createServer(({ method, url }, response) => {
    requests.push(`${method} ${url?.replace(/\?.*/, '')}`)
    response.end(JSON.stringify({ subject: 'orders-value', id: 1, version: 3, schema: ORDER }))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const folder = folderWith(t, { 'orders.json': { value: { format: 'avro', registry: 'confluent', version: 3 } } })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { stdout, stderr, status } = await runCommand(['contracts', 'types', folder], {
    KAFKA_BOOTSTRAP_SERVERS: 'localhost:1',
    KAFKA_SCHEMA_REGISTRY_URL: address,
  })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, ORDER_TYPE)
  assert.deepEqual(requests, ['GET /subjects/orders-value/versions/3'])
})
