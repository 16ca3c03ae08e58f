// A row of the settings table determines everything about its setting; there is no other list of settings.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { withoutSecretsWhenShown } from '../../lib/config/redacted.ts'
import { type OptionName, SETTING_ROWS, SETTINGS, type SettingRow } from '../../lib/config/settings.ts'
import { readSettingsFile } from '../../lib/config/settings-file.ts'
import { settingsDocument } from '../../scripts/settings-docs.ts'
import { environmentOf } from '../../scripts/template/environment.ts'

/** Runs `work` with columns added to the row of `option`. */
function withColumns(option: OptionName, columns: Partial<SettingRow>, work: () => void): void {
  const row: object = SETTINGS[option]
  const before = { ...row }
  Object.assign(row, columns)
  try {
    work()
  } finally {
    for (const name of Object.keys(columns)) Reflect.deleteProperty(row, name)
    Object.assign(row, before)
  }
}

/** How a setting is shown, deployed and documented. */
function treatment(option: OptionName): {
  readonly shown: boolean
  readonly inTemplate: boolean
  readonly doc: string
} {
  const { env } = SETTINGS[option]
  const config = withoutSecretsWhenShown({ [option]: 'hunter2' })
  const texts = [inspect(config), JSON.stringify({ deep: { config } })]
  let problem = ''
  try {
    environmentOf({ KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:2', [env]: 'hunter2' }, new Map())
  } catch (error) {
    problem = String(error)
  }
  const shown = texts.filter(text => text.includes('hunter2')).length
  assert.notEqual(shown, 1, 'inspect and JSON differ')
  return {
    shown: shown > 0,
    inTemplate: !problem.includes(`${env}: expected this value in a secret`),
    doc:
      settingsDocument()
        .split('\n')
        .find(line => line.includes(`| \`${option}\` |`)) ?? '',
  }
}

test('secret settings, and only those, are redacted, kept out of the template and marked in the document', () => {
  for (const [option, { secret }] of SETTING_ROWS) {
    const { shown, inTemplate, doc } = treatment(option)
    assert.equal(shown, !secret, option)
    assert.equal(inTemplate, !secret, option)
    assert.equal(doc.includes('text, secret |'), secret === true, option)
  }
})

test('a setting becomes a secret by its row alone', () => {
  assert.deepEqual([treatment('clientId').shown, treatment('clientId').inTemplate], [true, true])
  withColumns('clientId', { secret: true }, () => {
    const { shown, inTemplate, doc } = treatment('clientId')
    assert.deepEqual([shown, inTemplate], [false, false])
    assert.match(doc, /text, secret \|/)
  })
})

test('a setting belongs to a part of the connection’s security by its row alone', () => {
  const options = { bootstrapServers: 'a:1,b:2', clientId: 'mine' }
  parseConfig(options, {})
  withColumns('clientId', { security: 'tls' }, () => {
    assert.throws(
      () => parseConfig(options, {}),
      /client\.id \(KAFKA_CLIENT_ID\): takes effect only with security\.protocol SSL or SASL_SSL/,
    )
  })
})

test('every setting with the name of a secret is marked as secret', () => {
  const named = SETTING_ROWS.filter(([, { name }]) => /password|\.secret$|\.key$|token$|user\.info$/i.test(name))
  assert.ok(named.length >= 4)
  for (const [option, { secret }] of named) assert.equal(secret, true, option)
})

test('a setting has the unit ms exactly if its name ends with ms', () => {
  for (const [option, { name, kind, unit }] of SETTING_ROWS.filter(([, row]) => row.kind === 'integer'))
    assert.equal(unit === 'ms', /[._]ms$/i.test(name), `${option} (${kind})`)
})

test('a settings file may give bytes, and only bytes, as Spring’s data sizes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'))
  try {
    for (const [option, { name, unit }] of SETTING_ROWS.filter(([, row]) => row.kind === 'integer')) {
      const file = join(folder, `${option}.properties`)
      writeFileSync(
        file,
        `${name
          .replace(/^KAFKA_/, '')
          .toLowerCase()
          .replaceAll('_', '.')}=4KB`,
      )
      assert.deepEqual((await readSettingsFile(file)).values, { [option]: unit === 'bytes' ? 4096 : '4KB' })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
