// Every parameter of a deployment. The parser (../options.ts), the JSON Schema of stages (scripts/stage-schema.ts) and
// the table in docs/deploy-reference.md (scripts/parameters-docs.ts) use these rows.
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

/** Three days: with the largest `maxReceiveCount`, 1000 receives, a longer outage is not certain to be covered. */
const OUTAGE_MAX_S = 259_200
const REQUESTS_MAX = 1_000_000
/** A higher threshold makes no sense. */
const COUNT_MAX = 1_000_000
const HOUR_S = 3600
/**
 * Nothing can be older than the retention: seven days in source queues, fourteen in the others, six hours for an
 * asynchronous function. One hour less gives an alarm the time to react.
 */
const MESSAGE_AGE_MAX_S = 7 * 24 * HOUR_S - HOUR_S
const DEAD_LETTER_AGE_MAX_S = 14 * 24 * HOUR_S - HOUR_S
const EVENT_AGE_MAX_S = 6 * HOUR_S - HOUR_S

/** The periods that CloudWatch Logs accepts, up to ten years. */
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

/** CodeDeploy's configurations for Lambda, without the prefix `CodeDeployDefault.Lambda`. */
const DEPLOYMENT_PREFERENCES = [
  ...(['Canary10Percent5Minutes', 'Canary10Percent10Minutes', 'Canary10Percent15Minutes'] as const),
  ...(['Canary10Percent30Minutes', 'Linear10PercentEvery1Minute', 'Linear10PercentEvery2Minutes'] as const),
  ...(['Linear10PercentEvery3Minutes', 'Linear10PercentEvery10Minutes', 'AllAtOnce'] as const),
] as const

const HTTP = {
  httpAuth: parameter(choice('aws_iam', 'jwt', 'lambda', 'public'), 'aws_iam', {
    about:
      'Who may send over HTTP: callers that sign with IAM, callers with a token of `jwtIssuer`, or callers ' +
      'that the function `authorizerArn` admits. `public` lets anybody send and is never the default.',
    actsOn: 'routes of the HTTP API',
    needs: 'http',
  }),
  jwtIssuer: optional(text(/^https:\/\/[^\s/]+(\/\S*)?$/u, 'an https:// URL'), {
    about: 'With `httpAuth=jwt`: the issuer of the tokens, e.g. `https://cognito-idp.<region>.amazonaws.com/<pool>`.',
    actsOn: 'an authorizer of the HTTP API',
    needs: 'jwt',
  }),
  jwtAudience: parameter(list('[^,\\s]+', 'audiences'), [], {
    about: 'With `httpAuth=jwt`: a token must have one of these audiences (`aud`, or `client_id`).',
    actsOn: 'an authorizer of the HTTP API',
    needs: 'jwt',
  }),
  jwtScopes: parameter(list('[^,\\s]+', 'scopes'), [], {
    about: 'With `httpAuth=jwt`: a token must have one of these scopes.',
    actsOn: 'routes of the HTTP API',
    needs: 'jwt',
  }),
  authorizerArn: optional(AUTHORIZER, {
    about:
      'With `httpAuth=lambda`: a function of the account that admits callers. It gets payload format 2.0 and ' +
      'returns `{"isAuthorized": true, "context": {"principalId": "…"}}`. The ids of records are bound to its ' +
      '`principalId`.',
    actsOn: 'an authorizer of the HTTP API, which may invoke the function',
    needs: 'lambda',
  }),
  authorizerIdentitySources: parameter(IDENTITY_SOURCES, ['$request.header.Authorization'], {
    about:
      'With `httpAuth=lambda`: what a request must have. A request without it gets 401, and the authorizer is ' +
      'not invoked.',
    actsOn: 'an authorizer of the HTTP API',
    needs: 'lambda',
  }),
  authorizerTtlS: parameter(wholeNumber(0, 3600), 0, {
    about:
      'With `httpAuth=lambda`: how long a response of the authorizer is reused for requests with the same ' +
      'identity sources, **whatever their topic**. Use it only if the authorizer admits a caller to all topics ' +
      'or to none.',
    actsOn: 'an authorizer of the HTTP API',
    unit: 's',
    needs: 'lambda',
  }),
  domainName: optional(text(/^(?=.{1,253}$)([a-z0-9-]+\.)+[a-z]{2,}$/u, 'the name of a domain'), {
    about:
      'A custom domain for the HTTP API. Its DNS record (CNAME or alias) must point to the output ' +
      '`HttpDomainTarget`. Needs `certificateArn`.',
    actsOn: 'a domain name and its mapping to the HTTP API',
    needs: 'http',
  }),
  certificateArn: optional(text(/^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/\S+$/u, 'the ARN of a certificate'), {
    about: 'The ACM certificate of `domainName`, in the region of the stack.',
    actsOn: 'the domain name',
    needs: 'http',
  }),
  httpRateLimit: optional(wholeNumber(1, REQUESTS_MAX), {
    about: 'Requests per second that the HTTP API accepts; further ones get 429.',
    actsOn: 'stage of the HTTP API',
    needs: 'http',
    unit: 'requests/s',
    defaultText: 'the account’s limit',
  }),
  httpBurstLimit: optional(wholeNumber(1, REQUESTS_MAX), {
    about: 'Concurrent requests that the HTTP API accepts; further ones get 429.',
    actsOn: 'stage of the HTTP API',
    needs: 'http',
    unit: 'requests',
    defaultText: 'the account’s limit',
  }),
}

