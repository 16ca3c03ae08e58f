// The queues of the local stack have the names that a deployment gives them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVENT_FAILURES, leaseQueue, localQueues, redriveSettings } from '../../local/queues.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { DEFAULTS } from '../../scripts/template/options.ts'
import { contractsFedBy } from '../support/contracts.ts'

const FEEDS = {
  chat: { sqs: [{ queue: 'chat.fifo' }] },
  orders: { sqs: [{ queue: 'orders' }, { queue: 'dead-letters' }] },
  bus: { eventbridge: [{ source: ['shop'] }] },
}
const contracts = contractsFedBy(FEEDS)

// The original bug: the DLQ of chat.fifo was chat-dlq.fifo and failed events were in eventbridge-failures, names that
// no deployment has.
test('each queue has its name of a deployment, or its logical id where CloudFormation completes the name', () => {
  const settings = { KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092' }
  const options = { ...DEFAULTS, eventFailures: 'sqs' } as const
  const names = deploymentOf(contracts, settings, options, { stage: 'local', region: 'eu-west-1' }).queues.map(
    ({ id, queueName = id }) => queueName,
  )
  const queues = [...localQueues(contracts, 20), leaseQueue(20)].map(({ name }) => name)
  assert.deepEqual(queues.sort(), names.sort())
  assert.ok(queues.includes('kafka-producer-local-chat-failures.fifo'))
  assert.ok(queues.includes(EVENT_FAILURES))
})

test('a queue comes after its DLQ, which a redrive reads with the failed events', () => {
  const queues = localQueues(contracts, 20)
  const places = new Map(queues.map(({ name }, at) => [name, at]))
  const withDlq = queues.filter(({ redrive }) => redrive)
  assert.equal(withDlq.length, 3)
  for (const { name, redrive } of withDlq)
    assert.ok((places.get(redrive?.to ?? '') as number) < (places.get(name) as number), name)
  const { KAFKA_REDRIVE_FROM, KAFKA_REDRIVE_LEASE_QUEUE } = redriveSettings(contracts, { queueUrl: name => name })
  assert.deepEqual(KAFKA_REDRIVE_FROM.split(','), [
    'source-dlq:kafka-producer-local-chat-failures.fifo?source=chat.fifo',
    'source-dlq:kafka-producer-local-orders-failures?source=orders',
    'source-dlq:kafka-producer-local-dead-letters-failures?source=dead-letters',
    'failure-destination:EventFailuresQueue',
    'failure-destination:EventRuleFailuresQueue',
  ])
  assert.equal(KAFKA_REDRIVE_LEASE_QUEUE, 'kafka-producer-local-redrive-lease.fifo')
})
