// npm run remove says what stays and what is lost before it asks for --yes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findStack, removalPlan } from '../../scripts/deployment/remove.ts'

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

test('a stack is not looked up without credentials, and the message says where to set them', async t => {
  const env = { ...process.env }
  t.after(() => {
    process.env = env
  })
  const others = Object.entries(env).filter(([name]) => !name.startsWith('AWS_'))
  const none = '/nonexistent'
  process.env = {
    ...Object.fromEntries(others),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: none,
    AWS_SHARED_CREDENTIALS_FILE: none,
  }
  await assert.rejects(findStack('kafka-producer-prod', 'eu-west-1', undefined), {
    name: 'ConfigError',
    message:
      /AWS credentials: expected some to look up the stack kafka-producer-prod in eu-west-1, got none\. Set --aws-p/,
  })
})
