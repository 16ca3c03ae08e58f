// maxReceiveCount follows from the delays of returned messages: an outage of `outageS` moves none to a source DLQ.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { returnDelayS } from '../../lib/lambda/return-delay.ts'
import { deploymentOf } from '../../scripts/template/deployment.ts'
import { readOptions } from '../../scripts/template/options.ts'
import { cloudFormationResources } from '../../scripts/template/resources.ts'
import { contractsFedBy } from '../support/contracts.ts'

const contracts = contractsFedBy({ t: { sqs: [{ queue: 'work' }, { queue: 'work.fifo' }] } })
const ENV = { KAFKA_BOOTSTRAP_SERVERS: 'broker:9092' }

type Resources = Readonly<
  Record<string, { readonly Properties: { VisibilityTimeout: number; RedrivePolicy: { maxReceiveCount: number } } }>
>

function built(params: readonly string[] = []) {
  const deployment = deploymentOf(contracts, ENV, readOptions(params))
  const environment = deployment.environment as Readonly<Record<string, string>>
  const resources = cloudFormationResources(deployment) as Resources
  const { sqsReturnDelayMaxMs } = parseConfig({}, { ...environment, KAFKA_DEAD_LETTER: 'none' })
  const queues = ['WorkQueue', 'WorkFifoQueue'].map(id => resources[id]?.Properties)
  return { maxS: sqsReturnDelayMaxMs / 1000, queues, resources }
}

/** Seconds in which a message is received so often, each time as soon as can be. */
const shortestSpan = (receives: number, maxS: number) =>
  Array.from({ length: receives }, (_, index) => returnDelayS(index + 1, maxS, () => 1)).reduce((a, b) => a + b, 0)

test('the shortest delays of maxReceiveCount receives span the outage, and one fewer does not', () => {
  for (const outageS of [1, 3600, 12 * 3600, 48 * 3600]) {
    const { maxS, queues } = built([`outageS=${outageS}`])
    for (const queue of queues) {
      const { maxReceiveCount } = queue?.RedrivePolicy ?? { maxReceiveCount: 0 }
      assert.ok(shortestSpan(maxReceiveCount, maxS) >= outageS)
      assert.ok(shortestSpan(maxReceiveCount - 1, maxS) < outageS)
    }
  }
})

test('by default 155 receives span 12 hours; no delay is longer than the visibility timeout; 1000 span 3 days', () => {
  const { maxS, queues } = built()
  for (const queue of queues) {
    assert.equal(queue?.RedrivePolicy.maxReceiveCount, 155)
    assert.equal(queue?.VisibilityTimeout, maxS)
  }
  assert.ok((built([`outageS=${3 * 86_400}`]).queues[0]?.RedrivePolicy.maxReceiveCount ?? 0) <= 1000)
  assert.ok(shortestSpan(1000, maxS) >= 3 * 86_400)
  assert.throws(() => built([`outageS=${3 * 86_400 + 1}`]), /outageS: expected a whole number from 1 to 259200/)
})

test('the roles of the queue functions may change the visibility of their own queues', () => {
  const { resources } = built()
  for (const [role, queue] of [
    ['SqsRole', 'WorkQueue'],
    ['SqsFifoRole', 'WorkFifoQueue'],
  ] as const) {
    const text = JSON.stringify(resources[role])
    const statement = `"sqs:ChangeMessageVisibility"],"Resource":[{"Fn::GetAtt":["${queue}","Arn"]}]`
    assert.equal(text.split(statement).length, 2, role)
  }
})

test('the limit of the delay is the template’s own: a setting of another would break the outage budget', () => {
  assert.throws(
    () => deploymentOf(contracts, { ...ENV, KAFKA_SQS_RETURN_DELAY_MAX_MS: '1' }, readOptions([])),
    /KAFKA_SQS_RETURN_DELAY_MAX_MS: expected no value/,
  )
})
