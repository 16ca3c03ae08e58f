// Schemas that import others: all imports are loaded, in order of dependency, within limits.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { RegistryServer } from '../../fakes/registry-server.ts'
import { latest, scriptedRegistry } from '../../support/confluent-client.ts'

interface Stored {
  readonly text?: string
  readonly imports?: readonly string[]
  readonly ruleSet?: object
}

/** A registry of subjects with one version each; a reference is called like its subject. */
async function registryOf(t: TestContext, schemas: (subject: string) => Stored) {
  const handler: RegistryServer['handler'] = ({ path }) => {
    const subject = decodeURIComponent(path.split('/')[2] ?? '')
    const { text = `"${subject}"`, imports = [], ruleSet } = schemas(subject)
    const references = imports.map(name => ({ name, subject: name, version: 1 }))
    return { body: { id: 1, version: 1, schema: text, references, ...(ruleSet ? { ruleSet } : {}) } }
  }
  return scriptedRegistry(t, handler)
}

test('imports of imports, each after those that it imports itself, each asked for once', async t => {
  const imports: Record<string, readonly string[]> = { top: ['b', 'c'], b: ['d'], c: ['d', 'e'] }
  const { server, find } = await registryOf(t, subject => ({ imports: imports[subject] ?? [] }))
  const found = await find(latest('top'))
  assert.deepEqual(
    [...found.imports],
    ['d', 'b', 'e', 'c'].map(name => [name, `"${name}"`]),
  )
  assert.equal(server.asked.length, 5)
})

test('schemas that share an import ask for it once', async t => {
  const { server, find } = await registryOf(t, subject => ({ imports: subject === 'shared' ? [] : ['shared'] }))
  for (const subject of ['a', 'b']) assert.equal((await find(latest(subject))).imports.get('shared'), '"shared"')
  assert.equal(server.requests.filter(request => request.includes('shared')).length, 1)
})

test('the imports that are kept for others do not grow without limit', async t => {
  const text = JSON.stringify('x'.repeat(5 * 1024 * 1024))
  const { server, find } = await registryOf(t, subject =>
    subject.startsWith('large') ? { text } : { imports: [`large-${subject.at(-1)}`] },
  )
  for (const subject of ['a-1', 'a-2', 'b-1']) assert.equal((await find(latest(subject))).imports.size, 1)
  assert.equal(server.requests.filter(request => request.includes('large-1')).length, 2)
})

test('an import without a context is in the context of the schema that imports it', async t => {
  const imports: Record<string, readonly string[]> = { ':.dev:top': ['a', ':.prod:b'], ':.prod:b': ['c'] }
  const { server, find } = await registryOf(t, subject => ({ imports: imports[subject] ?? [] }))
  await find(latest(':.dev:top'))
  const asked = server.requests.map(request => decodeURIComponent(request.split('/')[2] ?? ''))
  assert.deepEqual(asked.sort(), [':.dev:a', ':.dev:top', ':.prod:b', ':.prod:c'])
})

test('rules of an import do not run, so they do not matter', async t => {
  const rules = { ruleSet: { domainRules: [{ mode: 'WRITE' }] } }
  const { find } = await registryOf(t, subject => (subject === 'top' ? { imports: ['a'] } : rules))
  assert.equal((await find(latest('top'))).imports.size, 1)
})

const next = (subject: string) => `s${Number(subject.slice(1)) + 1}`
for (const [name, schemas, expected] of [
  ['a cycle', () => ({ imports: ['a', 'b'] }), /without a cycle/],
  ['imports without an end', subject => ({ imports: [next(subject)] }), /nested at most 100 deep/],
  [
    'thousands of imports',
    subject => ({ imports: subject === 's0' ? Array.from({ length: 1001 }, (_, index) => `i${index}`) : [] }),
    /at most 1000 schemas/,
  ],
  [
    'imports that are large in all',
    subject =>
      subject === 's0'
        ? { imports: ['a', 'b', 'c'] }
        : { text: JSON.stringify('x'.repeat(6 * 1024 * 1024)), imports: [] },
    /at most 16777216 characters/,
  ],
] as readonly [string, (subject: string) => Stored, RegExp][])
  test(`${name}: refused`, async t => {
    const { find } = await registryOf(t, schemas)
    await assert.rejects(find(latest('s0')), { code: 'schema-unusable', retriable: false, message: expected })
  })