const QUEUES = {
  maximumConcurrency: byName('queue', wholeNumber(2, 1000), 10, {
    about: 'The most sandboxes that process one queue at the same time. Can’t be combined with `maximumPollers`.',
    actsOn: 'event source mappings',
    needs: 'queue-without-pollers',
    unit: 'sandboxes',
  }),
  batchSize: byName('queue', wholeNumber(1, 10_000), undefined, {
    about:
      'The most messages of one invocation; 10 for a FIFO queue. More than 10 need a `batchWindowS` of at ' +
      'least 1.',
    actsOn: 'event source mappings',
    needs: 'queue',
    unit: 'messages',
    defaultText: '`1000`; of FIFO queues `10`',
  }),
  batchWindowS: byName('queue', wholeNumber(0, 300), undefined, {
    about: 'How long Lambda waits for a batch to fill. FIFO queues have no window.',
    actsOn: 'event source mappings',
    needs: 'standard-queue',
    unit: 's',
    defaultText: '`1`',
  }),
  filterPatterns: byName('queue', FILTER_PATTERNS, undefined, {
    about:
      'Only messages that match one of the patterns reach the function: `[{"body":{"type":["order"]}}]`. ' +
      '**Lambda deletes the others**: they are in no topic, no DLQ and no metric.',
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
      'Provisioned mode: the most pollers, instead of `maximumConcurrency`. A poller has up to 10 invocations ' +
      'at a time, so `kafka-producer plan --package` counts 10 sandboxes for it.',
    actsOn: 'event source mappings',
    needs: 'queue',
    unit: 'pollers',
  }),
  senders: byName('queue', SENDERS, undefined, {
    about:
      'What may send to the queue besides the roles of the account: SNS topics, buckets of the account, rules ' +
      'of EventBridge; accounts, roles and users of IAM. The policy of `kmsKeyArn`, if set, must let them use ' +
      'the key too.',
    actsOn: 'policies of the queues',
    needs: 'own-queue',
  }),
  fifoThroughput: byName('queue', choice('perQueue', 'perMessageGroupId'), 'perQueue', {
    about:
      'With `perMessageGroupId`, each message group has the limit of a FIFO queue (300 calls/s). **SQS then ' +
      'drops a repeated deduplication id only within its group**: a message that a sender repeats in another ' +
      'group is delivered twice.',
    actsOn: 'FIFO queues',
    needs: 'own-fifo-queue',
  }),
  outageS: parameter(wholeNumber(1, OUTAGE_MAX_S), 12 * 3600, {
    about:
      'How long an outage may last before a message goes to its source DLQ. `maxReceiveCount` is calculated ' +
      'from it and from the delays of returned messages (`KAFKA_SQS_RETURN_DELAY_MAX_MS`).',
    actsOn: 'redrive policies of the queues',
    needs: 'own-queue',
    unit: 's',
  }),
}

const EXISTING_QUEUES = {
  existingQueues: parameter(SQS_QUEUES, [], {
    about:
      'Queues of contracts that belong to another stack or account. Each is mapped to its function, and no ' +
      'queue is created. Their names are those in the contracts. Their visibility timeout must be at least six ' +
      'times the function’s timeout, and you set their redrive policy. A queue in another account needs a ' +
      'policy that lets the functions’ roles receive.',
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
    about: 'The event bus of rules whose contract names none (`from.eventbridge[].bus`).',
    actsOn: 'rules, and what they may invoke and send to',
    needs: 'default-bus',
  }),
}

