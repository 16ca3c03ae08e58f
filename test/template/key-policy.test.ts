// The policies of KMS keys and roles if queues, log groups or targets have their own key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { keyPolicyStatements } from '../../scripts/template/key-policy.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { contractsFedBy } from '../support/contracts.ts'
import { deployed } from '../support/deployed.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1'
const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:orders'
const QUEUE = { http: false, sqs: [{ queue: 'orders' }] }
const SEND = ['kms:GenerateDataKey', 'kms:Decrypt']

function statements(from: object, params: readonly string[], region = 'eu-west-1') {
  const env = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }
  const target = { stage: 'prod', region }
  return keyPolicyStatements(deploymentOf(contractsFedBy({ orders: from }), env, readOptions(params), target))
}

test('without a key of your own there is nothing to allow; with one, CloudWatch Logs for the log groups', () => {
  assert.deepEqual(statements(QUEUE, []), [])
  const groups = 'arn:aws:logs:eu-west-1:123456789012:log-group:'
  assert.deepEqual(statements({ http: true }, [`kmsKeyArn=${KEY}`]), [
    {
      Effect: 'Allow',
      Principal: { Service: 'logs.eu-west-1.amazonaws.com' },
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      Resource: '*',
      Condition: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': [
            `${groups}/aws/lambda/kafka-producer-prod-*`,
            `${groups}/aws/http-api/kafka-producer-*`,
          ],
        },
      },
    },
  ])
})

test('EventBridge may use the key for what its rules could not deliver', () => {
  const events = { http: false, eventbridge: [{ source: ['shop'] }, { source: ['web'], bus: 'web' }] }
  assert.deepEqual(statements(events, [`kmsKeyArn=${KEY}`]).slice(1), [
    {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: SEND,
      Resource: '*',
      Condition: {
        ArnLike: {
          'aws:SourceArn': [
            'arn:aws:events:eu-west-1:123456789012:rule/kafka-producer-prod-*',
            'arn:aws:events:eu-west-1:123456789012:rule/web/kafka-producer-prod-*',
          ],
        },
      },
    },
  ])
})

test('the senders of queues may use the key too, each once', () => {
  const senders = [TOPIC, 'arn:aws:s3:::uploads', 'arn:aws:iam::444455556666:root']
  const queues = { http: false, sqs: [{ queue: 'orders' }, { queue: 'returns' }] }
  assert.deepEqual(statements(queues, [`kmsKeyArn=${KEY}`, `senders=${senders.join(',')}`]).slice(1), [
    {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: SEND,
      Resource: '*',
      Condition: { ArnLike: { 'aws:SourceArn': [TOPIC] } },
    },
    { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: SEND, Resource: '*' },
    { Effect: 'Allow', Principal: { AWS: ['arn:aws:iam::444455556666:root'] }, Action: SEND, Resource: '*' },
  ])
})

test('in China the principal of the logs has the domain of the partition', () => {
  const [logs] = statements(
    QUEUE,
    [`kmsKeyArn=${KEY.replace('aws:', 'aws-cn:').replace('eu-west-1', 'cn-north-1')}`],
    'cn-north-1',
  )
  assert.deepEqual(logs?.Principal, { Service: 'logs.cn-north-1.amazonaws.com.cn' })
  assert.match(JSON.stringify(logs), /"arn:aws-cn:logs:cn-north-1:/)
})

test('every role may use the keys of dead-letter targets and of notified topics', () => {
  for (const env of [{ KAFKA_DEAD_LETTER: 's3:bucket' }, { KAFKA_DEAD_LETTER_NOTIFY: `sns:${TOPIC}` }]) {
    const roles = deployed({ orders: { http: true } }, [`targetKeyArns=${KEY}`], env).ofType('AWS::IAM::Role')
    assert.equal(roles.length, 2)
    for (const { Policies } of roles)
      assert.deepEqual(Policies[0].PolicyDocument.Statement.at(-1), {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: [KEY],
      })
  }
})
