// The results of the Java client for the same keys and values (test/vectors/Vectors.java wrote the file).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { SerializationError } from '../../lib/errors.ts'
import { BuiltInPartitioner } from '../../lib/partition/built-in-partitioner.ts'
import { RecordPartitioner } from '../../lib/partition/record-partitioner.ts'
import { RoundRobinPartitioner } from '../../lib/partition/round-robin-partitioner.ts'
import { jsonSerializer } from '../../lib/serialize/json-serializer.ts'
import { namedSerializer, type SerializerName } from '../../lib/serialize/named-serializers.ts'
import { serializerContext } from '../support/serializer-context.ts'

const vectors = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8')) as {
  counts: number[]
  partitions: { key: string; chosen: number[] }[]
  serialized: { serializer: SerializerName; value: string; bytes: string }[]
}
const record = (key: Buffer | null, topic = 't') => ({ topic, key, value: null, headers: [], wireSize: 30 })
const all = (count: number) => {
  const available = Array.from({ length: count }, (_, i) => i)
  return { count, available, preferred: available }
}

test('every key has the partition that the Java client chooses, for 1, 3, 6, 12 and 50 partitions', () => {
  assert.ok(vectors.partitions.length >= 25)
  assert.deepEqual(vectors.counts, [1, 3, 6, 12, 50])
  for (const { key, chosen } of vectors.partitions)
    assert.deepEqual(
      vectors.counts.map(count => new BuiltInPartitioner().partition(record(Buffer.from(key, 'base64')), all(count))),
      chosen,
    )
})

test('integer, long, double, uuid and string serialize to the bytes of Java', () => {
  for (const { serializer, value, bytes } of vectors.serialized) {
    const data =
      serializer === 'long'
        ? BigInt(value)
        : serializer === 'integer' || serializer === 'double'
          ? Number(value)
          : value
    assert.equal(
      Buffer.from(namedSerializer(serializer).serialize(data, serializerContext()) as Uint8Array).toString('base64'),
      bytes,
      `${serializer} ${value}`,
    )
  }
})

test('serializers refuse values that they can’t express, without quoting them', () => {
  const cyclic: Record<string, unknown> = { secret: 'hunter2' }
  cyclic.self = cyclic
  const cases: [SerializerName, unknown][] = [
    ['integer', 2 ** 31],
    ['integer', -(2 ** 31) - 1],
    ['integer', 1.5],
    ['integer', '1'],
    ['long', 2 ** 53],
    ['long', 2n ** 63n],
    ['double', '1'],
    ['uuid', 'hunter2'],
    ['void', 'hunter2'],
    ['string', 1],
    ['bytes', 'hunter2'],
    ['json', undefined],
    ['json', [undefined]],
    ['json', { a: Number.NaN }],
    ['json', Number.POSITIVE_INFINITY],
    ['json', 1n],
    ['json', cyclic],
  ]
  for (const [name, data] of cases)
    assert.throws(
      () => namedSerializer(name).serialize(data, serializerContext()),
      (error: unknown) =>
        error instanceof SerializationError && /^expected /.test(error.message) && !error.message.includes('hunter2'),
      name,
    )
  assert.equal(
    String(namedSerializer('json').serialize({ a: null, left: undefined, n: [null] }, serializerContext())),
    '{"a":null,"n":[null]}',
  )
  assert.equal(
    String(jsonSerializer({ bigint: String }).serialize({ n: 2n ** 70n, x: null }, serializerContext())),
    '{"n":"1180591620717411303424","x":null}',
  )
})

test('round-robin chooses the next partition with a leader, per topic', () => {
  const partitioner = new RoundRobinPartitioner()
  const take = (topic: string, available: number[]) =>
    partitioner.partition(record(null, topic), { count: 4, available, preferred: available })
  assert.deepEqual(
    [take('a', [0, 1, 3]), take('b', [0, 1, 3]), take('a', [0, 1, 3]), take('a', [0, 1, 3]), take('a', [0, 1, 3])],
    [0, 0, 1, 3, 0],
  )
  assert.ok(take('a', []) < 4)
})

test('records without a key spread evenly over the partitions with a leader', () => {
  const partitioner = new BuiltInPartitioner()
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 30_000; i++) {
    const partition = partitioner.partition(
      { ...record(null), wireSize: 16_384 },
      { count: 4, available: [0, 1, 3], preferred: [0, 1, 3] },
    )
    counts[partition] = (counts[partition] ?? 0) + 1
  }
  assert.equal(counts[2], 0)
  for (const partition of [0, 1, 3]) assert.ok(Math.abs((counts[partition] as number) - 10_000) < 500)
})

test('a custom partitioner that prefers one partition causes one warning per topic', () => {
  const warnings: string[] = []
  const partitioner = new RecordPartitioner({ partition: ({ topic }) => (topic === 'skewed' ? 2 : undefined) }, text =>
    warnings.push(text),
  )
  for (let i = 0; i < 5000; i++) {
    partitioner.partition(record(null, 'skewed'), all(6))
    partitioner.partition(record(null, 'even'), all(6))
  }
  assert.deepEqual(warnings, ['partitioner.class sends 100 % of the records of skewed to one of its 6 partitions.'])
})

test('when partitions are added a key may move, and an explicit partition stays', () => {
  const partitioner = new RecordPartitioner(new BuiltInPartitioner())
  const key = Buffer.from('lobby')
  const before = partitioner.partition(record(key), all(3))
  assert.deepEqual(
    [before.partition, before.partitionFixedBy],
    [partitioner.partition(record(key), all(3)).partition, 'partitioner'],
  )
  assert.deepEqual(
    [3, 6, 12].map(count => partitioner.partition({ ...record(key), partition: 1 }, all(count)).partition),
    [1, 1, 1],
  )
  const moved = vectors.partitions.filter(({ chosen }) => chosen[1] !== chosen[2])
  assert.ok(moved.length > 0)
})
