// When the Sender requests metadata, and what it concludes from the answers: virtual time, a client that follows a
// script.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { ProducerOptions } from '../../lib/config/producer-options.ts'
import type { DeliveryReport } from '../../lib/delivery/delivery-report.ts'
import { KafkaProducer } from '../../lib/kafka-producer.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { transportError } from '../../lib/transport/error-codes.ts'
import { failure } from '../../lib/transport/produce-outcome.ts'
import { ChangingCluster, UNKNOWN_TOPIC } from '../fakes/changing-cluster.ts'
import { summaryOf } from '../support/producer-of.ts'
import { whenDone } from '../support/time.ts'

const PARTITIONS = 6

interface Harness {
  readonly clock: VirtualClock
  readonly client: ChangingCluster
  readonly producer: KafkaProducer
  send(...records: ProducerRecord[]): Promise<string[]>
}

function harness(options: ProducerOptions = {}, clock = new VirtualClock()): Harness {
  const client = new ChangingCluster(clock, PARTITIONS)
  const config = parseConfig({ bootstrapServers: ['b:1'], retryBackoffMs: 100, retryBackoffMaxMs: 100, ...options }, {})
  const producer = new KafkaProducer(config, { client, clock, rules: { anyTopic: true } })
  return {
    clock,
    client,
    producer,
    async send(...records) {
      return (await whenDone(clock, producer.sendAll(records))).map(summaryOf)
    },
  }
}

const record = (partition: number, topic = 't'): ProducerRecord => ({ topic, partition, key: 'k', value: 'v' })
const allPartitions = Array.from({ length: PARTITIONS }, (_, partition) => record(partition))

test('rule 6: all partitions of a failed leader learn the new one from one request', async () => {
  const { client, send } = harness()
  await send(...allPartitions)
  const before = client.requests.length
  client.topics.t = { leaders: Array(PARTITIONS).fill(1), leaderEpoch: 1 }

  assert.deepEqual(new Set(await send(...allPartitions)), new Set(['delivered']))
  assert.equal(client.requests.length - before, 1)
})

test('rule 6: a retry does not wait for its back-off when a new leader is known', async () => {
  const { clock, client, send } = harness({ retryBackoffMs: 10_000, retryBackoffMaxMs: 10_000 })
  await send(record(0))
  client.topics.t = { leaders: [1], leaderEpoch: 1 }
  const begin = clock.now()

  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - begin < 100, `${clock.now() - begin} ms`)
})

test('rule 6: a leader that a refusal names is believed at once if its epoch is higher', async () => {
  const { clock, client, send } = harness({ retryBackoffMs: 10_000, retryBackoffMaxMs: 10_000 })
  await send(record(0))
  client.topics.t = { leaders: [1], leaderEpoch: 1 }
  client.answerMs = () => 5000
  client.currentLeader = { leader: 1, leaderEpoch: 1 }
  const begin = clock.now()
  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - begin < 100, `${clock.now() - begin} ms`)

  client.topics.t = { leaders: [0], leaderEpoch: 2 }
  client.currentLeader = { leader: 0, leaderEpoch: 1 }
  const again = clock.now()
  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - again >= 5000, 'an epoch that is not higher is no news')
})

test('rule 6: brokers that name ever newer leaders do not use up the retries at once', async () => {
  const { clock, client, send } = harness({ retryBackoffMs: 100, retryBackoffMaxMs: 100, deliveryTimeoutMs: 5000 })
  await send(record(0))
  let leaderEpoch = 1
  client.view = () => ({ leaders: [leaderEpoch % 2], leaderEpoch: leaderEpoch++ })
  client.refusal = () => 'NOT_LEADER_OR_FOLLOWER'
  const begin = clock.now()
  await send(record(0))
  assert.ok(clock.now() - begin >= 4900, `${clock.now() - begin} ms`)
})

test('rule 6: a retry waits for its back-off when the leader is the same', async () => {
  const { clock, client, send } = harness({ retryBackoffMs: 1000, retryBackoffMaxMs: 1000 })
  await send(record(0))
  let refusals = 0
  client.refusal = () => (refusals++ === 0 ? 'NOT_LEADER_OR_FOLLOWER' : undefined)
  const begin = clock.now()

  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - begin >= 1000)
})

