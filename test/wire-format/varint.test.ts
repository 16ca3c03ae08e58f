// Varints as Kafka writes them, up to the largest safe integers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBatch } from '../../lib/testing/partition-log.ts'
import { ByteReader } from '../../lib/wire-format/byte-reader.ts'
import { encodeRecordBatch } from '../../lib/wire-format/record-batch-encoder.ts'
import { sizeOfVarint, writeVarint } from '../../lib/wire-format/varint.ts'

/** As Kafka encodes a long (`ByteUtils.writeVarlong`). */
function kafkaVarlong(value: number): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

// The original bug: doubling a number below -2^52 rounded it, so the written timestamp differed from the reported one.
test('every safe integer is written as Kafka writes it, and read back', () => {
  const { MAX_SAFE_INTEGER: max, MIN_SAFE_INTEGER: min } = Number
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -300, max: 300 })), value => {
      const into = Buffer.alloc(10)
      const written = into.subarray(0, writeVarint(into, 0, value))
      assert.deepEqual([...written], kafkaVarlong(value))
      assert.equal(sizeOfVarint(value), written.length)
      assert.equal(new ByteReader(written).varlong(), value)
    }),
    { examples: [[0], [-1], [63], [64], [-64], [-65], [2 ** 52], [-(2 ** 52)], [-(2 ** 52) - 1], [max], [min]] },
  )
})

test('the oldest and the newest timestamp that a record may have fit in one batch', () => {
  const timestamps = [8.64e15, 1, 0, 5e15]
  const records = timestamps.map(timestamp => ({
    record: {
      topic: 't',
      partition: 0,
      partitionFixedBy: 'source' as const,
      key: null,
      value: Buffer.from('v'),
      headers: [],
      wireSize: 30,
    },
    timestamp,
  }))
  const bytes = encodeRecordBatch(records, { producerId: 1n, epoch: 0, baseSequence: 0 })
  const reader = new ByteReader(bytes.subarray(61))
  const deltas = timestamps.map(() => {
    const end = reader.varint()
    const { remaining } = reader
    reader.skip(1)
    const delta = reader.varlong()
    reader.skip(end - (remaining - reader.remaining))
    return delta
  })
  assert.deepEqual(
    deltas,
    timestamps.map(timestamp => timestamp - 8.64e15),
  )
  assert.equal(decodeBatch(bytes).records.length, timestamps.length)
})
