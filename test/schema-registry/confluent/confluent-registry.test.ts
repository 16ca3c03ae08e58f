// Requests to a registry with Confluent's API, and how its responses are handled.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SerializationError } from '../../../lib/errors.ts'
import type { SchemaSelection } from '../../../lib/schema-registry/schema-registry.ts'
import { type RegistryAnswer, RegistryServer } from '../../fakes/registry-server.ts'
import { confluentClient, latest, numbered, STORED, scriptedRegistry } from '../../support/confluent-client.ts'

const GUID = '0d34f9d4-2a6e-4a3b-8f30-1b4c2d5e6f70'
const byText = (text: string, options: { register?: boolean; normalize?: boolean } = {}): SchemaSelection => ({
  by: 'definition',
  subject: 's',
  definition: { type: 'AVRO', text, references: [] },
  register: false,
  normalize: false,
  ...options,
})
const stored = { ...STORED, guid: GUID }
const notFound = (code: number): RegistryAnswer => ({
  status: 404,
  body: { error_code: code, message: 'the “schema”' },
})

test('the latest version: its id, GUID, type and text; asked once', async t => {
  const { server, find } = await scriptedRegistry(t, () => ({ body: stored }))
  const found = await find(latest('s'))
  assert.deepEqual(found, {
    id: { registry: 'confluent', id: 7, guid: GUID },
    version: 3,
    type: 'AVRO',
    text: '"string"',
    references: [],
    imports: new Map(),
  })
  assert.equal(await find(latest('s')), found)
  assert.deepEqual(server.requests, ['GET /subjects/s/versions/latest'])
})

test('a version by its number; names of subjects are encoded, those with a context too', async t => {
  const { server, find } = await scriptedRegistry(t, () => ({ body: { ...stored, version: 12 } }))
  for (const subject of ['a/b', ':.staging:a-value', 'ü?#%', '...']) await find(numbered(subject, 12))
  assert.deepEqual(server.requests, [
    'GET /subjects/a%2Fb/versions/12',
    'GET /subjects/%3A.staging%3Aa-value/versions/12',
    'GET /subjects/%C3%BC%3F%23%25/versions/12',
    'GET /subjects/.../versions/12',
  ])
})

test('a subject that a URL can’t name is refused: another path would be asked for, or get the schema', async t => {
  // The original bug: `..` requested GET /versions/latest, and `.` would have registered a schema under the subject
  // `versions`.
  const { server, find } = await scriptedRegistry(t, () => ({ body: stored }))
  for (const subject of ['..', '.', '', '\ud800'])
    for (const selection of [latest(subject), { ...byText('"string"', { register: true }), subject }])
      await assert.rejects(find(selection), { code: 'schema-unusable', retriable: false })
  assert.deepEqual(server.requests, [])
})

test('the response may name another subject, as for an alias', async t => {
  const { find } = await scriptedRegistry(t, () => ({ body: { ...stored, subject: 'orders-value' } }))
  for (const selection of [latest('alias'), numbered('alias', 3)]) assert.equal((await find(selection)).version, 3)
})

test('the path of the address is kept', async t => {
  const server = await RegistryServer.start(t, () => ({ body: stored }))
  for (const end of ['', '/']) {
    const schemaRegistryUrl = [`${server.url}/apis/ccompat/v7${end}`]
    await confluentClient({ schemaRegistryUrl })(latest('s'))
  }
  const path = 'GET /apis/ccompat/v7/subjects/s/versions/latest'
  assert.deepEqual(server.requests, [path, path])
})

test('a definition is looked up, with its type and references, and normalized where asked for', async t => {
  const { server, find } = await scriptedRegistry(t, ({ path }) => ({
    body: path.includes('versions') ? { ...stored, id: 1, version: 1 } : { ...stored, schemaType: 'PROTOBUF' },
  }))
  const references = [{ name: 'a.proto', subject: 'a', version: 1 }]
  const definition = { type: 'PROTOBUF', text: 'message', references } as const
  await find({ by: 'definition', subject: 's', definition, register: false, normalize: true })
  assert.deepEqual(server.requests, ['POST /subjects/s?normalize=true'])
  assert.deepEqual(server.asked[0]?.body, { schema: 'message', schemaType: 'PROTOBUF', references })
  assert.equal(server.asked[0]?.headers['content-type'], 'application/vnd.schemaregistry.v1+json')
})

