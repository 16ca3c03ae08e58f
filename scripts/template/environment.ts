// The environment of the functions, checked as each function checks it at init.
import { configProblems } from '../../functions/config-problems.ts'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { SETTING_ROWS } from '../../lib/config/settings.ts'
import type { Contracts } from '../../lib/contracts/contract.ts'
import { ConfigError } from '../../lib/errors.ts'
import { nearestTo } from '../../lib/record/nearest-name.ts'
import { emitWarning } from '../../lib/warn.ts'
import type { FunctionKey } from './deployment-model.ts'
import { DEFAULTS, type DeployOptions } from './options.ts'
import { valueFor } from './parameters/parameter.ts'

/** API Gateway stops waiting after 30 s. */
export const HTTP_TIMEOUT_S = 29
const TIMEOUTS_S: Readonly<Record<FunctionKey, number>> = {
  http: HTTP_TIMEOUT_S,
  sqs: 60,
  'sqs-fifo': 60,
  eventbridge: 60,
  redrive: 300,
}
const FUNCTION_KEYS = Object.keys(TIMEOUTS_S) as FunctionKey[]

type Timeouts = Pick<DeployOptions, 'timeoutS'>

export function timeoutOf(key: FunctionKey, { timeoutS }: Timeouts): number {
  return valueFor(timeoutS, key) ?? TIMEOUTS_S[key]
}

/** AWS recommends 6 × the function's timeout: a message becomes visible only after all retries of its batch. */
export function visibilityS(options: Timeouts): number {
  return 6 * Math.max(timeoutOf('sqs', options), timeoutOf('sqs-fifo', options))
}

/** Settings that only the template may set, because they describe its own queues. */
export const OF_TEMPLATE = ['KAFKA_REDRIVE_FROM', 'KAFKA_REDRIVE_LEASE_QUEUE', 'KAFKA_SQS_RETURN_DELAY_MAX_MS']

/**
 * Returns the environment.
 * @throws ConfigError for settings that a function would refuse at init
 */
export function environmentOf(
  env: NodeJS.ProcessEnv,
  contracts: Contracts,
  options: Timeouts = DEFAULTS,
): Record<string, string> {
  const settingNames = new Set(SETTING_ROWS.map(([, { env }]) => env))
  const settings = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      settingNames.has(entry[0]) && Boolean(entry[1]) && entry[0] !== 'KAFKA_DEAD_LETTER',
  )
  const names = OF_TEMPLATE.filter(name => env[name])
  if (names.length > 0)
    throw new ConfigError(
      names.map(name => `${name}: expected no value, because the template sets it for its own queues; got one.`),
    )
  const environment: Record<string, string> = {
    KAFKA_COMPRESSION_TYPE: 'gzip',
    KAFKA_SQS_RETURN_DELAY_MAX_MS: String(visibilityS(options) * 1000),
    ...Object.fromEntries(settings),
  }
  // Secrets must not be here, because everybody who may read the stack can read the environment.
  const inClear = SETTING_ROWS.filter(([, { env, secret }]) => secret && environment[env] !== undefined)
  if (inClear.length > 0)
    throw new ConfigError(
      inClear.map(
        ([, { env }]) =>
          `${env}: expected this value in a secret (KAFKA_SECRET_ARN), got it in the template, where it can be read.`,
      ),
    )
  const warnings = new Set(unknownSettings(env, settingNames))
  for (const seconds of new Set(FUNCTION_KEYS.map(key => timeoutOf(key, options)))) {
    const config = parseConfig(
      {},
      {
        ...environment,
        KAFKA_DEAD_LETTER: 'sqs:https://sqs.local/1/dead-letters',
        KAFKA_FUNCTION_TIMEOUT_MS: String(seconds * 1000),
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs',
      },
      text => warnings.add(text),
    )
    if (config.schemaRegistryBasicAuthUserInfo !== undefined)
      throw new ConfigError([
        'KAFKA_SCHEMA_REGISTRY_URL: expected no user and password in it, as the template can be read; keep them in a ' +
          'secret (KAFKA_SECRET_ARN).',
      ])
    const problems = configProblems(config, contracts)
    if (problems.length > 0) throw new ConfigError(problems)
  }
  for (const text of warnings) emitWarning(text)
  if (environment.KAFKA_SASL_MECHANISM === 'AWS_MSK_IAM' && environment.KAFKA_MSK_CLUSTER_ARN === undefined)
    throw new ConfigError([
      'KAFKA_MSK_CLUSTER_ARN: expected it with sasl.mechanism AWS_MSK_IAM: the roles name the cluster; got none.',
    ])
  return environment
}

/**
 * Warns about an unknown setting. It is not refused, because a variable of another program may begin with the same
 * prefix.
 */
function unknownSettings(env: NodeJS.ProcessEnv, settingNames: ReadonlySet<string>): string[] {
  return Object.keys(env).flatMap(name => {
    if (!name.startsWith('KAFKA_') || settingNames.has(name) || OF_TEMPLATE.includes(name)) return []
    const nearest = nearestTo(name, [...settingNames])
    return nearest ? [`${name} is not a known setting and is ignored; the nearest one is ${nearest}.`] : []
  })
}
