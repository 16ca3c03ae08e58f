// The parts of the template that are derived from contracts/ and the settings: routes, queues, rules, roles. Pure.
import { CORS } from '../../functions/http/cors.ts'
import { ROUTES } from '../../functions/http/routes.ts'
import { readOrigins } from '../../lib/config/origins.ts'
import type { Contract, Contracts } from '../../lib/contracts/contract.ts'
import { withQueuePrefix } from '../../lib/contracts/queue-prefix.ts'
import { allow, arnOf, functionName, type Json, type Statement } from './cloudformation.ts'
import { environmentOf, HTTP_TIMEOUT_S, QUEUE_TIMEOUT_S, REDRIVE_TIMEOUT_S } from './environment.ts'
import { furtherTargets, notifyStatements } from './further-targets.ts'
import { observability } from './observability.ts'
import type { DeployOptions } from './options.ts'
import {
  failureQueues,
  leaseQueue,
  mapping,
  queue,
  queueId,
  redriveFrom,
  rulePolicy,
  withDeadLetters,
} from './queues.ts'
import { CONSUME, consume, kafkaStatements, roleOf } from './roles.ts'
import { vpcEndpoints } from './vpc-endpoints.ts'

const FUNCTIONS = [
  { name: 'http', timeoutS: HTTP_TIMEOUT_S },
  { name: 'sqs', timeoutS: QUEUE_TIMEOUT_S },
  { name: 'sqs-fifo', timeoutS: QUEUE_TIMEOUT_S },
  { name: 'eventbridge', timeoutS: QUEUE_TIMEOUT_S },
  { name: 'redrive', timeoutS: REDRIVE_TIMEOUT_S },
]

