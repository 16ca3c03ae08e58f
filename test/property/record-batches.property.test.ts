// Record batches that are damaged in any way, before or after compression, with a right or wrong checksum: they are
// read, or a RecordBatchError says why not. No other error is thrown, and inflation stops at the bound.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RecordBatchError } from '../../lib/errors.ts'
import { decompress } from '../../lib/wire-format/decompress.ts'
import { BATCH_OVERHEAD } from '../../lib/wire-format/record-batch.ts'
import { decodeRecordBatch, decodeRecordSet, type LogRecord } from '../../lib/wire-format/record-batch-decoder.ts'
import { batchOf, CODECS, COMPRESSIONS, sealed, withBody } from '../wire-format/batches.ts'

const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 2000)
const BOUND = 50_000

const bytes = fc.option(
  fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array)),
  { nil: null },
)
const contents = fc.array(
  fc.record({
    key: bytes,
    value: fc.oneof(
      bytes,
      fc.nat(60_000).map(size => Buffer.alloc(size, 'abc')),
    ),
    headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), bytes), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 5 },
)

/** Mostly near the beginning, where the lengths are. */
const position = fc.oneof(fc.nat(100), fc.nat(60_000))
const byte = fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255))
const damage = fc.oneof(
  fc.tuple(position, byte).map(([at, value]) => (input: Buffer) => {
    const copy = Buffer.from(input)
    if (copy.length > 0) copy[at % copy.length] = value
    return copy
  }),
  position.map(at => (input: Buffer) => input.subarray(0, at % (input.length + 1))),
  fc
    .tuple(position, fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(11).fill(0x80))))
    .map(([at, extra]) => (input: Buffer) => {
      const cut = at % (input.length + 1)
      return Buffer.concat([input.subarray(0, cut), extra, input.subarray(cut)])
    }),
  position.map(at => (input: Buffer) => Buffer.concat([input, input.subarray(at % (input.length + 1))])),
)
const damages = fc.array(damage, { minLength: 1, maxLength: 4 })
const apply = (input: Buffer, changes: readonly ((bytes: Buffer) => Buffer)[]) =>
  changes.reduce((bytes, change) => change(bytes), input)

function holds(batch: Buffer): void {
  const most = Math.max(BOUND, batch.length)
  let records: LogRecord[] = []
  try {
    records = Array.from(decodeRecordBatch(batch, BOUND).records)
  } catch (error) {
    if (!(error instanceof RecordBatchError)) throw error
  }
  assert.ok(records.length <= most / 7)
  assert.ok(records.reduce((sum, record) => sum + sizeOf(record), 0) <= most)
  try {
    for (const { records, unreadable } of decodeRecordSet(batch, BOUND))
      if (unreadable) assert.deepEqual(records, [])
      else for (const { offset } of records) assert.equal(typeof offset, 'bigint')
  } catch (error) {
    if (!(error instanceof RecordBatchError)) throw error
  }
}

const sizeOf = ({ key, value, headers }: LogRecord) =>
  (key?.length ?? 0) +
  (value?.length ?? 0) +
  headers.reduce((sum, [name, bytes]) => sum + name.length + (bytes?.length ?? 0), 0)

test('damaged batches, with a wrong and with a corrected checksum', () => {
  fc.assert(
    fc.property(contents, fc.constantFrom(...CODECS), damages, fc.boolean(), (input, codec, changes, withChecksum) => {
      const batch = apply(batchOf(input, codec), changes)
      holds(withChecksum && batch.length >= BATCH_OVERHEAD ? sealed(Buffer.from(batch)) : batch)
    }),
    { numRuns },
  )
})

test('damaged records, compressed afterwards', () => {
  fc.assert(
    fc.property(contents, fc.constantFrom(...CODECS), damages, (input, codec, changes) => {
      const batch = batchOf(input)
      const body = apply(batch.subarray(BATCH_OVERHEAD), changes)
      const compression = COMPRESSIONS[codec]
      holds(withBody(batch, compression ? compression.compress(body) : body, compression?.codec))
    }),
    { numRuns },
  )
})

test('damaged compressed bytes are inflated at most to the bound', () => {
  fc.assert(
    fc.property(fc.nat(200_000), fc.constantFrom(...CODECS.slice(1)), damages, (size, codec, changes) => {
      const compression = COMPRESSIONS[codec]
      assert.ok(compression)
      const compressed = Buffer.from(compression.compress(Buffer.alloc(size, 'record')))
      for (const input of [compressed, apply(compressed, changes)])
        try {
          assert.ok(decompress(compression.codec, input, BOUND).length <= BOUND)
        } catch (error) {
          if (!(error instanceof RecordBatchError)) throw error
        }
    }),
    { numRuns },
  )
})
