// Dead letters on a function's disk need a file system that outlives the sandbox.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../support/deployed.ts'
import { problemsOf } from '../support/problems-of.ts'

const FEEDS = { orders: { http: true, sqs: [{ queue: 'orders' }], eventbridge: [{ source: ['shop'] }] } }
const ACCOUNT = 'arn:aws:elasticfilesystem:eu-west-1:123456789012'
const ACCESS_POINT = `${ACCOUNT}:access-point/fsap-0a1b2c3d4e5f60718`
const EFS = ['subnetIds=subnet-1', 'securityGroupIds=sg-1', `efsAccessPointArn=${ACCESS_POINT}`]

const refusal = (target: string, params: readonly string[] = []) =>
  problemsOf(() => deployed(FEEDS, params, { KAFKA_DEAD_LETTER: target })).join('\n')

test('a target on disk or in SQLite is refused without a file system, and outside of it', () => {
  for (const target of ['disk:/mnt/letters', 'sqlite:/mnt/letters/a.db', 'disk:/mnt/x'])
    assert.match(
      refusal(target),
      /^KAFKA_DEAD_LETTER: (disk|sqlite): expected --param efsAccessPointArn too, .*; got \//,
    )
  for (const target of ['disk:/mnt/efsx/a', 'disk:/mnt/efs/../a', 'sqlite:/mnt/a.db'])
    assert.match(refusal(target, EFS), /: expected a path below \/mnt\/efs \(--param efsMountPath\), where .*; got \//)
})

test('a place in /tmp or in the package is one problem, with a file system too', () => {
  for (const target of ['disk:/tmp/letters', 'sqlite:/var/task/a.db'])
    for (const params of [[], EFS])
      assert.match(refusal(target, params), /^KAFKA_DEAD_LETTER: expected a path below \/mnt\/ [^\n]*$/)
})

test('every function mounts the file system, and its role may through this access point alone', () => {
  const { functions, ofType } = deployed(FEEDS, [...EFS, 'efsMountPath=/mnt/letters'], {
    KAFKA_DEAD_LETTER: 'disk:/mnt/letters/orders,sqlite:/mnt/letters/orders.db',
  })
  for (const { fileSystemConfig } of Object.values(functions))
    assert.deepEqual(fileSystemConfig, { arn: ACCESS_POINT, localMountPath: '/mnt/letters' })
  const roles = ofType('AWS::IAM::Role')
  assert.equal(roles.length, 4)
  for (const { Policies } of roles) {
    const statements = Policies[0].PolicyDocument.Statement.filter(({ Action }: { Action: string[] }) =>
      Action.includes('elasticfilesystem:ClientMount'),
    )
    assert.deepEqual(statements, [
      {
        Effect: 'Allow',
        Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
        Resource: `${ACCOUNT}:file-system/*`,
        Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': ACCESS_POINT } },
      },
    ])
  }
})
