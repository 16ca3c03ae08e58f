// Every parameter of a deployment. Their parsing (../options.ts), the JSON Schema of stages (scripts/stage-schema.ts)
// and the table of docs/deploy-reference.md (scripts/parameters-docs.ts) follow from these rows.
import { VPC_SERVICES } from '../vpc-endpoints.ts'
import { FILTER_PATTERNS } from './filter-patterns.ts'
import {
  choice,
  KMS_KEY,
  KMS_KEYS,
  list,
  SENDERS,
  SQS_QUEUES,
  TAGS,
  text,
  wholeNumber,
  wholeNumberOf,
} from './kinds.ts'
import { byName, optional, type Parameter, parameter } from './parameter.ts'
import { SCHEDULE_PATTERN } from './schedule-pattern.ts'

/** Three days: the largest `maxReceiveCount`, 1000 receives, spans no more for sure. */
const OUTAGE_MAX_S = 259_200
const REQUESTS_MAX = 1_000_000
/** More is no sensible threshold. */
const COUNT_MAX = 1_000_000
const HOUR_S = 3600
/**
 * Nothing gets older than what waits is kept: in source queues seven days, in the others fourteen, for a function six
 * hours. An hour less leaves an alarm the time to see it.
 */
const MESSAGE_AGE_MAX_S = 7 * 24 * HOUR_S - HOUR_S
const DEAD_LETTER_AGE_MAX_S = 14 * 24 * HOUR_S - HOUR_S
const EVENT_AGE_MAX_S = 6 * HOUR_S - HOUR_S

/** Those that CloudWatch Logs takes, up to ten years. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

/** A function, or one of its aliases or versions. */
const AUTHORIZER = text(/^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]{1,64}(:[\w-]+)?$/u, 'the ARN of a function')
const IDENTITY_SOURCES = list(
  '\\$(request\\.(header|querystring)|context|stageVariables)\\.[\\w.-]+',
  '$request.header.…, $request.querystring.…, $context.… or $stageVariables.…',
  1,
)

/** CodeDeploy's configurations for Lambda, without `CodeDeployDefault.Lambda`. */
const DEPLOYMENT_PREFERENCES = [
  ...(['Canary10Percent5Minutes', 'Canary10Percent10Minutes', 'Canary10Percent15Minutes'] as const),
  ...(['Canary10Percent30Minutes', 'Linear10PercentEvery1Minute', 'Linear10PercentEvery2Minutes'] as const),
  ...(['Linear10PercentEvery3Minutes', 'Linear10PercentEvery10Minutes', 'AllAtOnce'] as const),
] as const

