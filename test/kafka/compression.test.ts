// Each codec: the Java consumer reads the same bytes, and batches are as small as those of the Java producer.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { RecordHeader } from '../../lib/record/producer-record.ts'
import { loadCompression } from '../../lib/wire-format/compress.ts'
import { ATTRIBUTES_AT } from '../../lib/wire-format/record-batch.ts'
import { encodeRecordBatch } from '../../lib/wire-format/record-batch-encoder.ts'
import { kafkaJars } from '../../local/artifacts.ts'
import { createTopics, untilInSync } from '../../local/kafka/admin.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'

const servers = sharedClusterServers()
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const earthquakes = (
  JSON.parse(readFileSync('node_modules/vega-datasets/data/earthquakes.json', 'utf8')) as { features: unknown[] }
).features.map(feature => JSON.stringify(feature))

async function java(args: readonly string[], input = ''): Promise<string> {
  const jars = await kafkaJars(() => {})
  const child = execFile(
    'java',
    ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, 'test/java/ReadBack.java', ...args],
    { maxBuffer: 2 ** 26 },
  )
  let output = ''
  let errors = ''
  child.stdout?.on('data', chunk => {
    output += chunk
  })
  child.stderr?.on('data', chunk => {
    errors += chunk
  })
  child.stdin?.end(input)
  const [status] = await once(child, 'close')
  assert.equal(status, 0, errors)
  return output
}

async function newTopic(): Promise<string> {
  const topic = `compression-${randomBytes(5).toString('hex')}`
  await createTopics(servers, [{ topic, partitions: 2 }])
  await untilInSync(servers, topic, 1)
  return topic
}

const base64 = (bytes: Uint8Array | string | null) =>
  bytes === null ? '-' : `=${Buffer.from(bytes).toString('base64')}`

test('none, gzip, snappy, lz4 and zstd: the Java consumer reads the bytes that were sent', async () => {
  const topic = await newTopic()
  const large = Buffer.concat([
    randomBytes(40_000),
    Buffer.alloc(200_000, 'abcdefgh'),
    randomBytes(30_000),
    Buffer.from(earthquakes.slice(0, 400).join('\n')),
  ])
  const records = [
    ...[null, '', 'k', randomBytes(300)].flatMap(key =>
      [null, '', 'value', Buffer.alloc(1000), randomBytes(5000), large].map(value => ({ key, value })),
    ),
    ...earthquakes.slice(0, 200).map(value => ({ key: 'quake', value })),
    ...Array.from({ length: 40 }, (_, i) => ({ key: 'sizes', value: Buffer.alloc(i * 7 + 1, `${i}-`) })),
  ].map(({ key, value }, i) => ({
    topic,
    key,
    value,
    partition: 0,
    headers:
      i % 3 === 0
        ? ([
            ['h', Buffer.from([i % 256])],
            ['n', null],
            ['h', Buffer.from('again')],
          ] as RecordHeader[])
        : [],
  }))
  for (const compressionType of CODECS) {
    const producer = producerOf(servers.split(','), { compressionType })
    const reports = await producer.sendAll(records)
    await producer.close()
    assert.deepEqual(new Set(reports.map(summaryOf)), new Set(['delivered']), compressionType)
  }
  const lines = (await java(['read', servers, topic, String(records.length * CODECS.length)])).trimEnd().split('\n')
  const expected = CODECS.flatMap(() => records).map(({ key, value, headers }, offset) =>
    [
      '0',
      offset,
      base64(key),
      base64(value),
      ...headers.flatMap(([name, bytes]) => [base64(name), base64(bytes)]),
    ].join(' '),
  )
  assert.equal(lines.length, expected.length)
  assert.deepEqual(lines, expected)
})

test('the compression ratio is about that of the Java client', async t => {
  const [topic, batch] = [await newTopic(), earthquakes.slice(0, 1500)]
  const records = batch.map(value => ({
    timestamp: 1,
    record: {
      topic,
      partition: 0,
      partitionFixedBy: 'source' as const,
      key: null,
      value: Buffer.from(value),
      headers: [],
      wireSize: 0,
    },
  }))
  const identity = { producerId: 1n, epoch: 0, baseSequence: 0 }
  const plain = encodeRecordBatch(records, identity).length
  for (const codec of CODECS.slice(1)) {
    const ratio = encodeRecordBatch(records, identity, await loadCompression(codec)).length / plain
    const javaRatio = Number(await java(['ratio', servers, topic, codec], batch.join('\n')))
    const ratios = `${codec}: ${ratio.toFixed(3)}, Java ${javaRatio.toFixed(3)}`
    t.diagnostic(ratios)
    assert.ok(javaRatio > 0 && ratio <= javaRatio * 1.15, ratios)
  }
})

test('a batch that compression does not make smaller is sent uncompressed', async () => {
  const record = {
    topic: 't',
    partition: 0,
    partitionFixedBy: 'source' as const,
    key: null,
    value: randomBytes(500),
    headers: [],
    wireSize: 0,
  }
  const bytes = encodeRecordBatch(
    [{ timestamp: 1, record }],
    { producerId: 1n, epoch: 0, baseSequence: 0 },
    await loadCompression('gzip'),
  )
  assert.equal(bytes.readInt16BE(ATTRIBUTES_AT), 0)
})
