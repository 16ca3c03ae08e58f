// The client of Confluent's API with a real registry: Apicurio, which has no GUIDs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SerializationError } from '../../lib/errors.ts'
import type { SchemaDefinition, SchemaReference } from '../../lib/schema-registry/schema-registry.ts'
import { LocalApicurio } from '../../local/registry/apicurio.ts'
import { confluentClient, latest, numbered } from '../support/confluent-client.ts'

let registry: LocalApicurio
before(async () => {
  registry = await LocalApicurio.start()
})
after(() => registry?.stop())

const record = (...fields: readonly object[]) => JSON.stringify({ type: 'record', name: 'Order', fields })
const ID = { name: 'id', type: 'long' }
const client = () => confluentClient({ schemaRegistryUrl: [registry.url] })

function byDefinition(subject: string, text: string, options: Partial<SchemaDefinition> & { register?: boolean } = {}) {
  const { type = 'AVRO', references = [], register = true } = options
  return { by: 'definition', subject, definition: { type, text, references }, register, normalize: false } as const
}

async function setCompatibility(subject: string, compatibility: string): Promise<void> {
  const response = await fetch(`${registry.url}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ compatibility }),
  })
  assert.equal(response.status, 200)
}

test('a schema is registered, and found by its definition, its version and as the latest', async () => {
  const registered = await client()(byDefinition('orders-value', record(ID)))
  assert.deepEqual([registered.version, registered.type, registered.text], [1, 'AVRO', record(ID)])
  const find = client()
  for (const selection of [
    byDefinition('orders-value', record(ID), { register: false }),
    numbered('orders-value', 1),
    latest('orders-value'),
  ])
    assert.deepEqual(await find(selection), registered)
})

test('the next version is registered beside the first one', async () => {
  const find = client()
  await find(byDefinition('versions', record(ID)))
  const second = await find(byDefinition('versions', record(ID, { name: 'note', type: 'string', default: '' })))
  assert.equal(second.version, 2)
  assert.equal((await find(latest('versions'))).text, second.text)
  assert.equal((await find(numbered('versions', 1))).text, record(ID))
})

test('subjects whose names need encoding are registered and found', async () => {
  for (const subject of ['a/b value', ':.staging:orders-value', 'ü?#%&+']) {
    const { id } = await client()(byDefinition(subject, record(ID)))
    assert.deepEqual((await client()(latest(subject))).id, id)
  }
})

test('an incompatible schema is refused', async () => {
  const find = client()
  await find(byDefinition('compatible', record(ID)))
  await setCompatibility('compatible', 'BACKWARD')
  const selection = byDefinition('compatible', record({ name: 'total', type: 'string' }))
  await assert.rejects(find(selection), (error: SerializationError) => {
    assert.doesNotMatch(error.message, /total/)
    return error.code === 'schema-incompatible' && !error.retriable
  })
})

test('a missing subject, version or schema is schema-not-found', async () => {
  const find = client()
  await find(byDefinition('known', record(ID)))
  for (const [selection, causeCode] of [
    [latest('unknown'), '40401'],
    [numbered('known', 9), '40402'],
    [byDefinition('known', '"string"', { register: false }), '40403'],
  ] as const)
    await assert.rejects(find(selection), { code: 'schema-not-found', causeCode })
})

test('an invalid schema is refused', async () => {
  await assert.rejects(client()(byDefinition('broken', '{"type":"recrod"}')), { code: 'schema-unusable' })
})

test('an address without the registry API is an error that says so', async () => {
  const find = confluentClient({ schemaRegistryUrl: [registry.url.replace('/apis', '/none')] })
  await assert.rejects(find(latest('s')), { code: 'schema-registry', message: /check the path of the address/ })
})

for (const [type, name, imported, middle, text] of [
  [
    'AVRO',
    (of: string) => `shop.${of}`,
    '{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"}]}',
    '{"type":"record","name":"Line","namespace":"shop","fields":[{"name":"price","type":"shop.Money"}]}',
    '{"type":"record","name":"Cart","namespace":"shop","fields":[{"name":"line","type":"shop.Line"}]}',
  ],
  [
    'PROTOBUF',
    (of: string) => `${of}.proto`,
    'syntax = "proto3"; package shop; message Money { int64 cents = 1; }',
    'syntax = "proto3"; package shop; import "Money.proto"; message Line { Money price = 1; }',
    'syntax = "proto3"; package shop; import "Line.proto"; message Cart { Line line = 1; }',
  ],
] as const)
  test(`${type}: a schema that imports another, which imports a third`, async () => {
    const find = client()
    const reference = (of: string): SchemaReference => ({ name: name(of), subject: `${type}-${of}`, version: 1 })
    await find(byDefinition(`${type}-Money`, imported, { type }))
    await find(byDefinition(`${type}-Line`, middle, { type, references: [reference('Money')] }))
    await find(byDefinition(`${type}-Cart`, text, { type, references: [reference('Line')] }))
    const found = await client()(latest(`${type}-Cart`))
    assert.deepEqual([...found.imports.keys()], [name('Money'), name('Line')])
    assert.deepEqual([...found.imports.values()], [imported, middle])
    assert.equal(found.type, type)
  })

test('killed when warm: what is known is still found; down at the start: a failure; later found again', async () => {
  const warm = client()
  const known = await warm(byDefinition('outage', record(ID)))
  await registry.kill()
  assert.deepEqual(await warm(byDefinition('outage', record(ID))), known)
  await assert.rejects(client()(latest('outage'), AbortSignal.timeout(500)), {
    code: 'schema-registry',
    causeCode: 'ECONNREFUSED',
    retriable: true,
  })
  // It has lost what it kept in memory: the schema is registered again, by a client that waits for it.
  const waiting = client()(byDefinition('outage', record(ID)))
  await registry.startAgain()
  assert.equal((await waiting).text, record(ID))
})
