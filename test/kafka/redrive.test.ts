// Redrive on a real Kafka: from each target that needs no AWS, the look-up in the log, filters, dry run, kills.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { KafkaDeadLetterTarget } from '../../lib/dead-letter/kafka/target.ts'
import { SqliteDeadLetterTarget } from '../../lib/dead-letter/sqlite/target.ts'
import { SqsDeadLetterTarget } from '../../lib/dead-letter/sqs/target.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { createLogReader, deadLetterTopicsOf, openDeadLetterStore } from '../../lib/redrive/open-dead-letters.ts'
import { type RedriveOptions, redrive } from '../../lib/redrive/redrive.ts'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { startSqs } from '../../local/sqs/elasticmq.ts'
import { deadLetterStoreContract } from '../dead-letter-store.contract.ts'
import { deadLetterOf, withOwnId } from '../support/dead-letter.ts'
import { producerOf } from '../support/producer-of.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'
import { deadlineIn } from '../support/time.ts'
import { unknownReport } from '../support/unknown-report.ts'

const servers = sharedClusterServers()
const folder = temporaryFolder()
const config = parseConfig({ bootstrapServers: servers.split(',') }, {})
const { reader, closeReader } = createLogReader(config)
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' })
const sqs = await startSqs([{ name: 'dead-letters', visibilityS: 30 }])
after(async () => {
  await Promise.all([sqs.stop(), closeReader()])
  rmSync(folder, { recursive: true, force: true })
})

async function newTopic(options: { partitions?: number; config?: Record<string, string> } = {}): Promise<string> {
  const topic = `redrive-${randomBytes(6).toString('hex')}`
  await createTopics(servers, [{ topic, partitions: 1, ...options }])
  await untilInSync(servers, topic, 1)
  return topic
}

const valuesOf = async (topic: string) => (await readTopic(servers, topic)).map(({ value }) => String(value))

deadLetterStoreContract(
  'disk',
  servers,
  async () => ({
    target: new DiskDeadLetterTarget(join(folder, 'disk')),
    open: () => new DiskDeadLetterStore(join(folder, 'disk')),
  }),
  {
    parallel: 'refused',
  },
)
deadLetterStoreContract(
  'sqlite',
  servers,
  async () => {
    const file = join(folder, 'letters.db')
    return {
      target: new SqliteDeadLetterTarget(file),
      open: () => openDeadLetterStore({ kind: 'sqlite', file }, config),
    }
  },
  { parallel: 'refused' },
)
deadLetterStoreContract(
  'sqs',
  servers,
  async () => {
    const queueUrl = sqs.queueUrl('dead-letters')
    return {
      target: new SqsDeadLetterTarget(queueUrl),
      open: () => openDeadLetterStore({ kind: 'sqs', queueUrl }, config),
    }
  },
  { parallel: 'hidden' },
)
deadLetterStoreContract(
  'kafka',
  servers,
  async () => {
    const pattern = `${await newTopic()}-dlt`
    await createTopics(servers, [{ topic: pattern, partitions: 2 }])
    return {
      target: new KafkaDeadLetterTarget(pattern, () => producerOf(servers.split(','))),
      open: () => openDeadLetterStore({ kind: 'kafka', pattern, servers: undefined }, config),
    }
  },
  { parallel: 'refused' },
)

test('a dead letter in Kafka has the bytes of the record and Spring’s headers', async () => {
  const topic = await newTopic()
  await createTopics(servers, [{ topic: `${topic}-dlt`, partitions: 1 }])
  const target = new KafkaDeadLetterTarget('{topic}-dlt', () => producerOf(servers.split(',')))
  const deadLetter = deadLetterOf('spring', 'v', topic)
  const withPartition: DeadLetter = {
    ...deadLetter,
    record: { ...deadLetter.record, partition: 7, timestamp: 1517966773840 },
  }
  assert.deepEqual(await target.store([withPartition], deadlineIn(10_000)), [`kafka:${topic}-dlt-0@0`])
  await target.close()
  const [record] = await readTopic(servers, `${topic}-dlt`)
  const header = (name: string) => record?.headers[`kafka_dlt-${name}`] as Buffer
  assert.deepEqual([String(record?.key), String(record?.value)], ['k', 'v'])
  assert.equal(String(header('original-topic')), topic)
  assert.equal(header('original-partition').readInt32BE(), 7)
  assert.equal(header('original-timestamp').readBigInt64BE(), 1517966773840n)
  assert.deepEqual(
    [String(header('exception-fqcn')), String(header('exception-message'))],
    ['DeliveryError', 'unreachable'],
  )
})

