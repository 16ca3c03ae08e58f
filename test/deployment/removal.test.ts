// npm run remove says what stays and what is lost before it asks for --yes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { removalPlan } from '../../scripts/deployment/remove.ts'

test('the plan lists what stays, what is lost with its records, and counts the rest', () => {
  const resource = (type: string, physicalId: string, isRetained = false) => ({
    logicalId: physicalId,
    type,
    physicalId,
    isRetained,
  })
  assert.deepEqual(
    removalPlan('kafka-producer-prod', [
      resource('AWS::SQS::Queue', 'https://sqs/letters', true),
      resource('AWS::SQS::QueuePolicy', 'policy', true),
      resource('AWS::SQS::Queue', 'https://sqs/lease.fifo'),
      resource('AWS::IAM::Role', 'role'),
      resource('AWS::Lambda::Function', 'http'),
    ]),
    [
      'These stay after the removal of kafka-producer-prod, with what they hold:',
      '  AWS::SQS::Queue        https://sqs/letters',
      'These are deleted with what they hold:',
      '  AWS::SQS::Queue        https://sqs/lease.fifo',
      '2 other resources are deleted (functions, roles, rules, alarms, …).',
    ],
  )
})