const FUNCTIONS = {
  memorySize: byName('function', wholeNumber(256, 10_240), 512, {
    about: 'Memory of a function. Its share of the CPU grows with its memory.',
    actsOn: 'functions',
    unit: 'MB',
  }),
  timeoutS: byName('function', wholeNumber(5, 900), undefined, {
    about:
      'Timeout of a function. `http` may have 29 at most, because API Gateway stops waiting after 30 s. The ' +
      'visibility timeout of the queues is six times the longer timeout of `sqs` and `sqs-fifo`.',
    actsOn: 'functions, visibility timeouts of the queues',
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
      'Sandboxes that are always warm. The function’s triggers then invoke its alias `provisioned`. Each ' +
      'sandbox has connections of its own: see `kafka-producer plan`. Remove it from `eventbridge` only while ' +
      'no event waits (`AsyncEventAge`): a waiting event is bound to the alias.',
    actsOn: 'a version and an alias of the function; its routes, mappings, rules',
    unit: 'sandboxes',
  }),
  deploymentPreference: optional(choice(...DEPLOYMENT_PREFERENCES), {
    about:
      'CodeDeploy sends a part of the traffic to the new version of each function except `redrive`. It brings ' +
      'the old version back if an alarm `Errors`, `Returned`, `5xx`, `AsyncEventsDropped` or ' +
      '`DestinationDeliveryFailures` goes off. The triggers invoke the alias `provisioned`. The alarms look at ' +
      'five minutes, so prefer ten or more. `AllAtOnce` checks no alarm.',
    actsOn: 'aliases, a CodeDeploy application with a group per function, a role',
    needs: 'trigger',
    defaultText: 'at once, without CodeDeploy',
  }),
  eventFailures: parameter(choice('s3', 'sqs'), 's3', {
    about:
      'Where Lambda stores an event that `eventbridge` failed to handle. A bucket (`s3`) takes records of ' +
      'every size. A queue (`sqs`) takes 1 MiB, and Lambda drops an event that is larger together with the ' +
      'function’s response.',
    actsOn: 'the on-failure destination of `eventbridge`',
    needs: 'events',
  }),
  layers: parameter(list('arn:[\\w-]+:lambda:[\\w-]+:\\d{12}:layer:[\\w-]+:\\d+', 'ARNs of versions of layers'), [], {
    about: 'Layers of every function, e.g. an agent for traces; five at most.',
    actsOn: 'functions',
  }),
  codeSigningConfigArn: optional(
    text(
      /^arn:[\w-]+:lambda:[\w-]+:\d{12}:code-signing-config:csc-[0-9a-z]{17}$/u,
      'the ARN of a code signing configuration',
    ),
    {
      about:
        'Lambda checks the signatures of packages and layers. `npm run deploy` does not sign, AWS SAM does: see ' +
        '“Code signing” in docs/deploy.md.',
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
      'The format of Lambda’s own log lines; the lines of the functions are always JSON. ' +
      '`POWERTOOLS_LOG_LEVEL` sets the level of the functions’ lines. Lambda’s own level for them is not used, ' +
      'because it would drop the metrics.',
    actsOn: 'functions',
  }),
  systemLogLevel: optional(choice('DEBUG', 'INFO', 'WARN'), {
    about: 'The level of Lambda’s own log lines. Needs `logFormat=JSON`.',
    actsOn: 'functions',
    needs: 'json-logs',
    defaultText: '`INFO`',
  }),
  logRetentionDays: parameter(wholeNumberOf(...LOG_RETENTION_DAYS), 30, {
    about: 'How long log lines are kept.',
    actsOn: 'log groups',
    unit: 'days',
  }),
  redriveSchedule: optional(text(SCHEDULE_PATTERN, 'rate(…) or cron(…) as rules of EventBridge take them'), {
    about: 'The schedule of redrives of dead letters, e.g. `rate(1 hour)`, `cron(0 6 ? * MON-FRI *)` (UTC).',
    actsOn: 'a rule that invokes `redrive`',
  }),
}

