// Which errors of InitProducerId are retried: virtual time, a client whose answers the test lists.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProducerIdentity } from '../../lib/send/producer-identity.ts'
import { ScriptedKafkaClient } from '../../lib/testing/scripted-kafka-client.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { transportError } from '../../lib/transport/error-codes.ts'
import { whenDone } from '../support/time.ts'

const ID = { producerId: 7n, epoch: 0 }

function setUp(answers: readonly unknown[], isWanted = true) {
  const clock = new VirtualClock()
  const client = new ScriptedKafkaClient({ partitions: 1, brokers: 1, clock })
  let requests = 0
  client.initProducerId = async () => {
    const answer = answers[requests++] ?? ID
    if (answer instanceof Error) throw answer
    return answer as typeof ID
  }
  let changes = 0
  let otherClusters = 0
  const identity = new ProducerIdentity(client, {
    clock,
    requestTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 100,
    onChange: () => changes++,
    onOtherCluster: () => otherClusters++,
    isWanted: () => isWanted,
  })
  const requested = async () => {
    await whenDone(clock, identity.request())
    return { requests, changes, otherClusters, current: identity.current, count: identity.count }
  }
  return { identity, requested }
}

test('any error of a client is retried, until a broker returns an id', async () => {
  const errors = [new TypeError('of a client'), transportError('UNREACHABLE', 'No broker.', { retriable: true })]
  const { identity, requested } = setUp(errors)
  assert.deepEqual(await requested(), { requests: 3, changes: 1, otherClusters: 0, current: ID, count: 1 })
  assert.equal(identity.takeFatal(), undefined)
})

test('an error that a retry would not fix is returned once, and ends the request', async () => {
  const fatal = transportError('AUTHENTICATION_FAILED', 'Not allowed.', { retriable: false })
  const { identity, requested } = setUp([fatal])
  assert.deepEqual(await requested(), { requests: 1, changes: 1, otherClusters: 0, current: undefined, count: 0 })
  assert.equal(identity.takeFatal(), fatal)
  assert.equal(identity.takeFatal(), undefined)
})

test('a failed request is not repeated if no record waits for an id', async () => {
  const { requested } = setUp([new Error('down')], false)
  const { requests, current } = await requested()
  assert.deepEqual([requests, current], [1, undefined])
})

test('a broker of another cluster makes metadata be requested again', async () => {
  const { requested } = setUp([transportError('OTHER_CLUSTER', 'Another cluster.', { retriable: true })])
  const { requests, otherClusters, current } = await requested()
  assert.deepEqual([requests, otherClusters, current], [2, 1, ID])
})
