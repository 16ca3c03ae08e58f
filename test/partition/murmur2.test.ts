import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuiltInPartitioner } from '../../lib/partition/built-in-partitioner.ts'
import { murmur2 } from '../../lib/partition/murmur2.ts'

// From UtilsTest.testMurmur2 of the Java client.
const VECTORS: [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('a key has the partition that Java chooses', () => {
  for (const [key, hash] of VECTORS) assert.equal(murmur2(Buffer.from(key)), hash)

  const partitioner = new BuiltInPartitioner()
  const record = { topic: 't', key: Buffer.from('foobar'), value: null, headers: [], wireSize: 30 }
  assert.equal(partitioner.partition(record, { count: 7, available: [0] }), (-790332482 & 0x7fffffff) % 7)
})

test('records without a key go to one available partition for 16 KiB, then to another', () => {
  const picks = [0, 0.99]
  const partitioner = new BuiltInPartitioner(false, () => picks.shift() ?? 0)
  const record = { topic: 't', key: null, value: null, headers: [], wireSize: 8192 }
  const chosen = [1, 2, 3].map(() => partitioner.partition(record, { count: 5, available: [1, 3] }))

  assert.deepEqual(chosen, [1, 1, 3])
})