for (const code of ['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'])
  test(`rule 6: ${code} requests metadata beside the retry: the leader may be cut off`, async () => {
    const { client, send } = harness()
    await send(record(0))
    client.refusal = leader => (leader === 0 ? code : undefined)
    client.topics.t = { leaders: [1], leaderEpoch: 1 }

    assert.deepEqual(await send(record(0)), ['delivered'])
  })

test('rule 6: after metadata without the needed leader, another broker is asked after a back-off', async () => {
  const { client, send } = harness({ maxBlockMs: 1000 })
  assert.deepEqual(await send(record(0, 'missing')), ['not-sent:topic-not-on-cluster'])

  const gaps = client.requests.slice(1).map(({ at }, index) => at - (client.requests[index]?.at ?? 0))
  assert.ok(gaps.length >= 5 && gaps.every(gap => gap >= 100), gaps.join(' '))
  assert.deepEqual(
    client.requests.map(({ isElsewhere }) => isElsewhere),
    [false, ...gaps.map(() => true)],
  )
})

test('rule 6: a topic that was never requested goes at once, beside a slow request and during a back-off', async () => {
  const { clock, client, producer, send } = harness()
  client.topics.u = { leaders: [0], leaderEpoch: 0 }
  client.answerMs = request => (request === 1 ? 2000 : 2)
  const missing = producer.sendAll([record(0, 'missing')])
  await clock.advance(10)
  assert.deepEqual(await send(record(0, 'u')), ['delivered'])
  assert.ok(clock.now() < 100, 'beside the slow request')
  await clock.advance(2000)
  const begin = clock.now()
  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - begin < 100, 'during the back-off of the missing topic')

  await clock.advance(10_000)
  assert.deepEqual((await missing).map(summaryOf), ['not-sent:topic-not-on-cluster'])
})

test('rule 6: three hundred topics of one call share a request', async () => {
  const { client, send } = harness()
  const names = Array.from({ length: 300 }, (_, n) => `t${n}`)
  for (const name of names) client.topics[name] = { leaders: [0], leaderEpoch: 0 }
  await send(...names.map(name => record(0, name)))
  assert.equal(client.requests.length, 1)
})

test('rule 6: records of a partition that is gone end with a code that says so, after few requests', async () => {
  const { client, send } = harness()
  client.topics.t = { leaders: Array(PARTITIONS).fill(0), leaderEpoch: 4 }
  await send(record(5))
  const before = client.requests.length
  client.topics.t = { leaders: [0, 0], leaderEpoch: 0 }

  assert.deepEqual(await send(record(5), record(1)), ['rejected:partition-gone', 'delivered'])
  assert.ok(client.requests.length - before <= 7, `${client.requests.length - before} requests`)
})

test('rule 6: a topic created anew is known by its id at once, with as many partitions too', async () => {
  const { client, send } = harness()
  client.topics.t = { topicId: 'first', leaders: Array(PARTITIONS).fill(0), leaderEpoch: 4 }
  await send(...allPartitions)
  const before = client.requests.length
  client.topics.t = { topicId: 'second', leaders: Array(PARTITIONS).fill(1), leaderEpoch: 0 }

  assert.deepEqual(new Set(await send(...allPartitions)), new Set(['delivered']))
  assert.equal(client.requests.length - before, 1)
})

test('rule 6: of a topic created anew with fewer partitions, the others are gone after one answer', async () => {
  const { client, send } = harness()
  client.topics.t = { topicId: 'first', leaders: Array(PARTITIONS).fill(0), leaderEpoch: 4 }
  await send(record(5))
  const before = client.requests.length
  client.topics.t = { topicId: 'second', leaders: [1, 1], leaderEpoch: 0 }

  assert.deepEqual(await send(record(5), record(1)), ['rejected:partition-gone', 'delivered'])
  assert.equal(client.requests.length - before, 1)
})

test('rule 6: a broker that still names the former id of a topic is not believed', async () => {
  const { client, send } = harness()
  const first = { topicId: 'first', leaders: Array(PARTITIONS).fill(0), leaderEpoch: 4 }
  client.topics.t = first
  await send(record(0))
  client.topics.t = { topicId: 'second', leaders: Array(PARTITIONS).fill(1), leaderEpoch: 0 }
  await send(record(0))
  client.view = () => first
  client.refusal = () => 'REQUEST_TIMED_OUT'
  const asked = client.requests.length
  client.answerMs = request => {
    if (request > asked) client.refusal = undefined
    return 2
  }

  assert.deepEqual(await send(record(0)), ['delivered'], 'by the leader of the new topic')
  assert.ok(client.requests.length > asked)
})

