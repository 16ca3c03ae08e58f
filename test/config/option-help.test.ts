// The help that an editor shows while options are written.
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { SETTING_ROWS } from '../../lib/config/settings.ts'
import { CURSOR, LanguageServer } from '../support/language-server.ts'

let server: LanguageServer
before(async () => {
  server = await LanguageServer.start()
})
after(() => server.stop())

const program = (options: string) => `import { parseConfig } from '${resolve('lib/index.ts')}'
parseConfig({
${options}
})
`

async function helpOf(options: readonly string[]): Promise<string[]> {
  return server.help(program(options.map(option => `  ${CURSOR}${option}: undefined,`).join('\n')))
}

test('the help of every option has its names, its unit or choices, and its default', async () => {
  const helps = await helpOf(SETTING_ROWS.map(([option]) => option))
  for (const [index, [option, { name, env, unit, choices, default: value }]] of SETTING_ROWS.entries()) {
    const [type = '', text = ''] = helps[index]?.split('```\n') ?? []
    assert.match(type, new RegExp(`\\(property\\) (Common|Serializer)Options(<.*>)?\\.${option}\\?: `))
    assert.match(text.split('\n\n')[0] ?? '', /\w+ \w+ \w+/, `${option} has no text`)
    const facts = text.trim().split('\n\n').at(-1)?.replaceAll('\n', ' ')
    for (const fact of [name, env, unit, choices?.join(', '), value === '' ? undefined : value])
      assert.ok(fact === undefined || facts?.includes(String(fact)), `${option}: ${fact} in ${facts}`)
  }
})

test('the help of an option is complete and readable', async t => {
  const [help, ...others] = await helpOf(['retryBackoffMs', 'acks', 'compressionType', 'bufferMemory', 'keySerializer'])
  for (const other of others) t.diagnostic(other)
  assert.equal(
    help,
    `\`\`\`typescript
(property) CommonOptions.retryBackoffMs?: number | undefined
\`\`\`
The shortest pause before a retry. Pauses are random; their limit doubles with each failure, up to
\`retry.backoff.max.ms\`.

Java: 100. A Lambda invocation is billed while it waits.

\`retry.backoff.ms\`, \`KAFKA_RETRY_BACKOFF_MS\`: 1 – 60000 ms, default 50.`,
  )
})

test('names of options and their choices are completed', async () => {
  const [names = []] = await server.completions(program(CURSOR))
  for (const [option] of SETTING_ROWS) assert.ok(names.includes(`${option}?`), option)
  const choicesOf = async (option: string) => (await server.completions(program(`${option}: '${CURSOR}'`)))[0] ?? []
  assert.deepEqual(await choicesOf('compressionType'), ['gzip', 'lz4', 'none', 'snappy', 'zstd'])
  assert.deepEqual(await choicesOf('acks'), ['all'])
  assert.deepEqual(await choicesOf('securityProtocol'), ['PLAINTEXT', 'SASL_PLAINTEXT', 'SASL_SSL', 'SSL'])
  assert.ok((await choicesOf('valueSerializer')).includes('json'))
})
