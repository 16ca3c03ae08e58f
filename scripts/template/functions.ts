// The functions of a deployment: those with a trigger that a contract uses, and redrive. Each has its own role.
import type { Contract } from '../../lib/contracts/contract.ts'
import { allow, arnOf, type Statement } from './cloudformation.ts'
import type { Expression, FunctionKey, FunctionResource } from './deployment-model.ts'
import { timeoutOf } from './environment.ts'
import { existingQueueStatements, isOwnQueue, queueArnOf } from './existing-queues.ts'
import { type FailureDestinations, onFailureOf, readBucketStatements } from './failure-destinations.ts'
import { furtherTargets, notifyStatements } from './further-targets.ts'
import { isGradual } from './gradual-deployment.ts'
import { camelCase, isFifo, packagersId } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { valueFor } from './parameters/parameter.ts'
import { failureQueueIds, redriveFrom } from './queues.ts'
import { registryStatements } from './registry-rights.ts'
import { rolePolicies } from './role-policies.ts'
import { consume, kafkaStatements, statementsOfFunction } from './roles.ts'

export interface FunctionInputs {
  readonly prefix: string
  /** The contracts, with the queue prefix of the stage. */
  readonly contracts: readonly Contract[]
  /** The queues of the contracts. */
  readonly queues: readonly string[]
  readonly destinations: FailureDestinations
  /** The checked settings, without those that only some functions get. */
  readonly settings: Readonly<Record<string, string>>
  readonly redriveAllow: string | undefined
  /** The environment of the build, including the settings that were removed from `settings`. */
  readonly env: NodeJS.ProcessEnv
  readonly options: DeployOptions
}

/** Returns the settings of all functions. */
export function commonEnvironment({ settings, env, options }: FunctionInputs): Record<string, Expression> {
  const { chain } = furtherTargets(env, options)
  return { ...settings, KAFKA_DEAD_LETTER: { 'Fn::Join': ['', ['sqs:', { Ref: 'DeadLettersQueue' }, ...chain]] } }
}

export function functionsOf(inputs: FunctionInputs): FunctionResource[] {
  const { contracts, queues } = inputs
  const isStandard = (queue: string) => !isFifo(queue)
  return [
    ...(contracts.some(({ http }) => http) ? [httpFunction(inputs)] : []),
    ...(queues.some(isStandard) ? [sqsFunction('sqs', inputs, isStandard)] : []),
    ...(queues.every(isStandard) ? [] : [sqsFunction('sqs-fifo', inputs, isFifo)]),
    ...(contracts.some(({ eventbridge }) => eventbridge.length > 0) ? [eventbridgeFunction(inputs)] : []),
    redriveFunction(inputs),
  ]
}

function httpFunction(inputs: FunctionInputs): FunctionResource {
  return functionOf('http', inputs, {
    statements: writeStatements(inputs, ({ http }) => http),
  })
}

function sqsFunction(
  key: 'sqs' | 'sqs-fifo',
  inputs: FunctionInputs,
  isItsQueue: (queue: string) => boolean,
): FunctionResource {
  const queues = inputs.queues.filter(isItsQueue)
  return functionOf(key, inputs, {
    bundle: 'sqs',
    statements: [
      consume(queues.map(queue => queueArnOf(queue, inputs.options))),
      ...existingQueueStatements(inputs.options),
      ...writeStatements(inputs, ({ sqs }) => sqs.some(({ queue }) => isItsQueue(queue))),
    ],
  })
}

function eventbridgeFunction(inputs: FunctionInputs): FunctionResource {
  const { onFailure, statements } = onFailureOf(inputs.options)
  return functionOf('eventbridge', inputs, {
    // If the dead letter of an event can't be stored, Lambda retries twice, then stores the event there.
    asynchronous: {
      id: 'EventbridgeLambdaEvConf',
      maximumRetryAttempts: 2,
      maximumEventAgeS: 21_600,
      onFailure,
    },
    statements: [...statements, ...writeStatements(inputs, ({ eventbridge }) => eventbridge.length > 0)],
  })
}

/**
 * The function that sends dead letters again: invoke it (aws lambda invoke), or set --param redriveSchedule='rate(1
 * hour)'.
 */
