// npm run package, offline: each source DLQ and failure destination is in the template, nothing is open to everybody,
// the zips are reproducible, and every handler that the template names can be imported.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { before, test } from 'node:test'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import type { RecordFate } from '../../lib/delivery/record-fate.ts'
import { InvocationLog } from '../../lib/lambda/invocation-log.ts'
import { producerMetrics } from '../fakes/producer-metrics.ts'

const FUNCTIONS = ['http', 'sqs', 'sqs-fifo', 'eventbridge', 'redrive']
const TIMEOUTS: Record<string, number> = { http: 29, redrive: 300 }
const DAY_S = 24 * 3600
const NO_VALUE = { Ref: 'AWS::NoValue' }
interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: a template has every shape
  readonly Properties: any
}
let resources: Record<string, Resource>

function run(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync('npm', ['run', '-s', 'package', '--', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, AWS_EC2_METADATA_DISABLED: 'true', ...env },
  })
}

function read(): Record<string, Resource> {
  return (
    JSON.parse(readFileSync('.serverless/cloudformation-template-update-stack.json', 'utf8')) as {
      Resources: Record<string, Resource>
    }
  ).Resources
}

const ofType = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type)
const only = (type: string) => ofType(type).map(([, { Properties }]) => Properties)

before(() => {
  const { status, stdout, stderr } = run([])
  assert.equal(status, 0, stdout + stderr)
  resources = read()
})

test('functions: Node 24 on arm64, 512 MB, 29, 60 or 300 s, each with its own role', () => {
  const functions = only('AWS::Lambda::Function')
  assert.equal(functions.length, FUNCTIONS.length)
  for (const { Runtime, Architectures, MemorySize, Timeout, Environment, FunctionName } of functions) {
    assert.deepEqual([Runtime, Architectures, MemorySize], ['nodejs24.x', ['arm64'], 512])
    assert.equal(Timeout, TIMEOUTS[FunctionName.split('-').at(-1)] ?? 60)
    assert.equal(Environment.Variables.KAFKA_FUNCTION_TIMEOUT_MS, String(Timeout * 1000))
    assert.deepEqual(Environment.Variables.KAFKA_DEAD_LETTER, {
      'Fn::Join': ['', ['sqs:', { Ref: 'DeadLettersQueue' }]],
    })
  }
  assert.equal(new Set(functions.map(({ Role }) => JSON.stringify(Role))).size, FUNCTIONS.length)
})

test('HTTP requires IAM unless a parameter says otherwise', () => {
  for (const { AuthorizationType } of only('AWS::ApiGatewayV2::Route')) assert.equal(AuthorizationType, 'AWS_IAM')
  assert.equal(run(['--param', 'httpAuth=open']).status, 1)
  assert.equal(run(['--param', 'httpAuth=public']).status, 0)
  const routes = Object.values(read()).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
  assert.ok(routes.length === 2 && routes.every(({ Properties }) => Properties.AuthorizationType !== 'AWS_IAM'))
})

test('queues: encrypted; sources have a visibility of 6 × timeout and a DLQ for a 12 h outage', () => {
  for (const [name, { Properties }] of ofType('AWS::SQS::Queue'))
    assert.equal(Properties.SqsManagedSseEnabled, true, name)
  const mappings = only('AWS::Lambda::EventSourceMapping')
  assert.equal(mappings.length, 2)
  for (const { EventSourceArn, FunctionResponseTypes, ScalingConfig } of mappings) {
    assert.deepEqual(FunctionResponseTypes, ['ReportBatchItemFailures'])
    assert.equal(ScalingConfig.MaximumConcurrency, 10)
    const { VisibilityTimeout, RedrivePolicy, MessageRetentionPeriod } = (
      resources[EventSourceArn['Fn::GetAtt'][0]] as Resource
    ).Properties
    assert.equal(VisibilityTimeout, 360)
    assert.equal(RedrivePolicy.maxReceiveCount, 155)
    const sourceDlq = resources[RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0]]
    assert.equal(sourceDlq?.Type, 'AWS::SQS::Queue')
    assert.deepEqual([MessageRetentionPeriod, sourceDlq.Properties.MessageRetentionPeriod], [7 * DAY_S, 14 * DAY_S])
  }
})

test('EventBridge: each rule has a dead-letter queue that only its rules may send to', () => {
  const targets = only('AWS::Events::Rule').flatMap(({ Targets }) => Targets)
  assert.equal(targets.length, 1)
  for (const { DeadLetterConfig, RetryPolicy } of targets) {
    assert.deepEqual(DeadLetterConfig.Arn, { 'Fn::GetAtt': ['EventRuleFailuresQueue', 'Arn'] })
    assert.equal(RetryPolicy.MaximumRetryAttempts, 185)
  }
  const [, statement] = (resources.EventRuleFailuresPolicy as Resource).Properties.PolicyDocument.Statement
  assert.deepEqual(statement.Principal, { Service: 'events.amazonaws.com' })
  // One pattern for all rules: a list of them would outgrow SQS's and Lambda's policies.
  const patterns = statement.Condition.ArnLike['aws:SourceArn']
  assert.equal(patterns.length, 1)
  assert.match(patterns[0]['Fn::Sub'], /:rule\/kafka-producer-dev-\*$/)
  const permissions = only('AWS::Lambda::Permission').filter(({ Principal }) => Principal === 'events.amazonaws.com')
  assert.deepEqual(
    permissions.map(({ SourceArn }) => SourceArn),
    patterns,
  )
  for (const { Name } of only('AWS::Events::Rule')) assert.match(Name, /^kafka-producer-dev-earthquakes-[0-9a-f]{8}$/)
})

