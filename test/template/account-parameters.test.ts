// What an account prescribes: names, permissions boundary, role path, deployment bucket.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../support/deployed.ts'

const FEEDS = { orders: { sqs: [{ queue: 'orders' }], eventbridge: [{ source: ['shop'] }] } }

test('every role has the permissions boundary and the path', () => {
  const boundary = 'arn:aws:iam::123456789012:policy/team/boundary'
  const roles = deployed(FEEDS, [`permissionsBoundaryArn=${boundary}`, 'rolePath=/teams/data/']).ofType(
    'AWS::IAM::Role',
  )
  assert.ok(roles.length > 2)
  for (const { PermissionsBoundary, Path } of roles)
    assert.deepEqual([PermissionsBoundary, Path], [boundary, '/teams/data/'])
  for (const wrong of ['rolePath=teams', 'rolePath=/teams', 'permissionsBoundaryArn=boundary'])
    assert.throws(() => deployed(FEEDS, [wrong]), /expected (a path|the ARN)/)
})

test('the name of the service begins the names of functions, rules and queues of the template', () => {
  const { functions, ofType } = deployed(FEEDS, ['serviceName=events'])
  for (const { name, environment } of Object.values(functions)) {
    assert.match(name, /^events-dev-/)
    assert.equal(environment.POWERTOOLS_SERVICE_NAME, name)
  }
  assert.match(ofType('AWS::Events::Rule')[0].Name, /^events-dev-/)
  const names = ofType('AWS::SQS::Queue').map(({ QueueName }) => QueueName)
  assert.ok(names.includes('events-dev-orders-failures') && names.includes('events-dev-redrive-lease.fifo'))
})
