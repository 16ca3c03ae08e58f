// Where the command gets its settings and contracts: the environment, else the local stack that runs in this folder.
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

/** The process's environment, with the local stack's addresses and keys where it names no cluster. Changes nothing. */
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
    // Brokers of one machine append what they still hold within seconds.
    KAFKA_REDRIVE_IN_DOUBT_WAIT_MS: '5000',
    // The default of the stack's functions, named here so that it counts beside KAFKA_REDRIVE_FROM of the stack.
    KAFKA_DEAD_LETTER: DEFAULT_LOCAL_TARGETS,
    ...redriveSettings,
    ...(registryUrl === undefined ? {} : { KAFKA_SCHEMA_REGISTRY_URL: registryUrl }),
    ...env,
    AWS_ENDPOINT_URL_SQS: sqsUrl,
    KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
  }
}

/** Makes the AWS_ variables of `env` the process's own: the AWS SDK looks for keys, region and endpoints only there. */
export function exportAwsVariables(env: NodeJS.ProcessEnv): void {
  Object.assign(process.env, Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('AWS_'))))
}

/** @throws ConfigError that lists every problem */
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
 * The configuration of a command that reads dead letters. Targets that are not in Kafka are read without brokers.
 * @param from what the command names, in place of the configured targets
 * @param needsBrokers whether the command also sends
 * @throws ConfigError that lists every problem
 */
export async function configurationToRead(
  env: NodeJS.ProcessEnv,
  from: readonly RedriveSource[] | undefined,
  needsBrokers: boolean,
): Promise<ProducerConfig> {
  const namesTargets = await hasTargetSetting(env)
  // The settings of the stack end with it, those of dead letters too: nothing says any more what to read.
  const isUnnamed = from === undefined && !namesTargets
  const config = await configuration(env, needsBrokers || (isUnnamed && hasStackEnded(env)))
  const sources = from ?? configuredSources(config, undefined)
  if (config.bootstrapServers.length === 0 && [...sources, ...config.deadLetter].some(isInRecordsCluster))
    return configuration(env)
  if (namesTargets) return config
  // The rest of a message would go to a folder that nobody named, and that no later command reads.
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