test('failed events go to a bucket that only Lambda and redrive use, or to a queue', () => {
  const [config] = only('AWS::Lambda::EventInvokeConfig')
  assert.deepEqual(config.DestinationConfig.OnFailure.Destination, { 'Fn::GetAtt': ['EventFailuresBucket', 'Arn'] })
  const users = ofType('AWS::IAM::Role').filter(([, role]) => JSON.stringify(role).includes('EventFailuresBucket'))
  assert.deepEqual(users.map(([name]) => name).sort(), ['EventbridgeRole', 'RedriveRole'])
  const bucket = resources.EventFailuresBucket?.Properties
  assert.ok(Object.values(bucket.PublicAccessBlockConfiguration).every(Boolean))
  // Nothing that is not redriven yet ever expires.
  const [rule] = bucket.LifecycleConfiguration.Rules
  assert.deepEqual([rule.ExpirationInDays, rule.NoncurrentVersionExpiration], [undefined, { NoncurrentDays: 14 }])
  const [tls] = (resources.EventFailuresBucketPolicy as Resource).Properties.PolicyDocument.Statement
  assert.deepEqual([tls.Effect, tls.Condition], ['Deny', { Bool: { 'aws:SecureTransport': 'false' } }])
  assert.equal(run(['--param', 'eventFailures=sqs']).status, 0)
  const other = read()
  assert.equal(other.EventFailuresBucket, undefined)
  assert.deepEqual(
    Object.values(other).find(({ Type }) => Type === 'AWS::Lambda::EventInvokeConfig')?.Properties.DestinationConfig,
    { OnFailure: { Destination: { 'Fn::GetAtt': ['EventFailuresQueue', 'Arn'] } } },
  )
  assert.match(
    JSON.stringify(other.EventbridgeRole),
    /"sqs:SendMessage"\],"Resource":\{"Fn::GetAtt":\["EventFailuresQueue/,
  )
})

test('whatever holds records stays when the stack, or the resource in it, is removed', () => {
  const template = resources as Record<string, Resource & { DeletionPolicy?: string; UpdateReplacePolicy?: string }>
  const stays = Object.entries(template).filter(([, { Type }]) => /^AWS::(SQS::Queue|S3::Bucket)$/.test(Type))
  assert.ok(stays.length > 6)
  for (const [name, { DeletionPolicy, UpdateReplacePolicy }] of stays)
    assert.deepEqual(
      [DeletionPolicy, UpdateReplacePolicy],
      // The packager's bucket holds code, and the lease no record.
      /^(ServerlessDeploymentBucket|RedriveLeaseQueue)$/.test(name) ? [undefined, undefined] : ['Retain', 'Retain'],
      name,
    )
})

test('roles: only the topics of the trigger; no wildcard except for the streams of its log group', () => {
  const roles = ofType('AWS::IAM::Role')
  assert.deepEqual(roles.map(([name]) => name).sort(), [
    'EventbridgeRole',
    'HttpRole',
    'RedriveRole',
    'SqsFifoRole',
    'SqsRole',
  ])
  for (const [name, { Properties }] of roles) {
    assert.equal(Properties.ManagedPolicyArns, undefined)
    const statements = Properties.Policies.flatMap(
      ({ PolicyDocument }: { PolicyDocument: { Statement: unknown[] } }) => PolicyDocument.Statement,
    )
    for (const { Effect, Action, Resource } of statements) {
      assert.ok(!Action.some((action: string) => action.includes('*')), `${name}: ${Action}`)
      if (Effect === 'Deny') continue
      const text = JSON.stringify(Resource)
      // AWS has no resource type for the first; Lambda asks for the second before it takes the bucket.
      if (Action.join() === 'kafka:GetBootstrapBrokers') {
        assert.equal(Resource, '*')
        continue
      }
      assert.ok(
        !text.includes('*') ||
          /^\{"Fn::Sub":"\$\{EventFailuresBucket\.Arn\}\/\*"\}$/.test(text) ||
          (Action[0].startsWith('s3:') && /\/kafka-producer-dev-eventbridge\/\*"\}\]?$/.test(text)) ||
          (Action[0].startsWith('logs:') &&
            /log-group:\/aws\/lambda\/kafka-producer-dev-[a-z-]+:log-stream:\*"}$/.test(text)),
        `${name}: ${text}`,
      )
    }
    const write = statements.find(({ Action }: { Action: string[] }) => Action.includes('kafka-cluster:WriteData'))
    const topics = write.Resource.map((arn: string) => arn.split('/').at(-1))
    assert.deepEqual(
      topics,
      {
        HttpRole: ['chat', 'earthquakes'],
        SqsRole: ['earthquakes'],
        SqsFifoRole: ['chat'],
        EventbridgeRole: ['earthquakes'],
        RedriveRole: ['chat', 'earthquakes'],
      }[name],
    )
  }
  // The only statements for every principal deny requests without TLS.
  const policies = [...only('AWS::S3::BucketPolicy'), ...only('AWS::SQS::QueuePolicy')].flatMap(
    ({ PolicyDocument }) => PolicyDocument.Statement,
  )
  for (const { Effect, Principal } of policies) assert.ok(Principal !== '*' || Effect === 'Deny')
  for (const { Principal } of only('AWS::Lambda::Permission'))
    assert.match(Principal, /^(apigateway|events)\.amazonaws\.com$/)
})

test('secrets in the environment, a timeout that is too short and an unknown parameter are refused', () => {
  const brokers = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }
  const refusals: [string[], Record<string, string>, RegExp][] = [
    [[], { ...brokers, KAFKA_SASL_PASSWORD: 'hunter2' }, /KAFKA_SASL_PASSWORD: expected this value in a secret/],
    [[], { ...brokers, KAFKA_REQUEST_TIMEOUT_MS: '27000' }, /KAFKA_FUNCTION_TIMEOUT_MS/],
    [['--param', 'colour=red'], brokers, /--param colour: unknown/],
    [['--param', 'maximumConcurrency=1'], brokers, /from 2 to 1000/],
    [
      [],
      { ...brokers, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM' },
      /KAFKA_MSK_CLUSTER_ARN: expected it with sasl\.mechanism AWS_MSK_IAM/,
    ],
  ]
  for (const [args, env, says] of refusals) {
    const { status, stdout, stderr } = run(args, env)
    assert.equal(status, 1, stdout)
    assert.match(stderr, says)
    assert.ok(!stderr.includes('hunter2'))
  }
})

test('a secret, a VPC and reserved concurrency are in the template', () => {
  const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_a-AbCdEf'
  const { status, stderr } = run(
    ['--param', 'subnetIds=subnet-1,subnet-2', '--param', 'securityGroupIds=sg-1', '--param', 'reservedConcurrency=15'],
    {
      KAFKA_BOOTSTRAP_SERVERS: 'a:9096,b:9096',
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SECRET_ARN: secret,
    },
  )
  assert.equal(status, 0, stderr)
  const other = read()
  const functions = Object.values(other).filter(({ Type }) => Type === 'AWS::Lambda::Function')
  for (const { Properties } of functions) {
    assert.deepEqual(Properties.VpcConfig, { SecurityGroupIds: ['sg-1'], SubnetIds: ['subnet-1', 'subnet-2'] })
    assert.equal(Properties.ReservedConcurrentExecutions, 15)
  }
  assert.ok(JSON.stringify(other.HttpRole).includes(secret))
  assert.ok(!JSON.stringify(other.HttpRole).includes('kafka-cluster'))
})

test('targets of KAFKA_DEAD_LETTER follow the queue, each with only the permission to write', () => {
  assert.equal(run([], { KAFKA_DEAD_LETTER: 's3:my-letters/prod,dynamodb:letters' }).status, 0)
  const resources = Object.values(read())
  const http = resources.find(
    ({ Type, Properties }) => Type === 'AWS::Lambda::Function' && Properties.FunctionName.endsWith('-http'),
  )?.Properties
  assert.deepEqual(http.Environment.Variables.KAFKA_DEAD_LETTER, {
    'Fn::Join': ['', ['sqs:', { Ref: 'DeadLettersQueue' }, ',s3:my-letters/prod,dynamodb:letters']],
  })
  const roles = Object.entries(read()).filter(([, { Type }]) => Type === 'AWS::IAM::Role')
  for (const [, { Properties }] of roles.filter(([name]) => name !== 'RedriveRole')) {
    const text = JSON.stringify(Properties.Policies)
    assert.match(
      text,
      /"Action":\["s3:PutObject"\],"Resource":\{"Fn::Sub":"arn:\$\{AWS::Partition\}:s3:::my-letters\/prod\/\*"\}/,
    )
    assert.match(text, /"Action":\["dynamodb:PutItem"\],"Resource":\{"Fn::Sub":"arn:[^"]*:table\/letters"\}/)
  }
  assert.equal(run([], { KAFKA_DEAD_LETTER: 'sqs:https://sqs.eu-west-1.amazonaws.com/1/q' }).status, 1)
  assert.equal(run([], { KAFKA_DEAD_LETTER: 'none' }).status, 1)
})

test('only redrive may read and delete dead letters; a schedule needs its parameter', () => {
  const reads = ofType('AWS::IAM::Role').filter(([, { Properties }]) =>
    JSON.stringify(Properties).match(/ReceiveMessage[^}]*DeadLettersQueue/),
  )
  assert.deepEqual(
    reads.map(([name]) => name),
    ['RedriveRole'],
  )
  const all = JSON.stringify(resources.RedriveRole)
  for (const queue of [
    'DeadLettersQueue',
    'EventFailuresBucket',
    'EventRuleFailuresQueue',
    'EarthquakesQueueFailures',
    'ChatFifoQueueFailures',
  ])
    assert.ok(all.includes(queue), queue)
  assert.equal(only('AWS::Events::Rule').length, 1)
  assert.equal(run(['--param', 'redriveSchedule=rate(1 hour)']).status, 0)
  const rules = Object.values(read()).filter(({ Type }) => Type === 'AWS::Events::Rule')
  assert.ok(rules.some(({ Properties }) => Properties.ScheduleExpression === 'rate(1 hour)'))
})

test('dead letters in Kafka and notifications: each with its permission', () => {
  const msk = 'arn:aws:kafka:eu-west-1:123456789012:cluster/example/00000000-0000-4000-8000-000000000000-1'
  const env = {
    KAFKA_MSK_CLUSTER_ARN: msk,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
    KAFKA_DEAD_LETTER: 'kafka:{topic}-dlt',
  }
  assert.equal(
    run([], { ...env, KAFKA_DEAD_LETTER_NOTIFY: 'sns:arn:aws:sns:eu-west-1:123456789012:letters,eventbridge:ops' })
      .status,
    0,
  )
  const role = JSON.stringify(read().SqsRole)
  assert.ok(role.includes('earthquakes-dlt') && !role.includes('chat-dlt'))
  assert.match(role, /"Action":\["sns:Publish"\],"Resource":"arn:aws:sns:eu-west-1:123456789012:letters"/)
  assert.match(role, /"Action":\["events:PutEvents"\],"Resource":\{"Fn::Sub":"arn:[^"]*event-bus\/ops"\}/)
})

test('alarms: four per function, the age of each source, messages in each failure queue; a topic if set', () => {
  const alarms = ofType('AWS::CloudWatch::Alarm')
  const operations = readFileSync('docs/operations.md', 'utf8')
  const names = alarms.map(([name]) => name.replace(/Alarm$/, ''))
  for (const name of ['Http', 'Sqs', 'SqsFifo', 'Eventbridge', 'Redrive'])
    for (const kind of ['Errors', 'Throttles', 'Slow', 'ConnectionAttempts']) {
      assert.ok(names.includes(`${name}${kind}`), `${name}${kind}`)
      assert.ok(operations.includes(`\n### ${kind}\n`), kind)
    }
  for (const name of [
    'EarthquakesQueueAge',
    'ChatFifoQueueAge',
    'DeadLettersQueueNotEmpty',
    'EventRuleFailuresQueueNotEmpty',
    'EarthquakesQueueFailuresNotEmpty',
  ])
    assert.ok(names.includes(name), name)
  assert.ok(
    alarms.every(
      ([, { Properties }]) => Properties.AlarmActions === undefined && Properties.TreatMissingData === 'notBreaching',
    ),
  )
  const topic = 'arn:aws:sns:eu-west-1:123456789012:alarms'
  assert.equal(run(['--param', `alarmTopicArn=${topic}`]).status, 0)
  const alarmsWithTopic = Object.values(read()).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
  assert.ok(alarmsWithTopic.every(({ Properties }) => Properties.AlarmActions[0] === topic))
})

/** The names of the metrics of an invocation that delivered a record. */
function metricsWritten(): string[] {
  const lines: string[] = []
  const delivered = {
    kind: 'delivered',
    record: { topic: 'chat', value: 'v' },
    attempts: 1,
  } as unknown as DeliveryReport
  new InvocationLog('f', line => lines.push(line)).invocation(
    'r',
    [delivered],
    [{ fate: 'delivered' } as RecordFate],
    producerMetrics(),
  )
  const { _aws } = JSON.parse(lines[0] as string) as { _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } }
  return _aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name))
}

test('the dashboard is JSON and has only metrics that the functions write', () => {
  const [{ DashboardBody }] = only('AWS::CloudWatch::Dashboard')
  const { widgets } = JSON.parse(DashboardBody['Fn::Sub'][0]) as { widgets: { properties: { metrics: unknown } }[] }
  const written = metricsWritten()
  assert.equal(widgets.length, 9)
  for (const metric of ['Records', 'BrokerTime', 'QueueTime', 'BatchRecords', 'Retries', 'ConnectionAttempts']) {
    assert.ok(JSON.stringify(widgets).includes(`MetricName=\\"${metric}\\"`), metric)
    assert.ok(written.includes(metric), metric)
  }
})

const TRUSTSTORE = 'dist/files/ssl.truststore.location.pem'

test('VPC endpoints, a file system, code signing and a truststore are in the package', t => {
  mkdirSync('.local', { recursive: true })
  writeFileSync('.local/ca.pem', '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n')
  t.after(() => rmSync('.local/ca.pem'))
  const ids = { vpcId: 'vpc-0a1b2c3d', subnetIds: 'subnet-0a1b2c3d', securityGroupIds: 'sg-0a1b2c3d' }
  const vpc = Object.entries(ids).flatMap(([name, id]) => ['--param', `${name}=${id}`])
  const endpoints = ['--param', 'vpcEndpoints=sqs,s3', '--param', 'routeTableIds=rtb-0a1b2c3d']
  const signing = 'arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0a1b2c3d4e5f60718'
  const more = [
    'existingEndpointGroupIds=sg-0e1b2c3d',
    `efsAccessPointArn=${ACCESS_POINT}`,
    `codeSigningConfigArn=${signing}`,
  ]
  const { status, stderr } = run([...vpc, ...endpoints, ...more.flatMap(param => ['--param', param])], {
    KAFKA_DEAD_LETTER: 'disk:/mnt/efs/dead-letters',
    KAFKA_SSL_TRUSTSTORE_LOCATION: '.local/ca.pem',
  })
  assert.equal(status, 0, stderr)
  const created = read()
  assert.deepEqual(created.SqsEndpoint?.Properties.SubnetIds, ['subnet-0a1b2c3d'])
  assert.deepEqual(created.SqsEndpoint?.Properties.SecurityGroupIds, [
    { 'Fn::GetAtt': ['EndpointSecurityGroup', 'GroupId'] },
  ])
  assert.deepEqual(
    [created.S3Endpoint?.Properties.VpcEndpointType, created.S3Endpoint?.Properties.RouteTableIds],
    ['Gateway', ['rtb-0a1b2c3d']],
  )
  const functions = Object.values(created).filter(({ Type }) => Type === 'AWS::Lambda::Function')
  for (const { Properties } of functions) {
    assert.deepEqual(Properties.FileSystemConfigs, [{ Arn: ACCESS_POINT, LocalMountPath: '/mnt/efs' }])
    assert.equal(Properties.CodeSigningConfigArn, signing)
    assert.equal(Properties.Environment.Variables.KAFKA_SSL_TRUSTSTORE_LOCATION, `/var/task/${TRUSTSTORE}`)
  }
  const { stdout } = spawnSync('unzip', ['-p', '.serverless/http.zip', TRUSTSTORE], { encoding: 'utf8' })
  assert.equal(stdout, readFileSync('.local/ca.pem', 'utf8'))
  assert.equal(lint(), '')
  assert.match(run([...vpc, '--param', 'vpcEndpoints=s3']).stderr, /routeTableIds/)
  assert.match(run(['--param', 'vpcEndpoints=sqs']).stderr, /vpcId/)
  assert.match(run([...vpc, '--param', 'vpcEndpoints=ftp']).stderr, /expected sqs/)
})

test('zips are reproducible and contain what the handlers import', async () => {
  const hashes = () =>
    FUNCTIONS.map(name =>
      createHash('sha256')
        .update(readFileSync(`.serverless/${name}.zip`))
        .digest('hex'),
    )
  assert.equal(run([]).status, 0)
  const first = hashes()
  assert.equal(run([]).status, 0)
  assert.deepEqual(hashes(), first)
  Object.assign(process.env, {
    KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9',
    KAFKA_DEAD_LETTER: 'disk:.local/none',
    KAFKA_MAX_BLOCK_MS: '1',
  })
  for (const { Handler } of only('AWS::Lambda::Function')) {
    const [path, name] = [Handler.slice(0, Handler.lastIndexOf('.')), Handler.slice(Handler.lastIndexOf('.') + 1)]
    assert.ok(existsSync(`${path}.mjs`))
    const loaded = (await import(`../../${path}.mjs`)) as Record<string, unknown>
    assert.equal(typeof loaded[name], 'function', Handler)
  }
})

// Identifiers that cfn-lint accepts.
const ACCESS_POINT = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0a1b2c3d4e5f60718'
const GUARDED = [
  ...['--param', 'kmsKeyArn=arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-4333-8444-555555555555'],
  ...[
    '--param',
    'subnetIds=subnet-0a1b2c3d',
    '--param',
    'securityGroupIds=sg-0a1b2c3d',
    '--param',
    'reservedConcurrency=15',
  ],
  ...['--param', 'tags=team=data,cost=42', '--param', 'httpRateLimit=100', '--param', 'httpBurstLimit=50'],
]

test('a stage has its own queues, a KMS key, tags, request limits, metrics and alarms', () => {
  const { status, stderr } = run(['--stage', 'staging', ...GUARDED], { KAFKA_QUEUE_PREFIX: 'staging-' })
  assert.equal(status, 0, stderr)
  const created = read()
  const key = GUARDED[1]?.split('=')[1]
  const of = (type: string) => Object.values(created).filter(({ Type }) => Type === type)
  assert.deepEqual(
    of('AWS::SQS::Queue')
      .map(({ Properties }) => Properties.QueueName)
      .filter(name => typeof name === 'string')
      .sort(),
    [
      'kafka-producer-staging-redrive-lease.fifo',
      'kafka-producer-staging-staging-chat-failures.fifo',
      'kafka-producer-staging-staging-earthquakes-failures',
      'staging-chat.fifo',
      'staging-earthquakes',
    ],
  )
  for (const { Properties } of of('AWS::SQS::Queue')) assert.equal(Properties.KmsMasterKeyId, key)
  for (const { Properties } of of('AWS::Logs::LogGroup')) assert.equal(Properties.KmsKeyId, key)
  for (const { Properties } of of('AWS::Lambda::Function')) {
    assert.equal(Properties.KmsKeyArn, key)
    assert.equal(Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME, Properties.FunctionName)
    assert.equal(Properties.Environment.Variables.KAFKA_QUEUE_PREFIX, 'staging-')
    assert.deepEqual(Properties.Tags, [
      { Key: 'team', Value: 'data' },
      { Key: 'cost', Value: '42' },
    ])
  }
  for (const { Properties } of of('AWS::IAM::Role'))
    assert.match(
      JSON.stringify(Properties),
      /"Action":\["kms:Decrypt","kms:GenerateDataKey"\],"Resource":"arn:aws:kms:eu-west-1:123456789012:key\/1/,
    )
  const [{ Properties: stage }] = of('AWS::ApiGatewayV2::Stage') as [Resource]
  assert.deepEqual(
    [stage.DefaultRouteSettings.ThrottlingRateLimit, stage.DefaultRouteSettings.ThrottlingBurstLimit],
    [100, 50],
  )
  const attemptAlarms = Object.values(created).filter(
    ({ Properties }) => Properties?.MetricName === 'ConnectionAttempts',
  )
  const names = of('AWS::Lambda::Function').map(({ Properties }) => Properties.FunctionName)
  assert.deepEqual(attemptAlarms.map(({ Properties }) => Properties.Dimensions[0].Value).sort(), names.sort())
})

test('the file of a stage sets its parameters; the command and the environment override it', () => {
  mkdirSync('stages', { recursive: true })
  const file = 'stages/packagetest.json'
  try {
    writeFileSync(
      file,
      JSON.stringify({
        settings: { KAFKA_BOOTSTRAP_SERVERS: 'a:9092', KAFKA_COMPRESSION_TYPE: 'lz4', KAFKA_CLIENT_ID: 'of-file' },
        params: { outageS: '3600' },
      }),
    )
    assert.equal(
      run(['--stage', 'packagetest', '--param', 'reservedConcurrency=13'], { KAFKA_CLIENT_ID: 'of-env' }).status,
      0,
    )
    const { Environment, ReservedConcurrentExecutions } = (
      Object.values(read()).find(({ Type }) => Type === 'AWS::Lambda::Function') as Resource
    ).Properties
    const { KAFKA_BOOTSTRAP_SERVERS, KAFKA_COMPRESSION_TYPE, KAFKA_CLIENT_ID } = Environment.Variables
    assert.deepEqual(
      [KAFKA_BOOTSTRAP_SERVERS, KAFKA_COMPRESSION_TYPE, KAFKA_CLIENT_ID, ReservedConcurrentExecutions],
      ['a:9092', 'lz4', 'of-env', 13],
    )
    assert.equal(read().EarthquakesQueue?.Properties.RedrivePolicy.maxReceiveCount, 17)
    writeFileSync(file, JSON.stringify({ settings: { colour: 'red' }, param: {} }))
    const { status, stderr } = run(['--stage', 'packagetest'])
    assert.equal(status, 1)
    assert.match(stderr, /"settings" and "params", got param/)
    assert.match(stderr, /settings: expected an object of strings/)
  } finally {
    rmSync(file)
    if (readdirSync('stages').length === 0) rmdirSync('stages')
  }
})

test('the error for an invalid parameter lists the valid values', () => {
  for (const [param, says] of [
    ['kmsKeyArn=alias/mine', /kmsKeyArn: expected the ARN of a KMS key \(…:key\/…\), got alias\/mine/],
    ['subnetIds=subnet-1,vpc-2', /subnetIds: expected subnet-…, separated by commas/],
    ['redriveSchedule=hourly', /redriveSchedule: expected rate\(…\) or cron\(…\)/],
    ['httpRateLimit=0', /httpRateLimit: expected a whole number from 1 to 1000000/],
    ['tags=team', /tags: expected name=value/],
  ] as const)
    assert.match(run(['--param', param]).stderr, says)
})

test('an account’s names, boundary and bucket, and queues and buses of others, are in the template', () => {
  const queue = 'arn:aws:sqs:eu-west-1:111122223333:earthquakes'
  const boundary = 'arn:aws:iam::123456789012:policy/boundary'
  const params = {
    ...{ serviceName: 'events', deploymentBucket: 'my-bucket', permissionsBoundaryArn: boundary, rolePath: '/team/' },
    ...{ existingQueues: queue, existingDlqs: `${queue}-dlq`, eventBus: 'shop' },
  }
  const { status, stderr } = run(Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]))
  assert.equal(status, 0, stderr)
  const created = Object.values(read())
  const of = (type: string) => created.filter(({ Type }) => Type === type).map(({ Properties }) => Properties)
  assert.ok(of('AWS::Lambda::Function').every(({ FunctionName }) => FunctionName.startsWith('events-dev-')))
  assert.ok(of('AWS::Logs::LogGroup').every(({ LogGroupName }) => LogGroupName.includes('/events-dev')))
  for (const { PermissionsBoundary, Path } of of('AWS::IAM::Role'))
    assert.deepEqual([PermissionsBoundary, Path], [boundary, '/team/'])
  // None for the zips.
  assert.deepEqual(
    Object.entries(read()).flatMap(([id, { Type }]) => (Type === 'AWS::S3::Bucket' ? [id] : [])),
    ['EventFailuresBucket'],
  )
  assert.ok(of('AWS::Lambda::EventSourceMapping').some(({ EventSourceArn }) => EventSourceArn === queue))
  assert.ok(of('AWS::SQS::Queue').every(({ QueueName }) => QueueName !== 'earthquakes'))
  assert.deepEqual(
    of('AWS::Events::Rule').map(({ EventBusName }) => EventBusName),
    ['shop'],
  )
  assert.equal(lint(), '')
})

