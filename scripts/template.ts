// What of the template follows from contracts/ and the settings: routes, queues, rules, roles. Pure, and works offline.
import { parseDeadLetterChain } from '../lib/config/dead-letter-chain.ts'
import { parseNotifyTargets } from '../lib/config/notify-targets.ts'
import { parseConfig } from '../lib/config/parse-config.ts'
import { SETTINGS } from '../lib/config/settings.ts'
import { letterTopic } from '../lib/dead-letter/kafka-letter.ts'
import { ConfigError } from '../lib/errors.ts'
import type { Contract, Contracts } from '../lib/validate/contract.ts'
import { observability } from './observability.ts'
import { vpcEndpoints } from './vpc-endpoints.ts'

export const HTTP_TIMEOUT_S = 29
export const QUEUE_TIMEOUT_S = 60
export const REDRIVE_TIMEOUT_S = 300
/** AWS's advice: a message comes again only after every retry of its batch is over. */
const VISIBILITY_S = 6 * QUEUE_TIMEOUT_S
const FOURTEEN_DAYS_S = 14 * 24 * 3600
const BATCH_SIZE = 1000
const FIFO_BATCH_SIZE = 10

/** Settings that would stand in the template for everybody to read. */
const SECRETS = ['KAFKA_SASL_PASSWORD', 'KAFKA_SSL_KEYSTORE_KEY', 'KAFKA_SSL_KEY_PASSWORD', 'KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET']

export interface DeployOptions {
  /** Anybody may send over HTTP only where this says `public`. */
  readonly httpAuth: 'aws_iam' | 'public'
  /** Sandboxes that one queue may fill. */
  readonly maximumConcurrency: number
  /** Of each function; undefined: unreserved. */
  readonly reservedConcurrency: number | undefined
  /** How long an outage may last before a message goes to its queue's dead letters, s. */
  readonly outageS: number
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
  readonly vpcId: string | undefined
  /** Services that get an endpoint in the VPC. */
  readonly vpcEndpoints: readonly string[]
  readonly routeTableIds: readonly string[]
  /** An SNS topic that alarms are sent to. */
  readonly alarmTopicArn: string | undefined
  /** When dead letters are sent again by themselves, e.g. `rate(1 hour)`; undefined: only by hand. */
  readonly redriveSchedule: string | undefined
  /** Of the secret, where it has a key of its own. */
  readonly secretKeyArn: string | undefined
}

export const DEFAULTS: DeployOptions = {
  httpAuth: 'aws_iam',
  maximumConcurrency: 10,
  reservedConcurrency: undefined,
  outageS: 12 * 3600,
  subnetIds: [],
  securityGroupIds: [],
  vpcId: undefined,
  vpcEndpoints: [],
  routeTableIds: [],
  alarmTopicArn: undefined,
  redriveSchedule: undefined,
  secretKeyArn: undefined,
}

type Json = Record<string, unknown>
type Statement = { Effect: 'Allow'; Action: string[]; Resource: unknown; Condition?: Json }

const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] })
const logicalId = (name: string) => name.replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string = '') => next.toUpperCase()).replace(/^./, first => first.toUpperCase())
const queueId = (queue: string) => `${logicalId(queue)}Queue`

