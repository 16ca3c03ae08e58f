// Decoding record batches of this library, of Java and of librdkafka, and hostile ones.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { RecordBatchError } from '../../lib/errors.ts'
import { decompress } from '../../lib/wire-format/decompress.ts'
import {
  ATTRIBUTES_AT,
  BATCH_OVERHEAD,
  CONTROL,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LZ4,
  MAGIC_AT,
  RECORD_COUNT_AT,
  SNAPPY,
} from '../../lib/wire-format/record-batch.ts'
import { decodeRecordBatch, decodeRecordSet } from '../../lib/wire-format/record-batch-decoder.ts'
import { writeVarint } from '../../lib/wire-format/varint.ts'
import { at, batchOf, CODECS, sealed, withBody } from './batches.ts'

let large = ''
for (let i = 0; large.length < 200_000; i++) large += `line ${i % 100}\n`

const bytes = fc.option(
  fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array)),
  { nil: null },
)
const content = fc.record({
  key: bytes,
  value: fc.oneof(
    bytes,
    fc.nat(100_000).map(size => Buffer.alloc(size, 'abcdefg')),
  ),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 10 }), bytes), { maxLength: 4 }),
  timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
})

test('the decoder reads what the encoder wrote, with every codec', () => {
  fc.assert(
    fc.property(
      fc.array(content, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(...CODECS),
      fc.nat(2 ** 31 - 1),
      (contents, codec, baseSequence) => {
        const batch = at(5n, batchOf(contents, codec, { producerId: 4000n, epoch: 3, baseSequence }))
        assert.deepEqual(
          Array.from(decodeRecordBatch(batch).records),
          contents.map((content, index) => ({
            ...content,
            offset: 5n + BigInt(index),
            producerId: 4000n,
            producerEpoch: 3,
            sequence: (baseSequence + index) % 2 ** 31,
          })),
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('batches of the Java client are read, with every codec', () => {
  const { kafka, ...batches } = JSON.parse(readFileSync('test/vectors/record-batches.json', 'utf8'))
  assert.match(kafka, /^4\./)
  assert.deepEqual(Object.keys(batches), CODECS.slice(1))
  for (const [codec, base64] of Object.entries(batches)) {
    const { baseOffset, lastOffset, records } = decodeRecordBatch(Buffer.from(base64 as string, 'base64'))
    assert.deepEqual([baseOffset, lastOffset], [70n, 73n], codec)
    const producer = { producerId: 4000n, producerEpoch: 3 }
    const headers = [
      ['b', null],
      ['1', Buffer.from('x')],
      ['b', Buffer.from('키')],
    ]
    const text = (value: string) => Buffer.from(value)
    assert.deepEqual(
      Array.from(records),
      [
        { timestamp: 1000, sequence: 2 ** 31 - 2, key: null, value: null, headers: [] },
        { timestamp: 1005, sequence: 2 ** 31 - 1, key: text('key'), value: text('value'), headers },
        { timestamp: 990, sequence: 0, key: text(''), value: text(''), headers: [] },
        { timestamp: 4_000_000_000_000, sequence: 1, key: text('large'), value: text(large), headers: [] },
      ].map((record, index) => ({ ...record, ...producer, offset: 70n + BigInt(index) })),
      codec,
    )
  }
})

test('LZ4 frames of linked and independent blocks, with and without checksums and sizes, are read', () => {
  const { madeBy, ...frames } = JSON.parse(readFileSync('test/vectors/lz4-frames.json', 'utf8'))
  assert.match(madeBy, /lz4/)
  assert.equal(Object.keys(frames).length, 3)
  for (const [options, base64] of Object.entries(frames))
    assert.equal(String(decompress(LZ4, Buffer.from(base64 as string, 'base64'), 200_004)), large, options)
})

test('snappy: long literals, copies of every kind, and librdkafka’s bare block are read', () => {
  const literal = Buffer.alloc(70_000, 'abcdefghij')
  const block = Buffer.concat([
    Buffer.from([0xfe, 0xa2, 0x04]), // 70,014 bytes in all
    Buffer.from([62 << 2, 0x6f, 0x11, 0x01]), // a literal with its length in 3 bytes
    literal,
    Buffer.from([1 | (1 << 2), 10]), // 5 bytes from 10 ago
    Buffer.from([2 | (2 << 2), 0xff, 0xff]), // 3 bytes from 65,535 ago
    Buffer.from([3 | (5 << 2), 0x70, 0x11, 0x01, 0]), // 6 bytes from 70,000 ago
  ])
  const expected = Buffer.concat([literal, Buffer.alloc(14)])
  for (const [to, count, distance] of [
    [70_000, 5, 10],
    [70_005, 3, 65_535],
    [70_008, 6, 70_000],
  ] as const)
    for (let i = to; i < to + count; i++) expected[i] = expected[i - distance] as number
  assert.ok(decompress(SNAPPY, block, 70_014).equals(expected))
})

test('a batch that inflates to the bound is read; one beyond it is an error that names the bound', () => {
  for (const codec of CODECS.slice(1)) {
    const batch = batchOf([{ value: Buffer.alloc(1_000_000) }], codec)
    const inflated = batchOf([{ value: Buffer.alloc(1_000_000) }]).length - BATCH_OVERHEAD
    assert.equal(Array.from(decodeRecordBatch(batch, inflated).records).length, 1, codec)
    const bound = (inflated - 1).toLocaleString('en-US')
    assert.throws(() => decodeRecordBatch(batch, inflated - 1), {
      name: 'RecordBatchError',
      code: 'batch-too-large',
      message: `A record batch inflates to more than ${bound} bytes (maxInflatedBytes).`,
    })
    assert.throws(() => decodeRecordBatch(batchOf([{ value: Buffer.alloc(17 << 20) }], codec)), /16,777,216 bytes/)
  }
})

test('record sets: a cut batch at the end is ignored; other unreadable batches do not end the set', () => {
  const control = batchOf([{ key: Buffer.alloc(4) }])
  control.writeInt16BE(CONTROL, ATTRIBUTES_AT)
  const older = Buffer.alloc(26)
  older.writeInt32BE(26 - 12, LENGTH_AT)
  older.writeInt8(1, MAGIC_AT)
  const set = Buffer.concat([
    at(0n, batchOf([{ value: Buffer.from('a') }, { value: Buffer.from('b') }])),
    at(2n, batchOf([{ value: Buffer.alloc(5000) }], 'gzip')),
    at(3n, sealed(control)),
    at(4n, older),
    at(5n, batchOf([{ value: Buffer.from('c') }], 'zstd')),
    at(6n, batchOf([{ value: Buffer.from('cut') }])).subarray(0, -1),
  ])
  const batches = Array.from(decodeRecordSet(set, 4000))
  assert.deepEqual(
    batches.map(({ baseOffset, lastOffset, records, unreadable }) => [
      Number(baseOffset),
      Number(lastOffset),
      Array.from(records, ({ value }) => String(value)).join(' '),
      unreadable?.code,
    ]),
    [
      [0, 1, 'a b', undefined],
      [2, 2, '', 'batch-too-large'],
      [3, 3, '', undefined],
      [4, 4, '', 'unsupported-batch'],
      [5, 5, 'c', undefined],
    ],
  )
  assert.deepEqual(Array.from(decodeRecordSet(Buffer.alloc(0))), [])
  assert.throws(() => Array.from(decodeRecordSet(set.subarray(0, 11))), { code: 'corrupt-batch' })
  assert.throws(() => Array.from(decodeRecordSet(set.subarray(0, 60))), { code: 'corrupt-batch' })
})

const varint = (value: number) => {
  const into = Buffer.alloc(10)
  return into.subarray(0, writeVarint(into, 0, value))
}
const good = () => batchOf([{ key: Buffer.from('key'), value: Buffer.from('value'), headers: [['h', null]] }])
/** A record of these fields, after its length. */
const record = (...fields: (number | Buffer)[]) => {
  const body = Buffer.concat([
    Buffer.from([0]),
    ...fields.map(field => (Buffer.isBuffer(field) ? field : varint(field))),
  ])
  return Buffer.concat([varint(body.length), body])
}
const changed = (change: (batch: Buffer) => void, seal = true) => {
  const batch = good()
  change(batch)
  return seal ? sealed(batch) : batch
}
const TOO_LONG = Buffer.alloc(11, 0x80)
/** A description → the batches that it describes. */
const HOSTILE: Record<string, Record<string, Buffer>> = {
  'its length is wrong': {
    'no bytes': Buffer.alloc(0),
    'a header that is cut': good().subarray(0, 30),
    'records that are cut': good().subarray(0, -1),
    'more bytes than the batch': Buffer.concat([good(), Buffer.from([0])]),
    'a length beyond the bytes': changed(batch => batch.writeInt32BE(2 ** 31 - 1, LENGTH_AT), false),
    'a negative length': changed(batch => batch.writeInt32BE(-(2 ** 31), LENGTH_AT), false),
    'a length of nothing': changed(batch => batch.writeInt32BE(0, LENGTH_AT), false),
  },
  'its checksum is wrong': {
    'a wrong checksum': changed(batch => batch.writeInt32BE(1, RECORD_COUNT_AT + 5), false),
  },
  'its format is 3': {
    'an unknown format': changed(batch => batch.writeInt8(3, MAGIC_AT)),
  },
  'compressed by codec 5, which is unknown': {
    'an unknown codec': changed(batch => batch.writeInt16BE(5, ATTRIBUTES_AT)),
  },
  'it can’t hold as many records as it declares': {
    '2^31 records': changed(batch => batch.writeUInt32BE(2 ** 31, RECORD_COUNT_AT)),
    '2^31 - 1 records': changed(batch => {
      batch.writeInt32BE(2 ** 31 - 1, RECORD_COUNT_AT)
      batch.writeInt32BE(2 ** 31 - 1, LAST_OFFSET_DELTA_AT)
    }),
    'a negative number of records': changed(batch => batch.writeInt32BE(-1, RECORD_COUNT_AT)),
  },
  'it ends inside a number': {
    'fewer records than declared': changed(batch => {
      batch.writeInt32BE(2, RECORD_COUNT_AT)
      batch.writeInt32BE(1, LAST_OFFSET_DELTA_AT)
    }),
  },
  'bytes are left after its last record': {
    'more records than declared': changed(batch => batch.writeInt32BE(0, RECORD_COUNT_AT)),
    'bytes after the records': withBody(good(), Buffer.concat([record(0, 0, -1, -1, 0), Buffer.alloc(9)])),
  },
  'its last offset lies before its first': {
    'a last offset before the first': changed(batch => batch.writeInt32BE(-1, LAST_OFFSET_DELTA_AT)),
  },
  'a number is longer than 5 bytes': {
    'a varint of 11 bytes as a length': withBody(good(), Buffer.concat([TOO_LONG, Buffer.alloc(20)])),
    'a varint that does not end': withBody(good(), Buffer.alloc(7, 0x80)),
  },
  'a number is longer than 10 bytes': {
    'a varint of 11 bytes as a timestamp': withBody(good(), record(TOO_LONG, 0, -1, -1, 0)),
  },
  'a record has another length than it declares': {
    'a record beyond its batch': withBody(good(), Buffer.concat([varint(1000), Buffer.alloc(10)])),
    'a record of negative length': withBody(good(), Buffer.concat([varint(-1), Buffer.alloc(10)])),
    'a record that is longer than its fields': withBody(
      good(),
      Buffer.concat([varint(7), record(0, 0, -1, -1, 0).subarray(1), Buffer.alloc(1)]),
    ),
  },
  'a record’s offset lies outside': {
    'an offset outside of the batch': withBody(good(), record(0, 1, -1, -1, 0)),
    'a negative offset': withBody(good(), record(0, -1, -1, -1, 0)),
  },
  'a length reaches beyond its end': {
    'a key beyond its batch': withBody(good(), record(0, 0, 2 ** 31 - 1, -1, 0)),
    'a value beyond its batch': withBody(good(), record(0, 0, -1, 2 ** 33, 0)),
    'a header without a name': withBody(good(), record(0, 0, -1, -1, 1, -1, -1)),
    'a name beyond its batch': withBody(good(), record(0, 0, -1, -1, 1, 100, -1)),
  },
  'a record can’t hold as many headers as it declares': {
    '2^31 headers': withBody(good(), record(0, 0, -1, -1, 2 ** 31)),
    'a negative number of headers': withBody(good(), record(0, 0, -1, -1, -1)),
  },
  'its compressed bytes can’t be read': {
    'gzip of nothing': withBody(good(), Buffer.alloc(0), 1),
    'gzip that is cut': withBody(
      good(),
      batchOf([{ value: Buffer.alloc(5000) }], 'gzip').subarray(BATCH_OVERHEAD, -10),
      1,
    ),
    'gzip of other bytes': withBody(good(), Buffer.from('not gzip'), 1),
    'zstd of other bytes': withBody(good(), Buffer.from('not zstd'), 4),
    'zstd that is cut': withBody(
      good(),
      batchOf([{ value: Buffer.alloc(5000) }], 'zstd').subarray(BATCH_OVERHEAD, -5),
      4,
    ),
  },
  'a snappy block has no length': {
    'snappy of nothing': withBody(good(), Buffer.alloc(0), 2),
    'a snappy block without a length': withBody(good(), Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0]), 2),
  },
  'a snappy block reaches beyond its end': {
    'a snappy block of negative length': withBody(good(), snappyStream([0xff, 0xff, 0xff, 0xfc]), 2),
    'a snappy block beyond its stream': withBody(good(), snappyStream([0x7f, 0xff, 0xff, 0xff, 0]), 2),
    'a snappy stream that ends in a length': withBody(good(), snappyStream([0, 0]), 2),
  },
  'a snappy block has another length than it declares': {
    'a snappy block that is shorter than it declares': withBody(good(), Buffer.from([9, 0, 0x61]), 2),
    'a snappy block that is longer than it declares': withBody(good(), Buffer.from([1, 1 << 2, 0x61, 0x61]), 2),
  },
  'a snappy literal reaches beyond its block': {
    'a snappy literal beyond its block': withBody(good(), Buffer.from([9, 8 << 2, 0x61]), 2),
  },
  'its compressed bytes refer to bytes that do not exist': {
    'a snappy copy of what is not there': withBody(good(), Buffer.from([9, 0, 0x61, 1 | (4 << 2), 2]), 2),
    'a snappy copy from no distance': withBody(good(), Buffer.from([9, 0, 0x61, 1 | (4 << 2), 0]), 2),
    'an LZ4 match from no distance': withBody(good(), lz4Frame(0x60, [4, 0, 0, 0, 0x10, 1, 0, 0, 0, 0, 0, 0]), 3),
    'an LZ4 match of what is not there': withBody(good(), lz4Frame(0x60, [4, 0, 0, 0, 0x10, 1, 2, 0, 0, 0, 0, 0]), 3),
  },
  'it is not an LZ4 frame': {
    'LZ4 of other bytes': withBody(good(), Buffer.from('not LZ4 at all'), 3),
  },
  'its LZ4 frame is of an unknown version or needs a dictionary': {
    'LZ4 with a dictionary': withBody(good(), lz4Frame(0x61, []), 3),
  },
  'its LZ4 frame is cut': {
    'LZ4 without an end': withBody(good(), lz4Frame(0x60, [5, 0, 0, 0, 0x40, 1, 2, 3, 4]), 3),
  },
  'an LZ4 block reaches beyond its frame': {
    'an LZ4 block beyond its frame': withBody(good(), lz4Frame(0x60, [0xff, 0xff, 0xff, 0x7f, 0]), 3),
  },
  'an LZ4 literal reaches beyond its block': {
    'an LZ4 literal beyond its block': withBody(good(), lz4Frame(0x60, [3, 0, 0, 0, 0x50, 1, 2, 0, 0, 0, 0]), 3),
  },
  'an LZ4 block is cut': {
    'an LZ4 length that does not end': withBody(good(), lz4Frame(0x60, [3, 0, 0, 0, 0xf0, 255, 255, 0, 0, 0, 0]), 3),
  },
}

function snappyStream(blocks: readonly number[]): Buffer {
  return Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1, ...blocks])
}

function lz4Frame(flags: number, blocks: readonly number[]): Buffer {
  return Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0, ...blocks])
}

test('the valid batch from which the hostile ones are made is read', () => {
  assert.equal(Array.from(decodeRecordBatch(good()).records).length, 1)
  assert.equal(Array.from(decodeRecordBatch(withBody(good(), record(0, 0, -1, -1, 0))).records).length, 1)
})

for (const [message, batches] of Object.entries(HOSTILE))
  for (const [what, batch] of Object.entries(batches))
    test(`hostile: ${what}`, () => {
      assert.throws(
        () => decodeRecordBatch(batch, 10_000),
        error => {
          assert.ok(error instanceof RecordBatchError)
          assert.match(error.code, /^(corrupt|unsupported)-batch$/)
          assert.ok(error.message.endsWith(`${message}.`), error.message)
          return true
        },
      )
    })
