// The contract of every value codec. The test of a format provides the values.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseContract } from '../../lib/contracts/parse-contract.ts'
import { InvalidRecordError, SerializationError } from '../../lib/errors.ts'
import { JsonText } from '../../lib/record/json-text.ts'
import type { SerializedData } from '../../lib/serialize/serializer.ts'
import type { ValueCodec } from '../../lib/serialize/value-codec.ts'
import { serializerContext } from '../support/serializer-context.ts'

export interface CodecCases {
  /** The contract's `value`. */
  readonly value: { readonly format: string }
  /** Texts of a source, each with the bytes that are written for it. */
  readonly texts: readonly (readonly [text: string, bytes: string | Uint8Array])[]
  /** Values of a program, or of an event that Lambda parsed, each with the bytes. */
  readonly values: readonly (readonly [value: unknown, bytes: string | Uint8Array])[]
  /** What is refused, and with which code. Where a text is in it, it is the secret. */
  readonly invalid: readonly (readonly [value: unknown, code: string])[]
}

const SECRET = 'hunter2'

export function testValueCodec({ value, texts, values, invalid }: CodecCases): void {
  const codec = parseContract('t', { value }, () => () => ({ violations: [], truncated: false })).value.codec
  const { format } = codec

  test(`${format}: each text of a source becomes its bytes`, async () => {
    for (const [text, bytes] of texts)
      assert.deepEqual(await written(codec, codec.fromText(new JsonText(text))), Buffer.from(bytes), text)
  })

  test(`${format}: each value of a program becomes its bytes`, async () => {
    for (const [data, bytes] of values) assert.deepEqual(await written(codec, data), Buffer.from(bytes))
  })

  test(`${format}: bytes are copied, so that nobody can change them afterwards`, async () => {
    for (const [text, bytes] of texts) {
      const data = Buffer.from(codec.isJson ? text : bytes)
      const result = await written(codec, data)
      data.fill(0)
      assert.deepEqual(result, Buffer.from(bytes), text)
    }
  })

  test(`${format}: where text is kept, the bytes are those of the text`, async () => {
    for (const [text, bytes] of texts) if (codec.keepsText) assert.deepEqual(Buffer.from(bytes), Buffer.from(text))
    assert.ok(texts.length > 1)
  })

  test(`${format}: what is wrong is refused by its code, and never quoted`, async () => {
    for (const [data, code] of invalid) {
      const error = await failureOf(codec, data)
      assert.ok(error instanceof InvalidRecordError || error instanceof SerializationError, String(error))
      assert.equal(error.code, code)
      assert.ok(!error.message.includes(SECRET) && !JSON.stringify(error.violations).includes(SECRET), error.message)
    }
  })

  test(`${format}: it names itself`, () => assert.equal(format, value.format))
}

async function written(codec: ValueCodec, value: unknown): Promise<Buffer> {
  const content = codec.read(value)
  codec.check(content, 'all')
  const data: SerializedData = await codec.encode({ value, content }, serializerContext())
  assert.ok(data instanceof Uint8Array)
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

async function failureOf(codec: ValueCodec, value: unknown): Promise<unknown> {
  return written(codec, value).then(
    () => assert.fail('It was accepted.'),
    error => error,
  )
}
