// The command is interrupted while it redrives a queue: what it holds becomes visible at once, and its lease is free.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { SqsQueue } from '../../lib/dead-letter/sqs/queue.ts'
import { SqsDeadLetterTarget } from '../../lib/dead-letter/sqs/target.ts'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { startSqs } from '../../local/sqs/elasticmq.ts'
import { runCommand } from '../support/command.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'
import { deadlineIn } from '../support/time.ts'

const servers = sharedClusterServers()
const AWS = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' }
Object.assign(process.env, AWS)
const LEASE = 'redrive-lease.fifo'
const sqs = await startSqs([
  { name: 'interrupted', visibilityS: 30 },
  { name: LEASE, visibilityS: 30 },
])
after(() => sqs.stop())

const countsOf = async (name: string) => {
  const queue = new SqsQueue(sqs.queueUrl(name))
  try {
    return await queue.counts()
  } finally {
    await queue.close()
  }
}

test('Ctrl-C and SIGTERM: counts are printed, no message stays hidden, the lease is free', async () => {
  const topic = `interrupted-${randomBytes(6).toString('hex')}`
  await createTopics(servers, [{ topic, partitions: 1 }])
  await untilInSync(servers, topic, 1)
  const target = new SqsDeadLetterTarget(sqs.queueUrl('interrupted'))
  let left = Array.from({ length: 60 }, (_, i) => deadLetterOf(`i-${i}`, `v-${i}`, topic))
  // On a busy machine a connection to the queue can time out; the target then reports what it has not stored.
  while (left.length > 0) {
    const results = await target.store(left, deadlineIn(20_000))
    left = left.filter((_, index) => typeof results[index] !== 'string')
  }
  await target.close()
  assert.deepEqual(await countsOf('interrupted'), { visible: 60, received: 0, delayed: 0 })
  const env = {
    ...AWS,
    KAFKA_BOOTSTRAP_SERVERS: servers,
    KAFKA_DEAD_LETTER: `sqs:${sqs.queueUrl('interrupted')}`,
    KAFKA_REDRIVE_LEASE_QUEUE: sqs.queueUrl(LEASE),
  }
  const args = ['redrive', '--any-topic', '--timestamp', 'now', '--rate', '2', '--yes', '--json']
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const run = await runCommand(args, env, { onOutput: child => child.kill(signal) })
    assert.equal(run.status, status, run.stderr)
    assert.match(run.stderr, /dead letters seen, .* [1-9]\d* sent/)
    assert.match(run.stderr, /Stopped: interrupted/)
    const values = (await readTopic(servers, topic)).map(({ value }) => String(value))
    assert.equal(new Set(values).size, values.length, `a record was sent twice: ${values}`)
    assert.deepEqual(await countsOf('interrupted'), { visible: 60 - values.length, received: 0, delayed: 0 })
    assert.deepEqual(await countsOf(LEASE), { visible: 0, received: 0, delayed: 0 })
  }
})
