// What every function is made of, from the environment. Only a ConfigError fails init.
import { contracts as claimed } from '#contracts'
import { loadConfig } from '../lib/config/parse-config.ts'
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { Contracts } from '../lib/contracts/contract.ts'
import { withQueuePrefix } from '../lib/contracts/queue-prefix.ts'
import { createDeadLetterPublisher } from '../lib/create-dead-letter-publisher.ts'
import type { DeadLetterPublisher } from '../lib/dead-letter/dead-letter-publisher.ts'
import { ConfigError } from '../lib/errors.ts'
import { closeOnSigterm } from '../lib/lambda/close-on-sigterm.ts'
import { InvocationReport } from '../lib/lambda/invocation-report.ts'
import { connectInInit } from '../lib/lambda/kafka-producer-middleware.ts'
import { ProducerFactory } from '../lib/producer-factory.ts'

export type Trigger = 'http' | 'sqs' | 'eventbridge'

export interface Services {
  readonly config: ProducerConfig
  readonly contracts: Contracts
  readonly deadLetters: DeadLetterPublisher
  readonly report: InvocationReport
}

/** @throws ConfigError */
export async function createServices(trigger: Trigger): Promise<Services & { readonly factory: ProducerFactory }> {
  const report = new InvocationReport(process.env.POWERTOOLS_SERVICE_NAME || trigger)
  const config = await loadConfig({}, process.env, report.warn)
  const contracts = withQueuePrefix(claimed, config.queuePrefix)
  const problems = functionProblems(trigger, config, contracts)
  if (problems.length > 0) throw new ConfigError(problems)
  const factory = new ProducerFactory({ rules: { contracts }, warn: report.warn })
  closeOnSigterm(factory)
  await connectInInit({ factory, config }, report.connectFailed)
  return { config, contracts, factory, deadLetters: createDeadLetterPublisher(config, report.warn), report }
}

/** What a trigger needs beyond what every producer does. */
function functionProblems(
  trigger: Trigger,
  { acks, deadLetter, defaultTopic, onFailureHttp, keySerializer, valueSerializer }: ProducerConfig,
  known: Contracts,
): string[] {
  const problems: string[] = []
  if (acks !== 'all')
    problems.push(
      `acks (KAFKA_ACKS): expected all in these functions, got ${acks}: with less an acknowledged record can be lost.`,
    )
  if (keySerializer !== undefined || valueSerializer !== undefined)
    problems.push(
      'key.serializer, value.serializer: expected unset in these functions; the contracts say how keys and values become bytes.',
    )
  if (defaultTopic !== undefined && !known.has(defaultTopic))
    problems.push('KAFKA_DEFAULT_TOPIC: expected a topic that has a contract, got another.')
  if (deadLetter.length === 0 && trigger === 'http' && onFailureHttp === 'dead-letter')
    problems.push(
      'KAFKA_DEAD_LETTER: expected a target, got none; or set KAFKA_ON_FAILURE_HTTP=return, and callers keep what fails.',
    )
  if (deadLetter.length === 0 && trigger !== 'http')
    problems.push('KAFKA_DEAD_LETTER: expected a target, got none; an invalid record would have no place to end in.')
  return problems
}
