// Checks what AWS would refuse in a deployment: names, sizes, concurrency, ARNs. CloudFormation would find it only
// while it creates the resources. Names that the template chooses are always within their limits (naming.ts).
import { MAX_QUEUE_NAME } from '../../lib/contracts/fit-name.ts'
import { ConfigError } from '../../lib/errors.ts'
import { arnProblems } from './arns.ts'
import type { Deployment, MappingResource } from './deployment-model.ts'
import { resolved, resolvedLength } from './expressions.ts'
import { needProblems } from './parameters/needs.ts'
import { variableProblems } from './variables.ts'

/** docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_ENVIRONMENT_BYTES = 4096
/** docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const MAX_PATTERN = 2048

/**
 * Checks a deployment.
 * @throws ConfigError with one line per problem, which names the contract, the setting or the parameter
 */
export function checkDeployment(deployment: Deployment): Deployment {
  const problems = [
    ...queueProblems(deployment),
    ...environmentProblems(deployment),
    ...ruleProblems(deployment),
    ...concurrencyProblems(deployment),
    ...prefixProblems(deployment),
    ...arnProblems(deployment),
    ...needProblems(deployment),
    ...variableProblems(deployment),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return deployment
}

function queueProblems({ queues, environment: { KAFKA_QUEUE_PREFIX: prefix } }: Deployment): string[] {
  const named = queues.flatMap(({ queueName, topic }) => (queueName === undefined ? [] : [{ queueName, topic }]))
  const tooLong = named
    .filter(({ queueName }) => queueName.length > MAX_QUEUE_NAME)
    .map(
      ({ queueName, topic }) =>
        `contracts/${topic}.json: queue ${queueName}: expected a name of at most ${MAX_QUEUE_NAME} characters, ` +
        `got ${queueName.length}${prefix === undefined ? '' : ` with KAFKA_QUEUE_PREFIX ${prefix}`}.`,
    )
  const twice = named
    .filter(({ queueName }, index) => named.findIndex(other => other.queueName === queueName) !== index)
    .map(
      ({ queueName, topic }) =>
        `contracts/${topic}.json: queue ${queueName}: expected a name that no other queue of the template has; ` +
        `a source DLQ or the lease of redrive has it too.`,
    )
  return [...tooLong, ...twice]
}

function environmentProblems({ functions }: Deployment): string[] {
  const [largest] = functions
    .map(({ key, environment }) => ({ key, environment, bytes: resolvedLength(environment) }))
    .toSorted((a, b) => b.bytes - a.bytes)
  if (largest === undefined || largest.bytes <= MAX_ENVIRONMENT_BYTES) return []
  const [name, value] = Object.entries(largest.environment)
    .map(([name, value]): [string, string] => [name, String(resolved(value))])
    .toSorted(([, a], [, b]) => b.length - a.length)[0] as [string, string]
  return [
    `${name}: expected an environment of at most ${MAX_ENVIRONMENT_BYTES} bytes for each function, ` +
      `got ${largest.bytes} for ${largest.key}; this setting has ${Buffer.byteLength(value)} of them.`,
  ]
}

function ruleProblems({ rules }: Deployment): string[] {
  return rules
    .map(({ topic, pattern }) => ({ topic, length: JSON.stringify(pattern).length }))
    .filter(({ length }) => length > MAX_PATTERN)
    .map(
      ({ topic, length }) =>
        `contracts/${topic}.json: from.eventbridge: expected an event pattern of at most ${MAX_PATTERN} characters, ` +
        `got ${length}; make several entries of it.`,
    )
}

/**
 * If a function has no capacity for the pollers of a queue, they are throttled, and each time costs a receive of the
 * message.
 */
function concurrencyProblems({ functions, mappings }: Deployment): string[] {
  return functions.flatMap(({ key, reservedConcurrency }) => {
    const ofFunction = mappings.filter(mapping => mapping.function === key)
    const sum = ofFunction.reduce((total, mapping) => total + sandboxesOf(mapping), 0)
    if (reservedConcurrency === undefined || reservedConcurrency >= sum) return []
    return [
      `--param reservedConcurrency: expected at least ${sum} for ${key}, ` +
        `as its ${ofFunction.length} queue(s) may use so many by maximumConcurrency or maximumPollers; ` +
        `got ${reservedConcurrency}.`,
    ]
  })
}

/**
 * A provisioned poller makes up to ten concurrent invocations:
 * docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
function sandboxesOf({ maximumConcurrency = 0, pollers }: MappingResource): number {
  return pollers === undefined ? maximumConcurrency : pollers.maximum * 10
}

function prefixProblems({ functions, options: { topicPrefixes } }: Deployment): string[] {
  const rights = JSON.stringify(functions.map(({ role }) => role))
  return topicPrefixes
    .filter(prefix => !rights.includes(`/${prefix}*"`))
    .map(prefix => `--param topicPrefixes: expected beginnings of topics that a role names (MSK IAM), got ${prefix}.`)
}
