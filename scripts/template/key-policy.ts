// The statements that the policy of the key in kmsKeyArn needs in addition to those for IAM: for services that use the
// queues and log groups, and for senders in other accounts.
// docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
import { awsDomain } from '../../lib/dead-letter/aws-domain.ts'
import type { Json } from './cloudformation.ts'
import type { Deployment, Expression, QueueSender } from './deployment-model.ts'

/** Permissions of a queue's sender. SQS decrypts an encrypted message before it accepts it. */
const SEND = ['kms:GenerateDataKey', 'kms:Decrypt']
const LOGS = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*']

/** The region and account of the stack, which is in the account of its key. */
interface Place {
  readonly partition: string
  readonly region: string
  readonly accountId: string
}

/**
 * Returns the statements.
 * @returns none without kmsKeyArn
 */
export function keyPolicyStatements({ options, prefix, region, routes, queuePolicies }: Deployment): Json[] {
  if (options.kmsKeyArn === undefined) return []
  const [, partition = '', , , accountId = ''] = options.kmsKeyArn.split(':')
  const place = { partition, region, accountId }
  const groups = [`/aws/lambda/${prefix}-*`, ...(routes.length > 0 ? [`/aws/http-api/${options.serviceName}-*`] : [])]
  const logGroups = groups.map(name => `arn:${partition}:logs:${region}:${accountId}:log-group:${name}`)
  const ofSenders = queuePolicies.flatMap(({ senders }) => senders).map(sender => senderStatement(sender, place))
  return [
    {
      ...allowed({ Service: `logs.${region}.${awsDomain(region)}` }, LOGS),
      Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
    },
    ...new Map(ofSenders.map(statement => [JSON.stringify(statement), statement])).values(),
  ]
}

function senderStatement(sender: QueueSender, place: Place): Json {
  if ('principalArns' in sender) return allowed({ AWS: sender.principalArns }, SEND)
  const { service, sourceArns } = sender
  const statement = allowed({ Service: service }, SEND)
  // The statement for S3 in AWS's documentation has no condition; the policies of the queues name the buckets.
  return service === 's3.amazonaws.com'
    ? statement
    : { ...statement, Condition: { ArnLike: { 'aws:SourceArn': sourceArns.map(arn => inPlace(arn, place)) } } }
}

function allowed(Principal: Json, Action: readonly string[]): Json {
  return { Effect: 'Allow', Principal, Action, Resource: '*' }
}

function inPlace(arn: Expression, { partition, region, accountId }: Place): string {
  const text = typeof arn === 'string' ? arn : String(arn['Fn::Sub'])
  return text
    .replace(`\${AWS::Partition}`, partition)
    .replace(`\${AWS::Region}`, region)
    .replace(`\${AWS::AccountId}`, accountId)
}