test('an answer without a type: that of the definition, as Apicurio leaves it out; else Avro', async t => {
  const { find } = await scriptedRegistry(t, () => ({ body: stored }))
  const definition = { type: 'JSON', text: '{}', references: [] } as const
  const byDefinition = { by: 'definition', subject: 's', definition, register: false, normalize: false } as const
  assert.equal((await find(byDefinition)).type, 'JSON')
  assert.equal((await find(latest('s'))).type, 'AVRO')
})

test('the schema that readers will get is what the registry has, not the one that was asked for', async t => {
  const { find } = await scriptedRegistry(t, () => ({ body: stored }))
  assert.equal((await find(byText('{"type":"string"}', { normalize: true }))).text, '"string"')
})

test('a definition of Avro has no schemaType: registries before Confluent 5.5 know no such field', async t => {
  const { server, find } = await scriptedRegistry(t, () => ({ body: stored }))
  await find(byText('"string"', { register: true }))
  assert.deepEqual(server.requests, ['POST /subjects/s'])
  assert.deepEqual(server.asked[0]?.body, { schema: '"string"' })
})

test('a definition that is not registered is registered where asked for, and found again', async t => {
  let isRegistered = false
  const { server, find } = await scriptedRegistry(t, ({ path }) => {
    if (!path.includes('/versions')) return isRegistered ? { body: stored } : notFound(40403)
    isRegistered = true
    return { body: { id: 7 } }
  })
  assert.equal((await find(byText('"string"', { register: true, normalize: true }))).version, 3)
  assert.deepEqual(server.requests, [
    'POST /subjects/s?normalize=true',
    'POST /subjects/s/versions?normalize=true',
    'POST /subjects/s?normalize=true',
  ])
})

test('a schema that another node of the registry has not read yet is asked for again', async t => {
  let registered = 0
  const { server, find } = await scriptedRegistry(t, ({ path }) => {
    if (path.includes('/versions')) return { body: { id: 7, n: registered++ } }
    return server.asked.length < 6 ? notFound(40401) : { body: stored }
  })
  assert.equal((await find(byText('"string"', { register: true }))).version, 3)
  assert.equal(registered, 2)
})

test('a schema that is not registered is not registered where that was not asked for', async t => {
  const { server, find } = await scriptedRegistry(t, () => notFound(40403))
  await assert.rejects(find(byText('"string"')), { code: 'schema-not-found', causeCode: '40403', retriable: false })
  await assert.rejects(find(byText('"string"')), { code: 'schema-not-found' })
  assert.deepEqual(server.requests, ['POST /subjects/s'])
})

const REFUSALS: readonly (readonly [RegistryAnswer, SerializationError['code'], RegExp])[] = [
  [{ status: 401 }, 'schema-registry-access', /401.*refused the credentials; check schema.registry.basic.auth/],
  [{ status: 403 }, 'schema-registry-access', /403.*subject s: expected the right to read it/],
  [notFound(40401), 'schema-not-found', /404 \(error_code 40401\): it does not have a version of subject s/],
  [notFound(40402), 'schema-not-found', /40402/],
  [{ status: 422, body: { error_code: 42202 } }, 'schema-not-found', /42202/],
  [{ status: 422, body: { error_code: 42201 } }, 'schema-unusable', /42201.*refuses the schema as invalid/],
  [{ status: 404, body: '<html>' }, 'schema-registry', /404 for .*check the path of the address/],
  [{ status: 302, headers: { location: '/' } }, 'schema-registry', /302.*redirects are not followed/],
  [{ status: 400, body: 'x' }, 'schema-registry', /400.*expected an answer of a Confluent Schema Registry/],
]
for (const [answer, code, message] of REFUSALS)
  test(`an answer ${answer.status} ${JSON.stringify(answer.body ?? '')} is ${code}, asked once`, async t => {
    const { server, find } = await scriptedRegistry(t, () => answer)
    for (let call = 1; call <= 2; call++)
      await assert.rejects(find(latest('s')), (error: SerializationError) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /“schema”|html|127\.0\.0\.1/)
        return error.kind === 'delivery-failure' && !error.retriable
      })
    assert.equal(server.asked.length, 1)
  })

for (const [status, code, expected, message] of [
  [409, 409, 'schema-incompatible', /409 for subject s: it is not compatible with/],
  [403, 40301, 'schema-registry-access', /the right to register schemas under it/],
  [422, 42205, 'schema-registry-access', /42205.*mode READWRITE/],
  [422, 42201, 'schema-unusable', /42201/],
] as const)
  test(`a registration that is answered ${status}, ${code}, is ${expected}`, async t => {
    const { find } = await scriptedRegistry(t, ({ path }) =>
      path.includes('/versions') ? { status, body: { error_code: code, message: 'the “schema”' } } : notFound(40401),
    )
    await assert.rejects(find(byText('"string"', { register: true })), (error: SerializationError) => {
      assert.match(error.message, message)
      return error.code === expected && !error.retriable
    })
  })

