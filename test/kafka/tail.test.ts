// npm run tail, run as a user does.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createTopics } from '../../local/kafka/admin.ts'
import { runShell } from '../support/command.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'

const servers = sharedClusterServers()

test('tail of a topic that does not exist fails and names the topics that do', async () => {
  const topic = `tail-${randomBytes(6).toString('hex')}`
  await createTopics(servers, [{ topic, partitions: 1 }])
  const line = `"${process.execPath}" local/tail.ts ${topic}-typo`
  const { status, stderr } = await runShell(line, { KAFKA_BOOTSTRAP_SERVERS: servers })
  assert.equal(status, 1)
  assert.ok(stderr.includes(`There is no topic ${topic}-typo on ${servers}.`), stderr)
  assert.match(stderr, new RegExp(`Topics: .*\\b${topic}[,.]`))
})
