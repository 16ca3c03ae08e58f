// Many dead letters in each target: statistics, a dry run and a redrive, in little memory and with a linear number of
// requests. STORE_SCALE=100000 is the full size; disk-scale.test.ts tests disk.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, type TestContext, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { itemOf } from '../../lib/dead-letter/dynamodb/target.ts'
import { KafkaDeadLetterTarget } from '../../lib/dead-letter/kafka/target.ts'
import { SqliteDeadLetterTarget } from '../../lib/dead-letter/sqlite/target.ts'
import type { Check } from '../../lib/doctor/check.ts'
import { checkDeadLetters } from '../../lib/doctor/check-dead-letters.ts'
import { createTopics, untilInSync } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { DynamoDbServer } from '../fakes/dynamodb-server.ts'
import { S3Server } from '../fakes/s3-server.ts'
import { SqsServer } from '../fakes/sqs-server.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { producerOf } from '../support/producer-of.ts'
import { deadlineIn } from '../support/time.ts'

const COUNT = Number(process.env.STORE_SCALE ?? 3000)
/** The heaps that Node takes in containers of 256 and 512 MB. */
const HEAP_MB = { 256: 128, 512: 256 }
const CHUNK = 1000
const folder = temporaryFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

/** Dead letters of five topics with values of 100 bytes, in chunks. */
function* chunks(count: number): Generator<DeadLetter[]> {
  for (let at = 0; at < count; at += CHUNK)
    yield Array.from({ length: Math.min(CHUNK, count - at) }, (_, n) =>
      deadLetterOf(`many-${at + n}`, 'x'.repeat(100), `topic-${(at + n) % 5}`),
    )
}

async function run(t: TestContext, setting: string, operation: string, megabytes: keyof typeof HEAP_MB) {
  const child = spawn(
    process.execPath,
    [`--max-heap-size=${HEAP_MB[megabytes]}`, 'test/slow/scale-process.ts', setting, operation],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  assert.ok(stdout !== '', stderr)
  const { count, seconds, cpuSeconds, maxMegabytes } = JSON.parse(stdout)
  t.diagnostic(
    `${operation}: ${count} in ${seconds.toFixed(1)} s (CPU ${cpuSeconds.toFixed(1)}), ${Math.round(maxMegabytes)} MB`,
  )
  assert.ok(maxMegabytes <= megabytes, `${maxMegabytes} MB`)
  return Number(count)
}

async function redriveAll(t: TestContext, setting: string, count: number, megabytes: keyof typeof HEAP_MB) {
  for (const operation of ['list', 'stats', 'dry run', 'redrive'])
    assert.equal(await run(t, setting, operation, megabytes), count, operation)
  assert.equal(await run(t, setting, 'list', megabytes), 0)
}

test('SQLite: ten times as many dead letters within 256 MB', async t => {
  const file = join(folder, 'many.db')
  const target = new SqliteDeadLetterTarget(file)
  for (const chunk of chunks(10 * COUNT)) await target.store(chunk)
  await target.close()
  await redriveAll(t, `sqlite:${file}`, 10 * COUNT, 256)
})

test('S3 within 512 MB, with two requests per dead letter of a redrive', async t => {
  const s3 = new S3Server('many')
  await s3.start()
  t.after(() => s3.stop())
  for (const chunk of chunks(COUNT))
    for (const each of chunk) s3.put(`p/${each.deadLetterId}.json`, JSON.stringify(each))
  await redriveAll(t, 's3:many/p', COUNT, 512)
  const of = (method: string) => s3.requests.filter(request => request.startsWith(`${method} p/`)).length
  // List, statistics, dry run and redrive; then the lease, once per batch and once in 15 s.
  assert.ok(of('GET') < 4.1 * COUNT && of('DELETE') < 1.01 * COUNT + 10, `${of('GET')}, ${of('DELETE')}`)
})

test('DynamoDB within 512 MB, page by page', async t => {
  const dynamodb = new DynamoDbServer()
  await dynamodb.start()
  t.after(() => dynamodb.stop())
  for (const chunk of chunks(COUNT)) for (const each of chunk) dynamodb.put(itemOf(each))
  await redriveAll(t, 'dynamodb:many', COUNT, 512)
  const { Scan = 0, DeleteItem = 0, PutItem = 0 } = Object.fromEntries(dynamodb.calls)
  // Besides the dead letters, the lease and the journal of what is being sent are deleted.
  assert.ok(Scan < COUNT / 100 && DeleteItem <= COUNT + 2 && PutItem < COUNT / 10, `${Scan}, ${DeleteItem}, ${PutItem}`)
})

test('DynamoDB: 150,000 rows are listed within 512 MB', async t => {
  const dynamodb = new DynamoDbServer()
  await dynamodb.start()
  t.after(() => dynamodb.stop())
  for (const chunk of chunks(150_000)) for (const each of chunk) dynamodb.put(itemOf(each))
  assert.equal(await run(t, 'dynamodb:many', 'stats', 512), 150_000)
})

test('SQS within 512 MB; a look receives a sample', async t => {
  const sqs = await SqsServer.start('many')
  t.after(() => sqs.close())
  for (const chunk of chunks(COUNT)) for (const each of chunk) sqs.add(JSON.stringify(each))
  const setting = `sqs:${sqs.url}`
  for (const operation of ['list', 'stats', 'dry run']) assert.equal(await run(t, setting, operation, 512), 1000)
  const looks = sqs.callsOf('ReceiveMessage').length
  assert.ok(looks <= 330, `${looks}`)
  assert.equal(sqs.visible, COUNT)
  assert.equal(await run(t, setting, 'redrive', 512), COUNT)
  assert.equal(sqs.messages.length, 0)
  assert.ok(sqs.callsOf('ReceiveMessage').length - looks <= COUNT / 10 + 10)
})

test('the doctor looks at a sample of a queue with 100,000 messages, and gives it back', async t => {
  const sqs = await SqsServer.start('full')
  t.after(() => sqs.close())
  const body = JSON.stringify(deadLetterOf('full'))
  for (let n = 0; n < 100_000; n++) sqs.add(body)
  const config = parseConfig({ bootstrapServers: ['127.0.0.1:9'], deadLetter: `sqs:${sqs.url}` }, {})
  const checks: Check[] = []
  const begin = performance.now()
  await checkDeadLetters(config, [], check => checks.push(check))
  t.diagnostic(`${Math.round(performance.now() - begin)} ms`)
  assert.deepEqual(
    checks.map(({ status }) => status),
    ['warning'],
  )
  assert.ok(sqs.callsOf('ReceiveMessage').length <= 101)
  assert.deepEqual([sqs.messages.length, sqs.visible], [100_001, 100_001])
})

test('Kafka within 512 MB', async t => {
  const existing = process.env.KAFKA_TEST_BOOTSTRAP
  const kafka = existing === undefined ? await LocalKafka.start(1) : undefined
  t.after(() => kafka?.stop())
  const servers = existing ?? (kafka as LocalKafka).bootstrapServers
  const topic = `many-dlt-${process.pid}-${Date.now()}`
  await createTopics(servers, [{ topic, partitions: 2 }])
  await untilInSync(servers, topic, 1)
  const target = new KafkaDeadLetterTarget(topic, () => producerOf(servers.split(',')))
  for (const chunk of chunks(COUNT)) {
    const results = await target.store(chunk, deadlineIn(30_000))
    assert.ok(results.every(result => typeof result === 'string'))
  }
  await target.close()
  await redriveAll(t, `kafka:${topic}@${servers.replaceAll(',', ';')}`, COUNT, 512)
})
