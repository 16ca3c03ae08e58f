// Records in a real cluster that were written by schemas of a registry, read by Confluent's deserializers for Python.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { type ContractFile, toContracts } from '../../lib/contracts/load-contracts.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import { createKafkaJsClient } from '../../lib/producer-factory.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { LocalApicurio } from '../../local/registry/apicurio.ts'
import { type AskedRegistry, RegistryServer } from '../fakes/registry-server.ts'
import { newTopic } from '../support/real-kafka.ts'

const execute = promisify(execFile)
const GUID = '0d34f9d4-2a6e-4a3b-8f30-1b4c2d5e6f70'

let kafka: LocalKafka
let apicurio: LocalApicurio
const folder = mkdtempSync(join(tmpdir(), 'read-back-'))
before(async () => {
  ;[kafka, apicurio] = await Promise.all([LocalKafka.start(1), LocalApicurio.start()])
})
after(async () => {
  rmSync(folder, { recursive: true })
  await Promise.all([kafka?.stop(), apicurio?.stop()])
})

interface Sent {
  readonly value: ContractFile['json']['value'] & Record<string, unknown>
  readonly key?: Record<string, unknown>
  /** JSON texts as callers send them. */
  readonly records: readonly { readonly key?: string; readonly value: string }[]
  /** Path → text of what `version.schema` names. */
  readonly schemas?: Readonly<Record<string, string>>
  /** More arguments for the reader. */
  readonly reader?: readonly string[]
}

/** Sends the records by the contract. @returns what the reader printed, in the order of the records */
async function readBack(t: TestContext, url: string, { value, key = {}, records, schemas = {}, reader = [] }: Sent) {
  const topic = await newTopic(kafka.bootstrapServers, {}, 1)
  const json = { key: { required: false, ...key }, value, from: { http: true } } as unknown as ContractFile['json']
  const contracts = toContracts([{ topic, json }], () => assert.fail('There is no other schema.'), {
    formats: CONTRACT_FORMATS,
    readSchema: path => schemas[path] ?? assert.fail(path),
  })
  const config = parseConfig({ bootstrapServers: [kafka.bootstrapServers], schemaRegistryUrl: [url] }, {}, () => {})
  const producer = new KafkaProducer(config, { client: createKafkaJsClient(config), rules: { contracts } })
  t.after(() => producer.close())
  for (const record of records) {
    const text = (part: string | undefined) => (part === undefined ? undefined : new JsonText(part, JSON.parse(part)))
    await producer.send({ topic, key: text(record.key), value: text(record.value) })
  }
  const script = [join('test', 'slow', 'registry-read-back.py'), kafka.bootstrapServers, url, topic]
  const args = [...script, String(records.length), String(value.format), ...reader]
  const { stdout } = await execute(process.env.PYTHON ?? 'python3', args, { timeout: 120_000 })
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

const AVRO = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'com.example',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'customer', type: ['null', 'string'], default: null },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'PAID'] }, default: 'OPEN' },
    { name: 'lines', type: { type: 'array', items: { type: 'map', values: 'double' } }, default: [] },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
  ],
})

test('Avro: values and keys, a long beyond 2^53, defaults, unions, logical types', async t => {
  const registered = { registry: 'confluent', autoRegister: true }
  const read = await readBack(t, apicurio.url, {
    value: { format: 'avro', version: { schema: 'order.avsc' }, ...registered },
    key: { format: 'avro', version: { schema: 'key.avsc' }, ...registered },
    schemas: { 'order.avsc': AVRO, 'key.avsc': '{"type":"record","name":"Key","fields":[{"name":"id","type":"int"}]}' },
    records: [
      {
        key: '{"id":1}',
        value: '{"id":9007199254740993,"customer":"ada","at":"2026-11-27T10:00:00.123Z","total":"12.34"}',
      },
      {
        key: '{"id":-2}',
        value: '{"id":-1,"state":"PAID","lines":[{"a":0.5},{}],"at":0,"total":"-0.01"}',
      },
    ],
  })
  assert.deepEqual(read, [
    {
      key: { id: { $n: '1' } },
      value: {
        id: { $n: '9007199254740993' },
        customer: 'ada',
        state: 'OPEN',
        lines: [],
        at: '2026-11-27 10:00:00.123000+00:00',
        total: '12.34',
      },
    },
    {
      key: { id: { $n: '-2' } },
      value: {
        id: { $n: '-1' },
        customer: null,
        state: 'PAID',
        lines: [{ a: 0.5 }, {}],
        at: '1970-01-01 00:00:00+00:00',
        total: '-0.01',
      },
    },
  ])
})

const MONEY = 'syntax = "proto3"; package shop; message Money { int64 cents = 1; string currency = 2; }'
const ORDER = `syntax = "proto3"; package shop;
import "money.proto";
import "google/protobuf/timestamp.proto";
message Unused { message Inner { int32 a = 1; } }
message Order {
  enum State { OPEN = 0; PAID = 1; }
  int64 id = 1; Money total = 2; State state = 3; map<string, Money> lines = 4; bytes raw = 5;
  google.protobuf.Timestamp at = 6; optional string note = 7; repeated sint32 numbers = 8;
}`

/**
 * A registry that gives Protobuf as text and as a descriptor (`format=serialized`), which Python's deserializer asks
 * for and Apicurio has not. The last file imports the others.
 */
