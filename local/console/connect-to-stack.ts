// Connects the console to a running stack: dead letters, topics, queues, functions, and the brokers that the stack
// started.
import { parseConfig } from '../../lib/config/parse-config.ts'
import { loadContracts } from '../../lib/contracts/load-contracts.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import { createLogReader } from '../../lib/redrive/open-dead-letters.ts'
import { configuredSources } from '../../lib/redrive/redrive-sources.ts'
import { createSourceMessageReader } from '../../lib/redrive/source-messages.ts'
import { localQueues } from '../queues.ts'
import type { Stack } from '../stack.ts'
import { ConsoleApi } from './api.ts'
import { Brokers } from './brokers.ts'
import { createCounts } from './counts.ts'

const SAMPLE_MS = 1000
/** The AWS SDK reads credentials only from the process's environment. The local SQS accepts any. */
const LOCAL_KEYS = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' }

export async function createConsoleApi(
  { url, bootstrapServers, registryUrl, sqs, functions, kafka, outcomes, redriveSettings }: Stack,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ConsoleApi> {
  if (!env.AWS_ACCESS_KEY_ID && !env.AWS_PROFILE) Object.assign(process.env, LOCAL_KEYS)
  const config = parseConfig(
    {},
    {
      KAFKA_REDRIVE_IN_DOUBT_WAIT_MS: '5000',
      KAFKA_SCHEMA_REGISTRY_URL: registryUrl,
      ...redriveSettings,
      ...env,
      KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
    },
    () => {}, // the stack may have one broker
  )
  const contracts = withQueuePrefix(await loadContracts(), config.queuePrefix)
  const brokers = new Brokers(kafka)
  const sample = () => outcomes.setNotUp(brokers.list().filter(({ state }) => state !== 'up').length)
  setInterval(sample, SAMPLE_MS).unref()
  return new ConsoleApi({
    config,
    contracts,
    brokers,
    outcomes,
    gateway: url,
    counts: createCounts({
      sources: configuredSources(config, createSourceMessageReader(contracts, config)),
      reader: createLogReader(config).reader,
      topics: [...contracts.keys()],
      sqs: sqs.client,
      queues: localQueues(contracts, 1).map(({ name }) => ({ name, url: sqs.queueUrl(name) })),
    }),
    functions: () =>
      Object.fromEntries(
        Object.entries(functions).map(([name, { sandboxes }]) => [
          name,
          { warm: sandboxes.length, busy: sandboxes.filter(({ isBusy }) => isBusy).length },
        ]),
      ),
  })
}
