// Queues: those that feed functions, their source DLQs, and those of dead letters and failed events.
import { arnOf, type Json, logicalId } from './cloudformation.ts'
import { QUEUE_TIMEOUT_S } from './environment.ts'
import type { DeployOptions } from './options.ts'

/** AWS recommends 6 × the function's timeout: a message becomes visible only after all retries of its batch. */
const VISIBILITY_S = 6 * QUEUE_TIMEOUT_S
const FOURTEEN_DAYS_S = 14 * 24 * 3600
const BATCH_SIZE = 1000
const FIFO_BATCH_SIZE = 10

export const queueId = (queue: string) => `${logicalId(queue)}Queue`

/** Logical ids of every queue that holds undelivered messages. */
export function failureQueues(queues: readonly string[]): string[] {
  return [
    'DeadLettersQueue',
    'EventFailuresQueue',
    'EventRuleFailuresQueue',
    ...queues.map(queue => `${queueId(queue)}Failures`),
  ]
}

/** The event source mapping from a queue to its function. */
export function mapping(queue: string, { maximumConcurrency }: DeployOptions): Json {
  const batch = queue.endsWith('.fifo')
    ? { batchSize: FIFO_BATCH_SIZE }
    : { batchSize: BATCH_SIZE, maximumBatchingWindow: 1 }
  return {
    sqs: { arn: arnOf(queueId(queue)), functionResponseType: 'ReportBatchItemFailures', maximumConcurrency, ...batch },
  }
}

export function queue(properties: Json, { kmsKeyArn }: DeployOptions): Json {
  const encryption =
    kmsKeyArn === undefined
      ? { SqsManagedSseEnabled: true }
      : { KmsMasterKeyId: kmsKeyArn, KmsDataKeyReusePeriodSeconds: 300 }
  return {
    Type: 'AWS::SQS::Queue',
    Properties: { ...encryption, MessageRetentionPeriod: FOURTEEN_DAYS_S, ...properties },
  }
}

export function withDeadLetters(name: string, options: DeployOptions): Json {
  const isFifo = name.endsWith('.fifo')
  const fifo = isFifo ? { FifoQueue: true } : {}
  const plain = name.replace(/\.fifo$/, '')
  const named = (suffix: string) => ({ 'Fn::Sub': `\${AWS::StackName}-${plain}${suffix}${isFifo ? '.fifo' : ''}` })
  const id = queueId(name)
  const maxReceiveCount = Math.min(1000, Math.ceil(options.outageS / VISIBILITY_S))
  return {
    // The queue has the name that the contract claims.
    [id]: queue(
      {
        QueueName: name,
        ...fifo,
        VisibilityTimeout: VISIBILITY_S,
        RedrivePolicy: { deadLetterTargetArn: arnOf(`${id}Failures`), maxReceiveCount },
      },
      options,
    ),
    [`${id}Failures`]: queue({ QueueName: named('-failures'), ...fifo }, options),
  }
}

export function rulePolicy(rules: readonly string[]): Json {
  const arns = rules.map(name => ({
    'Fn::Sub': `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:rule/${name}`,
  }))
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arnOf('EventRuleFailuresQueue'),
    Condition: { ArnEquals: { 'aws:SourceArn': arns } },
  }
  return {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'EventRuleFailuresQueue' }],
      PolicyDocument: { Version: '2012-10-17', Statement: [statement] },
    },
  }
}
