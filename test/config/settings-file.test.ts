// A settings file gives the same frozen object as the environment or options in code.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { loadConfig } from '../../lib/config/load-config.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { SETTINGS, type SettingRow } from '../../lib/config/settings.ts'
import { ConfigError } from '../../lib/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'settings-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** A YAML block as in Spring's documentation, indentation included. */
const SPRING_BLOCK = `  kafka:
    producer:
      bootstrap-servers: localhost:9092
      key-serializer: org.apache.kafka.common.serialization.StringSerializer
      value-serializer: org.apache.kafka.common.serialization.StringSerializer
`

test('Spring’s YAML block works unchanged, and gives the same configuration as code', async () => {
  const fromFile = await loadConfig({}, { KAFKA_CONFIG_FILE: file('block.yaml', SPRING_BLOCK) })
  const fromCode = parseConfig(
    { bootstrapServers: ['localhost:9092'], keySerializer: 'string', valueSerializer: 'string' },
    {},
  )

  assert.deepEqual(fromFile, fromCode)
  assert.ok(Object.isFrozen(fromFile))
})

test('Spring’s common, producer and template sections are read, other sections are ignored', async () => {
  const config = await loadConfig(
    {},
    {
      KAFKA_CONFIG_FILE: file(
        'application.yml',
        `server: { port: 8080 }
spring:
  kafka:
    bootstrap-servers: [a:1, b:2]
    client-id: common
    security.protocol: PLAINTEXT
    consumer: { group-id: g }
    template: { default-topic: chat }
    producer:
      client-id: mine
      acks: -1
      batch-size: 16KB
      buffer-memory: 1MB
      compression-type: lz4
      properties:
        linger.ms: 7
        partitioner.class: org.apache.kafka.clients.producer.RoundRobinPartitioner
`,
      ),
    },
  )

  const {
    bootstrapServers,
    clientId,
    acks,
    batchSize,
    bufferMemory,
    compressionType,
    lingerMs,
    partitionerClass,
    defaultTopic,
  } = config
  assert.deepEqual(
    {
      bootstrapServers,
      clientId,
      acks,
      batchSize,
      bufferMemory,
      compressionType,
      lingerMs,
      partitionerClass,
      defaultTopic,
    },
    {
      bootstrapServers: ['a:1', 'b:2'],
      clientId: 'mine',
      acks: 'all',
      batchSize: 16_384,
      bufferMemory: 1_048_576,
      compressionType: 'lz4',
      lingerMs: 7,
      partitionerClass: 'round-robin',
      defaultTopic: 'chat',
    },
  )
})

test('options, environment, YAML, Spring’s properties and Java’s properties give the same frozen object', async () => {
  const rows = Object.entries(SETTINGS as Record<string, SettingRow>).filter(
    ([, row]) => row.name !== row.env && (row.kind === 'integer' || row.kind === 'choice' || row.kind === 'boolean'),
  )
  const value = (row: SettingRow): fc.Arbitrary<string | number | boolean> =>
    row.kind === 'integer'
      ? fc.integer({ min: row.min ?? 0, max: Math.min(row.max ?? 0, 100_000) })
      : row.kind === 'boolean'
        ? fc.boolean()
        : fc.constantFrom(...(row.choices ?? []))
  const options = fc.record(Object.fromEntries(rows.map(([name, row]) => [name, value(row)])), { requiredKeys: [] })
  const outcome = async (read: () => unknown) => {
    try {
      return await read()
    } catch (error) {
      assert.ok(error instanceof ConfigError)
      return [...error.problems].sort()
    }
  }
  await fc.assert(
    fc.asyncProperty(options, async chosen => {
      const pairs = [
        ['bootstrap.servers', 'a:1,b:2'],
        ...Object.entries(chosen).map(([option, setting]) => [
          (SETTINGS as Record<string, SettingRow>)[option]?.name,
          String(setting),
        ]),
      ] as [string, string][]
      const env = Object.fromEntries(
        pairs.map(([name, setting]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, setting]),
      )
      const kebab = (name: string) => name.replaceAll('.', '-')
      const code = await outcome(() => parseConfig({ bootstrapServers: ['a:1', 'b:2'], ...chosen }, {}))
      const yamlLines = pairs.map(([name, setting]) => `      ${kebab(name)}: "${setting}"\n`)
      const yaml = file('p.yaml', `spring:\n  kafka:\n    producer:\n${yamlLines.join('')}`)
      const spring = file(
        's.properties',
        pairs.map(([name, setting]) => `spring.kafka.producer.${kebab(name)}=${setting}\n`).join(''),
      )
      const java = file(
        'j.properties',
        `# a client's\n${pairs.map(([name, setting]) => `${name} = ${setting}\n`).join('')}`,
      )

      assert.deepEqual(await outcome(() => parseConfig({}, env)), code)
      for (const path of [yaml, spring, java])
        assert.deepEqual(await outcome(() => loadConfig({}, { KAFKA_CONFIG_FILE: path })), code)
    }),
    { numRuns: 100 },
  )
})

test('code overrides environment, which overrides the file, which overrides the default', async () => {
  const path = file('order.properties', 'bootstrap.servers=file:1\nlinger.ms=1\nretries=1\nclient.id=file\n')
  const config = await loadConfig(
    { lingerMs: 3 },
    { KAFKA_CONFIG_FILE: path, KAFKA_LINGER_MS: '2', KAFKA_RETRIES: '2' },
  )

  assert.deepEqual([config.lingerMs, config.retries, config.clientId, config.batchSize], [3, 2, 'file', 1_000_000])
})

test('an unknown name, an unreadable file and a file with parseConfig are problems that say so', async () => {
  const problemsOf = async (read: () => unknown) => {
    try {
      await read()
      return ''
    } catch (error) {
      return (error as ConfigError).problems.join('\n')
    }
  }
  const servers = { KAFKA_BOOTSTRAP_SERVERS: 'a:1,b:2' }
  assert.match(
    await problemsOf(() =>
      loadConfig({ configFile: file('u.yaml', 'kafka: { producer: { linger-mss: 5 } }') }, servers),
    ),
    /producer\.linger-mss is not a known setting/,
  )
  assert.match(
    await problemsOf(() => loadConfig({ configFile: file('v.yaml', 'spring: { x: 1 }') }, servers)),
    /expected a section spring\.kafka or kafka/,
  )
  assert.match(
    await problemsOf(() => loadConfig({ configFile: file('w.yaml', 'kafka: [hunter2') }, servers)),
    /can't be read \(BAD_INDENT\)/,
  )
  assert.match(
    await problemsOf(() => loadConfig({ configFile: join(folder, 'none.yaml') }, servers)),
    /can't be read \(ENOENT\)/,
  )
  assert.match(await problemsOf(() => parseConfig({}, { ...servers, KAFKA_CONFIG_FILE: 'x.yaml' })), /call loadConfig/)
})

test('acks 1 or 0 with explicit idempotence is refused; otherwise idempotence is turned off with a warning', () => {
  const warnings: string[] = []
  const config = parseConfig({ bootstrapServers: ['a:1', 'b:2'], acks: 1 }, {}, text => warnings.push(text))
  assert.equal(config.enableIdempotence, false)
  assert.match(warnings.join(), /acks is 1: enable\.idempotence is off/)
  assert.throws(
    () => parseConfig({ bootstrapServers: ['a:1', 'b:2'], acks: 0, enableIdempotence: true }, {}),
    /enable\.idempotence \(true\): expected acks all, got 0/,
  )
})