test('parameters of single functions and queues are in the template', () => {
  const filters = [{ body: { type: ['quake'] } }]
  const params = {
    ...{ 'memorySize.http': 256, 'timeoutS.sqs': 120, 'batchSize.earthquakes': 50, 'maximumPollers.earthquakes': 3 },
    ...{ 'provisionedConcurrency.http': 2, 'provisionedConcurrency.eventbridge': 1, 'reservedConcurrency.http': 9 },
    'filterPatterns.earthquakes': JSON.stringify(filters),
  }
  const { status, stderr } = run(Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]))
  assert.equal(status, 0, stderr)
  const created = read()
  const { MemorySize, ReservedConcurrentExecutions } = created.HttpLambdaFunction?.Properties ?? {}
  assert.deepEqual(
    [MemorySize, ReservedConcurrentExecutions, created.SqsLambdaFunction?.Properties.Timeout],
    [256, 9, 120],
  )
  const { BatchSize, ProvisionedPollerConfig, FilterCriteria } =
    created.SqsEventSourceMappingSQSEarthquakesQueue?.Properties ?? {}
  assert.deepEqual(
    [BatchSize, ProvisionedPollerConfig, FilterCriteria],
    [50, { MinimumPollers: 2, MaximumPollers: 3 }, { Filters: [{ Pattern: JSON.stringify(filters[0]) }] }],
  )
  const aliases = Object.entries(created).filter(([, { Type }]) => Type === 'AWS::Lambda::Alias')
  assert.deepEqual(
    aliases.map(([id, { Properties }]) => [id, Properties.Name, Properties.ProvisionedConcurrencyConfig]).sort(),
    [
      ['EventbridgeProvConcLambdaAlias', 'provisioned', { ProvisionedConcurrentExecutions: 1 }],
      ['HttpProvConcLambdaAlias', 'provisioned', { ProvisionedConcurrentExecutions: 2 }],
    ],
  )
  assert.match(JSON.stringify(created.HttpApiIntegrationHttp), /HttpProvConcLambdaAlias/)
  assert.equal(lint(), '')
})

