// The contract of every serializer, including a caller's own that throws SerializationError.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerializationError } from '../../lib/errors.ts'
import type { Serializer } from '../../lib/serialize/serializer.ts'
import { serializerContext } from '../support/serializer-context.ts'

export interface SerializerCases {
  /** Data, each with its bytes in hexadecimal. */
  readonly written: readonly (readonly [data: unknown, hex: string])[]
  /** Data that has no form in the format. A text of these is never quoted. */
  readonly refused: readonly unknown[]
}

export function testSerializer(
  name: string,
  serializer: Serializer<never>,
  { written, refused }: SerializerCases,
): void {
  const serialize = async (data: unknown, isKey = false) => {
    const result = await serializer.serialize(data as never, serializerContext({ isKey }))
    assert.ok(result instanceof Uint8Array, 'These serializers return bytes.')
    return result
  }

  test(`${name}: data becomes its bytes, as a key too`, async () => {
    for (const [data, hex] of written)
      for (const isKey of [false, true]) assert.equal(Buffer.from(await serialize(data, isKey)).toString('hex'), hex)
  })

  test(`${name}: each call returns bytes of its own`, async () => {
    for (const [data, hex] of written) {
      const first = await serialize(data)
      const second = await serialize(data)
      first.fill(0xff)
      if (data instanceof Uint8Array) data.fill(0xfe)
      assert.equal(Buffer.from(second).toString('hex'), hex)
      if (data instanceof Uint8Array) data.set(Buffer.from(hex, 'hex'))
    }
  })

  test(`${name}: what has no form is an invalid record, and never quoted`, async () => {
    for (const data of refused) {
      const error = await serialize(data).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof SerializationError, `${typeof data}: ${error}`)
      assert.deepEqual([error.kind, error.code, error.retriable], ['invalid-record', 'bad-value', false])
      assert.ok(typeof data !== 'string' || !error.message.includes(data), error.message)
    }
  })
}
