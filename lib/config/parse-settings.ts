// Merges settings from code, the environment and the settings file into a frozen ProducerConfig. Code overrides the
// environment, the environment overrides the file, and each overrides the defaults.
import { ConfigError } from '../errors.ts'
import { nearestTo } from '../record/nearest-name.ts'
import { guardedWarn, type Warn } from '../warn.ts'
import { checkSchemes, readServers } from './bootstrap-servers.ts'
import type { checkOAuth } from './check-oauth.ts'
import type { checkRegistry } from './check-registry.ts'
import { checkSecurity } from './check-security.ts'
import { isPath, partitionerName, serializerName } from './class-names.ts'
import { isInsideLambda, parseDeadLetterTargets } from './dead-letter-targets.ts'
import { checkNames } from './environment-names.ts'
import type { withJaasConfig } from './jaas-config.ts'
import { parseNotifyTargets } from './notify-targets.ts'
import { readOrigins } from './origins.ts'
import { notRecommended } from './recommendations.ts'
import { withoutSecretsWhenShown } from './redacted.ts'
import { labelOf, type OptionName, type ProducerConfig, SETTING_ROWS, SETTINGS, type SettingRow } from './settings.ts'
import type { SettingsFile } from './settings-file.ts'
import { shown } from './shown.ts'

/** Checks that only few configurations need. `loadConfig` imports them on demand, so that they cost no cold start. */
export interface RareChecks {
  readonly checkOAuth: typeof checkOAuth
  readonly withJaasConfig: typeof withJaasConfig
  readonly checkRegistry: typeof checkRegistry
}

type Value = string | number | boolean | readonly string[] | object
type Problem = (text: string) => void
/** The settings from one source: code, the environment or the file. */
export type Source = { readonly [K in OptionName]?: unknown }

/**
 * @param bySource the settings from code, the environment and the file
 * @throws ConfigError with every problem at once
 */
export function parseSettings(
  bySource: readonly [Source, Source, Source],
  env: NodeJS.ProcessEnv,
  warn: Warn | undefined,
  file: SettingsFile | undefined,
  needsBrokers: boolean,
  { checkOAuth, withJaasConfig, checkRegistry }: RareChecks,
): ProducerConfig {
  const [options] = bySource
  const problems: string[] = [...(file?.problems ?? [])]
  const problem: Problem = text => problems.push(text)
  for (const name of Object.keys(options)) if (!Object.hasOwn(SETTINGS, name)) problem(unknownOption(name))
  const sources: Source[] = [...bySource]
  // An empty text counts as unset, because environment variables are often left empty.
  const isSet = (value: unknown) => value != null && value !== ''
  const inputOf = (option: OptionName) => sources.find(source => isSet(source[option]))?.[option]
  const mechanism = inputOf('saslMechanism')
  for (const [index, source] of sources.entries()) sources[index] = withJaasConfig(source, mechanism, problem)
  const values: Record<string, Value> = {}
  for (const [option, row] of SETTING_ROWS) {
    const input = inputOf(option)
    const value = input === undefined ? row.default : read(row, input as Value, problem)
    if (value !== undefined) values[option] = value
  }
  if (values.configFile !== undefined && !file)
    problem('KAFKA_CONFIG_FILE: parseConfig() does not read settings files; call loadConfig() instead.')
  delete values.configFile
  if (values.acks !== 'all' && values.acks !== undefined && values.enableIdempotence === true) {
    if (inputOf('enableIdempotence') !== undefined)
      problem(`enable.idempotence (true): expected acks all, got ${values.acks}.`)
    values.enableIdempotence = false
  }
  const names = checkNames(env, values.strictEnv === true)
  problems.push(...names.problems)
  const deadLetter = parseDeadLetterTargets(
    values.deadLetter as string | undefined,
    {
      setting: 'KAFKA_DEAD_LETTER',
      use: 'write',
      isInsideLambda: isInsideLambda(env),
      diskFsync: values.deadLetterDiskFsync !== false,
      diskMaxBytes: values.deadLetterDiskMaxBytes as number | undefined,
    },
    problem,
  )
  const deadLetterNotify = Object.freeze(parseNotifyTargets(values.deadLetterNotify as string | undefined, problem))
  if (values.bootstrapServers === undefined && (values.mskClusterArn !== undefined || !needsBrokers))
    values.bootstrapServers = Object.freeze([])
  if (values.bootstrapServers === undefined && !problems.some(text => text.startsWith('bootstrap.servers')))
    problem(
      'bootstrap.servers (KAFKA_BOOTSTRAP_SERVERS): expected host:port, several separated by commas; got nothing. ' +
        'On MSK: or KAFKA_MSK_CLUSTER_ARN.',
    )
  checkClashes(values as unknown as ProducerConfig, env, problem)
  checkSecurity(values as unknown as ProducerConfig, problem, checkOAuth)
  const ofRegistry = checkRegistry(values, problem)
  checkSchemes(inputOf('bootstrapServers'), values.securityProtocol, problem)
  if (problems.length > 0) throw new ConfigError(problems)
  const config = { ...values, deadLetter, deadLetterNotify } as unknown as ProducerConfig
  for (const warning of [
    ...(file?.warnings ?? []),
    ...names.warnings,
    ...ofRegistry,
    ...notRecommended(config, env, needsBrokers),
  ])
    guardedWarn(warn)(warning)
  return Object.freeze(withoutSecretsWhenShown(config))
}

