// Synthesizes the construct from a package (PACKAGE, of stage dev, with a gradual deployment) and compares it with the
// packaged template.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { KafkaProducerFunctions } from './kafka-producer-functions.ts'

const packageFolder = process.env.PACKAGE ?? '.serverless'
const env = { account: '123456789012', region: 'eu-west-1' }
const stackOf = (region = env.region) => new Stack(new App(), 'KafkaProducer', { env: { ...env, region } })
const stack = stackOf()
const producer = new KafkaProducerFunctions(stack, 'Producer', { packageFolder, stage: 'dev' })
const synthesized = Template.fromStack(stack).toJSON()
const packaged = JSON.parse(readFileSync(`${packageFolder}/cloudformation-template-update-stack.json`, 'utf8'))

interface Resource {
  readonly Type: string
  readonly Properties: Record<string, unknown>
  readonly DependsOn?: string | string[]
}

/** What both templates must have alike: all but the place of the code, and what CDK notes for itself. */
function comparable(resources: Record<string, Resource>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(resources)
      .filter(([id]) => !id.startsWith('ServerlessDeploymentBucket'))
      .map(([id, { Type, Properties, DependsOn = [], ...attributes }]) => {
        const { Code, ...properties } = Properties
        const { Metadata: _, ...others } = attributes as { Metadata?: unknown }
        assert.equal(Code !== undefined, Type === 'AWS::Lambda::Function')
        return [id, { Type, properties, ...others, DependsOn: [DependsOn].flat().sort() }]
      }),
  )
}

test('the construct has every resource, statement and alarm of the packaged template, and no others', () => {
  let text = JSON.stringify(synthesized.Resources)
  for (const [id, resource] of producer.resources)
    for (const [before, after] of [
      ['"', '"'],
      ['${', '}'],
      ['${', '.'],
    ])
      text = text.replaceAll(`${before}${stack.resolve(resource.logicalId)}${after}`, `${before}${id}${after}`)
  const ofConstruct = comparable(JSON.parse(text))
  assert.deepEqual(ofConstruct, comparable(packaged.Resources))
  const count = (type: string) => Object.values(packaged.Resources as object).filter(({ Type }) => Type === type).length
  assert.ok(
    count('AWS::Lambda::Function') === 5 && count('AWS::CloudWatch::Alarm') > 20 && count('AWS::IAM::Role') === 6,
  )
})

test('the code of each function is its zip', () => {
  const functions = Template.fromStack(stack).findResources('AWS::Lambda::Function')
  for (const { Properties } of Object.values(functions)) {
    const { S3Key } = Properties.Code as { S3Key: string }
    assert.match(S3Key, /^[0-9a-f]{64}\.zip$/)
  }
})

test('functions and queues can be granted to others', () => {
  assert.deepEqual(Object.keys(producer.functions).sort(), ['eventbridge', 'http', 'redrive', 'sqs', 'sqs-fifo'])
  const other = stackOf()
  const { queues, functions } = new KafkaProducerFunctions(other, 'Producer', { packageFolder, stage: 'dev' })
  const role = new Role(other, 'Sender', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
  queues.EarthquakesQueue?.grantSendMessages(role)
  functions.redrive?.grantInvoke(role)
  const [policy] = Object.values(Template.fromStack(other).findResources('AWS::IAM::Policy'))
  const text = JSON.stringify(policy)
  assert.match(text, /sqs:SendMessage.*ProducerEarthquakesQueue/)
  assert.match(text, /lambda:InvokeFunction.*ProducerRedriveLambdaFunction/)
})

test('a package of another stage or region is refused', () => {
  assert.throws(
    () => new KafkaProducerFunctions(stackOf(), 'P', { packageFolder, stage: 'prod' }),
    /was packaged for stage dev, expected prod/,
  )
  assert.throws(
    () => new KafkaProducerFunctions(stackOf('us-east-1'), 'P', { packageFolder, stage: 'dev' }),
    /was packaged for eu-west-1, expected us-east-1/,
  )
})

test('cfn-lint finds only W3005, a DependsOn besides a reference', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-'))
  try {
    writeFileSync(join(folder, 'template.json'), JSON.stringify(synthesized))
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