const HTTP = {
  httpAuth: parameter(choice('aws_iam', 'jwt', 'lambda', 'public'), 'aws_iam', {
    about:
      'Who may send over HTTP: callers that sign with IAM, that have a token of `jwtIssuer`, or that `authorizerArn` ' +
      'admits. Only `public` lets anybody send, and must be set explicitly.',
    actsOn: 'routes of the HTTP API',
    needs: 'http',
  }),
  jwtIssuer: optional(text(/^https:\/\/[^\s/]+(\/\S*)?$/u, 'an https:// URL'), {
    about: 'With `httpAuth=jwt`: the issuer of the tokens, e.g. `https://cognito-idp.<region>.amazonaws.com/<pool>`.',
    actsOn: 'an authorizer of the HTTP API',
    needs: 'jwt',
  }),
  jwtAudience: parameter(list('[^,\\s]+', 'audiences'), [], {
    about: 'With `httpAuth=jwt`: audiences, one of which a token must have (`aud`, or `client_id`).',
    actsOn: 'an authorizer of the HTTP API',
    needs: 'jwt',
  }),
  jwtScopes: parameter(list('[^,\\s]+', 'scopes'), [], {
    about: 'With `httpAuth=jwt`: scopes, one of which a token must have.',
    actsOn: 'routes of the HTTP API',
    needs: 'jwt',
  }),
  authorizerArn: optional(AUTHORIZER, {
    about:
      'With `httpAuth=lambda`: a function of the account that admits callers. It gets payload 2.0 and answers ' +
      '`{"isAuthorized": true, "context": {"principalId": "…"}}`; ids of records are bound to its `principalId`.',
    actsOn: 'an authorizer of the HTTP API, which may invoke the function',
    needs: 'lambda',
  }),
  authorizerIdentitySources: parameter(IDENTITY_SOURCES, ['$request.header.Authorization'], {
    about: 'With `httpAuth=lambda`: what a request must have. A request without it gets 401, and no function is asked.',
    actsOn: 'an authorizer of the HTTP API',
    needs: 'lambda',
  }),
  authorizerTtlS: parameter(wholeNumber(0, 3600), 0, {
    about:
      'With `httpAuth=lambda`: how long an answer holds for requests with the same identity sources, **whatever ' +
      'their topic**: only for a function that admits a caller to all topics or to none.',
    actsOn: 'an authorizer of the HTTP API',
    unit: 's',
    needs: 'lambda',
  }),
  domainName: optional(text(/^(?=.{1,253}$)([a-z0-9-]+\.)+[a-z]{2,}$/u, 'the name of a domain'), {
    about:
      'A domain of your own for the HTTP API. The output `HttpDomainTarget` is what its DNS record (CNAME or alias) ' +
      'must name. Needs `certificateArn`.',
    actsOn: 'a domain name and its mapping to the HTTP API',
    needs: 'http',
  }),
  certificateArn: optional(text(/^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/\S+$/u, 'the ARN of a certificate'), {
    about: 'The ACM certificate of `domainName`, in the region of the stack.',
    actsOn: 'the domain name',
    needs: 'http',
  }),
  httpRateLimit: optional(wholeNumber(1, REQUESTS_MAX), {
    about: 'Requests per second that the HTTP API accepts; more get 429.',
    actsOn: 'stage of the HTTP API',
    needs: 'http',
    unit: 'requests/s',
    defaultText: 'the account’s limit',
  }),
  httpBurstLimit: optional(wholeNumber(1, REQUESTS_MAX), {
    about: 'Concurrent requests that the HTTP API accepts; more get 429.',
    actsOn: 'stage of the HTTP API',
    needs: 'http',
    unit: 'requests',
    defaultText: 'the account’s limit',
  }),
}

const QUEUES = {
  maximumConcurrency: byName('queue', wholeNumber(2, 1000), 10, {
    about: 'Sandboxes that one queue may use. Not beside `maximumPollers`.',
    actsOn: 'event source mappings',
    needs: 'queue-without-pollers',
    unit: 'sandboxes',
  }),
  batchSize: byName('queue', wholeNumber(1, 10_000), undefined, {
    about: 'Messages of one invocation; at most 10 of a FIFO queue. More than 10 need a `batchWindowS` of at least 1.',
    actsOn: 'event source mappings',
    needs: 'queue',
    unit: 'messages',
    defaultText: '`1000`; of FIFO queues `10`',
  }),
  batchWindowS: byName('queue', wholeNumber(0, 300), undefined, {
    about: 'How long Lambda gathers a batch. FIFO queues have no window.',
    actsOn: 'event source mappings',
    needs: 'standard-queue',
    unit: 's',
    defaultText: '`1`',
  }),
  filterPatterns: byName('queue', FILTER_PATTERNS, undefined, {
    about:
      'Only messages that match one of the patterns reach the function: `[{"body":{"type":["order"]}}]`. **Lambda ' +
      'deletes the others**: they are in no topic, no DLQ and no metric of the producer.',
    actsOn: 'event source mappings',
    needs: 'queue',
  }),
  minimumPollers: byName('queue', wholeNumber(2, 200), undefined, {
    about: 'Provisioned mode: pollers that always run. Lambda bills each; needs `maximumPollers`.',
    actsOn: 'event source mappings',
    needs: 'queue',
    unit: 'pollers',
  }),
  maximumPollers: byName('queue', wholeNumber(2, 2000), undefined, {
    about:
      'Provisioned mode: pollers at most, in the place of `maximumConcurrency`. One has up to 10 invocations at a ' +
      'time, for which `kafka-producer plan --package` counts 10 sandboxes.',
    actsOn: 'event source mappings',
    needs: 'queue',
    unit: 'pollers',
  }),
  senders: byName('queue', SENDERS, undefined, {
    about:
      'What may send to the queue besides the roles of the account: SNS topics, buckets of the account, rules of ' +
      'EventBridge; accounts, roles and users of IAM. The policy of `kmsKeyArn`, if set, must let them use it too.',
    actsOn: 'policies of the queues',
    needs: 'own-queue',
  }),
  fifoThroughput: byName('queue', choice('perQueue', 'perMessageGroupId'), 'perQueue', {
    about:
      '`perMessageGroupId`: the limit of a FIFO queue (300 calls/s) is that of each message group. **SQS then drops ' +
      'a repeated deduplication id only within its group**: where senders repeat a message in another group, it is ' +
      'delivered twice.',
    actsOn: 'FIFO queues',
    needs: 'own-fifo-queue',
  }),
  outageS: parameter(wholeNumber(1, OUTAGE_MAX_S), 12 * 3600, {
    about:
      'How long an outage may last before a message goes to its source DLQ. It determines `maxReceiveCount`, ' +
      'with the delays of returned messages (`KAFKA_SQS_RETURN_DELAY_MAX_MS`).',
    actsOn: 'redrive policies of the queues',
    needs: 'own-queue',
    unit: 's',
  }),
}