/** Suggests the option for a name of Kafka (`linger.ms`) or of kafkajs. */
function unknownOption(name: string): string {
  const ofSetting = SETTING_ROWS.find(([, row]) => row.name === name)?.[0]
  const near = ofSetting ?? (name === 'brokers' ? 'bootstrapServers' : nearestTo(name, Object.keys(SETTINGS)))
  return `${name}: unknown option${near === undefined ? '.' : `; did you mean ${near}?`}`
}

export function fromEnvironment(env: NodeJS.ProcessEnv): Source {
  return Object.fromEntries(SETTING_ROWS.map(([option, row]) => [option, env[row.env] || undefined]))
}

function read(row: SettingRow, input: Value, problem: Problem): Value | undefined {
  const where = labelOf(row)
  switch (row.kind) {
    case 'integer':
      return readInteger(row, where, input, problem)
    case 'boolean':
      return readBoolean(where, input, problem)
    case 'list':
      return readServers(where, input, problem)
    case 'urls':
      return Object.freeze(textsIn(input))
    case 'origins': {
      const origins = readOrigins(input)
      if (!('expected' in origins)) return origins
      // Names the entry's number instead of quoting its text, which may contain a password.
      const got = origins.entry === 0 ? shown(input) : `another as entry ${origins.entry}`
      problem(`${where}: expected ${origins.expected}, got ${got}.`)
      return undefined
    }
    case 'choice':
      return readChoice(row, where, input, problem)
    case 'serializer':
      return readClass(
        where,
        input,
        problem,
        serializerName,
        'a serializer’s name, its Java class or the path of a module',
      )
    case 'partitioner':
      return readClass(where, input, problem, partitionerName, 'round-robin, its Java class or the path of a module')
    case 'tokenProvider':
      return readClass(where, input, problem, () => undefined, 'a function or the path of a module')
    default:
      if (typeof input === 'string' && input !== '') return input
      problem(`${where}: expected text, got ${typeof input}.`)
      return undefined
  }
}

function readInteger(row: SettingRow, where: string, input: Value, problem: Problem): number | undefined {
  const value = typeof input === 'string' && /^\s*-?\d+\s*$/.test(input) ? Number(input) : input
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= (row.min ?? 0) &&
    value <= (row.max ?? Number.MAX_SAFE_INTEGER)
  )
    return value
  problem(`${where}: expected an integer from ${row.min} to ${row.max}, got ${shown(input)}.`)
  return undefined
}

function readBoolean(where: string, input: Value, problem: Problem): boolean | undefined {
  const value = input === 'true' ? true : input === 'false' ? false : input
  if (typeof value === 'boolean') return value
  problem(`${where}: expected true or false, got ${shown(input)}.`)
  return undefined
}

function readChoice(row: SettingRow, where: string, input: Value, problem: Problem): string | number | undefined {
  // Kafka also accepts -1 for `all`.
  const text = row.name === 'acks' && String(input) === '-1' ? 'all' : input
  const choice = row.choices?.find(each => each === text || String(each) === text || isJavaClass(row, text, each))
  if (choice === undefined) problem(`${where}: expected ${row.choices?.join(' | ')}, got ${shown(input)}.`)
  return choice
}

/** Returns the entries of a text or a list, without the empty ones. */
function textsIn(input: Value): string[] {
  return (Array.isArray(input) ? input.map(String) : String(input).split(','))
    .map(text => text.trim())
    .filter(text => text !== '')
}

/**
 * Whether the text is the Java class of this choice, with its package. `classes` is the suffix that all class names of
 * the setting share.
 */
