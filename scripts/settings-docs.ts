// docs/settings.md from the table of settings. `--check` compares and writes nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { type OptionName, SETTINGS, type SettingRow } from '../lib/config/settings.ts'
import { SETTINGS_DOCS } from '../lib/config/settings-docs.ts'

export function settingsDocument(): string {
  const rows = Object.entries(SETTINGS as Record<string, SettingRow>).map(([option, row]) => {
    const range = row.kind === 'integer' ? `${row.min} – ${row.max}` : (row.choices?.join(', ') ?? row.kind)
    return `| ${row.name === row.env ? '' : `\`${row.name}\``} | \`${row.env}\` | \`${option}\` | ${row.default === undefined ? '' : `\`${row.default}\``} | ${range} | ${SETTINGS_DOCS[option as OptionName].doc} |`
  })
  const deviations = Object.entries(SETTINGS_DOCS).flatMap(([option, { deviation }]) =>
    deviation ? [`- \`${SETTINGS[option as OptionName].name}\`: ${deviation}`] : [],
  )
  return `# Settings

Made by \`npm run docs\` from \`lib/config/settings.ts\` and \`settings-docs.ts\`. Options in code and environment variables give the same frozen object; code beats
environment beats default. All problems are told in one \`ConfigError\`. An empty variable is unset. Names of Kafka settings that do not act yet
are refused.

| Kafka | environment | option | default | range | what it does |
|---|---|---|---|---|---|
${rows.join('\n')}

\`KAFKA_FUNCTION_TIMEOUT_MS\`, set by whoever deploys, is the function's own time-out: one that leaves no room for a single attempt beside the
reserve is refused at init.

## Where a default differs from the Java client's

${deviations.join('\n')}
`
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync('docs/settings.md', settingsDocument())
  else if (readFileSync('docs/settings.md', 'utf8') !== settingsDocument()) {
    console.error('docs/settings.md differs from the table: run npm run docs.')
    process.exit(1)
  }
}