const EXISTING_QUEUES = {
  existingQueues: parameter(SQS_QUEUES, [], {
    about:
      'Queues of contracts that another stack or account has: each is mapped to its function, and no queue is ' +
      'created. Their names are those of the contracts. Their visibility time-out must be at least six times the ' +
      'function’s, and their redrive policy is yours; in another account their policy must let the functions’ roles ' +
      'receive.',
    actsOn: 'event source mappings, roles; no queue, DLQ or alarm',
  }),
  existingDlqs: parameter(SQS_QUEUES, [], {
    about: 'The DLQs of `existingQueues` that `redrive` reads.',
    actsOn: 'the role and the environment of `redrive`',
    needs: 'existing-queues',
  }),
  existingQueueKeyArns: parameter(KMS_KEYS, [], {
    about: 'The KMS keys of `existingQueues` and `existingDlqs`, if they have their own.',
    actsOn: 'roles',
    needs: 'existing-queues',
  }),
}

const EVENTS = {
  eventBus: parameter(text(/^[\w./-]{1,256}$/u, 'the name of an event bus'), 'default', {
    about: 'The event bus of the rules whose contract names none (`from.eventbridge[].bus`).',
    actsOn: 'rules, and what they may invoke and send to',
    needs: 'default-bus',
  }),
}

