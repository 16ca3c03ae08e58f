// A broker freezes while records are sent: a follower, or the leader with a Produce in its socket. Then the sandbox
// that sent it ends, and redrive runs before and after the leader thaws: the record is in the log once, whatever
// became of the late Produce.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { toDeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { createLogReader } from '../../lib/redrive/open-dead-letters.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { createTopics, partitionsOf, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { deadlineIn, isDoneWithin } from '../support/time.ts'

let kafka: LocalKafka
before(async () => {
  kafka = await LocalKafka.start(3)
})
after(() => kafka.stop())

test('rule 7: deadlines of 300 ms and 20 s in one batch, with frozen followers, are each kept', async () => {
  await createTopics(kafka.bootstrapServers, [{ topic: 'frozen', partitions: 1, replicas: 3 }])
  await untilInSync(kafka.bootstrapServers, 'frozen', 3)
  const leader = (await partitionsOf(kafka.bootstrapServers, 'frozen'))[0]?.leader
  // Both: a busy cluster may have taken one out of the in-sync replicas, and one is enough for min.insync.replicas.
  const followers = kafka.brokerIds.filter(id => id !== leader)
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    for (const id of followers) process.kill(kafka.pid(id), name)
  }
  const producer = producerOf(kafka.bootstrapServers.split(','))
  assert.equal(summaryOf((await producer.sendAll([{ topic: 'frozen', value: 'warm' }]))[0]), 'delivered')
  signal('SIGSTOP')
  try {
    const short = producer.sendAll([{ topic: 'frozen', value: 'short' }], deadlineIn(300))
    const long = producer.sendAll([{ topic: 'frozen', value: 'long' }], deadlineIn(20_000))

    assert.ok(await isDoneWithin(3000, short))
    assert.match(summaryOf((await short)[0]), /^(unknown|not-sent):/)
    signal('SIGCONT')
    assert.equal(summaryOf((await long)[0]), 'delivered')
  } finally {
    signal('SIGCONT')
    await producer.close()
  }
})

for (const [name, topic, isLeaderReplaced] of [
  ['that thaws in time', 'thaws', false],
  ['that another one replaces', 'replaced', true],
] as const)
  test(`a Produce in the socket of a frozen leader ${name}: redrive waits, then the record is there once`, async () => {
    const servers = kafka.bootstrapServers
    await createTopics(servers, [{ topic, partitions: 1, replicas: 3 }])
    await untilInSync(servers, topic, 3)
    const leader = (await partitionsOf(servers, topic))[0]?.leader as number
    const producer = producerOf(servers.split(','))
    await producer.sendAll([{ topic, value: 'warm' }])
    process.kill(kafka.pid(leader), 'SIGSTOP')
    let report: Awaited<ReturnType<typeof producer.sendAll>>[number] | undefined
    try {
      const headers = [['kp-id', Buffer.from('r-1')] as const]
      ;[report] = await producer.sendAll([{ topic, value: 'late', headers }], deadlineIn(1000))
      await producer.close()
    } finally {
      if (!isLeaderReplaced) process.kill(kafka.pid(leader), 'SIGCONT')
    }
    assert.ok(report?.kind === 'failed' && report.outcome === 'unknown', JSON.stringify(report?.kind))
    const source = { trigger: 'http', id: 'r-1', index: 0, function: null, arn: null, receiveCount: null } as const
    const deadLetter = toDeadLetter(report, 'r-1', source)
    assert.equal(deadLetter.inDoubt?.fromOffset, 1)
    assert.ok(deadLetter.inDoubt?.clusterId)

    const store = new MemoryDeadLetterStore([deadLetter])
    const config = parseConfig({ bootstrapServers: servers.split(',') }, {})
    const { reader, closeReader } = createLogReader(config)
    const again = producerOf(servers.split(','))
    try {
      const early = await redrive(store, { producer: again, log: reader })
      // The late Produce may be in the log by now, or not yet: then nothing is sent.
      assert.equal(early.resent, 0)
      if (isLeaderReplaced) process.kill(kafka.pid(leader), 'SIGCONT')
      await untilInSync(servers, topic, 3)
      const late = await redrive(store, { producer: again, log: reader, inDoubtWaitMs: 0 })
      assert.equal(early.found + late.found + late.resent, 1, JSON.stringify([early, late]))
    } finally {
      await Promise.all([again.close(), closeReader()])
    }
    const values = (await readTopic(servers, topic)).map(({ value }) => String(value))
    assert.deepEqual(values, ['warm', 'late'])
    assert.equal(store.open.size, 0)
  })
