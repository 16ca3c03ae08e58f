// The id of a schema before the bytes or in a header, as Confluent and Glue write it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { SerializationError } from '../../lib/errors.ts'
import { frame } from '../../lib/schema-registry/wire-format.ts'

const PAYLOAD = Buffer.from('abc')
const UUID = '0d34f9d4-2a6e-4a3b-8f30-1b4c2d5e6f70'
const UUID_HEX = UUID.replaceAll('-', '')
const hex = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString('hex')
const confluent = { registry: 'confluent', id: 258, guid: UUID } as const
const glue = { registry: 'glue', versionId: UUID } as const

test('Confluent: a zero byte, the id in four bytes, the bytes', () => {
  assert.equal(hex(frame(confluent, PAYLOAD, undefined, { isKey: false })), '0000000102616263')
  assert.equal(hex(frame({ ...confluent, id: 2 ** 31 - 1 }, PAYLOAD, undefined, { isKey: true })), '007fffffff616263')
})

test('Confluent: the indexes of a Protobuf message are zigzag varints after their number; [0] is one byte', () => {
  const framed = (path: readonly number[]) =>
    hex(frame(confluent, PAYLOAD, { path, index: 0 }, { isKey: false })).slice(10)
  assert.equal(framed([0]), '00616263')
  assert.equal(framed([1]), '0202616263')
  assert.equal(framed([0, 0]), '040000616263')
  assert.equal(framed([2, 100]), '0404c801616263')
})

test('Confluent: in a header stands the GUID after a byte 1, and the indexes of the message', () => {
  for (const isKey of [true, false])
    assert.deepEqual(frame(confluent, PAYLOAD, { path: [1], index: 1 }, { isKey, idIn: 'header' }), {
      bytes: PAYLOAD,
      headers: [[isKey ? '__key_schema_id' : '__value_schema_id', Buffer.from(`01${UUID_HEX}0202`, 'hex')]],
    })
})

test('a registry without GUIDs can’t be used with ids in headers', () => {
  const withoutGuid = { ...confluent, guid: undefined }
  assert.throws(
    () => frame(withoutGuid, PAYLOAD, undefined, { isKey: false, idIn: 'header' }),
    (error: unknown) => error instanceof SerializationError && error.code === 'schema-unusable' && !error.retriable,
  )
})

test('Glue: version 3, the compression, the UUID, the bytes; zlib compresses what follows the UUID', () => {
  assert.equal(hex(frame(glue, PAYLOAD, undefined, { isKey: false })), `0300${UUID_HEX}616263`)
  const zipped = frame(glue, PAYLOAD, { path: [7], index: 300 }, { isKey: false, compression: 'zlib' }) as Uint8Array
  assert.equal(hex(zipped.subarray(0, 18)), `0305${UUID_HEX}`)
  assert.equal(hex(inflateSync(zipped.subarray(18))), 'ac02616263')
})

test('Glue: the index of a Protobuf message is one varint', () => {
  assert.equal(hex(frame(glue, PAYLOAD, { path: [1, 0], index: 2 }, { isKey: false })), `0300${UUID_HEX}02616263`)
})
