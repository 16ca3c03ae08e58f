// The permissions that a dead-letter target gives to functions and to redrive.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { MESSAGE_QUEUE_KINDS } from '../../lib/dead-letter/sqs/message-queues.ts'
import { STORE_KINDS } from '../../lib/dead-letter/store-kinds.ts'
import { TARGET_KINDS } from '../../lib/dead-letter/target-kinds.ts'
import { ConfigError } from '../../lib/errors.ts'
import { furtherTargets } from '../../scripts/template/further-targets.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { TARGET_RIGHTS } from '../../scripts/template/target-rights.ts'
import { endpointProblems } from '../../scripts/template/vpc-endpoints.ts'

test('every folder with a target has a store too, and a row in each registry', () => {
  const folders = readdirSync('lib/dead-letter').filter(name => existsSync(`lib/dead-letter/${name}/target.ts`))
  assert.ok(folders.every(name => existsSync(`lib/dead-letter/${name}/store.ts`)))
  for (const registry of [TARGET_KINDS, TARGET_RIGHTS]) assert.deepEqual(Object.keys(registry).sort(), folders.sort())
  // Redrive also reads queues and buckets that are no targets.
  const others = [...Object.keys(MESSAGE_QUEUE_KINDS), 'failure-bucket']
  assert.deepEqual(Object.keys(STORE_KINDS).sort(), [...folders, ...others].sort())
})

const MOUNTED = {
  efsAccessPointArn: 'arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0a1b2c3d4e5f60718',
  efsMountPath: '/mnt/letters',
}
const further = (text: string) => furtherTargets({ KAFKA_DEAD_LETTER: text }, MOUNTED)
const actionsOf = (statements: readonly { readonly Action: string[] }[]) => statements.flatMap(({ Action }) => Action)

test('each target gives a function the permission to write, and redrive those to read and complete', () => {
  const { statements, readStatements, chain } = further('s3:my-letters/prod,dynamodb:letters,disk:/mnt/letters')
  assert.deepEqual(chain, [',s3:my-letters/prod,dynamodb:letters,disk:/mnt/letters'])
  const objects = { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::my-letters/prod/*` }
  const table = { 'Fn::Sub': `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/letters` }
  assert.deepEqual(statements, [
    { Effect: 'Allow', Action: ['s3:PutObject'], Resource: objects },
    { Effect: 'Allow', Action: ['dynamodb:PutItem'], Resource: table },
  ])
  assert.deepEqual(actionsOf(readStatements), [
    's3:GetObject',
    's3:PutObject',
    's3:DeleteObject',
    's3:ListBucket',
    'dynamodb:Scan',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
  ])
  assert.deepEqual(readStatements[1], {
    Effect: 'Allow',
    Action: ['s3:ListBucket'],
    Resource: { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::my-letters` },
    Condition: { StringLike: { 's3:prefix': 'prod/*' } },
  })
})

test('dead-letter topics are those on the cluster of the records, each once', () => {
  const { deadLetterTopics } = further('kafka:{topic}-dlt,kafka:all-dlt,kafka:{topic}-far@other:9092')
  assert.deepEqual(deadLetterTopics(['chat']), ['chat-dlt', 'unrouted-dlt', 'all-dlt'])
})

test('only the template’s own queue is allowed, and a target’s VPC endpoint is that of its service', () => {
  for (const text of ['sqs:https://sqs.local/1/q', 'none']) assert.throws(() => further(text), ConfigError)
  const inVpc = { vpcId: 'vpc-1', subnetIds: ['s-1'], securityGroupIds: ['sg-1'], routeTableIds: [] }
  assert.deepEqual(endpointProblems({ ...inVpc, vpcEndpoints: ['sqs', 'sns'] }), [])
  assert.match(endpointProblems({ ...inVpc, vpcEndpoints: ['s3'] }).join(), /s3 and dynamodb expect routeTableIds/)
  assert.throws(
    () => readOptions(['vpcEndpoints=sqs,kinesis']),
    /expected sqs, secretsmanager, ssm, kafka, sts, sns, events, glue, s3, dynamodb, .*, got sqs,kinesis\./,
  )
})
