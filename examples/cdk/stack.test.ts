// Synthesizes the stack on this machine and checks what it needs so that no record is lost, its permissions, and
// cfn-lint.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { App, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { KafkaProducerStack } from './kafka-producer-stack.ts'

const CLUSTER = 'arn:aws:kafka:eu-west-1:123456789012:cluster/demo/00000000-0000-4000-8000-000000000000-1'
const env = { account: '123456789012', region: 'eu-west-1' }
const app = new App()
const vpc = Vpc.fromVpcAttributes(new Stack(app, 'Network', { env }), 'Vpc', {
  vpcId: 'vpc-0a1b2c3d',
  availabilityZones: ['eu-west-1a'],
  privateSubnetIds: ['subnet-0a1b2c3d'],
})
const stack = new KafkaProducerStack(app, 'KafkaProducer', {
  env,
  vpc,
  vpcId: 'vpc-0a1b2c3d',
  securityGroupId: 'sg-0a1b2c3d',
  bootstrapServers: 'b-1:9098,b-2:9098',
  clusterArn: CLUSTER,
})
const template = Template.fromStack(stack)

test('both functions run Node 24 on arm64, know their timeout and send dead letters to the queue', () => {
  template.resourceCountIs('AWS::Lambda::Function', 2)
  for (const [name, seconds] of [
    ['http', 29],
    ['sqs', 60],
  ] as const)
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: seconds,
      VpcConfig: { SecurityGroupIds: ['sg-0a1b2c3d'], SubnetIds: ['subnet-0a1b2c3d'] },
      Environment: {
        Variables: Match.objectLike({
          POWERTOOLS_SERVICE_NAME: name,
          KAFKA_FUNCTION_TIMEOUT_MS: String(seconds * 1000),
          KAFKA_DEAD_LETTER: { 'Fn::Join': ['', ['sqs:', { Ref: Match.stringLikeRegexp('^DeadLetters') }]] },
        }),
      },
    })
})

test('the queue: visibility timeout 6 × function timeout, source DLQ after 12 h, batchItemFailures', () => {
  template.hasResourceProperties('AWS::SQS::Queue', {
    QueueName: 'earthquakes',
    VisibilityTimeout: 360,
    MessageRetentionPeriod: 604_800,
    RedrivePolicy: Match.objectLike({ maxReceiveCount: 155 }),
  })
  template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true })
  template.resourcePropertiesCountIs('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_600 }, 2)
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 10 },
  })
})

test('HTTP requires IAM; roles name the topics that the trigger feeds', () => {
  template.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'AWS_IAM' })
  const topic = (name: string) => `${CLUSTER.replace(':cluster/', ':topic/')}/${name}`
  const statement = (Resource: unknown) =>
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: ['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'], Resource }),
        ]),
      },
    })
  statement([topic('chat'), topic('earthquakes')])
  statement(topic('earthquakes'))
  const wildcards = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
    Properties.PolicyDocument.Statement.filter(({ Resource }: { Resource: unknown }) => Resource === '*'),
  )
  assert.deepEqual(wildcards, [])
})

test('cfn-lint finds only what CDK writes twice (W3005, a DependsOn besides a reference)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-'))
  try {
    writeFileSync(join(folder, 'template.json'), JSON.stringify(template.toJSON()))
    const { stdout, stderr } = spawnSync(
      process.env.CFN_LINT ?? 'cfn-lint',
      ['--ignore-checks', 'W3005', '--', join(folder, 'template.json')],
      { encoding: 'utf8' },
    )
    assert.equal(stdout + stderr, '')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
