// Queues: those that feed functions, their source DLQs, and those of dead letters and failed events.
import { receivesInOutage } from '../../lib/lambda/return-delay.ts'
import { arnOf, type Json, logicalId } from './cloudformation.ts'
import { VISIBILITY_S } from './environment.ts'
import type { DeployOptions } from './options.ts'

const DAY_S = 24 * 3600
/** The longest that SQS allows. */
const MAX_RETENTION_S = 14 * DAY_S
/**
 * Longer than the longest outage that `maxReceiveCount` can span: 1000 receives, each at most 6 minutes after the last,
 * are 4.2 days. A standard DLQ counts the age of a message from the first queue on, so a message has at least 7 more
 * days there.
 */
const SOURCE_RETENTION_S = 7 * DAY_S
/** Longer than a redrive can hold its lease: SQS hides a message for 12 hours at most. */
const LEASE_RETENTION_S = DAY_S
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
    Properties: { ...encryption, MessageRetentionPeriod: MAX_RETENTION_S, ...properties },
  }
}

/** In which a message in flight is the lease of the redrive that received it (lib/dead-letter/sqs/lease.ts). */
export function leaseQueue(options: DeployOptions): Json {
  const QueueName = { 'Fn::Sub': `\${AWS::StackName}-redrive-lease.fifo` }
  return queue({ QueueName, FifoQueue: true, MessageRetentionPeriod: LEASE_RETENTION_S }, options)
}

/**
 * What redrive reads besides dead-letter targets, with the role of each queue: KAFKA_REDRIVE_FROM. One entry stands for
 * all source DLQs, as the environment of a function has 4 KB.
 */
export function redriveFrom(queues: readonly string[]): Json {
  const account = `https://sqs.\${AWS::Region}.\${AWS::URLSuffix}/\${AWS::AccountId}`
  const sourceDlqs = { 'Fn::Sub': `source-dlq:${account}/${sourceDlqName('{queue}')},` }
  const destinations = ['EventFailuresQueue', 'EventRuleFailuresQueue'].flatMap((id, index) => [
    `${index === 0 ? '' : ','}failure-destination:`,
    { Ref: id },
  ])
  return { 'Fn::Join': ['', [...(queues.length > 0 ? [sourceDlqs] : []), ...destinations]] }
}

/** Without .fifo. */
function sourceDlqName(queue: string): string {
  return `\${AWS::StackName}-${queue}-failures`
}

export function withDeadLetters(name: string, options: DeployOptions): Json {
  const isFifo = name.endsWith('.fifo')
  const fifo = isFifo ? { FifoQueue: true } : {}
  const dlqName = { 'Fn::Sub': `${sourceDlqName(name.replace(/\.fifo$/, ''))}${isFifo ? '.fifo' : ''}` }
  const id = queueId(name)
  const maxReceiveCount = receivesInOutage(options.outageS, VISIBILITY_S)
  return {
    // The queue has the name that the contract claims.
    [id]: queue(
      {
        QueueName: name,
        ...fifo,
        VisibilityTimeout: VISIBILITY_S,
        MessageRetentionPeriod: SOURCE_RETENTION_S,
        RedrivePolicy: { deadLetterTargetArn: arnOf(`${id}Failures`), maxReceiveCount },
      },
      options,
    ),
    [`${id}Failures`]: queue({ QueueName: dlqName, ...fifo }, options),
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
