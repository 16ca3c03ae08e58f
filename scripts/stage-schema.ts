// Writes schemas/stage.schema.json, with which editors complete and check stages/<stage>.json, from the settings table
// and the deployment parameters.
import { writeFileSync } from 'node:fs'
import { SETTING_ROWS, type SettingRow } from '../lib/config/settings.ts'
import { factsOf, readParagraphs } from './settings-docs.ts'
import { OF_TEMPLATE } from './template/environment.ts'
import { FUNCTION_NAMES } from './template/options.ts'
import { defaultTextOf, type Parameter } from './template/parameters/parameter.ts'
import { PARAMETER_ROWS } from './template/parameters/table.ts'
import { REGION } from './template/stage.ts'

const SCHEMA = 'schemas/stage.schema.json'

/** The texts that a setting accepts. The functions check the rest at init. An empty text counts as unset. */
function textsOf({ kind, choices = [] }: SettingRow): object {
  if (kind === 'integer') return { pattern: '^\\s*-?\\d+\\s*$|^$' }
  if (kind === 'boolean') return { enum: ['true', 'false', ''] }
  // Kafka accepts other spellings of some choices.
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

/** A parameter that applies to functions or queues by name has a property per name: `memorySize.sqs`. */
function params(): object {
  const properties: Record<string, object> = {}
  const patternProperties: Record<string, object> = {}
  for (const [name, row] of PARAMETER_ROWS) {
    const about = { description: describe(row), type: 'string', pattern: row.kind.pattern.source }
    properties[name] = { ...about, ...defaultOf(row) }
    if (row.scope === 'function')
      for (const of of FUNCTION_NAMES) properties[`${name}.${of}`] = { ...about, description: `Of ${of}: ${row.about}` }
    if (row.scope === 'queue') patternProperties[`^${name}\\.[\\w.-]+$`] = about
  }
  return {
    ...section('Parameters of the deployment. `--param` takes precedence.', properties),
    ...(Object.keys(patternProperties).length > 0 ? { patternProperties } : {}),
  }
}

function describe({ about, unit, kind }: Parameter): string {
  return `${about}\n\nExpected: ${kind.expected}${unit === undefined ? '' : `, in ${unit}`}.`
}

function defaultOf(row: Parameter): object {
  const text = defaultTextOf(row)
  return text === undefined ? {} : { default: text }
}

export function stageSchema(): string {
  const $schema = {
    description: 'The JSON Schema by which an editor completes and checks this file; the command ignores it.',
    type: 'string',
  }
  const root = section('stages/<stage>.json: region, settings and parameters of a stage.', {
    $schema,
    region: {
      description: 'The region of the stage. `--region` takes precedence. Default: AWS_REGION, then the MSK cluster’s.',
      type: 'string',
      pattern: REGION.source,
    },
    settings: section(
      'Settings of the functions. The environment takes precedence. Secrets are kept in KAFKA_SECRET_ARN.',
      settings(),
    ),
    params: params(),
  })
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...root }, null, 2)}\n`
}

function section(description: string, properties: Record<string, object>): object {
  return { description, type: 'object', additionalProperties: false, properties }
}

if (import.meta.main) writeFileSync(SCHEMA, stageSchema())
