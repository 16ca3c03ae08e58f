// Connects the console to a running stack: dead letters, topics, queues, functions, and brokers that the stack started.
import { parseConfig } from '../../lib/config/parse-config.ts'
import { loadContracts } from '../../lib/contracts/load-contracts.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import { createLogReader } from '../../lib/redrive/open-dead-letters.ts'
import { localQueues } from '../queues.ts'
import type { Stack } from '../stack.ts'
import { ConsoleApi } from './api.ts'

/** The AWS SDK looks for them only in the process's environment; the local SQS accepts any. */
const LOCAL_KEYS = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' }

export async function consoleOf(
  { url, bootstrapServers, sqs, functions, kafka, redriveSettings }: Stack,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ConsoleApi> {
  if (!env.AWS_ACCESS_KEY_ID && !env.AWS_PROFILE) Object.assign(process.env, LOCAL_KEYS)
  const config = parseConfig(
    {},
    { KAFKA_REDRIVE_IN_DOUBT_WAIT_MS: '5000', ...redriveSettings, ...env, KAFKA_BOOTSTRAP_SERVERS: bootstrapServers },
  )
  const contracts = withQueuePrefix(await loadContracts(), config.queuePrefix)
  return new ConsoleApi({
    config,
    contracts,
    reader: createLogReader(config).reader,
    gateway: url,
    sqs: sqs.client,
    queues: localQueues(contracts, 1).map(({ name }) => ({ name, url: sqs.queueUrl(name) })),
    functions: () =>
      Object.fromEntries(
        Object.entries(functions).map(([name, { sandboxes }]) => [
          name,
          { warm: sandboxes.length, busy: sandboxes.filter(({ isBusy }) => isBusy).length },
        ]),
      ),
    ...(kafka
      ? {
          brokers: {
            stop: () => Promise.all(kafka.brokerIds.map(id => kafka.killBroker(id))),
            start: () => Promise.all(kafka.brokerIds.map(id => kafka.startBroker(id))),
          },
        }
      : {}),
  })
}