function isJavaClass({ classes }: SettingRow, text: unknown, choice: string | number): boolean {
  if (typeof text !== 'string') return false
  const name = /^(?:org\.apache|io\.confluent)\.kafka\.[a-z.]+\.(\w+)$/.exec(text)?.[1]
  return name !== undefined && name.toLowerCase() === `${choice}${classes ?? ''}`.toLowerCase()
}

/** Normalizes the name of a serializer or partitioner; an object or a class from code is returned unchanged. */
function readClass(
  where: string,
  input: Value,
  problem: Problem,
  nameOf: (text: string) => string | undefined,
  expected: string,
): Value | undefined {
  if (typeof input === 'function' || (typeof input === 'object' && input !== null)) return input
  const name = typeof input === 'string' ? (isPath(input) ? input : nameOf(input)) : undefined
  if (name !== undefined) return name
  problem(`${where}: expected ${expected}, got ${shown(input)}.`)
  return undefined
}

type Setting = keyof ProducerConfig & OptionName

/** Settings of the built-in partitioner, which have no effect if `partitioner.class` replaces it. */
const BUILT_IN_ONLY = ['partitionerIgnoreKeys', 'partitionerRackAware', 'partitionerAvailabilityTimeoutMs'] as const

function checkClashes(config: ProducerConfig, env: NodeJS.ProcessEnv, problem: Problem): void {
  const atMost = (small: Setting, large: Setting, strictly = false) => {
    const a = config[small] as number | undefined
    const b = config[large] as number | undefined
    if (a === undefined || b === undefined || a < b || (a === b && !strictly)) return
    problem(
      `${SETTINGS[small].name} (${a}): expected ${strictly ? 'less than' : 'at most'} ${SETTINGS[large].name} (${b}).`,
    )
  }
  atMost('ackTimeoutMs', 'requestTimeoutMs', true)
  atMost('requestTimeoutMs', 'deliveryTimeoutMs')
  const { lingerMs, requestTimeoutMs, deliveryTimeoutMs } = config
  const attemptMs = lingerMs + requestTimeoutMs
  if (attemptMs > deliveryTimeoutMs && requestTimeoutMs <= deliveryTimeoutMs)
    problem(
      `linger.ms + request.timeout.ms (${attemptMs}): expected at most delivery.timeout.ms (${deliveryTimeoutMs}).`,
    )
  if (config.partitionerClass !== undefined)
    for (const option of BUILT_IN_ONLY)
      if (config[option])
        problem(
          `${labelOf(SETTINGS[option])}: takes effect only with the built-in partitioner; ` +
            'expected partitioner.class unset.',
        )
  if (config.partitionerRackAware && config.clientRack.trim() === '')
    problem(
      `${labelOf(SETTINGS.clientRack)}: expected the rack of this client for partitioner.rack.aware, got nothing.`,
    )
  atMost('retryBackoffMs', 'retryBackoffMaxMs')
  atMost('reconnectBackoffMs', 'reconnectBackoffMaxMs')
  atMost('batchSize', 'maxRequestSize')
  atMost('deadlineReserveMs', 'httpDeadlineMs', true)
  const { deadlineReserveMs, httpIdleTimeoutMs } = config
  // The default is not checked, because only load balancers and VPC Lattice use it. 1 s is for the response to travel
  // back.
  if (httpIdleTimeoutMs !== SETTINGS.httpIdleTimeoutMs.default && deadlineReserveMs >= httpIdleTimeoutMs - 1000)
    problem(
      `KAFKA_HTTP_IDLE_TIMEOUT_MS (${httpIdleTimeoutMs}): expected more than KAFKA_DEADLINE_RESERVE_MS + 1000 ` +
        `(${deadlineReserveMs + 1000}), so that there is time to send.`,
    )
  const functionTimeout = env.KAFKA_FUNCTION_TIMEOUT_MS
  if (!functionTimeout) return
  const requiredMs = config.deadlineReserveMs + config.requestTimeoutMs
  if (!/^\d+$/.test(functionTimeout))
    problem(`KAFKA_FUNCTION_TIMEOUT_MS: expected milliseconds, got ${shown(functionTimeout)}.`)
  else if (Number(functionTimeout) <= requiredMs)
    problem(
      `KAFKA_FUNCTION_TIMEOUT_MS (${functionTimeout}): expected more than KAFKA_DEADLINE_RESERVE_MS + ` +
        `request.timeout.ms (${requiredMs}), so that at least one attempt fits.`,
    )
}
