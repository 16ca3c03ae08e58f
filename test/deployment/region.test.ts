// The region of a deployment: who decides it, and what must be in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findRegion, partitionOf, regionOf, regionProblems } from '../../scripts/deployment/region.ts'
import { DEFAULTS } from '../../scripts/template/options.ts'

const msk = (region: string) => `arn:aws:kafka:${region}:123456789012:cluster/demo/0-1`

test('the region is that of --region, the stage, AWS_REGION, AWS_DEFAULT_REGION or the cluster, in this order', () => {
  const option = 'eu-west-1'
  const stage = 'eu-west-2'
  const cluster = { KAFKA_MSK_CLUSTER_ARN: msk('us-east-1') }
  const env = { AWS_REGION: 'eu-west-3', AWS_DEFAULT_REGION: 'eu-north-1', ...cluster }
  const none = { option: undefined, stage: undefined }
  assert.equal(findRegion({ option, stage, env }), 'eu-west-1')
  assert.equal(findRegion({ option: undefined, stage, env }), 'eu-west-2')
  assert.equal(findRegion({ ...none, env }), 'eu-west-3')
  assert.equal(findRegion({ ...none, env: { ...env, AWS_REGION: '' } }), 'eu-north-1')
  assert.equal(findRegion({ ...none, env: cluster }), 'us-east-1')
  assert.equal(findRegion({ ...none, env: {} }), undefined)
})

test('without any, a template is packaged for an example region, and no stack is changed', () => {
  const sources = { option: undefined, stage: undefined, env: {} }
  assert.equal(regionOf(sources, false), 'eu-west-1')
  assert.throws(
    () => regionOf(sources, true),
    /--region: expected --region, "region" in the stage’s file, or AWS_REGION/,
  )
})

test('text that is not the name of a region is refused, with its source', () => {
  const { env, stage } = { env: {}, stage: undefined }
  assert.throws(() => findRegion({ option: 'Ireland', stage, env }), /--region: expected the name of a region/)
  assert.throws(
    () => findRegion({ option: undefined, stage, env: { AWS_REGION: 'eu' } }),
    /AWS_REGION: expected the name/,
  )
  for (const option of ['us-gov-west-1', 'cn-northwest-1', 'ap-southeast-5', 'eusc-de-east-1', 'us-isob-east-1'])
    assert.equal(findRegion({ option, stage, env }), option)
})

test('what the stack uses must be in its region; a secret is read in its own', () => {
  const env = {
    KAFKA_MSK_CLUSTER_ARN: msk('us-east-1'),
    KAFKA_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:AmazonMSK_a-AbCdEf',
  }
  const options = {
    ...DEFAULTS,
    alarmTopicArn: 'arn:aws:sns:us-west-2:123456789012:alarms',
    kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
    layers: ['eu-west-1', 'eu-west-2'].map(region => `arn:aws:lambda:${region}:123456789012:layer:tools:1`),
    existingQueues: ['arn:aws:sqs:us-east-2:123456789012:orders'],
  }
  assert.deepEqual(regionProblems('eu-west-1', env, options), [
    'KAFKA_MSK_CLUSTER_ARN: expected an ARN of eu-west-1 (--region), got one of us-east-1.',
    '--param alarmTopicArn: expected an ARN of eu-west-1 (--region), got one of us-west-2.',
    '--param layers: expected an ARN of eu-west-1 (--region), got one of eu-west-2.',
    '--param existingQueues: expected an ARN of eu-west-1 (--region), got one of us-east-2.',
  ])
  assert.deepEqual(regionProblems('us-east-1', { KAFKA_BOOTSTRAP_SERVERS: 'a:9092' }, DEFAULTS), [])
})

test('a region’s ARNs have the partition of the region', () => {
  const partitions = ['eu-west-1', 'cn-north-1', 'us-gov-west-1', 'eusc-de-east-1'].map(partitionOf)
  assert.deepEqual(partitions, ['aws', 'aws-cn', 'aws-us-gov', 'aws-eusc'])
})