test('a JWT authorizer, a domain, layers, traces and JSON logs are in the template', () => {
  const layer = 'arn:aws:lambda:eu-west-1:901920570463:layer:aws-otel-nodejs-arm64-ver-1-30-2:1'
  const params = {
    ...{ httpAuth: 'jwt', jwtIssuer: 'https://issuer.example.com/', jwtAudience: 'kafka', jwtScopes: 'send' },
    ...{ domainName: 'send.example.com', certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1' },
    ...{
      layers: layer,
      execWrapper: '/opt/otel-handler',
      tracing: 'active',
      logFormat: 'JSON',
      logRetentionDays: '90',
    },
  }
  const { status, stderr } = run(Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]))
  assert.equal(status, 0, stderr)
  const created = Object.values(read())
  const of = (type: string) => created.filter(({ Type }) => Type === type).map(({ Properties }) => Properties)
  const [authorizer] = of('AWS::ApiGatewayV2::Authorizer')
  assert.deepEqual(authorizer.JwtConfiguration, { Audience: ['kafka'], Issuer: 'https://issuer.example.com/' })
  for (const { AuthorizationType, AuthorizationScopes } of of('AWS::ApiGatewayV2::Route'))
    assert.deepEqual([AuthorizationType, AuthorizationScopes], ['JWT', ['send']])
  for (const { Layers, TracingConfig, LoggingConfig } of of('AWS::Lambda::Function'))
    assert.deepEqual([Layers, TracingConfig, LoggingConfig], [[layer], { Mode: 'Active' }, { LogFormat: 'JSON' }])
  assert.ok(of('AWS::Logs::LogGroup').every(({ RetentionInDays }) => RetentionInDays === 90))
  assert.equal(of('AWS::ApiGatewayV2::ApiMapping').length, 1)
  assert.equal(lint(), '')
})