function redriveFunction(inputs: FunctionInputs): FunctionResource {
  const { prefix, contracts, queues, destinations, settings, redriveAllow, env, options } = inputs
  const ownQueues = queues.filter(queue => isOwnQueue(queue, options))
  const eventFunction = `${prefix}-eventbridge`
  const topics = contracts.map(({ topic }) => topic)
  const { readStatements, deadLetterTopics } = furtherTargets(env, options)
  return functionOf('redrive', inputs, {
    environment: {
      ...redriveFrom(prefix, queues, destinations, eventFunction, options),
      KAFKA_REDRIVE_LEASE_QUEUE: { Ref: 'RedriveLeaseQueue' },
      ...(redriveAllow === undefined ? {} : { KAFKA_REDRIVE_ALLOW: redriveAllow }),
    },
    statements: [
      // It may not send to a source DLQ or failure destination, where its message would count as one of that source.
      consume([
        ...['DeadLettersQueue', ...failureQueueIds(ownQueues, destinations)].map(arnOf),
        ...options.existingDlqs,
      ]),
      ...existingQueueStatements(options),
      ...readBucketStatements(destinations, eventFunction),
      allow(
        ['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
        arnOf('RedriveLeaseQueue'),
      ),
      ...readStatements,
      ...kafkaStatements(settings, [...topics, ...deadLetterTopics(topics)], options, [
        'kafka-cluster:ReadData',
        'kafka-cluster:DescribeTopicDynamicConfiguration',
      ]),
      ...registryStatements(settings, contracts, options.topicPrefixes),
    ],
  })
}

/** Permissions of a function to write to the topics that its trigger feeds. */
function writeStatements(inputs: FunctionInputs, isFed: (contract: Contract) => boolean): Statement[] {
  const { contracts, settings, env, options } = inputs
  const { statements, deadLetterTopics } = furtherTargets(env, options)
  const written = contracts.filter(contract => isFed(contract) || contract.topic === settings.KAFKA_DEFAULT_TOPIC)
  const topics = written.map(({ topic }) => topic)
  return [
    ...statements,
    ...notifyStatements(env),
    ...kafkaStatements(settings, [...topics, ...deadLetterTopics(topics)], options),
    ...registryStatements(settings, written, options.topicPrefixes),
  ]
}

interface FunctionParts extends Partial<Pick<FunctionResource, 'bundle' | 'environment' | 'asynchronous'>> {
  readonly statements: readonly Statement[]
}

function functionOf(key: FunctionKey, inputs: FunctionInputs, parts: FunctionParts): FunctionResource {
  const { prefix, options } = inputs
  const { bundle = key, statements, environment, asynchronous } = parts
  const functionName = `${prefix}-${key}`
  const timeoutS = timeoutOf(key, options)
  const roleId = `${camelCase(key)}Role`
  return {
    id: `${packagersId(key)}LambdaFunction`,
    key,
    functionName,
    bundle,
    memoryMb: valueFor(options.memorySize, key) as number,
    timeoutS,
    reservedConcurrency: valueFor(options.reservedConcurrency, key),
    alias: aliasOf(key, options),
    environment: {
      ...commonEnvironment(inputs),
      KAFKA_FUNCTION_TIMEOUT_MS: String(timeoutS * 1000),
      POWERTOOLS_SERVICE_NAME: functionName,
      ...(options.execWrapper === undefined ? {} : { AWS_LAMBDA_EXEC_WRAPPER: options.execWrapper }),
      ...environment,
    },
    role: { id: roleId, ...rolePolicies(roleId, statementsOfFunction(functionName, statements, options)) },
    asynchronous,
  }
}

/**
 * Returns the alias of a function. An alias names a version, which new code does not change. Its id and name are those
 * of osls.
 */
function aliasOf(key: FunctionKey, options: DeployOptions): FunctionResource['alias'] {
  const provisionedConcurrency = valueFor(options.provisionedConcurrency, key)
  if (provisionedConcurrency === undefined && !isGradual(key, options)) return undefined
  return { id: `${packagersId(key)}ProvConcLambdaAlias`, name: 'provisioned', provisionedConcurrency }
}