test('rule 6: an id that came back, as after a restore, is believed after five answers', async () => {
  const { client, send } = harness()
  const first = { topicId: 'first', leaders: Array(PARTITIONS).fill(0), leaderEpoch: 4 }
  client.topics.t = first
  await send(record(0))
  client.topics.t = { topicId: 'second', leaders: Array(PARTITIONS).fill(1), leaderEpoch: 0 }
  await send(record(0))
  client.topics.t = first
  const before = client.requests.length

  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.equal(client.requests.length - before, 5)
})

test('rule 6: a record in doubt after its topic was created anew has no offset of the former log', async () => {
  const { clock, client, producer, send } = harness({ deliveryTimeoutMs: 3000 })
  client.topics.t = { topicId: 'first', leaders: [0], leaderEpoch: 0 }
  await send(record(0))
  client.produce = async (_, batches, { beginWrite }) => {
    assert.ok(beginWrite())
    return batches.map(() => failure('unknown', 'REQUEST_TIMEOUT', true))
  }
  const offsetInDoubt = async () => {
    const sending = producer.sendAll([record(0)])
    await clock.advance(4000)
    const [report] = await sending
    return report?.kind === 'failed' ? report.inDoubt?.fromOffset : undefined
  }
  assert.equal(await offsetInDoubt(), 1n)
  client.topics.t = { topicId: 'second', leaders: [1], leaderEpoch: 0 }
  assert.equal(await offsetInDoubt(), null)
})

test('rule 6: a deleted topic has the same code for a warm producer as for a new one', async () => {
  const options = { deliveryTimeoutMs: 3000, maxBlockMs: 3000 }
  const warm = harness(options)
  await warm.send(record(0))
  warm.client.topics.t = { error: UNKNOWN_TOPIC, leaders: [], leaderEpoch: 0 }
  const cold = harness(options)
  const codes = [await warm.send(record(0)), await warm.send(record(0)), await cold.send(record(0, 'missing'))]
  assert.deepEqual(codes.flat(), [
    'rejected:topic-not-on-cluster',
    'not-sent:topic-not-on-cluster',
    'not-sent:topic-not-on-cluster',
  ])
})

test('rule 6: a record that waits for a leader while its topic is deleted reports a missing topic', async () => {
  const { client, send } = harness({ deliveryTimeoutMs: 3000 })
  client.topics.t = { leaders: [0, -1], leaderEpoch: 0 }
  await send(record(0))
  client.topics.t = { error: UNKNOWN_TOPIC, leaders: [], leaderEpoch: 0 }
  assert.deepEqual(await send(record(1)), ['not-sent:topic-not-on-cluster'])
})

test('rule 6: a record that reaches its deadline without a leader says why its partition waited', async () => {
  const { clock, client, producer, send } = harness({ deliveryTimeoutMs: 3000 })
  client.topics.t = { leaders: [0, -1], leaderEpoch: 0 }
  await send(record(0))
  client.refusal = leader => (leader === 0 ? 'NOT_LEADER_OR_FOLLOWER' : undefined)
  const reports = await whenDone(clock, producer.sendAll([record(0), record(1)]))
  assert.deepEqual(
    reports.map(report => report.kind === 'failed' && [report.outcome, report.causeCode, report.attempts > 0]),
    [
      ['rejected', 'NOT_LEADER_OR_FOLLOWER', true],
      ['not-sent', 'NO_LEADER', false],
    ],
  )
})

test('rule 6: a topic whose record waits is in use for as long as it waits', async () => {
  const { clock, client, send } = harness({ deliveryTimeoutMs: 900_000 })
  await send(record(0))
  client.topics.t = { leaders: [-1], leaderEpoch: 1 }
  client.refusal = () => (client.topics.t?.leaders[0] === -1 ? 'NOT_LEADER_OR_FOLLOWER' : undefined)
  const begin = clock.now()
  clock.setTimeout(() => {
    client.topics.t = { leaders: [1], leaderEpoch: 2 }
  }, 310_000)

  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - begin < 311_000, `${clock.now() - begin} ms`)
  assert.ok(client.requests.length < 310_000 / 100 + 10, `${client.requests.length} requests`)
})

