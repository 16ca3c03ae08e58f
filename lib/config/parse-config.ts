// Stage 2 of 9: environment and options → frozen ProducerConfig, once per container. Code beats environment beats default.
import { ConfigError } from '../errors.ts'
import { checkSecurity } from './check-security.ts'
import { parseDeadLetterChain } from './dead-letter-chain.ts'
import { checkNames } from './environment-names.ts'
import { type OptionName, type ProducerConfig, type ProducerOptions, SETTINGS, type SettingRow } from './settings.ts'

type Value = string | number | boolean | readonly string[]
type Problem = (text: string) => void

/**
 * @param warn is told what is accepted but not advised
 * @throws ConfigError with every problem at once
 */
export function parseConfig(options: ProducerOptions = {}, env: NodeJS.ProcessEnv = process.env, warn: (text: string) => void = () => {}): ProducerConfig {
  const problems: string[] = []
  const problem: Problem = text => problems.push(text)
  for (const name of Object.keys(options)) if (!Object.hasOwn(SETTINGS, name)) problem(`${name}: unknown option.`)
  const values: Record<string, Value> = {}
  for (const [option, row] of Object.entries(SETTINGS) as [OptionName, SettingRow][]) {
    const given = options[option] ?? (env[row.env] === '' ? undefined : env[row.env])
    const value = given === undefined ? row.default : read(row, given as Value, problem)
    if (value !== undefined) values[option] = value
  }
  const names = checkNames(env, values.strictEnv === true)
  problems.push(...names.problems)
  const deadLetter = parseDeadLetterChain(values.deadLetter as string | undefined, env, problem)
  if (values.bootstrapServers === undefined && values.mskClusterArn !== undefined) values.bootstrapServers = Object.freeze([])
  if (values.bootstrapServers === undefined && !problems.some(text => text.startsWith('bootstrap.servers')))
    problem('bootstrap.servers (KAFKA_BOOTSTRAP_SERVERS): expected host:port, several separated by commas; got nothing. On MSK: or KAFKA_MSK_CLUSTER_ARN.')
  checkClashes(values as unknown as ProducerConfig, env, problem)
  checkSecurity(values as unknown as ProducerConfig, problem)
  if (problems.length > 0) throw new ConfigError(problems)
  for (const warning of names.warnings) warn(warning)
  if (isAlone(values as unknown as ProducerConfig)) warn('bootstrap.servers has one broker: while it is down, no new container can start. Three are recommended.')
  return Object.freeze({ ...values, deadLetter: Object.freeze(deadLetter) }) as unknown as ProducerConfig
}

/** One broker to begin with. MSK Serverless has one name for all of its brokers. */
function isAlone({ bootstrapServers, mskClusterArn }: ProducerConfig): boolean {
  return bootstrapServers.length < 2 && mskClusterArn === undefined && !/\.kafka-serverless\./.test(bootstrapServers[0] ?? '')
}

function read(row: SettingRow, given: Value, problem: Problem): Value | undefined {
  const where = row.name === row.env ? row.env : `${row.name} (${row.env})`
  switch (row.kind) {
    case 'integer':
      return readInteger(row, where, given, problem)
    case 'boolean':
      return readBoolean(row, where, given, problem)
    case 'list':
      return readServers(where, given, problem)
    case 'choice':
      return readChoice(row, where, given, problem)
    default:
      if (typeof given === 'string' && given !== '') return given
      problem(`${where}: expected text, got ${typeof given}.`)
      return undefined
  }
}

function readInteger(row: SettingRow, where: string, given: Value, problem: Problem): number | undefined {
  const value = typeof given === 'string' && /^\s*-?\d+\s*$/.test(given) ? Number(given) : given
  if (typeof value === 'number' && Number.isInteger(value) && value >= (row.min ?? 0) && value <= (row.max ?? Number.MAX_SAFE_INTEGER)) return value
  problem(`${where}: expected an integer from ${row.min} to ${row.max}, got ${shown(given)}.`)
  return undefined
}

function readBoolean(row: SettingRow, where: string, given: Value, problem: Problem): boolean | undefined {
  const value = given === 'true' ? true : given === 'false' ? false : given
  if (row.name === 'enable.idempotence' && value === false) problem(`${where}: expected true; sending without idempotence is not offered yet.`)
  if (typeof value === 'boolean') return value
  problem(`${where}: expected true or false, got ${shown(given)}.`)
  return undefined
}

function readChoice(row: SettingRow, where: string, given: Value, problem: Problem): string | undefined {
  // -1 is Kafka's other spelling of all.
  const value = row.name === 'acks' && (given === -1 || given === '-1') ? 'all' : given
  if (typeof value === 'string' && row.choices?.includes(value)) return value
  problem(`${where}: expected ${row.choices?.join(' | ')}, got ${shown(given)}.`)
  return undefined
}

function readServers(where: string, given: Value, problem: Problem): readonly string[] | undefined {
  const servers = (Array.isArray(given) ? given : String(given).split(',')).map((server: string) => String(server).trim()).filter(server => server !== '')
  const wrong = servers.filter(server => !isAddress(server)).length
  if (wrong === 0 && servers.length > 0) return Object.freeze([...new Set(servers)])
  problem(`${where}: expected host:port, several separated by commas; got ${wrong} of ${servers.length} that are not.`)
  return undefined
}

function isAddress(server: string): boolean {
  const match = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(server)
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65535
}

function checkClashes(config: ProducerConfig, env: NodeJS.ProcessEnv, problem: Problem): void {
  const atMost = (small: OptionName, large: OptionName, strictly = false) => {
    const a = config[small] as number | undefined
    const b = config[large] as number | undefined
    if (a === undefined || b === undefined || a < b || (a === b && !strictly)) return
    problem(`${SETTINGS[small].name} (${a}): expected ${strictly ? 'less than' : 'at most'} ${SETTINGS[large].name} (${b}).`)
  }
  atMost('timeoutMs', 'requestTimeoutMs', true)
  atMost('requestTimeoutMs', 'deliveryTimeoutMs')
  atMost('retryBackoffMs', 'retryBackoffMaxMs')
  atMost('reconnectBackoffMs', 'reconnectBackoffMaxMs')
  atMost('batchSize', 'maxRequestSize')
  atMost('deadlineReserveMs', 'httpDeadlineMs', true)
  const functionTimeout = env.KAFKA_FUNCTION_TIMEOUT_MS
  if (!functionTimeout) return
  const least = config.deadlineReserveMs + config.requestTimeoutMs
  if (!/^\d+$/.test(functionTimeout)) problem(`KAFKA_FUNCTION_TIMEOUT_MS: expected milliseconds, got ${shown(functionTimeout)}.`)
  else if (Number(functionTimeout) <= least)
    problem(`KAFKA_FUNCTION_TIMEOUT_MS (${functionTimeout}): expected more than KAFKA_DEADLINE_RESERVE_MS + request.timeout.ms (${least}), so that at least one attempt fits.`)
}

/** Short and harmless: a wrong value may be a secret that was put in the wrong place. */
function shown(value: Value): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && /^[\w.-]{1,16}$/.test(value) ? `"${value}"` : `a ${typeof value}`
}