const rule = { name: 'r', kind: 'TRANSFORM', type: 'ENCRYPT', mode: 'WRITEREAD' }
for (const [name, ruleSet, isRefused] of [
  ['rules on write', { domainRules: [rule] }, true],
  ['rules on the bytes', { encodingRules: [{ ...rule, mode: 'WRITE' }] }, true],
  ['rules without a mode', { domainRules: [{ ...rule, mode: undefined }] }, true],
  ['rules of a mode that is not known', { domainRules: [{ ...rule, mode: 'ALWAYS' }] }, true],
  ['rules that are disabled', { domainRules: [{ ...rule, disabled: true }] }, false],
  ['rules on read', { domainRules: [{ ...rule, mode: 'READ' }] }, false],
  ['rules of a migration', { migrationRules: [{ ...rule, mode: 'UPDOWN' }] }, false],
  ['no rules', { domainRules: null, migrationRules: [] }, false],
] as const)
  test(`a subject with ${name} is ${isRefused ? 'refused: they would not run' : 'taken'}`, async t => {
    const { find } = await scriptedRegistry(t, () => ({ body: { ...stored, ruleSet } }))
    for (const selection of [latest('s'), byText('"string"')])
      if (isRefused) await assert.rejects(find(selection), { code: 'schema-rules', retriable: false })
      else assert.equal((await find(selection)).text, '"string"')
  })

test('the rules that count are those of the version that is written by, as in Confluent’s clients', async t => {
  const ruleSet = { domainRules: [rule] }
  const { server, find } = await scriptedRegistry(t, ({ path }) => ({
    body: path.endsWith('/latest') ? { ...stored, ruleSet } : { ...stored, version: 1 },
  }))
  assert.equal((await find(numbered('s', 1))).version, 1)
  assert.equal(server.asked.length, 1)
  await assert.rejects(find(latest('s')), { code: 'schema-rules' })
})

for (const body of [
  '<html>',
  '[]',
  '',
  { ...stored, id: '7' },
  { ...stored, id: 2 ** 31 },
  { ...stored, id: -1 },
  { ...stored, version: 0 },
  { ...stored, version: '3' },
  { ...stored, guid: 'g' },
  { ...stored, schemaType: 'XML' },
  { ...stored, schema: {} },
  { ...stored, schema: undefined },
  { ...stored, references: {} },
  { ...stored, references: [{ name: 'a', subject: 'a', version: '1' }] },
  { ...stored, ruleSet: [] },
  { ...stored, ruleSet: { domainRules: 'all' } },
  { ...stored, pad: 'x'.repeat(9 * 1024 * 1024) },
])
  test(`an answer that is not one of a registry is refused: ${JSON.stringify(body).slice(0, 130)}`, async t => {
    const { server, find } = await scriptedRegistry(t, () => ({ body }))
    await assert.rejects(find(latest('s')), (error: SerializationError) => {
      assert.match(error.message, /expected .+, got something else/)
      return error.code === 'schema-registry' && !error.retriable
    })
    assert.equal(server.asked.length, 1)
  })

test('another version than the one asked for is refused; another type too', async t => {
  const { find } = await scriptedRegistry(t, () => ({ body: { ...stored, schemaType: 'JSON' } }))
  await assert.rejects(find(numbered('s', 4)), { code: 'schema-registry', message: /expected version 4/ })
  await assert.rejects(find(byText('"string"')), { code: 'schema-registry', message: /expected the type AVRO/ })
})

test('2,000 selections at once: each is asked for once, over few connections', async t => {
  const { server, find } = await scriptedRegistry(t, ({ path }) => ({ body: { ...stored, schema: `"${path}"` } }))
  const subjects = Array.from({ length: 2000 }, (_, index) => `s${index}`)
  for (let round = 1; round <= 2; round++) {
    const found = await Promise.all(subjects.map(subject => find(latest(subject))))
    assert.equal(found[1999]?.text, '"/subjects/s1999/versions/latest"')
  }
  assert.equal(server.asked.length, 2000)
  assert.ok(new Set(server.asked.map(({ port }) => port)).size <= 8)
})

test('a client without an address is a problem of the configuration', () => {
  assert.throws(() => confluentClient({}), { code: 'config', message: /schema.registry.url.*got none/ })
})
