// The permissions and endpoints that each kind of dead-letter target needs. One row per kind, as in
// lib/dead-letter/target-kinds.ts.
import { deadLetterTopic } from '../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'
import { allow, type Statement } from './cloudformation.ts'

interface TargetRights<Config> {
  /** The reason why KAFKA_DEAD_LETTER may not name this kind of target at package time. */
  readonly refusal?: string
  /** Permissions to write a dead letter. */
  write?(config: Config): Statement[]
  /** Permissions to read and complete dead letters. */
  read?(config: Config): Statement[]
  /** The topics on the cluster of the records that hold the dead letters of these topics. */
  topics?(config: Config, topics: readonly string[]): string[]
  /** Where on the function's disk the target writes: only a mounted file system outlives the sandbox. */
  path?(config: Config): string
  /** The endpoint through which a function in a VPC reaches the target without a NAT. */
  readonly endpoint?: { readonly service: string; readonly type: 'interface' | 'gateway' }
}

type Name = DeadLetterTargetConfig['kind']

export const TARGET_RIGHTS: { readonly [N in Name]: TargetRights<DeadLetterTargetConfig<N>> } = {
  sqs: {
    refusal: 'expected no SQS queue, because the template has its own; got one.',
    endpoint: { service: 'sqs', type: 'interface' },
  },
  s3: {
    write: config => [allow(['s3:PutObject'], objectsIn(config))],
    read: config => [
      allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], objectsIn(config)),
      {
        ...allow(['s3:ListBucket'], { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${config.bucket}` }),
        ...(config.prefix ? { Condition: { StringLike: { 's3:prefix': `${config.prefix}/*` } } } : {}),
      },
    ],
    endpoint: { service: 's3', type: 'gateway' },
  },
  dynamodb: {
    write: config => [allow(['dynamodb:PutItem'], tableArn(config))],
    read: config => [
      allow(['dynamodb:Scan', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], tableArn(config)),
    ],
    endpoint: { service: 'dynamodb', type: 'gateway' },
  },
  kafka: {
    topics: ({ pattern, servers }, topics) =>
      servers === undefined ? [...topics, null].map(topic => deadLetterTopic(pattern, topic)) : [],
  },
  disk: { path: ({ folder }) => folder },
  sqlite: { path: ({ file }) => file },
}

export function rightsOf({ kind }: DeadLetterTargetConfig): TargetRights<DeadLetterTargetConfig> {
  return TARGET_RIGHTS[kind]
}

function objectsIn({ bucket, prefix }: DeadLetterTargetConfig<'s3'>): unknown {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${[bucket, prefix].filter(Boolean).join('/')}/*` }
}

function tableArn({ table }: DeadLetterTargetConfig<'dynamodb'>): unknown {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${table}` }
}
