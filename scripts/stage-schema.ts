// Writes schemas/stage.schema.json, by which editors complete and check stages/<stage>.json, from the settings table
// and the options of a deployment.
import { readFileSync, writeFileSync } from 'node:fs'
import { SETTING_ROWS, type SettingRow } from '../lib/config/settings.ts'
import { factsOf, readParagraphs } from './settings-docs.ts'
import { OF_TEMPLATE } from './template/environment.ts'
import { DEFAULTS, type DeployOptions, READERS } from './template/options.ts'

const SCHEMA = 'schemas/stage.schema.json'
const OPTIONS = 'scripts/template/options.ts'

/** The texts that a setting may be; the functions check the rest at init. An empty text counts as unset. */
function textsOf({ kind, choices = [] }: SettingRow): object {
  if (kind === 'integer') return { pattern: '^\\s*-?\\d+\\s*$|^$' }
  if (kind === 'boolean') return { enum: ['true', 'false', ''] }
  // Kafka has other spellings of some choices.
  return kind === 'choice' ? { examples: choices.map(String) } : {}
}

function settings(): Record<string, object> {
  const paragraphsOf = readParagraphs()
  const rows = SETTING_ROWS.filter(([, { env, secret }]) => !secret && !OF_TEMPLATE.includes(env))
  return Object.fromEntries(
    rows.map(([option, row]) => {
      const description = [...paragraphsOf(option), factsOf(row)].join('\n\n')
      const defaultText = row.default === undefined ? {} : { default: String(row.default) }
      return [row.env, { description, type: 'string', ...textsOf(row), ...defaultText }]
    }),
  )
}

/** The comments of DeployOptions describe the parameters. */
function params(): Record<string, object> {
  const comments = readFileSync(OPTIONS, 'utf8').matchAll(/^ {2}\/\*\* (.*) \*\/\n {2}readonly (\w+):/gm)
  const descriptions = new Map([...comments].map(([, comment, name]) => [name, comment]))
  return Object.fromEntries(
    Object.entries(READERS).map(([name, { pattern }]) => {
      const description = descriptions.get(name)
      if (description === undefined) throw new Error(`${OPTIONS}: expected a comment above ${name}.`)
      const value = DEFAULTS[name as keyof DeployOptions]
      const defaultText = typeof value === 'string' || typeof value === 'number' ? { default: String(value) } : {}
      return [name, { description, type: 'string', pattern: pattern.source, ...defaultText }]
    }),
  )
}

export function stageSchema(): string {
  const $schema = {
    description: 'The JSON Schema by which an editor completes and checks this file; the command ignores it.',
    type: 'string',
  }
  const root = section('stages/<stage>.json: settings and parameters of a stage.', {
    $schema,
    settings: section(
      'Settings of the functions. The environment takes precedence. Secrets are kept in KAFKA_SECRET_ARN.',
      settings(),
    ),
    params: section('Parameters of the deployment. `--param` takes precedence.', params()),
  })
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...root }, null, 2)}\n`
}

function section(description: string, properties: Record<string, object>): object {
  return { description, type: 'object', additionalProperties: false, properties }
}

if (import.meta.main) writeFileSync(SCHEMA, stageSchema())