test('rule 6: a topic whose record waits is in use when the date jumps', async () => {
  const clock = new (class extends VirtualClock {
    jump = 0
    override epochMs(): number {
      return super.epochMs() + this.jump
    }
  })()
  const { client, send } = harness({}, clock)
  client.topics.t = { leaders: [-1], leaderEpoch: 0 }
  clock.setTimeout(() => {
    clock.jump = 360_000
  }, 1000)
  clock.setTimeout(() => {
    client.topics.t = { leaders: [0], leaderEpoch: 1 }
  }, 2000)

  assert.deepEqual(await send(record(0)), ['delivered'])
})

test('rule 1: a partition that was just added is waited for', async () => {
  const { clock, client, send } = harness()
  await send(record(0))
  clock.setTimeout(() => client.topics.t?.leaders.push(0), 2000)
  const begin = clock.now()
  assert.deepEqual(await send(record(PARTITIONS)), ['delivered'])
  assert.ok(clock.now() - begin < 2500, `${clock.now() - begin} ms`)
})

test('rule 1: all calls share one wait for more partitions, and after it one answer decides', async () => {
  const { clock, client, producer, send } = harness({ maxBlockMs: 5000, metadataMaxAgeMs: 60_000 })
  await send(record(0))
  const begin = clock.now()
  const first = producer.sendAll([record(9)])
  await clock.advance(4000)
  assert.deepEqual(await send(record(10)), ['not-sent:partition-out-of-range'])
  assert.ok(clock.now() - begin < 5100, `the second call waited until ${clock.now() - begin} ms`)
  assert.deepEqual((await first).map(summaryOf), ['not-sent:partition-out-of-range'])

  const requestsBefore = client.requests.length
  assert.deepEqual(await send(record(9)), ['not-sent:partition-out-of-range'])
  assert.ok(clock.now() - begin < 5300)
  assert.equal(client.requests.length - requestsBefore, 1)

  client.topics.t?.leaders.push(0, 0, 0, 0)
  assert.deepEqual(await send(record(9)), ['delivered'], 'one answer shows that the topic has grown')

  await clock.advance(70_000)
  const late = clock.now()
  clock.setTimeout(() => client.topics.t?.leaders.push(0), 3000)
  assert.deepEqual(await send(record(10)), ['delivered'])
  assert.ok(clock.now() - late >= 3000)
})

test('rule 1: a topic that has not grown is waited for again after max.block.ms and metadata.max.age.ms', async () => {
  const { clock, client, send } = harness({ maxBlockMs: 5000, metadataMaxAgeMs: 60_000 })
  await send(record(0))
  assert.deepEqual(await send(record(9)), ['not-sent:partition-out-of-range'])
  await clock.advance(65_000)
  clock.setTimeout(() => client.topics.t?.leaders.push(0, 0, 0, 0), 3000)
  assert.deepEqual(await send(record(9)), ['delivered'])
})

test('rule 1: without an answer a record beyond the known count is not invalid', async () => {
  const { client, send } = harness({ maxBlockMs: 1000 })
  await send(record(0))
  client.answerMs = () => 60_000
  assert.deepEqual(await send(record(9)), ['not-sent:unreachable'])
})

// The original bug: a record for a new topic scanned every known topic several times, 6,009 reads with 2,000 topics.
test('a record for a new topic costs the same however many topics are known', async () => {
  class CountingClock extends VirtualClock {
    reads = 0
    // Read once per look at a topic: it says how long ago the topic was used.
    override epochMs(): number {
      this.reads++
      return super.epochMs()
    }
  }
  const readsPerTopic = async (count: number): Promise<number> => {
    const clock = new CountingClock()
    const { client, send } = harness({}, clock)
    for (let n = 0; n < count; n++) {
      client.topics[`t${n}`] = { leaders: [0], leaderEpoch: 0 }
      assert.deepEqual(await send(record(0, `t${n}`)), ['delivered'])
    }
    return clock.reads / count
  }
  const [few, many] = [await readsPerTopic(50), await readsPerTopic(400)]
  assert.ok(many <= 1.5 * few, `${few} looks with 50 topics, ${many} with 400`)
})

