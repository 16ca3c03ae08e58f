// A broker freezes while records are sent.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTopics, partitionsOf, untilInSync } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { deadlineIn } from '../support/time.ts'

let kafka: LocalKafka
before(async () => {
  kafka = await LocalKafka.start(3)
})
after(() => kafka.stop())

test('rule 7: deadlines of 300 ms and 20 s in one batch, with a frozen follower, are each kept', async () => {
  await createTopics(kafka.bootstrapServers, [{ topic: 'frozen', partitions: 1, replicas: 3 }])
  await untilInSync(kafka.bootstrapServers, 'frozen', 3)
  const leader = (await partitionsOf(kafka.bootstrapServers, 'frozen'))[0]?.leader
  const follower = kafka.brokerIds.find(id => id !== leader) as number
  const producer = producerOf(kafka.bootstrapServers.split(','))
  assert.equal(summaryOf((await producer.sendAll([{ topic: 'frozen', value: 'warm' }]))[0]), 'delivered')
  process.kill(kafka.pid(follower), 'SIGSTOP')
  try {
    const begin = performance.now()
    const short = producer
      .sendAll([{ topic: 'frozen', value: 'short' }], deadlineIn(300))
      .then(([report]) => [summaryOf(report), performance.now() - begin] as const)
    const long = producer.sendAll([{ topic: 'frozen', value: 'long' }], deadlineIn(20_000))
    const [outcome, took] = await short

    assert.ok(took < 700, `reported after ${took} ms`)
    assert.match(outcome, /^(unknown|not-sent):/)
    assert.equal(summaryOf((await long)[0]), 'delivered')
  } finally {
    process.kill(kafka.pid(follower), 'SIGCONT')
    await producer.close()
  }
})
