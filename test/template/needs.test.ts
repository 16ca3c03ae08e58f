// Every accepted parameter changes what is deployed; a parameter without effect is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../lib/errors.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { oslsForm } from '../../scripts/template/osls-form.ts'
import { PARAMETER_ROWS, type ParameterName } from '../../scripts/template/parameters/table.ts'
import { MSK_IAM } from '../support/contract-sets.ts'
import { contractsFedBy } from '../support/contracts.ts'
import { problemsOf } from '../support/problems-of.ts'

const CERTIFICATE = 'certificateArn=arn:aws:acm:eu-west-1:123456789012:certificate/1'
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1'
const QUEUE_ARN = 'arn:aws:sqs:eu-west-1:111122223333:orders'
const ACCESS_POINT = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0a1b2c3d4e5f60718'
const JWT = ['httpAuth=jwt', 'jwtIssuer=https://a.example', 'jwtAudience=a']
const AUTHORIZER = 'arn:aws:lambda:eu-west-1:123456789012:function:admit'
const LAMBDA = ['httpAuth=lambda', `authorizerArn=${AUTHORIZER}`]
const VPC = ['subnetIds=subnet-1', 'securityGroupIds=sg-1']
const ENDPOINTS = [...VPC, 'vpcId=vpc-1', 'vpcEndpoints=sqs']
const BROKERS = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }
const SCRAM = {
  ...BROKERS,
  KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
  KAFKA_SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_a-AbCdEf',
}

