// Connects the console to a running stack: dead letters, topics, queues, functions, and brokers that the stack started.
import { parseConfig } from '../../lib/config/parse-config.ts'
import { loadContracts } from '../../lib/contracts/load-contracts.ts'
import { createLogReader } from '../../lib/redrive/open-dead-letters.ts'
import { localQueues } from '../queues.ts'
import type { Stack } from '../stack.ts'
import { ConsoleApi } from './api.ts'

export async function consoleOf(
  { url, bootstrapServers, sqs, functions, kafka }: Stack,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ConsoleApi> {
  const contracts = await loadContracts()
  const config = parseConfig(
    {},
    { KAFKA_REDRIVE_IN_DOUBT_WAIT_MS: '5000', ...env, KAFKA_BOOTSTRAP_SERVERS: bootstrapServers },
  )
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
