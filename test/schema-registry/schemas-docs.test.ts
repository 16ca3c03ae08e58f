// docs/schemas.md: its program runs unchanged, its settings file and contract are accepted, and its names are those of
// the settings table.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../lib/config/load-config.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { CONFLUENT_NAMES, GLUE_NAMES } from '../../lib/config/registry-names.ts'
import { type OptionName, SETTING_ROWS, SETTINGS } from '../../lib/config/settings.ts'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { CONTRACT_FORMATS } from '../../lib/schema-registry/codec-parts.ts'
import * as entryPoint from '../../lib/schema-registry/index.ts'
import { runTestsOf } from '../support/docs-tests.ts'

const page = readFileSync('docs/schemas.md', 'utf8')

/** The cells of the last table of a section, as text between backticks where there is any. */
function rowsOf(section: string): (string | undefined)[][] {
  const text = page.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = text.split('\n').filter(line => line.startsWith('| `'))
  return rows.map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => /`([^`]+)`/.exec(cell)?.[1]),
  )
}

function neverCalled(): never {
  assert.fail('The contract has no schema of its own.')
}

const blockOf = (language: string) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(page)?.[1] ?? ''

test('the program of the page works unchanged', () => runTestsOf('docs/schemas.md', 1))

test('the contract is valid', () => {
  const { value } = parseContract('orders', JSON.parse(blockOf('json')), neverCalled, { formats: CONTRACT_FORMATS })
  assert.equal(value.codec.format, 'avro')
})

test('the settings file is accepted', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'schemas-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const configFile = join(folder, 'application.yml')
  writeFileSync(configFile, blockOf('yaml'))
  const warnings: string[] = []
  const env = { REGISTRY_KEY: 'key', REGISTRY_SECRET: 'secret' }
  const config = await loadConfig({ configFile }, env, text => warnings.push(text))
  assert.deepEqual(warnings, [])
  assert.deepEqual([config.valueSerializer, config.schemaRegistryBasicAuthUserInfo], ['confluent-avro', 'key:secret'])
})

test('each setting of its table has these names', () => {
  const others = new Map<string, OptionName>([...CONFLUENT_NAMES, ...GLUE_NAMES])
  const rows = rowsOf('Settings of Spring and of Confluent')
  assert.ok(rows.length >= 30)
  for (const [name = '', option = '', env] of rows) {
    const row = SETTINGS[option as OptionName]
    assert.ok(row?.name === name || others.get(name) === option, `${name} ${option}`)
    assert.equal(row.env, env)
  }
})

test('its table has every setting of registries, but PEM within settings', () => {
  const named = new Set(rowsOf('Settings of Spring and of Confluent').map(([, option]) => option))
  const expected = SETTING_ROWS.map(([option]) => option).filter(
    option =>
      /^(schemaRegistry|glue|(key|value)(Subject|SchemaId))|Schemas$|^useLatest/.test(option) &&
      !/Certificates$|CertificateChain$|KeystoreKey$/.test(option),
  )
  assert.deepEqual([...named].sort(), expected.sort())
})

test('each class of its table is exported, and its setting and Java’s class select the same serializer', () => {
  const rows = rowsOf('In a program').filter(([name]) => name?.endsWith('Serializer'))
  assert.equal(rows.length, 4)
  const settings = { bootstrapServers: 'a:1,b:2', schemaRegistryUrl: 'https://sr', glueDataFormat: 'AVRO' }
  for (const [name = '', , setting, java] of rows) {
    assert.ok(name in entryPoint, name)
    for (const valueSerializer of [setting, java])
      assert.equal(parseConfig({ ...settings, valueSerializer } as object, {}, () => {}).valueSerializer, setting)
  }
})