for (const compressionType of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)
  test(`an unknown dead letter is sent only if its record is not in Kafka (${compressionType})`, async () => {
    const topic = await newTopic({ config: { 'retention.ms': '-1' } })
    const producer = producerOf(servers.split(','), { compressionType })
    const headers = (id: string) => [['kp-id', Buffer.from(id)]] as const
    // The log is searched by the records' own timestamps, which are old.
    const sent = await producer.sendAll(
      Array.from({ length: 50 }, (_, i) => ({
        topic,
        key: 'k',
        value: `${'v'.repeat(200)} ${i}`,
        headers: headers(`id-${i}`),
        timestamp: 1_517_966_773_840 + i,
      })),
    )
    assert.ok(sent.every(({ kind }) => kind === 'delivered'))
    const [inLog] = await Array.fromAsync(reader.read(topic, 0, 20n, 21n))
    const doubt = (sequence: number, producerId = Number(inLog?.producerId)) => ({
      partition: 0,
      producerId,
      producerEpoch: 0,
      baseSequence: sequence,
      indexInBatch: 0,
      from: new Date().toISOString(),
      to: new Date().toISOString(),
    })
    const deadLetterFor = (
      id: string,
      value: string,
      timestamp: number,
      inDoubt: DeadLetter['inDoubt'],
    ): DeadLetter => {
      const deadLetter = deadLetterOf(id, value, topic)
      const headers = [{ name: 'kp-id', value: Buffer.from(id).toString('base64') }]
      return withOwnId({
        ...deadLetter,
        record: { ...deadLetter.record, timestamp, headers },
        failure: { ...deadLetter.failure, outcome: 'unknown' },
        inDoubt,
      })
    }
    const target = new DiskDeadLetterTarget(join(folder, compressionType))
    await target.store([
      deadLetterFor('by-sequence', `${'v'.repeat(200)} 20`, 1_517_966_773_860, doubt(inLog?.sequence as number)),
      deadLetterFor('not-there', 'sent now', 1_517_966_773_860, doubt(100_000)),
    ])
    await target.close()
    const store = new DiskDeadLetterStore(join(folder, compressionType))
    const result = await redrive(store, { producer, log: reader, inDoubtWaitMs: 0 })
    await store.close()
    assert.deepEqual([result.found, result.resent], [1, 1])
    // The reader of the other tests supports only gzip; Java reads every codec in compression.test.ts.
    const after = await Array.fromAsync(reader.read(topic, 0, 50n, await reader.end(topic, 0)))
    assert.deepEqual(
      after.map(({ value }) => String(value)),
      ['sent now'],
    )
    await producer.close()
  })

test('a record that may be in the topic of an earlier --to is looked for there, not in its own', async () => {
  const [topic, other] = [await newTopic(), await newTopic()]
  const target = new DiskDeadLetterTarget(join(folder, 'in-doubt-elsewhere'))
  await target.store(['written', 'lost'].map(id => deadLetterOf(id, `${id} value`, topic)))
  await target.close()
  const producer = producerOf(servers.split(','))
  // One record is written and its response is lost; the other one gets lost on its way.
  const unsure = {
    sendAll: async (records: readonly ProducerRecord[]) => {
      await producer.sendAll(records.filter(({ value }) => String(value).startsWith('written')))
      return records.map(record => unknownReport(record))
    },
  }
  const runAt = async (options: Partial<RedriveOptions>) => {
    const store = new DiskDeadLetterStore(join(folder, 'in-doubt-elsewhere'))
    const result = await redrive(store, { producer, log: reader, inDoubtWaitMs: 0, ...options })
    await store.close()
    return result
  }
  assert.deepEqual((await runAt({ producer: unsure, to: other })).failed, { 'delivery-unknown': 2 })
  const { found, resent } = await runAt({})
  assert.deepEqual([found, resent], [1, 1])
  assert.deepEqual([await valuesOf(other), await valuesOf(topic)], [['written value'], ['lost value']])
  await producer.close()
})

test('filters and limit select the dead letters that are sent; a dry run sends none', async () => {
  const [topic, other] = [await newTopic(), await newTopic()]
  const place = join(folder, 'filters')
  const target = new DiskDeadLetterTarget(place)
  const at = (deadLetter: DeadLetter, lastAt: string, code = deadLetter.failure.code): DeadLetter => ({
    ...deadLetter,
    failure: { ...deadLetter.failure, lastAt, code },
  })
  await target.store([
    at(deadLetterOf('old', 'old', topic), '2026-01-01T00:00:00.000Z'),
    at(deadLetterOf('new', 'new', topic), '2026-06-01T00:00:00.000Z'),
    at(deadLetterOf('quota', 'quota', topic), '2026-06-01T00:00:00.000Z', 'quota'),
    deadLetterOf('other', 'other', other),
  ])
  await target.close()
  const producer = producerOf(servers.split(','))
  const run = async (options: object) => {
    const store = new DiskDeadLetterStore(place)
    const result = await redrive(store, { producer, ...options })
    await store.close()
    return result
  }
  const dry = await run({ topics: [topic], dryRun: true })
  assert.deepEqual([dry.matched, dry.tried, dry.resent], [3, 3, 0])
  assert.deepEqual(dry.byTopic, { [topic]: { unreachable: 2, quota: 1 } })
  assert.deepEqual(await valuesOf(topic), [])
  await run({ topics: [topic], errors: ['quota'] })
  assert.deepEqual(await valuesOf(topic), ['quota'])
  await run({ topics: [topic], since: Date.parse('2026-03-01') })
  assert.deepEqual(await valuesOf(topic), ['quota', 'new'])
  await run({ limit: 1 })
  assert.equal((await valuesOf(topic)).length + (await valuesOf(other)).length, 3)
  const begin = performance.now()
  await run({ rate: 2 })
  assert.ok(performance.now() - begin > 400, 'the rate is kept')
  assert.deepEqual([...(await valuesOf(topic)), ...(await valuesOf(other))].sort(), ['new', 'old', 'other', 'quota'])
  await producer.close()
})