// The original bug: the message said that no broker was reachable before the deadline, although 30 s were left and no
// request was sent.
test('max.block.ms 0: a record of a topic that is not known yet is refused; the error names the setting', async () => {
  const { clock, producer } = harness({ maxBlockMs: 0 })
  let reports: DeliveryReport[] | undefined
  void producer.sendAll([record(0)]).then(result => {
    reports = result
  })
  await clock.run(() => reports !== undefined)
  const [report] = reports ?? []
  assert.deepEqual(report && [summaryOf(report)], ['not-sent:deadline'])
  assert.match(report?.kind === 'failed' ? report.error.message : '', /within 0 ms \(max\.block\.ms\)/)
})

// Brokers close the connection at a name that they can't parse: after one such call no send of the producer worked.
test('partitionsFor refuses what is no name of a topic, without a request', async () => {
  const { client, producer, send } = harness()
  const names = [undefined, null, 5, {}, [], '', 'a b', 'a'.repeat(250), '..', '__consumer_offsets']
  for (const name of names)
    await assert.rejects(producer.partitionsFor(name as string), { name: 'InvalidRecordError', code: 'unknown-topic' })
  assert.deepEqual(client.requests, [])
  assert.deepEqual(await send(record(0)), ['delivered'])
})

test('a topic that no broker answered for is in no request of others once its callers have gone', async () => {
  const { clock, client, producer, send } = harness({ maxBlockMs: 1000 })
  client.view = topic => {
    if (topic === 'poison') throw new Error('the broker closed the connection')
    return client.topics[topic]
  }
  await assert.rejects(whenDone(clock, producer.partitionsFor('poison')))
  const before = client.requests.length

  for (const partition of [0, 1, 0]) assert.deepEqual(await send(record(partition)), ['delivered'])
  client.topics.t = { leaders: [1, 1], leaderEpoch: 1 }
  assert.deepEqual(await send(record(0), record(1)), ['delivered', 'delivered'])
  assert.deepEqual([...new Set(client.requests.slice(before).flatMap(({ topics }) => topics))], ['t'])
})

test('rule 6: after an error that names no other leader the retry does not wait for the metadata', async () => {
  const { clock, client, send } = harness()
  await send(record(0))
  client.refusal = refuseOnce('NOT_ENOUGH_REPLICAS')
  client.answerMs = () => 5000
  const begin = clock.now()

  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - begin < 1000, `${clock.now() - begin} ms`)
})

test('rule 6: after an error of a leader that is none the retry waits for the metadata', async () => {
  const { clock, client, send } = harness()
  await send(record(0))
  client.refusal = refuseOnce('LEADER_NOT_AVAILABLE')
  client.answerMs = () => 5000
  const begin = clock.now()

  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.ok(clock.now() - begin >= 5000, `${clock.now() - begin} ms`)
})

test('rule 6: a topic that got no record for five minutes is not requested any more', async () => {
  const maxAgeMs = 60_000
  const { clock, client, send } = harness({ metadataMaxAgeMs: maxAgeMs })
  client.topics.u = { leaders: [0], leaderEpoch: 0 }
  await send(record(0, 't'), record(0, 'u'))
  for (let minute = 0; minute <= 6; minute++) {
    await clock.advance(maxAgeMs)
    await send(record(0, 'u'))
  }
  await clock.advance(maxAgeMs)
  assert.ok(client.requests.filter(({ topics }) => topics.includes('t')).length >= 4)
  assert.deepEqual(client.requests.at(-1)?.topics, ['u'])
})

test('a topic that the producer may not describe is not waited for', async () => {
  const { clock, client, send } = harness()
  client.topics.t = { error: 'TOPIC_AUTHORIZATION_FAILED', leaders: [], leaderEpoch: 0 }
  const begin = clock.now()
  assert.deepEqual(await send(record(0)), ['not-sent:authorization'])
  assert.ok(clock.now() - begin < 100, `${clock.now() - begin} ms`)
})

function refuseOnce(code: string): () => string | undefined {
  let count = 0
  return () => (count++ === 0 ? code : undefined)
}

test('metadata is requested again if a broker that is asked for a producer id belongs to another cluster', async () => {
  const { client, send } = harness()
  const initProducerId = client.initProducerId.bind(client)
  let metadataBefore = 0
  client.initProducerId = async () => {
    client.initProducerId = initProducerId
    metadataBefore = client.requests.length
    throw transportError('OTHER_CLUSTER', 'The broker belongs to another cluster.', { retriable: true })
  }
  assert.deepEqual(await send(record(0)), ['delivered'])
  assert.equal(client.requests.length, metadataBefore + 1)
})
