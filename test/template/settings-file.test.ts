// Packaging with a settings file: its settings reach the functions as environment variables.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError } from '../../lib/errors.ts'
import { environmentOf } from '../../scripts/template/environment.ts'
import { withSettingsFile } from '../../scripts/template/settings-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'package-'))
after(() => rmSync(folder, { recursive: true }))

function file(text: string): string {
  writeFileSync(join(folder, 'application.yml'), text)
  return join(folder, 'application.yml')
}

test('the settings of a file become those of the functions; the environment overrides them', async () => {
  const KAFKA_CONFIG_FILE = file(`spring:
  kafka:
    bootstrap-servers: [a:1, b:2]
    producer:
      key-serializer: org.apache.kafka.common.serialization.StringSerializer
      compression-type: lz4
      properties: { linger.ms: 7 }
`)
  const env = await withSettingsFile({ KAFKA_CONFIG_FILE, KAFKA_LINGER_MS: '5', KAFKA_CLIENT_ID: '' })
  const { KAFKA_SQS_RETURN_DELAY_MAX_MS: _, ...environment } = environmentOf(env, new Map())
  assert.deepEqual(environment, {
    KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:2',
    KAFKA_COMPRESSION_TYPE: 'lz4',
    KAFKA_KEY_SERIALIZER: 'org.apache.kafka.common.serialization.StringSerializer',
    KAFKA_LINGER_MS: '5',
  })
})

test('a file that can’t be read, or holds a password, is refused', async () => {
  await assert.rejects(withSettingsFile({ KAFKA_CONFIG_FILE: join(folder, 'none.yml') }), ConfigError)
  const KAFKA_CONFIG_FILE = file(`kafka:
  bootstrap-servers: [a:1, b:2]
  security.protocol: SASL_SSL
  sasl: { mechanism: PLAIN, username: ada, password: hunter2 }
`)
  const env = await withSettingsFile({ KAFKA_CONFIG_FILE })
  assert.throws(
    () => environmentOf(env, new Map()),
    error =>
      /KAFKA_SASL_PASSWORD: expected this value in a secret/.test(String(error)) && !/hunter2/.test(String(error)),
  )
})
