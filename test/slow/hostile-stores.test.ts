// 500 forged dead letters in every target, between good ones, with a redrive into a real Kafka: none throws, and every
// good one is sent. HOSTILE=500 is per target.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import fc from 'fast-check'
import { parseConfig } from '../../lib/config/parse-config.ts'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { encodeEntry } from '../../lib/dead-letter/disk/segment.ts'
import { toKafkaDeadLetter } from '../../lib/dead-letter/kafka/kafka-dead-letter.ts'
import { SqliteDeadLetterTarget } from '../../lib/dead-letter/sqlite/target.ts'
import { parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import { runRedrive } from '../../lib/redrive/run-redrive.ts'
import { createTopics, kafkaOf, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { LocalKafka } from '../../local/kafka/cluster.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { startSqs } from '../../local/sqs/elasticmq.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { createTable } from '../support/dynamodb-table.ts'
import { hostileDeadLetters } from '../support/hostile-dead-letters.ts'
import { AWS_TEST_KEYS, startMoto } from '../support/moto.ts'

const HOSTILE = Number(process.env.HOSTILE ?? 84)
const GOOD = 20

const folder = temporaryFolder()
const existing = process.env.KAFKA_TEST_BOOTSTRAP
const [moto, sqs, kafka] = await Promise.all([
  startMoto(),
  startSqs([{ name: 'hostile', visibilityS: 30 }]),
  existing ? undefined : LocalKafka.start(1),
])
after(async () => {
  moto.stop()
  await Promise.all([sqs.stop(), kafka?.stop()])
  rmSync(folder, { recursive: true, force: true })
})
Object.assign(process.env, AWS_TEST_KEYS, { AWS_ENDPOINT_URL_S3: moto.url, AWS_ENDPOINT_URL_DYNAMODB: moto.url })
const servers = existing ?? (kafka as LocalKafka).bootstrapServers
const admin = kafkaOf(servers).admin()
await admin.connect()
/** So that records in doubt are looked for in its logs. */
const { clusterId } = await admin.describeCluster()
await admin.disconnect()
const unique = `${process.pid}-${Date.now()}`

/** Writes the texts as they are, where dead letters lie. @returns the target's setting */
type Fill = (texts: readonly string[]) => Promise<string>

const TARGETS: Readonly<Record<string, Fill>> = {
  disk: async texts => {
    const place = join(folder, 'disk')
    mkdirSync(place)
    const entries = texts.flatMap(text => encodeEntry('seg2', JSON.parse(text)))
    writeFileSync(join(place, '20261126T000000000Z-1-00000000.seg2'), Buffer.concat(entries))
    return `disk:${place}`
  },
  sqlite: async texts => {
    const target = new SqliteDeadLetterTarget(join(folder, 'hostile.db'))
    await target.inTransaction(database => {
      const insert = database.prepare("INSERT INTO letters (letter_id, topic, code, letter) VALUES (?, 'chat', 'x', ?)")
      for (const [n, text] of texts.entries()) insert.run(`row-${n}`, text)
    })
    await target.close()
    return `sqlite:${target.file}`
  },
  s3: async texts => {
    const s3 = new S3Client({ forcePathStyle: true })
    await s3.send(new CreateBucketCommand({ Bucket: 'hostile' }))
    for (const [n, Body] of texts.entries())
      await s3.send(new PutObjectCommand({ Bucket: 'hostile', Key: `p/row-${n}.json`, Body }))
    s3.destroy()
    return 's3:hostile/p'
  },
  dynamodb: async texts => {
    const client = new DynamoDBClient({})
    await createTable(client, 'hostile')
    for (const [n, text] of texts.entries())
      await client.send(
        new PutItemCommand({
          TableName: 'hostile',
          Item: { deadLetterId: { S: `row-${n}` }, deadLetter: { S: text } },
        }),
      )
    client.destroy()
    return 'dynamodb:hostile'
  },
  sqs: async texts => {
    const QueueUrl = sqs.queueUrl('hostile')
    for (const MessageBody of texts) await sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    return `sqs:${QueueUrl}`
  },
  kafka: async texts => {
    const topic = `hostile-dlt-${unique}`
    await createTopics(servers, [{ topic, partitions: 2 }])
    const producer = kafkaOf(servers).producer()
    await producer.connect()
    await producer.send({
      topic,
      messages: texts.map((text, n) => ({ partition: n % 2, ...recordOf(text, topic) })),
    })
    await producer.disconnect()
    return `kafka:${topic}@${servers.replaceAll(',', ';')}`
  },
}

/** As the target writes it, where the text allows that. */
function recordOf(text: string, topic: string) {
  try {
    const { key, value, headers } = toKafkaDeadLetter(JSON.parse(text), topic)
    return {
      key: key && Buffer.from(key),
      value: value && Buffer.from(value),
      headers: Object.fromEntries(headers.map(([name, bytes]) => [name, Buffer.from(bytes ?? [])])),
    }
  } catch (error) {
    assert.ok(error instanceof Error)
    return { key: null, value: null, headers: { 'kp-dead-letter': text } }
  }
}

for (const [kind, fill] of Object.entries(TARGETS))
  test(`${kind}: hostile dead letters harm no good one`, async t => {
    const topic = `hostile-${kind}-${unique}`
    await createTopics(servers, [{ topic, partitions: 3 }])
    await untilInSync(servers, topic, 1)
    const hostile = fc.sample(hostileDeadLetters(topic, clusterId), HOSTILE)
    const good = Array.from({ length: GOOD }, (_, n) => JSON.stringify(deadLetterOf(`good-${n}`, `good ${n}`, topic)))
    const every = Math.ceil(HOSTILE / GOOD)
    const texts = good.flatMap((text, n) => [...hostile.slice(n * every, (n + 1) * every), text])
    const setting = await fill(texts)
    const config = parseConfig(
      { bootstrapServers: servers.split(','), deadLetter: setting, redriveInDoubtWaitMs: 0, deliveryTimeoutMs: 10_000 },
      {},
    )
    const contracts = new Map([[topic, parseContract(topic, { value: { format: 'text' } }, () => () => noViolations)]])
    for (const [run, options] of [{ anyTopic: true, includeInvalid: true }, {}].entries()) {
      const [result] = await runRedrive(parseRedriveRequest(options), { config, contracts })
      assert.ok(result)
      t.diagnostic(`run ${run + 1}: ${JSON.stringify({ ...result, byTopic: Object.keys(result.byTopic).length })}`)
      assert.equal(result.stopped, undefined, result.error)
      assert.equal(result.notCompleted, 0)
    }
    const values = (await readTopic(servers, topic)).map(({ value }) => String(value))
    const sent = values.filter(value => value.startsWith('good ')).sort()
    assert.deepEqual(sent, Array.from({ length: GOOD }, (_, n) => `good ${n}`).sort())
  })

const noViolations = { violations: [], truncated: false }
