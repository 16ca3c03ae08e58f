// The serializers that settings name. test/partition/vectors.test.ts compares their bytes with Java's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaTemplate } from '../../lib/index.ts'
import { namedSerializer } from '../../lib/serialize/named-serializers.ts'
import { defaultSerializer } from '../../lib/serialize/text-serializers.ts'
import { createFakeKafka } from '../../lib/testing/index.ts'
import { type SerializerCases, testSerializer } from './serializer.contract.ts'

const CASES: Readonly<Record<Parameters<typeof namedSerializer>[0], SerializerCases>> = {
  string: {
    written: [
      ['', ''],
      ['é😀', 'c3a9f09f9880'],
    ],
    refused: [1, {}, undefined, Buffer.from('hunter2'), 'hunter2\ud800'],
  },
  bytes: {
    written: [
      [Buffer.from([0, 255]), '00ff'],
      [new Uint8Array([1]), '01'],
    ],
    refused: ['hunter2', 1, [1], new Uint16Array(1), new ArrayBuffer(1)],
  },
  json: {
    written: [
      [{ a: [1, 'é'] }, Buffer.from('{"a":[1,"é"]}').toString('hex')],
      ['text', Buffer.from('"text"').toString('hex')],
    ],
    refused: [undefined, new Map(), Promise.resolve(1), 5n, Number.NaN],
  },
  integer: {
    written: [
      [-(2 ** 31), '80000000'],
      [2 ** 31 - 1, '7fffffff'],
    ],
    refused: [2 ** 31, 1.5, '1', 1n, null],
  },
  long: {
    written: [
      [-1, 'ffffffffffffffff'],
      [2n ** 63n - 1n, '7fffffffffffffff'],
    ],
    refused: [2 ** 53, 2n ** 63n, -(2n ** 63n) - 1n, 0.5, '1'],
  },
  double: {
    written: [
      [1.5, '3ff8000000000000'],
      [-0, '8000000000000000'],
      [Number.POSITIVE_INFINITY, '7ff0000000000000'],
    ],
    refused: ['1', 1n, new Date(0)],
  },
  uuid: {
    written: [
      ['123E4567-E89B-12D3-A456-426614174000', Buffer.from('123e4567-e89b-12d3-a456-426614174000').toString('hex')],
    ],
    refused: ['hunter2', 1, '123e4567e89b12d3a456426614174000'],
  },
  void: { written: [], refused: ['hunter2', 0, {}] },
}

for (const [name, cases] of Object.entries(CASES))
  testSerializer(name, namedSerializer(name as keyof typeof CASES), cases)

testSerializer('without a setting', defaultSerializer, {
  written: [
    ['é', 'c3a9'],
    [Buffer.from([0, 255]), '00ff'],
  ],
  refused: [1, {}, undefined, 'hunter2\ud800'],
})

test('an object or a promise without a serializer is refused with what helps', async () => {
  const template = new KafkaTemplate(createFakeKafka().producerFactory(), { listener: {} })
  const refusalOf = (value: unknown) => template.send('t', value as string).catch((error: Error) => error.message)
  assert.match(
    String(await refusalOf({ id: 1 })),
    /value: expected text or bytes, .* \(json writes objects\), got object/,
  )
  assert.match(String(await refusalOf(Promise.resolve('v'))), /got a promise: await it first/)
  await template.close()
})
