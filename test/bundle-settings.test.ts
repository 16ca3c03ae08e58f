// Each function's bundle starts with a settings file in each of its forms, and refuses settings that functions don't
// allow.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { functionNames } from '../scripts/build.ts'
import { bundleOf } from './support/bundles.ts'

const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
after(() => rmSync(folder, { recursive: true }))

const FILES: Readonly<Record<string, string>> = {
  'application.yml': `spring:
  kafka:
    bootstrap-servers: 127.0.0.1:1,127.0.0.1:2
    producer:
      key-serializer: org.apache.kafka.common.serialization.StringSerializer
      value-serializer: org.apache.kafka.common.serialization.StringSerializer
      properties:
        max.block.ms: 1
        retries: -5
`,
  'application.properties': `spring.kafka.bootstrap-servers=127.0.0.1:1,127.0.0.1:2
spring.kafka.producer.retries=-5
`,
  'producer.properties': 'bootstrap.servers=127.0.0.1:1,127.0.0.1:2\nretries=-5\n',
}

/** Imports a bundle as Lambda does. @returns what it printed, `started` at its end unless its start failed */
function start(bundle: string, env: Readonly<Record<string, string>>): Promise<string> {
  const code = `await import(${JSON.stringify(bundle)}).then(() => console.log('started'), e => console.log(e.message))
    process.exit()`
  const options = { env: { KAFKA_DEAD_LETTER: `disk:${folder}/letters`, KAFKA_MAX_BLOCK_MS: '1', ...env } }
  return new Promise((resolve, reject) =>
    execFile(process.execPath, ['--input-type=module', '-e', code], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    ),
  )
}

for (const name of functionNames())
  test(`${name}: settings files are read by the bundle; idempotence can’t be turned off`, async () => {
    const bundle = join(folder, name)
    await bundleOf(name, bundle)
    const index = join(bundle, 'index.mjs')
    for (const [file, text] of Object.entries(FILES)) {
      const KAFKA_CONFIG_FILE = join(folder, file)
      writeFileSync(KAFKA_CONFIG_FILE, text)
      assert.match(await start(index, { KAFKA_CONFIG_FILE }), /retries \(KAFKA_RETRIES\): .* got ("-5"|-5)/, file)
    }
    const right = { KAFKA_CONFIG_FILE: join(folder, 'application.yml'), KAFKA_RETRIES: '3' }
    assert.match(await start(index, right), /^started$/m)
    assert.match(
      await start(index, { ...right, KAFKA_ENABLE_IDEMPOTENCE: 'false' }),
      /enable\.idempotence .* expect true/,
    )
  })
