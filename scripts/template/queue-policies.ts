// Who may send to the queues besides the roles of their account: nobody without TLS, and services that the template
// or its parameters name.
import { arnOf, type Json, policyDocument, RETAINED } from './cloudformation.ts'
import type { QueuePolicyResource, QueueResource, QueueSender } from './deployment-model.ts'

/** The queue of what rules could not deliver. */
const OF_RULES = 'EventRuleFailuresQueue'

/**
 * A source queue has a policy of its own, even without senders: if it moved from one policy to another, an update could
 * leave it without any. The others share one.
 * @param rules undefined: there is no rule
 */
export function queuePoliciesOf(
  queues: readonly QueueResource[],
  rules: QueueSender | undefined,
): QueuePolicyResource[] {
  const sources = queues.filter(({ holds }) => holds === 'source')
  const others = queues.filter(({ id, holds }) => holds !== 'source' && id !== OF_RULES)
  return [
    ...sources.map(({ id }) => ({ id: `${id}Policy`, queueIds: [id], senders: [] })),
    ...(rules === undefined ? [] : [{ id: 'EventRuleFailuresPolicy', queueIds: [OF_RULES], senders: [rules] }]),
    { id: 'QueuesPolicy', queueIds: others.map(({ id }) => id), senders: [] },
  ]
}

/** A queue that stays keeps its policy: who sends to it must not lose messages. */
export function queuePolicyResource({ queueIds, senders }: QueuePolicyResource): Json {
  const [queueId, ...others] = queueIds
  // In a policy of several queues, `*` is the queue that has the policy.
  const Resource = queueId !== undefined && others.length === 0 ? arnOf(queueId) : '*'
  const statements = [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 'sqs:*',
      Resource,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    ...senders.map(({ service, sourceArns }) => ({
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'sqs:SendMessage',
      Resource,
      Condition: { ArnLike: { 'aws:SourceArn': sourceArns } },
    })),
  ]
  return {
    Type: 'AWS::SQS::QueuePolicy',
    ...RETAINED,
    Properties: { Queues: queueIds.map(id => ({ Ref: id })), PolicyDocument: policyDocument(statements) },
  }
}
