// The client of the AWS Glue Schema Registry against moto, and AWS's Java deserializer, which reads what is written.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { CreateRegistryCommand, GlueClient } from '@aws-sdk/client-glue'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { avroFormat } from '../../lib/schema-registry/avro/avro-format.ts'
import { createGlueRegistry } from '../../lib/schema-registry/glue/glue-registry.ts'
import { jsonSchemaFormat } from '../../lib/schema-registry/json-schema/json-schema-format.ts'
import { protobufFormat } from '../../lib/schema-registry/protobuf/protobuf-format.ts'
import type { SchemaFormat } from '../../lib/schema-registry/schema-format.ts'
import type { SchemaSelection } from '../../lib/schema-registry/schema-registry.ts'
import { frame } from '../../lib/schema-registry/wire-format.ts'
import { glueSerdeJars } from '../../local/artifacts.ts'
import { AWS_TEST_KEYS, startMoto } from '../support/moto.ts'

const moto = await startMoto()
after(() => moto.stop())
Object.assign(process.env, AWS_TEST_KEYS)
const REGISTRY = 'shop'
await new GlueClient({ endpoint: moto.url }).send(new CreateRegistryCommand({ RegistryName: REGISTRY }))
const NEVER = new AbortController().signal
const HEADER_BYTES = 18
const clientOf = (glueRegistryName: string) =>
  createGlueRegistry(
    parseConfig({ bootstrapServers: 'a:1,b:2', deadLetter: 'none', glueEndpoint: moto.url, glueRegistryName }, {}),
  )
const registry = clientOf(REGISTRY)

/** By their full names: shop.Basket, shop.Order, shop.Order.Line. */
const PROTO = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Order {
  int64 id = 1;
  repeated Line lines = 2;
  google.protobuf.Timestamp placed_at = 3;
  message Line { string name = 1; }
}
message Basket { repeated Order orders = 1; }
`

interface Case {
  readonly format: SchemaFormat
  readonly subject: string
  readonly schema: string
  readonly message?: string
  readonly value: unknown
  /** What Java's `toString` says of it. */
  readonly text: string
}

const CASES: readonly Case[] = [
  {
    format: avroFormat,
    subject: 'orders-avro',
    schema: JSON.stringify({
      type: 'record',
      name: 'Order',
      namespace: 'shop',
      fields: [
        { name: 'id', type: 'long' },
        { name: 'note', type: ['null', 'string'], default: null },
        { name: 'lines', type: { type: 'array', items: 'string' } },
      ],
    }),
    value: { id: 7, note: { string: 'ä' }, lines: ['a', 'b'] },
    text: '{"id": 7, "note": "ä", "lines": ["a", "b"]}',
  },
  {
    format: jsonSchemaFormat,
    subject: 'orders-json',
    schema: JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: { id: { type: 'integer' }, note: { type: 'string' } },
      required: ['id'],
    }),
    value: { id: 7, note: 'ä', price: 1.5 },
    text: '{"id":7,"note":"ä","price":1.5}',
  },
  {
    format: protobufFormat,
    subject: 'orders-protobuf',
    schema: PROTO,
    value: { id: '9007199254740993', lines: [{ name: 'ä' }], placedAt: '2026-11-27T00:00:01Z' },
    text: 'id: 9007199254740993\nlines {\n  name: "\\303\\244"\n}\nplaced_at {\n  seconds: 1795737601\n}\n',
  },
  {
    format: protobufFormat,
    subject: 'lines-protobuf',
    schema: PROTO,
    message: 'shop.Order.Line',
    value: { name: 'a' },
    text: 'name: "a"\n',
  },
]

function selectionOf({ format, subject, schema }: Case, register: boolean): SchemaSelection {
  const definition = { type: format.type, text: schema, references: [] }
  return { by: 'definition', subject, definition, register, normalize: false }
}

test('a schema is not found, then created, then found by its definition, its version and as the latest', async () => {
  for (const one of CASES) {
    const { subject } = one
    const client = () => clientOf(REGISTRY)
    await assert.rejects(client().find(selectionOf(one, false), NEVER), { code: 'schema-not-found' })
    await assert.rejects(client().find({ by: 'version', subject, version: 1 }, NEVER), { code: 'schema-not-found' })
    const created = await client().find(selectionOf(one, true), NEVER)
    for (const selection of [selectionOf(one, false), selectionOf(one, true)])
      assert.deepEqual(await client().find(selection, NEVER), created)
    for (const version of ['latest', 1] as const) {
      const found = await client().find({ by: 'version', subject, version }, NEVER)
      assert.deepEqual([found.id, found.type, found.text, found.version], [created.id, created.type, one.schema, 1])
    }
    await assert.rejects(client().find({ by: 'version', subject, version: 2 }, NEVER), { code: 'schema-not-found' })
  }
})

test('a second version of a schema is registered and is the latest', async () => {
  const select = (text: string): SchemaSelection => ({
    by: 'definition',
    subject: 'evolving',
    definition: { type: 'AVRO', text, references: [] },
    register: true,
    normalize: false,
  })
  const first = await registry.find(select('"string"'), NEVER)
  const second = await registry.find(select('"bytes"'), NEVER)
  assert.notDeepEqual(second.id, first.id)
  const latest = await registry.find({ by: 'version', subject: 'evolving', version: 'latest' }, NEVER)
  assert.deepEqual([latest.id, latest.version], [second.id, 2])
})

test('a registry that does not exist is not found', async () => {
  const other = clientOf('other')
  for (const register of [false, true])
    await assert.rejects(other.find(selectionOf(CASES[0] as Case, register), NEVER), { code: 'schema-not-found' })
})

test('Java reads each format, with and without zlib, and writes the same bytes', async () => {
  const expected: { readonly text: string; readonly compression: 'none' | 'zlib'; readonly bytes: Uint8Array }[] = []
  const input: string[] = []
  for (const one of CASES) {
    const schema = await registry.find(selectionOf(one, true), NEVER)
    const encoder = await one.format.compile(schema, { message: one.message })
    for (const compression of ['none', 'zlib'] as const) {
      const options = { isKey: false, compression }
      const bytes = frame(schema.id, encoder.encode(one.value), encoder.message, options) as Uint8Array
      expected.push({ text: one.text, compression, bytes })
      input.push(`${schema.type} ${compression} ${Buffer.from(bytes).toString('base64')}\n`)
    }
  }
  const jars = await glueSerdeJars(() => {})
  const output = execFileSync('java', ['-cp', `${jars}/*`, 'test/java/GlueFrames.java', moto.url, REGISTRY], {
    input: input.join(''),
    env: { ...process.env, ...AWS_TEST_KEYS },
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 120_000,
  })
  const lines = output.toString().trimEnd().split('\n')
  assert.equal(lines.length, expected.length)
  for (const [index, { text, compression, bytes }] of expected.entries()) {
    const [read, again] = (lines[index] ?? '').split(' ').map(part => Buffer.from(part, 'base64'))
    assert.equal(read?.toString(), text)
    assert.deepEqual(again?.subarray(0, HEADER_BYTES), Buffer.from(bytes.subarray(0, HEADER_BYTES)))
    assert.deepEqual(payload(again as Buffer, compression), payload(bytes, compression))
  }
})

/** Deflate has no one right form, so what is compressed is compared. */
function payload(bytes: Uint8Array, compression: 'none' | 'zlib'): Buffer {
  const rest = Buffer.from(bytes.subarray(HEADER_BYTES))
  return compression === 'zlib' ? inflateSync(rest) : rest
}