const FUNCTIONS = {
  memorySize: byName('function', wholeNumber(256, 10_240), 512, {
    about: 'Memory of a function; its share of a CPU grows with it.',
    actsOn: 'functions',
    unit: 'MB',
  }),
  timeoutS: byName('function', wholeNumber(5, 900), undefined, {
    about:
      'Time-out of a function. Of `http` at most 29, as API Gateway stops waiting after 30 s. Queues hide a message ' +
      'for six times the longer time-out of `sqs` and `sqs-fifo`.',
    actsOn: 'functions, visibility time-outs of the queues',
    unit: 's',
    defaultText: '`60`; of `http` `29`, of `redrive` `300`',
  }),
  reservedConcurrency: byName('function', wholeNumber(1, 100_000), undefined, {
    about: 'Reserved concurrency of a function.',
    actsOn: 'functions',
    unit: 'sandboxes',
    defaultText: 'unreserved',
  }),
  provisionedConcurrency: byName('function', wholeNumber(1, 100_000), undefined, {
    about:
      'Sandboxes that are always warm. The function’s triggers then invoke its alias `provisioned`, a version. Each ' +
      'sandbox has its connections: `kafka-producer plan`. Take it from `eventbridge` while no event waits ' +
      '(`AsyncEventAge`): an event waits for the alias, with its retries and its destination.',
    actsOn: 'a version and an alias of the function; its routes, mappings, rules',
    unit: 'sandboxes',
  }),
  deploymentPreference: optional(choice(...DEPLOYMENT_PREFERENCES), {
    about:
      'CodeDeploy gives the new version of each function but `redrive` a part of its traffic first, and brings the ' +
      'old one back when an alarm `Errors`, `Returned`, `5xx`, `AsyncEventsDropped` or ' +
      '`DestinationDeliveryFailures` is in alarm. The triggers invoke the alias `provisioned`. An alarm counts five ' +
      'minutes: prefer ten or more. `AllAtOnce` asks no alarm.',
    actsOn: 'aliases, a CodeDeploy application with a group per function, a role',
    needs: 'trigger',
    defaultText: 'at once, without CodeDeploy',
  }),
  eventFailures: parameter(choice('s3', 'sqs'), 's3', {
    about:
      'Where Lambda keeps an event that `eventbridge` failed to handle. A queue (`sqs`) takes 1 MiB, and Lambda ' +
      'drops what is larger with the function’s answer; a bucket (`s3`) takes every record.',
    actsOn: 'the on-failure destination of `eventbridge`',
    needs: 'events',
  }),
  layers: parameter(list('arn:[\\w-]+:lambda:[\\w-]+:\\d{12}:layer:[\\w-]+:\\d+', 'ARNs of versions of layers'), [], {
    about: 'Layers of every function, e.g. of an agent for traces; five at most.',
    actsOn: 'functions',
  }),
  codeSigningConfigArn: optional(
    text(
      /^arn:[\w-]+:lambda:[\w-]+:\d{12}:code-signing-config:csc-[0-9a-z]{17}$/u,
      'the ARN of a code signing configuration',
    ),
    {
      about:
        'Lambda checks the signatures of packages and layers. `npm run deploy` does not sign, AWS SAM does: see Code ' +
        'signing.',
      actsOn: 'functions',
    },
  ),
  execWrapper: optional(text(/^\/opt\/\S+$/u, 'a path below /opt/'), {
    about: 'The program of a layer that starts the runtime (`AWS_LAMBDA_EXEC_WRAPPER`). Needs `layers`.',
    actsOn: 'the environment of the functions',
    needs: 'layers',
  }),
  tracing: parameter(choice('off', 'active'), 'off', {
    about: '`active`: Lambda sends traces of sampled invocations to X-Ray.',
    actsOn: 'functions, roles',
  }),
  logFormat: parameter(choice('Text', 'JSON'), 'Text', {
    about:
      'The form of Lambda’s own log lines; those of the functions are JSON in both. The level of the functions’ ' +
      'lines is `POWERTOOLS_LOG_LEVEL`, not Lambda’s, which would drop the metrics.',
    actsOn: 'functions',
  }),
  systemLogLevel: optional(choice('DEBUG', 'INFO', 'WARN'), {
    about: 'The level of Lambda’s own log lines. Needs `logFormat=JSON`.',
    actsOn: 'functions',
    needs: 'json-logs',
    defaultText: '`INFO`',
  }),
  logRetentionDays: parameter(wholeNumberOf(...LOG_RETENTION_DAYS), 30, {
    about: 'How long log lines are kept, in days that CloudWatch offers.',
    actsOn: 'log groups',
    unit: 'days',
  }),
  redriveSchedule: optional(text(SCHEDULE_PATTERN, 'rate(…) or cron(…) as rules of EventBridge take them'), {
    about: 'The schedule on which dead letters are redriven, e.g. `rate(1 hour)`, `cron(0 6 ? * MON-FRI *)` (UTC).',
    actsOn: 'a rule that invokes `redrive`',
  }),
}