interface Sample {
  readonly value: string
  /** Parameters that it can't be without, or whose value it changes. */
  readonly beside?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const SAMPLES: Readonly<Record<ParameterName, Sample>> = {
  httpAuth: { value: 'public' },
  jwtIssuer: { value: 'https://b.example', beside: JWT },
  jwtAudience: { value: 'b', beside: JWT },
  jwtScopes: { value: 'send', beside: JWT },
  authorizerArn: { value: `${AUTHORIZER}:live`, beside: LAMBDA },
  authorizerIdentitySources: { value: '$request.header.X-Key', beside: LAMBDA },
  authorizerTtlS: { value: '60', beside: LAMBDA },
  domainName: { value: 'b.example.com', beside: ['domainName=a.example.com', CERTIFICATE] },
  certificateArn: {
    value: 'arn:aws:acm:eu-west-1:123456789012:certificate/2',
    beside: ['domainName=a.example.com', CERTIFICATE],
  },
  httpRateLimit: { value: '5' },
  httpBurstLimit: { value: '5' },
  maximumConcurrency: { value: '20' },
  batchSize: { value: '5' },
  batchWindowS: { value: '5' },
  filterPatterns: { value: '[{"body":{"a":[1]}}]' },
  minimumPollers: { value: '4', beside: ['maximumPollers=20'] },
  maximumPollers: { value: '20' },
  senders: { value: 'arn:aws:iam::111122223333:root' },
  fifoThroughput: { value: 'perMessageGroupId' },
  outageS: { value: '3600' },
  existingQueues: { value: QUEUE_ARN },
  existingDlqs: { value: `${QUEUE_ARN}-dlq`, beside: [`existingQueues=${QUEUE_ARN}`] },
  existingQueueKeyArns: { value: KEY, beside: [`existingQueues=${QUEUE_ARN}`] },
  eventBus: { value: 'shop' },
  memorySize: { value: '1024' },
  timeoutS: { value: '20' },
  reservedConcurrency: { value: '1000' },
  provisionedConcurrency: { value: '2' },
  deploymentPreference: { value: 'Canary10Percent10Minutes' },
  eventFailures: { value: 'sqs' },
  layers: { value: 'arn:aws:lambda:eu-west-1:123456789012:layer:a:1' },
  codeSigningConfigArn: { value: 'arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0a1b2c3d4e5f60718' },
  execWrapper: { value: '/opt/a', beside: ['layers=arn:aws:lambda:eu-west-1:123456789012:layer:a:1'] },
  tracing: { value: 'active' },
  logFormat: { value: 'JSON' },
  systemLogLevel: { value: 'WARN', beside: ['logFormat=JSON'] },
  logRetentionDays: { value: '7' },
  redriveSchedule: { value: 'rate(1 hour)' },
  subnetIds: { value: 'subnet-2', beside: VPC },
  securityGroupIds: { value: 'sg-2', beside: VPC },
  vpcId: { value: 'vpc-2', beside: ENDPOINTS },
  vpcEndpoints: { value: 'ssm', beside: ENDPOINTS },
  routeTableIds: { value: 'rtb-2', beside: [...ENDPOINTS, 'vpcEndpoints=s3', 'routeTableIds=rtb-1'] },
  endpointSecurityGroupIds: { value: 'sg-9', beside: ENDPOINTS },
  existingEndpointGroupIds: { value: 'sg-8', beside: VPC },
  efsAccessPointArn: { value: ACCESS_POINT, beside: VPC },
  efsMountPath: { value: '/mnt/data', beside: [...VPC, `efsAccessPointArn=${ACCESS_POINT}`] },
  alarmTopicArn: { value: 'arn:aws:sns:eu-west-1:123456789012:alarms' },
  alarmPeriods: { value: '2' },
  alarmErrors: { value: '5' },
  alarmThrottles: { value: '5' },
  alarmReturned: { value: '5' },
  alarmServerErrors: { value: '5' },
  alarmSlowPercent: { value: '50' },
  alarmConnectionAttempts: { value: '5' },
  alarmEventAgeS: { value: '5' },
  alarmMessageAgeS: { value: '5' },
  alarmDeadLetterAgeS: { value: '5' },
  topicPrefixes: { value: 'ord', env: MSK_IAM },
  serviceName: { value: 'events' },
  deploymentBucket: { value: 'bucket' },
  permissionsBoundaryArn: { value: 'arn:aws:iam::123456789012:policy/a' },
  rolePath: { value: '/teams/' },
  secretKeyArn: { value: KEY, env: SCRAM },
  targetKeyArns: { value: KEY, env: { ...BROKERS, KAFKA_DEAD_LETTER: 's3:bucket' } },
  kmsKeyArn: { value: KEY },
  tags: { value: 'team=data' },
}

const FEEDS = {
  'redrive only': { http: false },
  'HTTP only': { http: true },
  'standard queue only': { http: false, sqs: [{ queue: 'orders' }] },
  'FIFO queue only': { http: false, sqs: [{ queue: 'orders.fifo' }] },
  'events only': { http: false, eventbridge: [{ source: ['shop'] }] },
  'events of a bus of its own': { http: false, eventbridge: [{ bus: 'a', source: ['shop'] }] },
  everything: {
    http: true,
    sqs: [{ queue: 'orders' }, { queue: 'returns.fifo' }],
    eventbridge: [{ source: ['shop'] }],
  },
}
const EVERYTHING = FEEDS.everything

type Env = Readonly<Record<string, string>>

const deploymentFrom = (from: object, params: readonly string[], env: Env) =>
  deploymentOf(contractsFedBy({ orders: from }), env, readOptions(params))

/** @returns what is deployed, or the refusal */
function formOf(from: object, { beside = [], env = BROKERS }: Sample, params: readonly string[]): string {
  try {
    return JSON.stringify(oslsForm(deploymentFrom(from, [...beside, ...params], env)))
  } catch (error) {
    if (error instanceof ConfigError) return `refused: ${error.message}`
    throw error
  }
}

for (const [name] of PARAMETER_ROWS)
  test(`${name} changes what is deployed, or is refused`, () => {
    const sample = SAMPLES[name]
    const param = `${name}=${sample.value}`
    for (const [set, from] of Object.entries(FEEDS)) {
      const without = formOf(from, sample, [])
      const form = formOf(from, sample, [param])
      if (form.startsWith('refused: ')) assert.ok(form.includes(name) || form === without, `${set}: ${form}`)
      else assert.notEqual(form, without, `${set}: ${param} is accepted without an effect`)
    }
    assert.doesNotMatch(formOf(EVERYTHING, sample, [param]), /^refused: /)
  })

const refusal = (from: object, params: readonly string[], env: Env = {}) =>
  problemsOf(() => deploymentFrom(from, params, { ...BROKERS, ...env })).join('\n')

test('a refusal names the parameter and what it needs', () => {
  assert.equal(
    refusal(FEEDS['events only'], ['httpRateLimit=5', 'outageS=5'], { KAFKA_HTTP_CORS_ORIGINS: 'https://a.example' }),
    [
      'KAFKA_HTTP_CORS_ORIGINS: expected a contract that takes HTTP (from.http); ' +
        'without it KAFKA_HTTP_CORS_ORIGINS has no effect.',
      '--param httpRateLimit: expected a contract that takes HTTP (from.http); without it httpRateLimit has no effect.',
      '--param outageS: expected a contract with a queue (from.sqs) that is none of existingQueues; ' +
        'without it outageS has no effect.',
    ].join('\n'),
  )
})

test('a value for one queue needs it of that queue', () => {
  const existing = 'existingQueues=arn:aws:sqs:eu-west-1:111122223333:orders'
  const needs: readonly (readonly [string[], RegExp])[] = [
    [['fifoThroughput.orders=perMessageGroupId'], /fifoThroughput\.orders: expected a contract with a FIFO queue/],
    [['batchWindowS.returns.fifo=1'], /batchWindowS\.returns\.fifo: expected a contract .* that is no FIFO queue/],
    [['maximumPollers.orders=4', 'maximumConcurrency.orders=5'], /maximumConcurrency\.orders: .* no maximumPollers/],
    [[existing, 'senders.orders=arn:aws:iam::111122223333:root'], /senders\.orders: .* none of existingQueues/],
  ]
  for (const [params, says] of needs) assert.match(refusal(EVERYTHING, params), says)
})

test('what a parameter needs may be a setting or another parameter', () => {
  const needs: readonly (readonly [string, RegExp])[] = [
    ['secretKeyArn=arn:aws:kms:eu-west-1:123456789012:key/1', /expected KAFKA_SECRET_ARN too/],
    ['jwtScopes=send', /expected httpAuth=jwt;/],
    [`authorizerArn=${AUTHORIZER}`, /expected httpAuth=lambda;/],
    ['execWrapper=/opt/x', /expected layers too/],
    ['systemLogLevel=WARN', /expected logFormat=JSON too/],
    ['vpcId=vpc-1', /expected vpcEndpoints too/],
    ['routeTableIds=rtb-1', /expected vpcEndpoints with s3 or dynamodb too/],
    ['endpointSecurityGroupIds=sg-1', /expected vpcEndpoints with one of sqs, secretsmanager, .* too/],
    [`efsAccessPointArn=${ACCESS_POINT}`, /expected subnetIds too/],
    [`targetKeyArns=${KEY}`, /expected KAFKA_DEAD_LETTER with s3 or dynamodb, or KAFKA_DEAD_LETTER_NOTIFY too/],
    ['efsMountPath=/mnt/a', /expected efsAccessPointArn too/],
    ['existingEndpointGroupIds=sg-1', /expected subnetIds too/],
    [`existingDlqs=${QUEUE_ARN}`, /expected existingQueues too/],
  ]
  for (const [param, says] of needs) assert.match(refusal(EVERYTHING, [param]), says)
  assert.match(
    refusal(EVERYTHING, ['maximumPollers=20', 'maximumConcurrency=5']),
    /maximumConcurrency: expected a contract with a queue \(from\.sqs\) that has no maximumPollers/,
  )
})