/** @throws ConfigError for settings that a function would refuse at init */
export function template(contracts: Contracts, env: NodeJS.ProcessEnv, options: DeployOptions): Json {
  const {
    KAFKA_REDRIVE_ALLOW: redriveAllow,
    KAFKA_HTTP_CORS_ORIGINS: corsOrigins,
    ...environment
  } = environmentOf(env, contracts)
  const further = furtherTargets(env)
  const feeds = [...withQueuePrefix(contracts, environment.KAFKA_QUEUE_PREFIX ?? '').values()]
  const queues = feeds.flatMap(({ sqs }) => sqs.map(({ queue }) => queue))
  const fifo = queues.filter(queue => queue.endsWith('.fifo'))
  const standard = queues.filter(queue => !queue.endsWith('.fifo'))
  const rules = rulesOf(feeds)
  // Each function may write to the topics that its trigger feeds.
  const topicsOf = (isFed: (contract: Contract) => boolean) =>
    feeds
      .filter(contract => isFed(contract) || contract.topic === environment.KAFKA_DEFAULT_TOPIC)
      .map(({ topic }) => topic)
  const role = (name: string, statements: readonly Statement[], topics: readonly string[]) =>
    roleOf(
      name,
      [
        ...statements,
        ...further.statements,
        ...notifyStatements(env),
        ...kafkaStatements(environment, [...topics, ...further.deadLetterTopics(topics)], options),
      ],
      options,
    )
  const topicsOfAll = feeds.map(({ topic }) => topic)
  const deadLettersOfAll = further.deadLetterTopics(topicsOfAll)
  return {
    environment: {
      ...environment,
      KAFKA_DEAD_LETTER: { 'Fn::Join': ['', ['sqs:', { Ref: 'DeadLettersQueue' }, ...further.chain]] },
    },
    redriveEnvironment: {
      KAFKA_FUNCTION_TIMEOUT_MS: String(REDRIVE_TIMEOUT_S * 1000),
      POWERTOOLS_SERVICE_NAME: functionName('redrive'),
      KAFKA_REDRIVE_FROM: redriveFrom(queues),
      KAFKA_REDRIVE_LEASE_QUEUE: { Ref: 'RedriveLeaseQueue' },
      ...(redriveAllow === undefined ? {} : { KAFKA_REDRIVE_ALLOW: redriveAllow }),
    },
    vpc:
      options.subnetIds.length > 0
        ? { subnetIds: options.subnetIds, securityGroupIds: options.securityGroupIds }
        : null,
    reservedConcurrency: options.reservedConcurrency ?? null,
    kmsKeyArn: options.kmsKeyArn ?? null,
    tags: Object.keys(options.tags).length > 0 ? options.tags : null,
    cors: corsOrigins === undefined ? null : corsOf(corsOrigins),
    events: {
      http: ROUTES.map(route => ({
        httpApi: {
          ...route,
          ...(options.httpAuth === 'public' ? {} : { authorizer: { type: 'aws_iam' } }),
        },
      })),
      sqs: standard.map(name => mapping(name, options)),
      sqsFifo: fifo.map(name => mapping(name, options)),
      eventbridge: rules.map(({ name, pattern }) => ({
        eventBridge: {
          name,
          pattern,
          deadLetterQueueArn: arnOf('EventRuleFailuresQueue'),
          retryPolicy: { maximumEventAge: 86_400, maximumRetryAttempts: 185 },
        },
      })),
      redrive: options.redriveSchedule === undefined ? [] : [{ schedule: { rate: [options.redriveSchedule] } }],
    },
    resources: {
      Resources: {
        ...Object.assign({}, ...queues.map(name => withDeadLetters(name, options))),
        ...observability({
          functions: FUNCTIONS,
          sources: queues.map(queueId),
          failureQueues: failureQueues(queues),
          alarmTopicArn: options.alarmTopicArn,
        }),
        ...vpcEndpoints(options),
        DeadLettersQueue: queue({}, options),
        EventFailuresQueue: queue({}, options),
        RedriveLeaseQueue: leaseQueue(options),
        EventRuleFailuresQueue: queue({}, options),
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
            // It writes no message to a source DLQ or failure destination, where it would be one of that source.
            allow([...CONSUME, 'sqs:ChangeMessageVisibility'], failureQueues(queues).map(arnOf)),
            allow(
              ['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
              arnOf('RedriveLeaseQueue'),
            ),
            ...further.readStatements,
            ...kafkaStatements(environment, [...topicsOfAll, ...deadLettersOfAll], options, [
              'kafka-cluster:ReadData',
              'kafka-cluster:DescribeTopicDynamicConfiguration',
            ]),
          ],
          options,
        ),
      },
      extensions: extensions(options),
      Outputs: { DeadLettersQueueUrl: { Value: { Ref: 'DeadLettersQueue' } } },
    },
  }
}

/** The HTTP API answers preflight requests itself: their route would have no authorizer. */
function corsOf(origins: string): Json {
  return {
    allowedOrigins: readOrigins(origins),
    allowedMethods: [...new Set(ROUTES.map(({ method }) => method))],
    allowedHeaders: CORS.requestHeaders,
    exposedResponseHeaders: CORS.responseHeaders,
    maxAge: CORS.maxAgeS,
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

/** Properties that the packager has no option for, of resources that it creates itself. */
function extensions({ kmsKeyArn, httpRateLimit, httpBurstLimit }: DeployOptions): Json {
  const logGroups = [...FUNCTIONS.map(({ name }) => name), 'http-api'].map(name => ({
    [`${packagersId(name)}LogGroup`]: { Properties: { KmsKeyId: kmsKeyArn } },
  }))
  const settings = {
    ...(httpRateLimit === undefined ? {} : { ThrottlingRateLimit: httpRateLimit }),
    ...(httpBurstLimit === undefined ? {} : { ThrottlingBurstLimit: httpBurstLimit }),
  }
  return {
    ...(kmsKeyArn === undefined ? {} : Object.assign({}, ...logGroups)),
    ...(Object.keys(settings).length > 0
      ? { HttpApiStage: { Properties: { DefaultRouteSettings: { DetailedMetricsEnabled: false, ...settings } } } }
      : {}),
  }
}

function packagersId(name: string): string {
  if (name === 'http-api') return 'HttpApi'
  return name.replace('-', 'Dash').replace(/^./, first => first.toUpperCase())
}
