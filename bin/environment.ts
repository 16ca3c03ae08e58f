// Where the command gets its settings and contracts from: the environment or, without a cluster in it, the local stack
// that runs in this folder.
import { existsSync } from 'node:fs'
import { DEFAULT_LOCAL_TARGETS } from '../lib/config/dead-letter-targets.ts'
import { deriveConfig } from '../lib/config/derive-config.ts'
import { loadConfig } from '../lib/config/load-config.ts'
import type { ProducerConfig } from '../lib/config/settings.ts'
import { readSettingsFile } from '../lib/config/settings-file.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { type RedriveSource, storeKindOf } from '../lib/dead-letter/store-kinds.ts'
import { configuredSources } from '../lib/redrive/redrive-sources.ts'
import { WrongUse } from './exit.ts'
import { runningStack, STACK_FOLDER } from './local-stack.ts'
import { printMessage } from './output.ts'

/**
 * Returns the process's environment, plus the local stack's addresses and keys if it names no cluster. Changes nothing.
 */
export function environment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const stack = namesCluster(env) ? undefined : runningStack()
  if (stack === undefined) return env
  const { bootstrapServers, sqsUrl, redriveSettings, registryUrl } = stack
  printMessage('KAFKA_BOOTSTRAP_SERVERS is not set: using the local stack that runs in this folder.')
  return {
    // The local SQS accepts any credentials; the user's own take precedence.
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'us-east-1',
    // Brokers on one machine append what they have received within seconds.
    KAFKA_REDRIVE_IN_DOUBT_WAIT_MS: '5000',
    // The default of the stack's functions. It is set here so that it takes effect beside the stack's
    // KAFKA_REDRIVE_FROM.
    KAFKA_DEAD_LETTER: DEFAULT_LOCAL_TARGETS,
    ...redriveSettings,
    ...(registryUrl === undefined ? {} : { KAFKA_SCHEMA_REGISTRY_URL: registryUrl }),
    ...env,
    AWS_ENDPOINT_URL_SQS: sqsUrl,
    KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
  }
}

/**
 * Copies the AWS_ variables of `env` to the process, the only place where the AWS SDK looks for keys, region and
 * endpoints.
 */
export function exportAwsVariables(env: NodeJS.ProcessEnv): void {
  Object.assign(process.env, Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('AWS_'))))
}

/**
 * Loads the configuration of the command.
 * @throws ConfigError that lists every problem
 */
export async function configuration(env: NodeJS.ProcessEnv, needsBrokers = true): Promise<ProducerConfig> {
  try {
    return await loadConfig({}, env, printMessage, needsBrokers)
  } catch (error) {
    if (hasStackEnded(env))
      printMessage('The local stack of this folder is not running. Start it with npm start, or name a cluster:')
    throw error
  }
}

/**
 * Loads the configuration of a command that reads dead letters. Targets outside Kafka are read without brokers.
 * @param from the value of `--from`, which replaces the configured targets
 * @param needsBrokers whether the command also sends
 * @throws ConfigError that lists every problem
 */
export async function configurationToRead(
  env: NodeJS.ProcessEnv,
  from: readonly RedriveSource[] | undefined,
  needsBrokers: boolean,
): Promise<ProducerConfig> {
  const namesTargets = await hasTargetSetting(env)
  // Once the stack has ended, its settings are gone, dead-letter targets included: nothing says what to read.
  const isUnnamed = from === undefined && !namesTargets
  const config = await configuration(env, needsBrokers || (isUnnamed && hasStackEnded(env)))
  const sources = from ?? configuredSources(config, undefined)
  if (config.bootstrapServers.length === 0 && [...sources, ...config.deadLetter].some(isInRecordsCluster))
    return configuration(env)
  if (namesTargets) return config
  // Without targets, the rest of a message would otherwise be stored in a default folder that no later command reads.
  if (from !== undefined || config.redriveFrom !== undefined) return deriveConfig(config, { deadLetter: [] })
  printMessage(`KAFKA_DEAD_LETTER is not set: reading ${config.deadLetter.map(describe).join(', ')}.`)
  return config
}

async function hasTargetSetting({ KAFKA_DEAD_LETTER, KAFKA_CONFIG_FILE }: NodeJS.ProcessEnv): Promise<boolean> {
  if (KAFKA_DEAD_LETTER) return true
  return KAFKA_CONFIG_FILE ? (await readSettingsFile(KAFKA_CONFIG_FILE)).values.deadLetter !== undefined : false
}

function isInRecordsCluster(source: RedriveSource): boolean {
  const topics = storeKindOf(source).topicsOf?.(source, [])
  return topics !== undefined && topics.servers === undefined
}

function describe(source: RedriveSource): string {
  return storeKindOf(source).describe(source)
}

function hasStackEnded(env: NodeJS.ProcessEnv): boolean {
  return !namesCluster(env) && existsSync(STACK_FOLDER)
}

function namesCluster(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env.KAFKA_BOOTSTRAP_SERVERS || env.KAFKA_MSK_CLUSTER_ARN || env.KAFKA_CONFIG_FILE)
}

export async function contractsIn(folder: string, isRequired: boolean): Promise<Contracts> {
  if (!existsSync(folder)) {
    if (isRequired)
      throw new WrongUse(`--contracts ${folder}: expected a folder of contracts, got a path that does not exist.`)
    return new Map()
  }
  return loadContracts(folder)
}
