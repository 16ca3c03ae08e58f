// Writes docs/settings.md from the settings table. `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { SETTING_ROWS, type SettingRow } from '../lib/config/settings.ts'
import { SETTINGS_DOCS } from '../lib/config/settings-docs.ts'

const code = (text: unknown) => (text === undefined || text === '' ? '' : `\`${text}\``)

function rangeOf({ kind, min, max, unit, choices, secret }: SettingRow): string {
  const range = kind === 'integer' ? `${min} – ${max}${unit === undefined ? '' : ` ${unit}`}` : choices?.join(', ')
  return `${range ?? kind}${secret ? ', secret' : ''}`
}

export function settingsDocument(): string {
  const rows = SETTING_ROWS.map(([option, row]) => {
    const name = row.name === row.env ? undefined : row.name
    const cells = [code(name), code(row.env), code(option), code(row.default), rangeOf(row), SETTINGS_DOCS[option].doc]
    return `| ${cells.join(' | ')} |`
  })
  const deviations = SETTING_ROWS.flatMap(([option, { name }]) => {
    const { deviation } = SETTINGS_DOCS[option]
    return deviation ? [`- \`${name}\`: ${deviation}`] : []
  })
  return `# Settings

\`npm run docs\` writes this page from \`lib/config/settings.ts\` and \`settings-docs.ts\`. Options in code and
environment variables result in the same frozen object. Code takes precedence over the environment, and the
environment over the default. One \`ConfigError\` lists all problems. An empty variable counts as unset. Kafka
settings that have no effect here are refused.

| Kafka | environment | option | default | range | what it does |
|---|---|---|---|---|---|
${rows.join('\n')}

A setting marked secret is shown as \`[redacted]\` wherever a configuration is printed or logged. The template refuses
it: keep its value in a secret (\`KAFKA_SECRET_ARN\`).

\`KAFKA_FUNCTION_TIMEOUT_MS\`, which the template sets, is the timeout of the function. If it leaves no time for one
attempt besides the reserve, init fails.

## Where a default differs from the Java client's

${deviations.join('\n')}
`
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync('docs/settings.md', settingsDocument())
  else if (readFileSync('docs/settings.md', 'utf8') !== settingsDocument()) {
    console.error('docs/settings.md does not match the settings table. Run npm run docs.')
    process.exit(1)
  }
}