const NETWORK = {
  subnetIds: parameter(list('subnet-\\w+', 'subnet-…'), [], {
    about: 'Subnets from which the functions reach the brokers: `subnet-1,subnet-2`. Needs `securityGroupIds`.',
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
      'Services for which the stack creates an endpoint in the VPC: `sqs,secretsmanager`. Functions in a VPC ' +
      'without a NAT reach their dead-letter queue and secrets through them. `s3` and `dynamodb` are gateway ' +
      'endpoints (free, need `routeTableIds`), the others interface endpoints (about $7 per month and zone). ' +
      'Needs `vpcId` and `subnetIds`, and for interface endpoints one subnet per zone.',
    actsOn: 'VPC endpoints',
  }),
  routeTableIds: parameter(list('rtb-\\w+', 'rtb-…'), [], {
    about: 'Route tables of the subnets, for the endpoints s3 and dynamodb: `rtb-1,rtb-2`.',
    actsOn: 'VPC endpoints',
    needs: 'gateway-endpoints',
  }),
  endpointSecurityGroupIds: parameter(list('sg-\\w+', 'sg-…'), [], {
    about:
      'Your own security groups for the interface endpoints. They must allow inbound traffic from the ' +
      'functions on port 443. Without this parameter the stack creates a group that does.',
    actsOn: 'VPC endpoints; no security group',
    needs: 'interface-endpoints',
    defaultText: 'a group of the stack',
  }),
  existingEndpointGroupIds: parameter(list('sg-\\w+', 'sg-…'), [], {
    about:
      'Security groups of interface endpoints that the VPC already has, e.g. those of another stage. Each gets ' +
      'a rule that allows inbound traffic from the functions on port 443. A VPC can have one endpoint per ' +
      'service with private DNS, so name only other services in `vpcEndpoints`. Not needed if both stages have ' +
      'the same `securityGroupIds`.',
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
        'An EFS file system that the functions mount, for dead letters on disk ' +
        '(`KAFKA_DEAD_LETTER=disk:/mnt/efs/…`) and for files that settings name. Its mount targets must allow ' +
        'inbound traffic from the functions on port 2049, and the user of its access point must be allowed to ' +
        'write.',
      actsOn: 'functions, roles',
      needs: 'subnets',
    },
  ),
  efsMountPath: parameter(text(/^\/mnt\/[\w.-]{1,155}$/u, 'a path of the form /mnt/<name>'), '/mnt/efs', {
    about: 'Where the functions mount the file system.',
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
    about: 'After how many consecutive periods of five minutes over their threshold these alarms go off.',
    actsOn: 'alarms `Errors`, `Throttles`, `Slow`, `Returned`, `5xx`, `AsyncEventAge`',
    unit: 'periods',
  }),
  alarmErrors: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about: 'How many failed invocations of a function in five minutes are accepted without an alarm.',
    actsOn: 'alarms `Errors`',
    unit: 'invocations',
  }),
  alarmThrottles: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about: 'How many throttled invocations of a function in five minutes are accepted without an alarm.',
    actsOn: 'alarms `Throttles`',
    unit: 'invocations',
  }),
  alarmReturned: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about: 'How many records a function may return to callers or sources in five minutes without an alarm.',
    actsOn: 'alarms `Returned`',
    needs: 'trigger',
    unit: 'records',
  }),
  alarmServerErrors: parameter(wholeNumber(0, COUNT_MAX), 0, {
    about: 'How many 5xx responses of the HTTP API in five minutes are accepted without an alarm.',
    actsOn: 'alarm `5xx`',
    needs: 'http',
    unit: 'answers',
  }),
  alarmSlowPercent: parameter(wholeNumber(1, 99), 80, {
    about: 'The part of its timeout that one invocation in a hundred may take without an alarm.',
    actsOn: 'alarms `Slow`',
    unit: '%',
  }),
  alarmConnectionAttempts: parameter(wholeNumber(1, COUNT_MAX), 60, {
    about: 'How many connection attempts of a function per minute are accepted without an alarm.',
    actsOn: 'alarms `ConnectionAttempts`',
    unit: 'attempts/min',
  }),
  alarmEventAgeS: parameter(wholeNumber(1, EVENT_AGE_MAX_S), 900, {
    about: 'How long an event may wait for `eventbridge` without an alarm.',
    actsOn: 'alarm `AsyncEventAge`',
    needs: 'events',
    unit: 's',
  }),
  alarmMessageAgeS: parameter(wholeNumber(1, MESSAGE_AGE_MAX_S), 900, {
    about: 'How long a message may wait in a source queue without an alarm. Delivery normally takes seconds.',
    actsOn: 'alarms `Age`',
    needs: 'own-queue',
    unit: 's',
  }),
  alarmDeadLetterAgeS: parameter(wholeNumber(1, DEAD_LETTER_AGE_MAX_S), 86_400, {
    about:
      'How old the oldest dead letter or failed event in a queue may be without an alarm. SQS deletes it after ' +
      '14 days.',
    actsOn: 'alarms `Oldest`',
    unit: 's',
  }),
}

const ACCOUNT = {
  topicPrefixes: parameter(list('[A-Za-z0-9._-]{1,249}', 'beginnings of topics'), [], {
    about:
      'Prefixes of topics, `payments-,orders.`: with MSK IAM the roles get `payments-*` instead of each topic. ' +
      'Needed if a role’s policies can’t name all topics one by one.',
    actsOn: 'roles',
  }),
  serviceName: parameter(
    text(/^[a-z][a-z0-9-]{0,39}$/u, 'a small letter, then at most 39 small letters, digits and hyphens'),
    'kafka-producer',
    {
      about: 'The beginning of the names of the stack and of its functions, rules and log groups, before the stage.',
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
      'Your own KMS key for queues, buckets, log groups and the functions’ environment, instead of AWS’s. Its ' +
      'policy must let services use the key: packaging prints the statements.',
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
