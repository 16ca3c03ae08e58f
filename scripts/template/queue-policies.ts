// Who may send to the queues, apart from the roles of their account: nobody without TLS, and services that the template
// or its parameters name.
import { arnOf, type Json, policyDocument, RETAINED } from './cloudformation.ts'
import type { QueuePolicyResource, QueueResource, QueueSender } from './deployment-model.ts'
import { isFifo } from './naming.ts'
import type { DeployOptions } from './options.ts'
import { valueFor } from './parameters/parameter.ts'

/** Buckets, and SNS topics that are not FIFO, can only send to standard queues. */
const STANDARD_ONLY = /:s3:::|:sns:.*(?<!\.fifo)$/

/** The queue for events that rules could not deliver. */
const OF_RULES = 'EventRuleFailuresQueue'

/**
 * Returns the policies. A source queue has a policy of its own, even without senders: if it moved from one policy to
 * another, an update could leave it without any. The other queues share a policy, because one for each DLQ would be a
 * sixth more resources in a stack of many queues. A DLQ whose contract is removed is retained without its policy; roles
 * of its account may then use it without TLS.
 * @param rules undefined: there is no rule
 */
export function queuePoliciesOf(
  queues: readonly QueueResource[],
  rules: QueueSender | undefined,
  options: DeployOptions,
): QueuePolicyResource[] {
  const sources = queues.filter(({ holds }) => holds === 'source')
  const others = queues.filter(({ id, holds }) => holds !== 'source' && id !== OF_RULES)
  return [
    ...sources.map(({ id, queueName = '' }) => ({
      id: `${id}Policy`,
      queueIds: [id],
      senders: sendersOf(valueFor(options.senders, queueName) ?? []),
    })),
    ...(rules === undefined ? [] : [{ id: 'EventRuleFailuresPolicy', queueIds: [OF_RULES], senders: [rules] }]),
    { id: 'QueuesPolicy', queueIds: others.map(({ id }) => id), senders: [] },
  ]
}

/** Returns the resource. A queue with senders keeps its policy if it is retained, so that no sender loses messages. */
export function queuePolicyResource({ queueIds, senders }: QueuePolicyResource): Json {
  const [queueId, ...others] = queueIds
  // In a policy of several queues, `*` means the queue that has the policy.
  const Resource = queueId !== undefined && others.length === 0 ? arnOf(queueId) : '*'
  const statements = [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 'sqs:*',
      Resource,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    ...senders.map(sender => ({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource, ...callerOf(sender) })),
  ]
  return {
    Type: 'AWS::SQS::QueuePolicy',
    ...RETAINED,
    Properties: { Queues: queueIds.map(id => ({ Ref: id })), PolicyDocument: policyDocument(statements) },
  }
}

function callerOf(sender: QueueSender): Json {
  if ('principalArns' in sender) return { Principal: { AWS: sender.principalArns } }
  const { service, sourceArns, isOfAccount } = sender
  return {
    Principal: { Service: service },
    Condition: {
      ArnLike: { 'aws:SourceArn': sourceArns },
      // Another account may own a bucket of this name once it is deleted.
      ...(isOfAccount ? { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } } : {}),
    },
  }
}

function sendersOf(arns: readonly string[]): QueueSender[] {
  const of = (service: string) => arns.filter(arn => arn.split(':')[2] === service)
  const principalArns = of('iam')
  return [
    ...['sns', 's3', 'events'].flatMap(name => {
      const sourceArns = of(name)
      return sourceArns.length === 0
        ? []
        : [{ service: `${name}.amazonaws.com`, sourceArns, isOfAccount: name === 's3' }]
    }),
    ...(principalArns.length === 0 ? [] : [{ principalArns }]),
  ]
}

/** @returns the combinations that SNS and S3 would refuse */
export function senderProblems(queues: readonly string[], options: DeployOptions): string[] {
  return queues.flatMap(queue => {
    const wrong = isFifo(queue) ? (valueFor(options.senders, queue) ?? []).filter(arn => STANDARD_ONLY.test(arn)) : []
    return wrong.map(
      arn =>
        `--param senders: expected no bucket, and only FIFO topics, for the FIFO queue ${queue}, got ${arn}; ` +
        `set senders.<queue> for the others.`,
    )
  })
}