test('a Lambda authorizer, senders and limits of FIFO queues by group are in the template', () => {
  const functionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:admit'
  const params = {
    ...{ httpAuth: 'lambda', authorizerArn: functionArn, authorizerTtlS: '60' },
    'senders.earthquakes': 'arn:aws:sns:eu-west-1:111122223333:quakes,arn:aws:s3:::quakes',
    fifoThroughput: 'perMessageGroupId',
  }
  const { status, stderr } = run(Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]))
  assert.equal(status, 0, stderr)
  const created = Object.values(read())
  const of = (type: string) => created.filter(({ Type }) => Type === type).map(({ Properties }) => Properties)
  const [authorizer] = of('AWS::ApiGatewayV2::Authorizer')
  const { AuthorizerType, EnableSimpleResponses, AuthorizerPayloadFormatVersion } = authorizer
  assert.deepEqual([AuthorizerType, EnableSimpleResponses, AuthorizerPayloadFormatVersion], ['REQUEST', true, '2.0'])
  assert.ok(of('AWS::Lambda::Permission').some(({ FunctionName }) => FunctionName === functionArn))
  for (const { AuthorizationType } of of('AWS::ApiGatewayV2::Route')) assert.equal(AuthorizationType, 'CUSTOM')
  assert.equal(lint(), '')
})

