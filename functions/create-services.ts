// Creates the services that every function needs, from the environment. Only a ConfigError fails the init phase.
import { contracts as compiledContracts } from '#contracts'
import { loadConfig } from '../lib/config/load-config.ts'
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { withQueuePrefix } from '../lib/contracts/queue-prefix.ts'
import { createDeadLetterPublisher } from '../lib/create-dead-letter-publisher.ts'
import type { DeadLetterPublisher } from '../lib/dead-letter/dead-letter-publisher.ts'
import { ConfigError } from '../lib/errors.ts'
import { InvocationLog } from '../lib/lambda/invocation-log.ts'
import { connectInInit } from '../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../lib/producer-factory.ts'
import { configProblems } from './config-problems.ts'

export type Trigger = 'http' | 'sqs' | 'eventbridge'

export interface Services {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly deadLetters: DeadLetterPublisher
  readonly log: InvocationLog
}

/**
 * Creates the services of a trigger's function.
 * @throws ConfigError that lists every problem
 */
export async function createServices(trigger: Trigger): Promise<Services & { readonly factory: ProducerFactory }> {
  const log = new InvocationLog(process.env.POWERTOOLS_SERVICE_NAME || trigger)
  const config = await loadConfig({}, process.env, log.warn)
  const contracts = withQueuePrefix(compiledContracts, config.queuePrefix)
  const problems = [...configProblems(config, contracts), ...triggerProblems(trigger, config, contracts)]
  if (problems.length > 0) throw new ConfigError(problems)
  const factory = new ProducerFactory({ rules: { contracts }, warn: log.warn })
  await connectInInit({ factory, config }, log.connectFailed)
  return { config, contracts, factory, deadLetters: createDeadLetterPublisher(config, log.warn), log }
}

/** Returns the problems that only this trigger's function has; another function may accept the same configuration. */
function triggerProblems(
  trigger: Trigger,
  { deadLetter, defaultTopic, onFailureHttp }: ProducerConfig,
  contracts: Contracts,
): string[] {
  const problems: string[] = []
  if (defaultTopic !== undefined && !contracts.has(defaultTopic))
    problems.push('KAFKA_DEFAULT_TOPIC: expected a topic that has a contract, got another.')
  if (deadLetter.length === 0 && trigger === 'http' && onFailureHttp === 'dead-letter')
    problems.push(
      'KAFKA_DEAD_LETTER: expected a target, got none. Or set KAFKA_ON_FAILURE_HTTP=return, so that callers keep ' +
        'the records that fail.',
    )
  if (deadLetter.length === 0 && trigger !== 'http')
    problems.push('KAFKA_DEAD_LETTER: expected a target, got none; there would be no place for an invalid record.')
  return problems
}