async function protobufRegistry(t: TestContext, files: Readonly<Record<string, string>>) {
  const protos = mkdtempSync(join(folder, 'protos-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(protos, name), text)
  const names = Object.keys(files)
  const out = join(folder, 'descriptors')
  const protoc = ['-m', 'grpc_tools.protoc', `-I${protos}`, `--descriptor_set_out=${out}`, ...names]
  await execute(process.env.PYTHON ?? 'python3', protoc, { timeout: 60_000 })
  const serialized = descriptorsOf(readFileSync(out))
  const [last = '', ...imported] = names.toReversed()
  const references = imported.map(name => ({ name, subject: name, version: 1 }))
  const registry = await RegistryServer.start(t, ({ path }: AskedRegistry) => {
    const name = imported.find(candidate => path.includes(`/${candidate}/`)) ?? last
    const schema = path.includes('format=serialized') ? serialized[names.indexOf(name)] : files[name]
    const isLast = name === last
    const stored = { id: isLast ? 7 : 8, version: 1, guid: GUID, subject: name, schemaType: 'PROTOBUF', schema }
    return { body: isLast ? { ...stored, references } : stored }
  })
  return { registry, protos }
}

/** The files of a FileDescriptorSet, each a field 1 with its length, in base64. */
function descriptorsOf(set: Buffer): readonly string[] {
  const files: string[] = []
  for (let at = 0; at < set.length; ) {
    assert.equal(set[at++], 0x0a)
    let length = 0
    for (let shift = 0, byte = 128; byte >= 128; shift += 7) {
      byte = set[at++] as number
      length += (byte & 127) << shift
    }
    files.push(set.toString('base64', at, at + length))
    at += length
  }
  return files
}

test('Protobuf: the second message of a file, with an import, a map, an enum and a well-known type', async t => {
  const { registry, protos } = await protobufRegistry(t, { 'money.proto': MONEY, 'order.proto': ORDER })
  const full = {
    id: '9007199254740993',
    total: { cents: '5', currency: 'EUR' },
    state: 'PAID',
    lines: { a: { cents: '1' }, b: { currency: 'USD' } },
    raw: 'AAH/',
    at: '2026-11-27T10:00:00.123Z',
    note: '',
    numbers: [-1, 0, 1],
  }
  const read = await readBack(t, registry.url, {
    value: { format: 'protobuf', registry: 'confluent', message: 'shop.Order' },
    records: [{ value: JSON.stringify(full) }, { value: '{}' }],
    reader: [protos, 'order.proto', 'Order'],
  })
  assert.deepEqual(
    read.map(({ value }) => value),
    [{ ...full, numbers: ['-1', '0', '1'].map($n => ({ $n })) }, {}],
  )
})

test('JSON Schema: what the caller sent', async t => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { id: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
    required: ['id'],
  }
  const read = await readBack(t, apicurio.url, {
    value: { format: 'json-schema', registry: 'confluent', version: { schema: 's.json' }, autoRegister: true },
    schemas: { 's.json': JSON.stringify(schema) },
    records: [{ value: '{ "id": 1, "tags": ["ä", "b"], "more": null }' }],
  })
  assert.deepEqual(read[0].value, { id: { $n: '1' }, tags: ['ä', 'b'], more: null })
})

/** A registry with GUIDs, which Apicurio has not. */
async function registryWithGuids(t: TestContext, schemaType: string, schema: string): Promise<RegistryServer> {
  const stored = { id: 7, version: 3, guid: GUID, schemaType, schema }
  return RegistryServer.start(t, ({ path }: AskedRegistry) => ({ body: { ...stored, subject: path.split('/')[2] } }))
}

test('the id in a header: Avro by the GUID of its schema', async t => {
  const registry = await registryWithGuids(t, 'AVRO', AVRO)
  const read = await readBack(t, registry.url, {
    value: { format: 'avro', registry: 'confluent', schemaIdIn: 'header' },
    key: { format: 'avro', registry: 'confluent', schemaIdIn: 'header' },
    records: [
      {
        key: '{"id":3,"at":1,"total":"0"}',
        value: '{"id":4,"at":0,"total":"1.00"}',
      },
    ],
  })
  assert.deepEqual([read[0].key.id, read[0].value.id, read[0].value.total], [{ $n: '3' }, { $n: '4' }, '1.00'])
  const asked = registry.requests.filter(request => request.includes('/schemas/guids/'))
  assert.ok(asked.length > 0 && asked.every(request => request.startsWith(`GET /schemas/guids/${GUID}`)))
  assert.ok(registry.requests.every(request => !request.includes('/schemas/ids/')))
})

test('the id in a header: Protobuf, with the indexes of its message', async t => {
  const { registry, protos } = await protobufRegistry(t, { 'money.proto': MONEY, 'order.proto': ORDER })
  const read = await readBack(t, registry.url, {
    value: { format: 'protobuf', registry: 'confluent', schemaIdIn: 'header', message: 'shop.Order' },
    records: [{ value: '{"id":"5"}' }],
    reader: [protos, 'order.proto', 'Order'],
  })
  assert.deepEqual(read[0].value, { id: '5' })
  assert.ok(registry.requests.some(request => request.startsWith(`GET /schemas/guids/${GUID}`)))
})