const NETWORK = {
  subnetIds: parameter(list('subnet-\\w+', 'subnet-…'), [], {
    about: 'Subnets from which the functions reach the brokers: `subnet-1,subnet-2`. Expects `securityGroupIds` too.',
    actsOn: 'functions',
  }),
  securityGroupIds: parameter(list('sg-\\w+', 'sg-…'), [], {
    about: 'Security groups of the functions: `sg-1,sg-2`.',
    actsOn: 'functions',
  }),
  vpcId: optional(text(/^vpc-\w+$/u, 'vpc-…'), {
    about: 'The VPC of `vpcEndpoints`.',
    actsOn: 'VPC endpoints',
    needs: 'endpoints',
  }),
  vpcEndpoints: parameter(list(VPC_SERVICES.join('|'), VPC_SERVICES.join(', ')), [], {
    about:
      'Services that get an endpoint in the VPC: `sqs,secretsmanager`. Functions in a VPC without a NAT reach their ' +
      'dead-letter queue and secrets through them. `s3` and `dynamodb` are gateway endpoints (free, need ' +
      '`routeTableIds`), the others interface endpoints (about $7 a month and zone). Needs `vpcId` and `subnetIds`, ' +
      'for interface endpoints one subnet per zone.',
    actsOn: 'VPC endpoints',
  }),
  routeTableIds: parameter(list('rtb-\\w+', 'rtb-…'), [], {
    about: 'Route tables of the subnets, for the endpoints s3 and dynamodb: `rtb-1,rtb-2`.',
    actsOn: 'VPC endpoints',
    needs: 'gateway-endpoints',
  }),
  endpointSecurityGroupIds: parameter(list('sg-\\w+', 'sg-…'), [], {
    about:
      'Security groups of your own for the interface endpoints; they must let the functions in on port 443. Without ' +
      'it the stack creates one that does.',
    actsOn: 'VPC endpoints; no security group',
    needs: 'interface-endpoints',
    defaultText: 'a group of the stack',
  }),
  existingEndpointGroupIds: parameter(list('sg-\\w+', 'sg-…'), [], {
    about:
      'Security groups of interface endpoints that the VPC has already, e.g. those of another stage: each gets a ' +
      'rule that lets the functions in on port 443. A VPC can have one endpoint per service with private DNS, so ' +
      'name only those services in `vpcEndpoints` that have none. Not where both stages have the same ' +
      '`securityGroupIds`: these are let in already.',
    actsOn: 'ingress rules of these groups',
    needs: 'subnets',
  }),
}

const STORAGE = {
  efsAccessPointArn: optional(
    text(
      /^arn:[\w-]+:elasticfilesystem:[\w-]+:\d{12}:access-point\/fsap-[0-9a-f]{17}$/u,
      'the ARN of an access point of EFS',
    ),
    {
      about:
        'An EFS file system that the functions mount, for dead letters on disk (`KAFKA_DEAD_LETTER=disk:/mnt/efs/…`) ' +
        'and for files that settings name. Its mount targets must let the functions in on port 2049, and its access ' +
        'point must let its user write.',
      actsOn: 'functions, roles',
      needs: 'subnets',
    },
  ),
  efsMountPath: parameter(text(/^\/mnt\/[\w.-]{1,155}$/u, 'a path of the form /mnt/<name>'), '/mnt/efs', {
    about: 'Where the functions have the file system.',
    actsOn: 'functions',
    needs: 'file-system',
  }),
}

const ALARMS = {
  alarmTopicArn: optional(text(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/u, 'the ARN of an SNS topic'), {
    about: 'An SNS topic that receives the [alarms](operations.md).',
    actsOn: 'alarms',
  }),
  alarmPeriods: parameter(wholeNumber(1, 12), 1, {
    about: 'Periods of five minutes in a row after which the alarms with a threshold below alarm.',
    actsOn: 'alarms `Errors`, `Throttles`, `Slow`, `Returned`, `5xx`, `AsyncEventAge`',
    unit: 'periods',
  }),
  alarmErrors: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about: 'Failed invocations of a function in five minutes that are no reason for an alarm.',
    actsOn: 'alarms `Errors`',
    unit: 'invocations',
  }),
  alarmThrottles: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about: 'Throttled invocations of a function in five minutes that are no reason for an alarm.',
    actsOn: 'alarms `Throttles`',
    unit: 'invocations',
  }),
  alarmReturned: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about:
      'Records that a function returned to callers or sources in five minutes, and that are no reason for an alarm.',
    actsOn: 'alarms `Returned`',
    needs: 'trigger',
    unit: 'records',
  }),
  alarmServerErrors: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about: 'Answers of the HTTP API with 5xx in five minutes that are no reason for an alarm.',
    actsOn: 'alarm `5xx`',
    needs: 'http',
    unit: 'answers',
  }),
  alarmSlowPercent: parameter(wholeNumber(1, 99), 80, {
    about: 'The part of its timeout that one invocation in a hundred may take.',
    actsOn: 'alarms `Slow`',
    unit: '%',
  }),
  alarmConnectionAttempts: parameter(wholeNumber(1, COUNT_MAX), 60, {
    about: 'Connection attempts of a function per minute that are no reason for an alarm.',
    actsOn: 'alarms `ConnectionAttempts`',
    unit: 'attempts/min',
  }),
  alarmEventAgeS: parameter(wholeNumber(1, EVENT_AGE_MAX_S), 900, {
    about: 'How long an event may wait for `eventbridge`.',
    actsOn: 'alarm `AsyncEventAge`',
    needs: 'events',
    unit: 's',
  }),
  alarmMessageAgeS: parameter(wholeNumber(1, MESSAGE_AGE_MAX_S), 900, {
    about: 'How long a message may wait in a source queue. Delivery takes seconds.',
    actsOn: 'alarms `Age`',
    needs: 'own-queue',
    unit: 's',
  }),
  alarmDeadLetterAgeS: parameter(wholeNumber(1, DEAD_LETTER_AGE_MAX_S), 86_400, {
    about: 'How old the oldest dead letter, or event that failed, may be in its queue. SQS deletes it after 14 days.',
    actsOn: 'alarms `Oldest`',
    unit: 's',
  }),
}

