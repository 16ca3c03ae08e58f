// The permissions of each function's own role: its log group, its queues, and the topics that its trigger feeds.
import { allow, arnOf, type Statement } from './cloudformation.ts'
import type { Expression } from './deployment-model.ts'
import { fileSystemStatements } from './file-system.ts'
import type { DeployOptions } from './options.ts'

const LOG_GROUPS = `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group`
const USE_KEY = ['kms:Decrypt', 'kms:GenerateDataKey']
const CONSUME = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']

/** Permissions to receive messages, including the one to hide returned messages for longer. */
export function consume(queueArns: readonly Expression[]): Statement {
  return allow([...CONSUME, 'sqs:ChangeMessageVisibility'], queueArns)
}

/**
 * Returns the statements of a function.
 * @param statements what only this function needs
 */
export function statementsOfFunction(
  functionName: string,
  statements: readonly Statement[],
  options: DeployOptions,
): Statement[] {
  const { kmsKeyArn, targetKeyArns, tracing } = options
  const logStreams = { 'Fn::Sub': `${LOG_GROUPS}:/aws/lambda/${functionName}:log-stream:*` }
  return [
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logStreams),
    allow(['sqs:SendMessage'], arnOf('DeadLettersQueue')),
    ...statements,
    ...fileSystemStatements(options),
    // These actions support no resource.
    ...(tracing === 'active' ? [allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*')] : []),
    ...(targetKeyArns.length === 0 ? [] : [allow(USE_KEY, targetKeyArns)]),
    // For the environment, and for messages to and from queues.
    ...(kmsKeyArn === undefined ? [] : [allow(USE_KEY, kmsKeyArn)]),
  ]
}

/**
 * Returns the permissions on the cluster.
 * @param topicActions further actions on the topics
 */
export function kafkaStatements(
  environment: Record<string, string>,
  topics: readonly string[],
  { secretKeyArn, topicPrefixes }: DeployOptions,
  topicActions: readonly string[] = [],
): Statement[] {
  const { KAFKA_MSK_CLUSTER_ARN: cluster, KAFKA_SASL_MECHANISM: mechanism, KAFKA_SECRET_ARN: secret } = environment
  const audience = environment.KAFKA_SASL_OAUTHBEARER_AWS_AUDIENCE
  const statements: Statement[] = []
  // AWS's service authorization reference lists no resource type for this action, so only `*` is certain to allow it.
  // docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedstreamingforapachekafka.html
  if (cluster !== undefined) statements.push(allow(['kafka:GetBootstrapBrokers'], '*'))
  if (cluster !== undefined && mechanism === 'AWS_MSK_IAM' && topics.length > 0) {
    const names = topics.map(topic => {
      const prefix = topicPrefixes.find(each => topic.startsWith(each))
      return prefix === undefined ? topic : `${prefix}*`
    })
    const arns = [...new Set(names)].map(name => `${cluster.replace(':cluster/', ':topic/')}/${name}`)
    statements.push(
      allow(['kafka-cluster:Connect', 'kafka-cluster:WriteDataIdempotently'], cluster),
      allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData', ...topicActions], arns),
    )
  }
  if (audience !== undefined)
    statements.push({
      ...allow(['sts:GetWebIdentityToken'], '*'), // it has no resource
      Condition: { 'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': audience } },
    })
  if (secret !== undefined)
    statements.push(allow([secret.includes(':ssm:') ? 'ssm:GetParameter' : 'secretsmanager:GetSecretValue'], secret))
  if (secret !== undefined && secretKeyArn !== undefined) statements.push(allow(['kms:Decrypt'], secretKeyArn))
  return statements
}
