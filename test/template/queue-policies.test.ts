// Who may use the queues: never without TLS, and never as the DLQ of another queue.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../support/deployed.ts'

const FEEDS = {
  orders: { sqs: [{ queue: 'orders' }, { queue: 'returns.fifo' }], eventbridge: [{ source: ['shop'] }] },
}

interface Statement {
  readonly Effect: string
  readonly Principal: unknown
  readonly Resource: unknown
  readonly Condition: unknown
}

/** The statements of the only policy of each queue. */
function policies(...params: string[]): Record<string, Statement[]> {
  const entries = deployed(FEEDS, params)
    .ofType('AWS::SQS::QueuePolicy')
    .flatMap(({ Queues, PolicyDocument }) =>
      (Queues as { Ref: string }[]).map(({ Ref }) => [Ref, PolicyDocument.Statement] as const),
    )
  assert.equal(new Set(entries.map(([id]) => id)).size, entries.length)
  return Object.fromEntries(entries)
}

test('every queue has one policy, which denies everything without TLS', () => {
  const byQueue = policies('eventFailures=sqs')
  const queues = Object.entries(deployed(FEEDS, ['eventFailures=sqs']).resources).filter(
    ([, { Type }]) => Type === 'AWS::SQS::Queue',
  )
  assert.equal(queues.length, 8)
  for (const [id] of queues) {
    const [statement] = byQueue[id] ?? []
    assert.deepEqual([statement?.Effect, statement?.Principal], ['Deny', '*'], id)
    assert.deepEqual(statement?.Condition, { Bool: { 'aws:SecureTransport': 'false' } })
    assert.ok([JSON.stringify({ 'Fn::GetAtt': [id, 'Arn'] }), '"*"'].includes(JSON.stringify(statement?.Resource)), id)
  }
})

test('a queue that stays when the stack goes keeps its policy', () => {
  const stays = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' }
  for (const resource of Object.values(deployed(FEEDS).resources))
    if (resource.Type === 'AWS::SQS::QueuePolicy') assert.deepEqual({ ...resource, ...stays }, resource)
})

test('a DLQ is that of its source only, and no other queue of the template is one', () => {
  const { resources } = deployed(FEEDS)
  const allowed = Object.entries(resources).flatMap(([id, { Type, Properties }]) =>
    Type === 'AWS::SQS::Queue' ? [[id, Properties.RedriveAllowPolicy]] : [],
  )
  const by = (name: string) => ({
    redrivePermission: 'byQueue',
    sourceQueueArns: [{ 'Fn::Sub': `arn:\${AWS::Partition}:sqs:\${AWS::Region}:\${AWS::AccountId}:${name}` }],
  })
  const none = { redrivePermission: 'denyAll' }
  assert.deepEqual(Object.fromEntries(allowed), {
    // Another team's queue may have it as its DLQ.
    OrdersQueue: undefined,
    OrdersQueueFailures: by('orders'),
    ReturnsFifoQueue: undefined,
    ReturnsFifoQueueFailures: by('returns.fifo'),
    DeadLettersQueue: none,
    EventRuleFailuresQueue: none,
    RedriveLeaseQueue: none,
  })
})

const SNS = 'arn:aws:sns:eu-west-1:111122223333:orders'
const RULE = 'arn:aws:events:eu-west-1:123456789012:rule/shop/orders'
const ROLE = 'arn:aws:iam::111122223333:role/teams/shop'

test('the senders of a queue may send to it and to no other: services only for their sources', () => {
  const {
    OrdersQueue = [],
    ReturnsFifoQueue,
    EventRuleFailuresQueue,
  } = policies(`senders.orders=${[SNS, `${SNS}-2`, 'arn:aws:s3:::shop.orders', RULE, ROLE]}`)
  const send = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': ['OrdersQueue', 'Arn'] } }
  const from = (...arns: string[]) => ({ ArnLike: { 'aws:SourceArn': arns } })
  assert.deepEqual(OrdersQueue.slice(1), [
    { ...send, Principal: { Service: 'sns.amazonaws.com' }, Condition: from(SNS, `${SNS}-2`) },
    {
      ...send,
      Principal: { Service: 's3.amazonaws.com' },
      Condition: {
        ...from('arn:aws:s3:::shop.orders'),
        StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
      },
    },
    { ...send, Principal: { Service: 'events.amazonaws.com' }, Condition: from(RULE) },
    { ...send, Principal: { AWS: [ROLE] } },
  ])
  assert.equal(ReturnsFifoQueue?.length, 1)
  assert.equal(EventRuleFailuresQueue?.length, 2)
})

test('senders that could not send are refused', () => {
  const refused = (params: string[], says: RegExp) => assert.throws(() => deployed(FEEDS, params), says)
  refused([`senders=${SNS}`], /expected no bucket, and only FIFO topics, for the FIFO queue returns\.fifo, got arn/)
  refused(['senders.returns.fifo=arn:aws:s3:::shop'], /only FIFO topics, for the FIFO queue returns\.fifo/)
  assert.equal(policies(`senders.returns.fifo=${SNS}.fifo,${RULE}`).ReturnsFifoQueue?.length, 3)
  for (const wrong of ['orders', 'arn:aws:sqs:eu-west-1:111122223333:orders', '*'])
    refused([`senders=${wrong}`], /senders: expected ARNs of SNS topics, buckets, /)
})