/** @throws ConfigError for settings that a function would refuse at init */
export function template(contracts: Contracts, env: NodeJS.ProcessEnv, options: DeployOptions): Json {
  const environment = environmentOf(env)
  const further = furtherTargets(env)
  const feeds = [...contracts.values()]
  const queues = feeds.flatMap(({ sqs }) => sqs.map(({ queue }) => queue))
  const fifo = queues.filter(queue => queue.endsWith('.fifo'))
  const standard = queues.filter(queue => !queue.endsWith('.fifo'))
  const rules = rulesOf(feeds)
  // Each function may write to the topics that its trigger feeds.
  const topicsOf = (isFed: (contract: Contract) => boolean) =>
    feeds.filter(contract => isFed(contract) || contract.topic === environment.KAFKA_DEFAULT_TOPIC).map(({ topic }) => topic)
  const role = (name: string, own: readonly Statement[], topics: readonly string[]) =>
    roleOf(name, [...own, ...further.statements, ...notifyStatements(env), ...kafkaStatements(environment, [...topics, ...further.letterTopics(topics)], options)], options)
  const topicsOfAll = feeds.map(({ topic }) => topic)
  const lettersOfAll = further.letterTopics(topicsOfAll)
  return {
    environment: { ...environment, KAFKA_DEAD_LETTER: { 'Fn::Join': ['', ['sqs:', { Ref: 'DeadLettersQueue' }, ...further.chain]] } },
    vpc: options.subnetIds.length > 0 ? { subnetIds: options.subnetIds, securityGroupIds: options.securityGroupIds } : null,
    reservedConcurrency: options.reservedConcurrency ?? null,
    events: {
      http: ['POST /topics/{topic}', 'GET /health'].map(route => ({
        httpApi: { ...methodAndPath(route), ...(options.httpAuth === 'public' ? {} : { authorizer: { type: 'aws_iam' } }) },
      })),
      sqs: standard.map(queue => ({ sqs: { ...mapping(queue, options), batchSize: BATCH_SIZE, maximumBatchingWindow: 1 } })),
      sqsFifo: fifo.map(queue => ({ sqs: { ...mapping(queue, options), batchSize: FIFO_BATCH_SIZE } })),
      eventbridge: rules.map(({ name, pattern }) => ({
        eventBridge: { name, pattern, deadLetterQueueArn: arnOf('EventRuleFailuresQueue'), retryPolicy: { maximumEventAge: 86_400, maximumRetryAttempts: 185 } },
      })),
      redrive: options.redriveSchedule === undefined ? [] : [{ schedule: { rate: [options.redriveSchedule] } }],
    },
    resources: {
      Resources: {
        ...Object.assign({}, ...queues.map(queue => withDeadLetters(queue, options.outageS))),
        ...observability({
          functions: [
            { name: 'http', timeoutS: HTTP_TIMEOUT_S },
            ...['sqs', 'sqs-fifo', 'eventbridge'].map(name => ({ name, timeoutS: QUEUE_TIMEOUT_S })),
            { name: 'redrive', timeoutS: REDRIVE_TIMEOUT_S },
          ],
          sources: queues.map(queueId),
          backstops: backstops(queues),
          alarmTopicArn: options.alarmTopicArn,
        }),
        ...vpcEndpoints(options),
        DeadLettersQueue: queue({}),
        EventFailuresQueue: queue({}),
        EventRuleFailuresQueue: queue({}),
        EventRuleFailuresPolicy: rulePolicy(rules.map(({ name }) => name)),
        HttpRole: role(
          'http',
          [],
          topicsOf(({ http }) => http),
        ),
        SqsRole: role(
          'sqs',
          standard.map(consume),
          topicsOf(({ sqs }) => sqs.some(({ queue }) => standard.includes(queue))),
        ),
        SqsFifoRole: role(
          'sqs-fifo',
          fifo.map(consume),
          topicsOf(({ sqs }) => sqs.some(({ queue }) => fifo.includes(queue))),
        ),
        EventbridgeRole: role(
          'eventbridge',
          [allow(['sqs:SendMessage'], arnOf('EventFailuresQueue'))],
          topicsOf(({ eventbridge }) => eventbridge.length > 0),
        ),
        RedriveRole: roleOf(
          'redrive',
          [
            allow([...CONSUME, 'sqs:ChangeMessageVisibility', 'sqs:SendMessage'], backstops(queues).map(arnOf)),
            ...further.readStatements,
            ...kafkaStatements(environment, [...topicsOfAll, ...lettersOfAll], options, ['kafka-cluster:ReadData', 'kafka-cluster:DescribeTopicDynamicConfiguration']),
          ],
          options,
        ),
      },
      Outputs: { DeadLettersQueueUrl: { Value: { Ref: 'DeadLettersQueue' } } },
    },
  }
}

/** Targets of KAFKA_DEAD_LETTER stand behind the template's own queue. Each function may write to them, and do nothing else there. */
interface FurtherTargets {
  readonly chain: readonly string[]
  /** To write a letter. */
  readonly statements: readonly Statement[]
  /** To read and settle letters. */
  readonly readStatements: readonly Statement[]
  /** The topics of the same cluster that letters of these topics go to. */
  readonly letterTopics: (topics: readonly string[]) => string[]
}

