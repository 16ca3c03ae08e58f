// What the command works with: the environment, else the local stack that runs in this folder; contracts where there are some.
import { existsSync, readFileSync } from 'node:fs'
import { loadConfig } from '../lib/config/parse-config.ts'
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contracts } from '../lib/validate/contract.ts'
import { tell } from './output.ts'

const STACK_FILE = '.local/stack.json'

export function environment(): NodeJS.ProcessEnv {
  if (
    process.env.KAFKA_BOOTSTRAP_SERVERS ||
    process.env.KAFKA_MSK_CLUSTER_ARN ||
    process.env.KAFKA_CONFIG_FILE ||
    !existsSync(STACK_FILE)
  )
    return process.env
  const { bootstrapServers, sqsUrl } = JSON.parse(readFileSync(STACK_FILE, 'utf8')) as {
    bootstrapServers: string
    sqsUrl: string
  }
  tell('KAFKA_BOOTSTRAP_SERVERS is not set: working with the local stack that runs here.')
  // Its SQS takes any keys; a user's own are left alone.
  const local = {
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'us-east-1',
    ...process.env,
    AWS_ENDPOINT_URL_SQS: sqsUrl,
  }
  Object.assign(process.env, local)
  return { ...local, KAFKA_BOOTSTRAP_SERVERS: bootstrapServers }
}

/** @throws ConfigError with every problem at once */
export function configuration(env: NodeJS.ProcessEnv = environment()): Promise<ProducerConfig> {
  return loadConfig({}, env, tell)
}

/** Contracts are compiled by Ajv, which only those need who have some. */
export async function contractsIn(folder: string, isAsked: boolean): Promise<Contracts> {
  if (!existsSync(folder)) {
    if (isAsked) throw new Error(`--contracts ${folder}: expected a folder of contracts, found none.`)
    return new Map()
  }
  return (await loader()).loadContracts(folder)
}

export async function loader(): Promise<typeof import('../scripts/load-contracts.ts')> {
  try {
    return await import('../scripts/load-contracts.ts')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error('Contracts need the packages ajv and ajv-formats: npm install ajv ajv-formats')
  }
}
