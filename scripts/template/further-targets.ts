// Dead-letter targets besides the template's own queue, and the recipients of notifications: names and permissions.
import { parseDeadLetterTargets } from '../../lib/config/dead-letter-targets.ts'
import { parseNotifyTargets } from '../../lib/config/notify-targets.ts'
import { deadLetterTopic } from '../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { ConfigError } from '../../lib/errors.ts'
import { allow, type Statement } from './cloudformation.ts'

/** The targets of KAFKA_DEAD_LETTER come after the template's own queue. Each function may only write to them. */
interface FurtherTargets {
  readonly chain: readonly string[]
  /** Permissions to write a dead letter. */
  readonly statements: readonly Statement[]
  /** Permissions to read and complete dead letters. */
  readonly readStatements: readonly Statement[]
  /** The dead-letter topics of these topics on the same cluster. */
  readonly deadLetterTopics: (topics: readonly string[]) => string[]
}

export function furtherTargets({ KAFKA_DEAD_LETTER: setting }: NodeJS.ProcessEnv): FurtherTargets {
  if (!setting) return { chain: [], statements: [], readStatements: [], deadLetterTopics: () => [] }
  const problems: string[] = []
  const [, ...targets] = parseDeadLetterTargets(
    `sqs:https://sqs.local/1/own,${setting}`,
    { setting: 'KAFKA_DEAD_LETTER', use: 'write', isInsideLambda: true },
    problem => problems.push(problem),
  )
  if (setting.trim() === 'none')
    problems.splice(
      0,
      problems.length,
      'KAFKA_DEAD_LETTER: expected targets to use after the template’s own queue, got none.',
    )
  if (targets.some(({ kind }) => kind === 'sqs'))
    problems.push('KAFKA_DEAD_LETTER: expected no SQS queue, because the template has its own; got one.')
  if (problems.length > 0) throw new ConfigError(problems)
  const objects = (bucket: string, prefix: string) => ({
    'Fn::Sub': `arn:\${AWS::Partition}:s3:::${[bucket, prefix].filter(Boolean).join('/')}/*`,
  })
  const tableArn = (table: string) => ({
    'Fn::Sub': `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${table}`,
  })
  const statements = targets.flatMap(target => {
    if (target.kind === 's3') return [allow(['s3:PutObject'], objects(target.bucket, target.prefix))]
    if (target.kind === 'dynamodb') return [allow(['dynamodb:PutItem'], tableArn(target.table))]
    return []
  })
  const readStatements = targets.flatMap(target => {
    if (target.kind === 's3')
      return [
        allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], objects(target.bucket, target.prefix)),
        {
          ...allow(['s3:ListBucket'], { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${target.bucket}` }),
          ...(target.prefix ? { Condition: { StringLike: { 's3:prefix': `${target.prefix}/*` } } } : {}),
        },
      ]
    if (target.kind === 'dynamodb')
      return [
        allow(
          ['dynamodb:Scan', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
          tableArn(target.table),
        ),
      ]
    return []
  })
  const patterns = targets.flatMap(target =>
    target.kind === 'kafka' && target.servers === undefined ? [target.pattern] : [],
  )
  const deadLetterTopics = (topics: readonly string[]) => [
    ...new Set(patterns.flatMap(pattern => [...topics, null].map(topic => deadLetterTopic(pattern, topic)))),
  ]
  return { chain: [`,${setting}`], statements, readStatements, deadLetterTopics }
}

/** Permissions to publish notifications of dead letters. */
export function notifyStatements({ KAFKA_DEAD_LETTER_NOTIFY: setting }: NodeJS.ProcessEnv): Statement[] {
  return parseNotifyTargets(setting || undefined, () => {}).map(target => {
    if (target.kind === 'sns') return allow(['sns:Publish'], target.topicArn)
    const isArn = target.bus.startsWith('arn:')
    return allow(
      ['events:PutEvents'],
      isArn
        ? target.bus
        : { 'Fn::Sub': `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:event-bus/${target.bus}` },
    )
  })
}