test('a rejected redrive counts as an attempt, up to maxAttempts; one that reached no broker does not', async () => {
  const topic = await newTopic({ config: { 'max.message.bytes': '1000' } })
  const place = join(folder, 'parked')
  const target = new DiskDeadLetterTarget(place)
  await target.store([deadLetterOf('large', 'x'.repeat(5000), topic), deadLetterOf('small', 'small', topic)])
  await target.close()
  const producer = producerOf(servers.split(','))
  const down = producerOf(['127.0.0.1:9'], { maxBlockMs: 300 })
  const run = async (from = producer) => {
    const store = new DiskDeadLetterStore(place)
    const result = await redrive(store, { producer: from, maxAttempts: 2 })
    const open = await Array.fromAsync(store.deadLetters())
    await store.close()
    return { result, attempts: open.map(({ deadLetter }) => deadLetter.redrive.count) }
  }
  const none = await run(down)
  assert.equal(none.result.stopped, 'unreachable')
  assert.deepEqual(none.attempts, [0, 0])
  const first = await run()
  assert.deepEqual([first.result.resent, first.result.failed, first.attempts], [1, { 'record-too-large': 1 }, [1]])
  assert.deepEqual((await run()).attempts, [2])
  const parked = await run()
  assert.deepEqual([parked.result.parked, parked.result.tried], [1, 0])
  await Promise.all([producer.close(), down.close()])
})

test('dead letters are never sent to a topic of dead letters, but parked', async () => {
  const topic = `${await newTopic()}-dlt`
  await createTopics(servers, [{ topic, partitions: 1 }])
  const place = join(folder, 'loop')
  const target = new DiskDeadLetterTarget(place)
  await target.store([deadLetterOf('loop', 'x', topic)])
  await target.close()
  const chain = parseConfig(
    { bootstrapServers: servers.split(','), deadLetter: `kafka:{topic}-dlt,disk:${place}` },
    {},
  ).deadLetter
  const producer = producerOf(servers.split(','))
  const store = new DiskDeadLetterStore(place)
  const result = await redrive(store, { producer, isDeadLetterTopic: deadLetterTopicsOf(chain) })
  assert.deepEqual([result.parked, result.tried, await valuesOf(topic)], [1, 0, []])
  await Promise.all([store.close(), producer.close()])
})

test('after kills a redrive goes on: no record is lost, and only those in flight are duplicated', async t => {
  const topic = await newTopic()
  const place = join(folder, 'killed')
  const target = new DiskDeadLetterTarget(place)
  const ids = Array.from({ length: 1500 }, (_, i) => `k-${i}`)
  await target.store(ids.map(id => deadLetterOf(id, id, topic)))
  await target.close()
  let kills = 0
  for (;;) {
    const program = `
      import { DiskDeadLetterStore } from './lib/dead-letter/disk/store.ts'
      import { redrive } from './lib/redrive/redrive.ts'
      import { producerOf } from './test/support/producer-of.ts'
      import { rmSync } from 'node:fs'
      // As if a minute had passed since the kill.
      rmSync(${JSON.stringify(join(place, 'redrive.lock'))}, { force: true })
      const store = new DiskDeadLetterStore(${JSON.stringify(place)})
      const producer = producerOf(${JSON.stringify(servers)}.split(','))
      await redrive(store, { producer, onProgress: () => console.log('batch') })
      process.exit(0)`
    const child = spawn(
      process.execPath,
      ['--disable-warning=TimeoutNegativeWarning', '--input-type=module-typescript', '-e', program],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let batches = 0
    child.stdout.on('data', () => {
      if (++batches === 1 && kills < 4) setTimeout(() => child.kill('SIGKILL'), Math.random() * 30)
    })
    const [code] = await once(child, 'exit')
    if (code === 0) break
    kills++
  }
  const values = await valuesOf(topic)
  const duplicates = values.length - new Set(values).size
  t.diagnostic(`${kills} kills, ${duplicates} duplicates`)
  assert.ok(kills >= 3)
  assert.deepEqual([...new Set(values)].sort(), ids.sort())
  assert.ok(duplicates <= kills * 100, `${duplicates} duplicates`)
})
