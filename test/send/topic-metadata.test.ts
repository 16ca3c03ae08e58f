// What one topic's answers change, one answer at a time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../lib/errors.ts'
import { LeaderAvailability } from '../../lib/send/leader-availability.ts'
import { LeaderPreference } from '../../lib/send/leader-preference.ts'
import { KnownTopic } from '../../lib/send/topic-metadata.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { moment } from '../../lib/time/clock.ts'
import type { TopicMetadata } from '../../lib/transport/kafka-client.ts'

const BELIEVE_AFTER = 5

function setUp() {
  const clock = new VirtualClock()
  const availability = new LeaderAvailability({ timeoutMs: 0, retryBackoffMaxMs: 0, clock })
  let newLogs = 0
  const topic = new KnownTopic('t', moment(clock), new LeaderPreference(() => undefined, availability), () => {
    newLogs++
  })
  return { topic, newLogs: () => newLogs }
}

/** An answer with the leader of each partition, -1 for none. */
function answer(leaders: readonly number[], leaderEpoch: number, topicId: string | null = null): TopicMetadata {
  return {
    topic: 't',
    topicId,
    error: null,
    partitions: leaders.map((leader, partition) => ({ partition, leader, leaderEpoch })),
  }
}

const failed = (error: string): TopicMetadata => ({ topic: 't', topicId: null, error, partitions: [] })
const leadersOf = (topic: KnownTopic, count: number) =>
  Array.from({ length: count }, (_, partition) => topic.leader(partition)?.leader)

test('an answer says something new if it has more partitions, a newer epoch or another leader', () => {
  const { topic } = setUp()
  assert.equal(topic.learn(answer([1, 2], 3)), true)
  assert.equal(topic.learn(answer([1, 2], 3)), false, 'the same again')
  assert.equal(topic.learn(answer([1, 2], 4)), true, 'a newer epoch')
  assert.equal(topic.learn(answer([1, 5], 4)), true, 'another leader')
  assert.equal(topic.learn(answer([1, 5, 1], 4)), true, 'another partition')
  assert.equal(topic.learn(answer([1, 5, -1], 5)), true, 'two newer epochs and a partition without a leader')
  assert.deepEqual(leadersOf(topic, 4), [1, 5, undefined, undefined])
})

test('a partition that lost its leader is nothing new by itself', () => {
  const { topic } = setUp()
  topic.learn(answer([1], 3))
  assert.equal(topic.learn(answer([-1], 4)), false)
  assert.deepEqual(leadersOf(topic, 1), [undefined])
})

test('the first id of a topic is nothing new', () => {
  const { topic, newLogs } = setUp()
  topic.learn(answer([1], 3))
  assert.equal(topic.learn(answer([1], 3, 'first')), false)
  assert.equal(newLogs(), 0)
  assert.equal(topic.learn(answer([1], 0, 'second')), true)
  assert.equal(newLogs(), 1)
})

test('rule 6: older answers are believed only if enough of them come in a row', () => {
  const { topic } = setUp()
  const current = answer([1], 7)
  const older = answer([2], 6)
  topic.learn(current)
  for (let round = 0; round < 2; round++) {
    for (let n = 1; n < BELIEVE_AFTER; n++) assert.equal(topic.learn(older), false)
    assert.deepEqual([topic.isContradicted, topic.leader(0)?.leader], [true, 1])
    assert.equal(topic.learn(current), false)
    assert.equal(topic.isContradicted, false)
  }
  for (let n = 1; n < BELIEVE_AFTER; n++) topic.learn(older)
  assert.equal(topic.learn(older), true)
  assert.deepEqual([topic.isContradicted, topic.leader(0)?.leader], [false, 2])
})

test('rule 6: a topic is gone after enough answers in a row that do not have it; other errors do not count', () => {
  const { topic } = setUp()
  topic.learn(answer([1], 7))
  for (let n = 0; n < 2 * BELIEVE_AFTER; n++) assert.equal(topic.learn(failed('LEADER_NOT_AVAILABLE')), false)
  for (let n = 1; n < BELIEVE_AFTER; n++) assert.equal(topic.learn(failed('UNKNOWN_TOPIC_OR_PARTITION')), false)
  assert.equal(topic.count, 1)
  assert.equal(topic.learn(failed('UNKNOWN_TOPIC_OR_PARTITION')), true)
  assert.equal(topic.count, 0)
  assert.equal(topic.learn(failed('UNKNOWN_TOPIC_OR_PARTITION')), false, 'it is known to be gone')
})