const ACCOUNT = {
  topicPrefixes: parameter(list('[A-Za-z0-9._-]{1,249}', 'beginnings of topics'), [], {
    about:
      'Beginnings of topics, `payments-,orders.`: the roles name `payments-*` instead of each topic (MSK IAM). For ' +
      'more topics than the policies of a role can name one by one.',
    actsOn: 'roles',
  }),
  serviceName: parameter(
    text(/^[a-z][a-z0-9-]{0,39}$/u, 'a small letter, then at most 39 small letters, digits and hyphens'),
    'kafka-producer',
    {
      about: 'What the names of the stack and of its functions, rules and log groups begin with, before the stage.',
      actsOn: 'names of all resources',
    },
  ),
  deploymentBucket: optional(text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/u, 'the name of a bucket'), {
    about: 'An existing bucket to which the packages are uploaded.',
    actsOn: 'the deployment bucket, which is not created',
    defaultText: 'a bucket of the stack',
  }),
  permissionsBoundaryArn: optional(text(/^arn:[\w-]+:iam::(\d{12}|aws):policy\/\S+$/u, 'the ARN of an IAM policy'), {
    about: 'The permissions boundary of each role.',
    actsOn: 'roles',
  }),
  rolePath: optional(text(/^\/([\w+=,.@-]+\/)*$/u, 'a path such as /teams/data/'), {
    about: 'The path of each role.',
    actsOn: 'roles',
    defaultText: '`/`',
  }),
  secretKeyArn: optional(KMS_KEY, {
    about: 'The KMS key of the secret, if the secret has its own.',
    actsOn: 'roles',
    needs: 'secret',
  }),
  targetKeyArns: parameter(KMS_KEYS, [], {
    about:
      'The KMS keys of further dead-letter targets (bucket, table) and of the topics of `KAFKA_DEAD_LETTER_NOTIFY`, ' +
      'if they have their own.',
    actsOn: 'roles',
    needs: 'targets',
  }),
  kmsKeyArn: optional(KMS_KEY, {
    about:
      'Your own KMS key for queues, buckets, log groups and the functions’ environment, instead of AWS’s. Its policy ' +
      'must let services use it: packaging prints the statements.',
    actsOn: 'queues, buckets, log groups, functions, roles',
  }),
  tags: parameter(
    TAGS,
    {},
    {
      about: 'Tags of every resource that can have tags: `team=data,cost=42`.',
      actsOn: 'all resources',
    },
  ),
}

/** The groups of the table in docs/deploy-reference.md. */
export const PARAMETER_GROUPS = {
  'HTTP API': HTTP,
  Queues: QUEUES,
  'Existing queues': EXISTING_QUEUES,
  EventBridge: EVENTS,
  Functions: FUNCTIONS,
  Network: NETWORK,
  'File system': STORAGE,
  Alarms: ALARMS,
  Account: ACCOUNT,
} as const

export const PARAMETERS = {
  ...HTTP,
  ...QUEUES,
  ...EXISTING_QUEUES,
  ...EVENTS,
  ...FUNCTIONS,
  ...NETWORK,
  ...STORAGE,
  ...ALARMS,
  ...ACCOUNT,
}

export type ParameterName = keyof typeof PARAMETERS
export const PARAMETER_ROWS = Object.entries(PARAMETERS) as [ParameterName, Parameter][]
