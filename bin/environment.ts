// What the command works with: the environment, else the local stack that runs in this folder; contracts where there are some.
import { existsSync, readFileSync } from 'node:fs'
import { loadConfig } from '../lib/config/parse-config.ts'
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { loadContracts } from '../lib/contracts/load-contracts.ts'
import { tell } from './output.ts'

const STACK_FILE = '.local/stack.json'

/** The process's environment, with the local stack's addresses and keys where it names no cluster. Changes nothing. */
export function environment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  if (env.KAFKA_BOOTSTRAP_SERVERS || env.KAFKA_MSK_CLUSTER_ARN || env.KAFKA_CONFIG_FILE || !existsSync(STACK_FILE))
    return env
  const { bootstrapServers, sqsUrl } = JSON.parse(readFileSync(STACK_FILE, 'utf8')) as {
    bootstrapServers: string
    sqsUrl: string
  }
  tell('KAFKA_BOOTSTRAP_SERVERS is not set: working with the local stack that runs here.')
  return {
    // Its SQS takes any keys; a user's own are left alone.
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'us-east-1',
    ...env,
    AWS_ENDPOINT_URL_SQS: sqsUrl,
    KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
  }
}

/** Makes the AWS_ variables of `env` the process's own: the AWS SDK looks for keys, region and endpoints only there. */
export function exportAwsVariables(env: NodeJS.ProcessEnv): void {
  Object.assign(process.env, Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('AWS_'))))
}

/** @throws ConfigError with every problem at once */
export function configuration(env: NodeJS.ProcessEnv): Promise<ProducerConfig> {
  return loadConfig({}, env, tell)
}

export async function contractsIn(folder: string, isAsked: boolean): Promise<Contracts> {
  if (!existsSync(folder)) {
    if (isAsked) throw new Error(`--contracts ${folder}: expected a folder of contracts, found none.`)
    return new Map()
  }
  return loadContracts(folder)
}
