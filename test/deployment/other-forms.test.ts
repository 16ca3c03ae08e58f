// The compiled template for CloudFormation without osls and for SAM: the same resources, with the code in other places.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainTemplate, samTemplate } from '../../scripts/deployment/other-forms.ts'

const properties = {
  FunctionName: 'kafka-producer-dev-http',
  Handler: 'dist/functions/http/index.handler',
  Role: { 'Fn::GetAtt': ['HttpRole', 'Arn'] },
}
const Code = { S3Bucket: { Ref: 'ServerlessDeploymentBucket' }, S3Key: 'serverless/kafka-producer/dev/1-2/http.zip' }
const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } }
const queue = { Type: 'AWS::SQS::Queue', DeletionPolicy: 'Retain', Properties: { QueueName: 'orders' } }
const compiled = (more: object = {}) => ({
  AWSTemplateFormatVersion: '2010-09-09',
  Description: 'Functions',
  Resources: {
    ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' },
    ServerlessDeploymentBucketPolicy: { Type: 'AWS::S3::BucketPolicy', Properties: {} },
    HttpLambdaFunction: {
      Type: 'AWS::Lambda::Function',
      Properties: { ...properties, Code, ...more },
      DependsOn: ['HttpRole'],
    },
    HttpRole: role,
    OrdersQueue: queue,
  },
  Outputs: {
    ServerlessDeploymentBucketName: { Value: { Ref: 'ServerlessDeploymentBucket' } },
    HttpApiUrl: { Value: 'https://…', Export: { Name: 'sls-kafka-producer-dev-HttpApiUrl' } },
  },
})

test('the plain template takes the zips from a bucket by parameter, and has no resource or export of osls', () => {
  const { Parameters, ...template } = plainTemplate(compiled())
  assert.deepEqual(Object.keys(Parameters as object), ['ArtifactBucket', 'ArtifactPrefix'])
  assert.deepEqual(template, {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Functions',
    Resources: {
      HttpLambdaFunction: {
        DependsOn: ['HttpRole'],
        Type: 'AWS::Lambda::Function',
        Properties: {
          ...properties,
          Code: { S3Bucket: { Ref: 'ArtifactBucket' }, S3Key: { 'Fn::Sub': `\${ArtifactPrefix}http.zip` } },
        },
      },
      HttpRole: role,
      OrdersQueue: queue,
    },
    Outputs: { HttpApiUrl: { Value: 'https://…' } },
  })
})

test('the template of SAM has its own form of functions, beside whose zips it stands', () => {
  const more = { Tags: [{ Key: 'team', Value: 'data' }], TracingConfig: { Mode: 'Active' } }
  const { Transform, Resources } = samTemplate(compiled(more)) as { Transform: string; Resources: object }
  assert.equal(Transform, 'AWS::Serverless-2016-10-31')
  assert.deepEqual(Resources, {
    HttpLambdaFunction: {
      DependsOn: ['HttpRole'],
      Type: 'AWS::Serverless::Function',
      Properties: { ...properties, CodeUri: 'http.zip', Tags: { team: 'data' }, Tracing: 'Active' },
    },
    HttpRole: role,
    OrdersQueue: queue,
  })
})

test('a property of a function that SAM does not have is an error, not lost', () => {
  assert.throws(
    () => samTemplate(compiled({ NewProperty: true })),
    /HttpLambdaFunction: expected properties that SAM has, got NewProperty\./,
  )
})

test('a version does not name the hash of its zip, which may be signed on its way', () => {
  const Properties = { FunctionName: { Ref: 'HttpLambdaFunction' }, CodeSha256: 'l/8SSruZpZ/eslNrUFd/y5Zu' }
  const version = { Type: 'AWS::Lambda::Version', DeletionPolicy: 'Retain', Properties }
  const { Resources, ...others } = compiled()
  for (const form of [plainTemplate, samTemplate]) {
    const template = form({ ...others, Resources: { ...Resources, HttpLambdaVersionabc: version } })
    const { HttpLambdaVersionabc } = template.Resources as Record<string, object>
    assert.deepEqual(HttpLambdaVersionabc, { ...version, Properties: { FunctionName: Properties.FunctionName } })
  }
})
