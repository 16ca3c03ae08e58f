// One role per function: its log group, its queues, the topics that its trigger feeds. Least privilege.
import { allow, arnOf, functionName, type Json, type Statement } from './cloudformation.ts'
import type { DeployOptions } from './options.ts'
import { queueId } from './queues.ts'

const LOG_GROUPS = `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group`
export const CONSUME = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']

/** With the right to hide returned messages for longer. */
export function consume(queue: string): Statement {
  return allow([...CONSUME, 'sqs:ChangeMessageVisibility'], arnOf(queueId(queue)))
}

export function roleOf(
  name: string,
  functionStatements: readonly Statement[],
  { subnetIds, kmsKeyArn }: DeployOptions,
): Json {
  const logs = {
    'Fn::Sub': `${LOG_GROUPS}:/aws/lambda/${functionName(name)}:log-stream:*`,
  }
  const statements = [
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logs),
    allow(['sqs:SendMessage'], arnOf('DeadLettersQueue')),
    ...functionStatements,
  ]
  // For the environment, and for messages to and from queues.
  if (kmsKeyArn !== undefined) statements.push(allow(['kms:Decrypt', 'kms:GenerateDataKey'], kmsKeyArn))
  const policy = { PolicyName: 'function', PolicyDocument: { Version: '2012-10-17', Statement: statements } }
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  }
  const vpc =
    subnetIds.length > 0
      ? {
          ManagedPolicyArns: [
            { 'Fn::Sub': `arn:\${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole` },
          ],
        }
      : {}
  return { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust, Policies: [policy], ...vpc } }
}

/** @param topicActions further actions on the topics */
export function kafkaStatements(
  environment: Record<string, string>,
  topics: readonly string[],
  { secretKeyArn }: DeployOptions,
  topicActions: readonly string[] = [],
): Statement[] {
  const { KAFKA_MSK_CLUSTER_ARN: cluster, KAFKA_SASL_MECHANISM: mechanism, KAFKA_SECRET_ARN: secret } = environment
  const audience = environment.KAFKA_SASL_OAUTHBEARER_AWS_AUDIENCE
  const statements: Statement[] = []
  if (cluster !== undefined) statements.push(allow(['kafka:GetBootstrapBrokers'], cluster))
  if (cluster !== undefined && mechanism === 'AWS_MSK_IAM') {
    const arns = topics.map(topic => `${cluster.replace(':cluster/', ':topic/')}/${topic}`)
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
