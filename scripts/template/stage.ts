// stages/<stage>.json: the region, settings and parameters of one stage. --region, the environment and --param take
// precedence over it.
//   { "region": "eu-west-1", "settings": { "KAFKA_MSK_CLUSTER_ARN": "arn:…", "KAFKA_QUEUE_PREFIX": "staging-" },
//     "params": { "subnetIds": "subnet-1,subnet-2" } }
// Editors check the same by schemas/stage.schema.json.
import { existsSync, readFileSync } from 'node:fs'
import { SETTING_ROWS } from '../../lib/config/settings.ts'
import { ConfigError } from '../../lib/errors.ts'
import { isJsonObject } from '../../lib/record/json-object.ts'
import { nearestTo } from '../../lib/record/nearest-name.ts'

export interface Stage {
  readonly region: string | undefined
  readonly settings: Readonly<Record<string, string>>
  /** Entries of the form `name=value`. */
  readonly params: readonly string[]
}

/** The name of a region. */
export const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/u
const SETTING_NAMES = SETTING_ROWS.map(([, { env }]) => env)

/**
 * Reads the file of a stage.
 * @throws ConfigError
 */
export function readStage(name: string, folder = 'stages'): Stage {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,30}$/.test(name))
    throw new ConfigError(['--stage: expected a letter, then at most 30 letters, digits and hyphens.'])
  const file = `${folder}/${name}.json`
  if (!existsSync(file)) return { region: undefined, settings: {}, params: [] }
  const { $schema = '', region, settings = {}, params = {}, ...others } = parse(file)
  const problems = Object.keys(others).map(
    field => `${file}: expected "region", "settings" and "params", got ${field}.`,
  )
  if (typeof $schema !== 'string') problems.push(`${file}: $schema: expected text.`)
  if (region !== undefined && !(typeof region === 'string' && REGION.test(region)))
    problems.push(`${file}: region: expected the name of a region, e.g. eu-west-1.`)
  const texts = (field: string, value: unknown, pattern: RegExp) => {
    const entries = isJsonObject(value) ? Object.entries(value) : []
    if (!isJsonObject(value) || entries.some(([key, value]) => !pattern.test(key) || typeof value !== 'string'))
      problems.push(`${file}: ${field}: expected an object of strings whose names match ${pattern.source}.`)
    return entries as [string, string][]
  }
  const ofSettings = texts('settings', settings, /^KAFKA_[A-Z0-9_]+$/)
  // Only known settings are passed to the functions, because a misspelled name would have no effect.
  for (const [name] of ofSettings)
    if (!SETTING_NAMES.includes(name)) {
      const near = nearestTo(name, SETTING_NAMES)
      problems.push(`${file}: settings.${name}: unknown${near === undefined ? '' : `; did you mean ${near}?`}`)
    }
  const ofParams = texts('params', params, /^[A-Za-z]+(\.[\w.-]+)?$/)
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    region: region as string | undefined,
    settings: Object.fromEntries(ofSettings),
    params: ofParams.map(([key, value]) => `${key}=${value}`),
  }
}

function parse(file: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (isJsonObject(parsed)) return parsed
  } catch {
    // The error below does not quote the file, which may contain a secret.
  }
  throw new ConfigError([`${file}: expected a JSON object.`])
}