test('with a gradual deployment each alias is updated through CodeDeploy, and keeps its own concurrency', () => {
  const params = ['deploymentPreference=Linear10PercentEvery2Minutes', 'provisionedConcurrency.http=2']
  const { status, stdout, stderr } = run(params.flatMap(param => ['--param', param]))
  assert.equal(status, 0, stderr)
  assert.match(stdout, /CodeDeployRole\n {2}the policy .*AWSCodeDeployRoleForLambdaLimited/)
  const created = read() as Record<string, Resource & { UpdatePolicy?: object }>
  for (const key of ['Http', 'Sqs', 'SqsDashfifo', 'Eventbridge']) {
    const alias = created[`${key}ProvConcLambdaAlias`]
    const ProvisionedConcurrencyConfig = key === 'Http' ? { ProvisionedConcurrentExecutions: 2 } : NO_VALUE
    assert.deepEqual(alias?.Properties.ProvisionedConcurrencyConfig, ProvisionedConcurrencyConfig)
    const group = `${key === 'SqsDashfifo' ? 'SqsFifo' : key}DeploymentGroup`
    const update = { ApplicationName: { Ref: 'CodeDeployApplication' }, DeploymentGroupName: { Ref: group } }
    assert.deepEqual(alias?.UpdatePolicy, { CodeDeployLambdaAliasUpdate: update })
    assert.equal(created[group]?.Type, 'AWS::CodeDeploy::DeploymentGroup')
  }
  assert.equal(lint(), '')
})