test('a leader that a broker names counts only with a higher epoch, for a partition that is known', () => {
  const { topic } = setUp()
  topic.learn(answer([1], 7))
  assert.equal(topic.learnLeader(0, { leader: 2, leaderEpoch: 6 }), false)
  assert.equal(topic.learnLeader(0, { leader: 2, leaderEpoch: 7 }), false)
  assert.equal(topic.learnLeader(0, { leader: -1, leaderEpoch: 8 }), false)
  assert.equal(topic.learnLeader(1, { leader: 2, leaderEpoch: 8 }), false)
  assert.deepEqual(leadersOf(topic, 2), [1, undefined])
  assert.equal(topic.learnLeader(0, { leader: 2, leaderEpoch: 8 }), true)
  assert.deepEqual(leadersOf(topic, 2), [2, undefined])
  assert.equal(topic.learnLeader(0, { leader: 0, leaderEpoch: 9 }), true, '0 is the id of a broker')
  assert.deepEqual(leadersOf(topic, 2), [0, undefined])
})

test('the first partition beyond the count is gone; of an unknown topic none is', () => {
  const { topic } = setUp()
  assert.equal(topic.isGone(0), false)
  topic.learn(answer([1, 1], 0))
  assert.deepEqual(
    [0, 1, 2, 3].map(partition => topic.isGone(partition)),
    [false, false, true, true],
  )
})

test('the view for partitioners has the partitions with a leader, and is another one only after a change', () => {
  const { topic } = setUp()
  topic.learn(answer([1, -1, 2], 0))
  const view = topic.partitions
  assert.deepEqual(view, { count: 3, available: [0, 2], preferred: [0, 2] })
  assert.equal(topic.partitions, view)
  topic.learnLeader(1, { leader: 2, leaderEpoch: 1 })
  assert.deepEqual(topic.partitions.available, [0, 1, 2])
})

test('the error of a topic that is not known says why, with the code of its cause', () => {
  const { topic } = setUp()
  const why = (lastError?: TransportError, maxBlockMs = 500) => {
    const { code, causeCode, retriable, message } = topic.whyUnknown(lastError, maxBlockMs)
    return { code, causeCode, retriable, message }
  }
  const noAnswer = 'No broker returned metadata for the topic within 500 ms (max.block.ms), or before the deadline.'
  const unreachable = { code: 'unreachable', causeCode: null, retriable: true, message: noAnswer }
  assert.deepEqual(why(), unreachable)
  const refused = new TransportError('authentication', 'SASL failed.', { causeCode: 'AUTHENTICATION_FAILED' })
  assert.deepEqual(why(refused), {
    ...unreachable,
    causeCode: 'AUTHENTICATION_FAILED',
    message: `${noAnswer} SASL failed.`,
  })
  assert.equal(topic.whyUnknown(refused, 500).cause, refused)
  assert.equal(why(undefined, 0).code, 'deadline', 'nobody was asked')
  assert.equal(why(refused, 0).code, 'unreachable')

  topic.learn(failed('UNKNOWN_TOPIC_OR_PARTITION'))
  assert.deepEqual(why(), {
    code: 'topic-not-on-cluster',
    causeCode: 'UNKNOWN_TOPIC_OR_PARTITION',
    retriable: true,
    message: 'The cluster has no topic t (UNKNOWN_TOPIC_OR_PARTITION).',
  })
  topic.learn(failed('TOPIC_AUTHORIZATION_FAILED'))
  assert.deepEqual(why(), {
    code: 'authorization',
    causeCode: 'TOPIC_AUTHORIZATION_FAILED',
    retriable: false,
    message:
      'The brokers refuse to describe topic t: expected an ACL for WRITE on it ' +
      '(MSK: kafka-cluster:DescribeTopic and WriteData).',
  })
})

test('a topic of another cluster only has the same name: its ids and errors are forgotten', () => {
  const { topic, newLogs } = setUp()
  topic.learn(answer([1], 7, 'first'))
  topic.learn(failed('LEADER_NOT_AVAILABLE'))
  topic.leaveCluster()
  assert.deepEqual([topic.count, topic.error, newLogs()], [0, null, 1])
  topic.learn(answer([3], 0, 'second'))
  assert.deepEqual([leadersOf(topic, 1), newLogs()], [[3], 1], 'no contradiction, and no topic that was created anew')
})

test('an id that a topic had in another cluster is believed at once, as in a copy of that cluster', () => {
  const { topic } = setUp()
  topic.learn(answer([1], 0, 'first'))
  topic.learn(answer([2], 0, 'second'))
  topic.leaveCluster()
  assert.equal(topic.learn(answer([3], 0, 'first')), true)
  assert.deepEqual(leadersOf(topic, 1), [3])
})