function furtherTargets({ KAFKA_DEAD_LETTER: given }: NodeJS.ProcessEnv): FurtherTargets {
  if (!given) return { chain: [], statements: [], readStatements: [], letterTopics: () => [] }
  const problems: string[] = []
  const [, ...targets] = parseDeadLetterChain(`sqs:https://sqs.local/1/own,${given}`, { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' }, problem => problems.push(problem))
  if (given.trim() === 'none') problems.splice(0, problems.length, 'KAFKA_DEAD_LETTER: expected targets to stand behind the template’s own queue, got none.')
  if (targets.some(({ kind }) => kind === 'sqs')) problems.push('KAFKA_DEAD_LETTER: expected no SQS queue; the template has one of its own.')
  if (problems.length > 0) throw new ConfigError(problems)
  const objects = (bucket: string, prefix: string) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${[bucket, prefix].filter(Boolean).join('/')}/*` })
  const tableArn = (table: string) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${table}` })
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
    if (target.kind === 'dynamodb') return [allow(['dynamodb:Scan', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], tableArn(target.table))]
    return []
  })
  const patterns = targets.flatMap(target => (target.kind === 'kafka' && target.servers === undefined ? [target.pattern] : []))
  const letterTopics = (topics: readonly string[]) => [...new Set(patterns.flatMap(pattern => [...topics, null].map(topic => letterTopic(pattern, topic))))]
  return { chain: [`,${given}`], statements, readStatements, letterTopics }
}

/** Who is told of a letter. */
function notifyStatements({ KAFKA_DEAD_LETTER_NOTIFY: given }: NodeJS.ProcessEnv): Statement[] {
  return parseNotifyTargets(given || undefined, () => {}).map(target => {
    if (target.kind === 'sns') return allow(['sns:Publish'], target.topicArn)
    const isArn = target.bus.startsWith('arn:')
    return allow(['events:PutEvents'], isArn ? target.bus : { 'Fn::Sub': `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:event-bus/${target.bus}` })
  })
}

/** Every queue that holds what was not delivered. */
function backstops(queues: readonly string[]): string[] {
  return ['DeadLettersQueue', 'EventFailuresQueue', 'EventRuleFailuresQueue', ...queues.map(queue => `${queueId(queue)}Failures`)]
}

/** The settings, checked as each function will check them. */
function environmentOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const known = new Set<string>(Object.values(SETTINGS).map(row => row.env))
  const given = Object.entries(env).filter((entry): entry is [string, string] => known.has(entry[0]) && Boolean(entry[1]) && entry[0] !== 'KAFKA_DEAD_LETTER')
  const environment: Record<string, string> = { KAFKA_COMPRESSION_TYPE: 'gzip', ...Object.fromEntries(given) }
  const inClear = SECRETS.filter(name => environment[name] !== undefined)
  if (inClear.length > 0) throw new ConfigError(inClear.map(name => `${name}: it would stand in the template; expected it in a secret (KAFKA_SECRET_ARN).`))
  for (const seconds of [HTTP_TIMEOUT_S, QUEUE_TIMEOUT_S, REDRIVE_TIMEOUT_S])
    parseConfig({}, { ...environment, KAFKA_DEAD_LETTER: 'sqs:https://sqs.local/1/letters', KAFKA_FUNCTION_TIMEOUT_MS: String(seconds * 1000) })
  if (environment.KAFKA_SASL_MECHANISM === 'AWS_MSK_IAM' && environment.KAFKA_MSK_CLUSTER_ARN === undefined)
    throw new ConfigError(['KAFKA_MSK_CLUSTER_ARN: expected with sasl.mechanism AWS_MSK_IAM, for the roles name the cluster and its topics; got nothing.'])
  return environment
}

function methodAndPath(route: string): Json {
  const [method, path] = route.split(' ')
  return { method, path }
}

function mapping(queue: string, { maximumConcurrency }: DeployOptions): Json {
  return { arn: arnOf(queueId(queue)), functionResponseType: 'ReportBatchItemFailures', maximumConcurrency }
}

function queue(properties: Json): Json {
  return { Type: 'AWS::SQS::Queue', Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: FOURTEEN_DAYS_S, ...properties } }
}

function withDeadLetters(name: string, outageS: number): Json {
  const isFifo = name.endsWith('.fifo')
  const fifo = isFifo ? { FifoQueue: true } : {}
  const plain = name.replace(/\.fifo$/, '')
  const named = (suffix: string) => ({ 'Fn::Sub': `\${AWS::StackName}-${plain}${suffix}${isFifo ? '.fifo' : ''}` })
  const id = queueId(name)
  const maxReceiveCount = Math.min(1000, Math.ceil(outageS / VISIBILITY_S))
  return {
    // The name is what the contract claims.
    [id]: queue({ QueueName: name, ...fifo, VisibilityTimeout: VISIBILITY_S, RedrivePolicy: { deadLetterTargetArn: arnOf(`${id}Failures`), maxReceiveCount } }),
    [`${id}Failures`]: queue({ QueueName: named('-failures'), ...fifo }),
  }
}

function rulesOf(contracts: readonly Contract[]): { name: string; pattern: Json }[] {
  return contracts.flatMap(({ topic, eventbridge }) =>
    eventbridge.map(({ source, detailType }, index) => ({
      name: `\${self:service}-\${sls:stage}-${topic}-${index}`.slice(0, 100),
      pattern: { source, ...(detailType ? { 'detail-type': detailType } : {}) },
    })),
  )
}

function rulePolicy(rules: readonly string[]): Json {
  const arns = rules.map(name => ({ 'Fn::Sub': `arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:rule/${name}` }))
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arnOf('EventRuleFailuresQueue'),
    Condition: { ArnEquals: { 'aws:SourceArn': arns } },
  }
  return { Type: 'AWS::SQS::QueuePolicy', Properties: { Queues: [{ Ref: 'EventRuleFailuresQueue' }], PolicyDocument: { Version: '2012-10-17', Statement: [statement] } } }
}