test('checkov finds only what docs/deploy-reference.md explains; with its recommendations, only two', () => {
  const explained = [...readFileSync('docs/deploy-reference.md', 'utf8').matchAll(/\| `(CKV_AWS_\d+)` \|/g)].map(
    ([, id]) => id,
  )
  const found = () => {
    const { stdout } = spawnSync(
      process.env.CHECKOV ?? 'checkov',
      [
        '-f',
        '.serverless/cloudformation-template-update-stack.json',
        '--framework',
        'cloudformation',
        '--skip-download',
        '-o',
        'json',
      ],
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    )
    const { results, summary } = JSON.parse(stdout) as {
      results: { failed_checks: { check_id: string }[] }
      summary: { passed: number; parsing_errors: number }
    }
    assert.ok(summary.passed > 50 && summary.parsing_errors === 0)
    return [...new Set(results.failed_checks.map(({ check_id }) => check_id))].sort()
  }
  assert.equal(run([]).status, 0)
  assert.deepEqual(found(), explained.sort())
  assert.equal(run(GUARDED).status, 0)
  assert.deepEqual(found(), ['CKV_AWS_116', 'CKV_AWS_18'])
})

const FORMS = ['cloudformation-template-update-stack.json', 'template.json', 'sam.template.json']

/** What cfn-lint finds in each form of the template, but for the packager’s DependsOn beside a reference (W3005). */
function lint(): string {
  const { stdout, stderr } = spawnSync(
    process.env.CFN_LINT ?? 'cfn-lint',
    ['--ignore-checks', 'W3005', '--', ...FORMS.map(name => `.serverless/${name}`)],
    { encoding: 'utf8' },
  )
  return stdout + stderr
}

test('cfn-lint finds only W3005', () => {
  for (const args of [GUARDED, []]) {
    assert.equal(run(args).status, 0)
    assert.equal(lint(), '')
  }
})
