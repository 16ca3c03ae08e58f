// Encoding record batches: the bytes are those of kafkajs, and the checksum is CRC-32C.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RecordHeader } from '../../lib/record/producer-record.ts'
import { decodeBatch } from '../../lib/testing/partition-log.ts'
import { crc32c } from '../../lib/wire-format/crc32c.ts'
import { encodeRecordBatch } from '../../lib/wire-format/record-batch-encoder.ts'

const require = createRequire(import.meta.url)
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (options: object) => Promise<{ buffer: Buffer }>
}
const Record = require('kafkajs/src/protocol/recordBatch/record/v0') as (options: object) => object

const bytes = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array)),
)
const headers = fc.uniqueArray(
  fc.tuple(
    fc.stringMatching(/^[a-z]{1,10}$/),
    fc.uint8Array({ maxLength: 20 }).map(array => Buffer.from(array)),
  ),
  { selector: ([name]) => name, maxLength: 4 },
)
const records = fc.array(
  fc.record({ key: bytes, value: bytes, headers, timestamp: fc.integer({ min: 1, max: 4_000_000_000_000 }) }),
  { minLength: 1, maxLength: 20 },
)

test('a batch has the bytes that kafkajs writes, as far as kafkajs can express it', async () => {
  await fc.assert(
    fc.asyncProperty(records, async given => {
      const identity = { producerId: 4000n, epoch: 3, baseSequence: 17 }
      const encoded = encodeRecordBatch(
        given.map(({ key, value, headers, timestamp }) => ({
          timestamp,
          record: { topic: 't', partition: 0, partitionFixedBy: 'partitioner', wireSize: 0, key, value, headers },
        })),
        identity,
      )
      const first = given[0]?.timestamp ?? 0
      const kafkaJsEncoded = await RecordBatch({
        records: given.map(({ key, value, headers, timestamp }, offsetDelta) =>
          Record({ key, value, headers: Object.fromEntries(headers), offsetDelta, timestampDelta: timestamp - first }),
        ),
        firstTimestamp: first,
        maxTimestamp: Math.max(...given.map(({ timestamp }) => timestamp)),
        producerId: 4000,
        producerEpoch: 3,
        firstSequence: 17,
        lastOffsetDelta: given.length - 1,
        partitionLeaderEpoch: -1,
      })
      assert.ok(encoded.equals(kafkaJsEncoded.buffer))
    }),
    { numRuns: 200 },
  )
})

test('null header values, repeated and numeric header names keep their order', () => {
  const given: RecordHeader[] = [
    ['b', null],
    ['1', Buffer.from('x')],
    ['b', Buffer.from('y')],
  ]
  const batch = encodeRecordBatch(
    [
      {
        timestamp: 1,
        record: {
          topic: 't',
          partition: 0,
          partitionFixedBy: 'source',
          wireSize: 0,
          key: null,
          value: null,
          headers: given,
        },
      },
    ],
    {
      producerId: 1n,
      epoch: 0,
      baseSequence: 0,
    },
  )

  assert.equal(batch.indexOf('b') < batch.indexOf('1') && batch.indexOf('1') < batch.lastIndexOf('b'), true)
  assert.equal(decodeBatch(batch).records.length, 1)
})

/** Bit by bit, as CRC-32C is defined. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return (crc ^ -1) >>> 0
}

test('the checksum is CRC-32C, wherever the bytes begin in memory and in their buffer', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(40), fc.nat(7), (content, from, offset) => {
      const bytes = Buffer.concat([Buffer.alloc(offset), content]).subarray(offset)
      const start = Math.min(from, bytes.length)
      assert.equal(crc32c(bytes, start), slowCrc32c(bytes.subarray(start)))
    }),
  )
})