function allow(Action: string[], Resource: unknown): Statement {
  return { Effect: 'Allow', Action, Resource }
}

const CONSUME = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']

function consume(queue: string): Statement {
  return allow(CONSUME, arnOf(queueId(queue)))
}

function roleOf(name: string, own: readonly Statement[], { subnetIds }: DeployOptions): Json {
  const logs = { 'Fn::Sub': `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/\${self:service}-\${sls:stage}-${name}:log-stream:*` }
  const statements = [allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logs), allow(['sqs:SendMessage'], arnOf('DeadLettersQueue')), ...own]
  const policy = { PolicyName: 'function', PolicyDocument: { Version: '2012-10-17', Statement: statements } }
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] }
  const vpc = subnetIds.length > 0 ? { ManagedPolicyArns: [{ 'Fn::Sub': `arn:\${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole` }] } : {}
  return { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust, Policies: [policy], ...vpc } }
}

/** The cluster and the given topics, no other. */
function kafkaStatements(environment: Record<string, string>, topics: readonly string[], { secretKeyArn }: DeployOptions, more: readonly string[] = []): Statement[] {
  const { KAFKA_MSK_CLUSTER_ARN: cluster, KAFKA_SASL_MECHANISM: mechanism, KAFKA_SECRET_ARN: secret } = environment
  const statements: Statement[] = []
  if (cluster !== undefined) statements.push(allow(['kafka:GetBootstrapBrokers'], cluster))
  if (cluster !== undefined && mechanism === 'AWS_MSK_IAM') {
    const arns = topics.map(topic => `${cluster.replace(':cluster/', ':topic/')}/${topic}`)
    statements.push(
      allow(['kafka-cluster:Connect', 'kafka-cluster:WriteDataIdempotently'], cluster),
      allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData', ...more], arns),
    )
  }
  if (secret !== undefined) statements.push(allow([secret.includes(':ssm:') ? 'ssm:GetParameter' : 'secretsmanager:GetSecretValue'], secret))
  if (secret !== undefined && secretKeyArn !== undefined) statements.push(allow(['kms:Decrypt'], secretKeyArn))
  return statements
}
