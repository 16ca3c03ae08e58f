// Compares the frame of a Produce request with the encoder of kafkajs, which was used before; and responses that are
// cut off or forged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import Encoder from 'kafkajs/src/protocol/encoder.js'
import { TransportError } from '../../lib/errors.ts'
import { PRODUCE_V8 } from '../../lib/transport/produce/produce-fixed.ts'

const NAMES = ['a', 'chat', 'orders.v2-retry_1', 'x'.repeat(249)]

const batches = fc.array(
  fc.record({
    topic: fc.constantFrom(...NAMES),
    partition: fc.nat({ max: 2 ** 31 - 1 }),
    bytes: fc.oneof(fc.nat({ max: 200 }), fc.integer({ min: 3000, max: 9000 })).map(size => Buffer.alloc(size, size)),
  }),
  { minLength: 1, maxLength: 6 },
)

test('the frame has the bytes that kafkajs’s encoder gives, whether its parts are joined or not', () => {
  const acks = fc.constantFrom(-1 as const, 0 as const, 1 as const)
  fc.assert(
    fc.property(batches, acks, fc.nat(), fc.string(), fc.nat(), (list, acks, ackTimeoutMs, clientId, correlationId) => {
      const topics = [...Map.groupBy(list, ({ topic }) => topic)].map(([topic, ofTopic]) =>
        new Encoder()
          .writeString(topic)
          .writeArray(
            ofTopic.map(({ partition, bytes }) =>
              new Encoder().writeInt32(partition).writeInt32(bytes.length).writeBuffer(bytes),
            ),
          ),
      )
      const request = new Encoder()
        .writeInt16(0)
        .writeInt16(8)
        .writeInt32(correlationId)
        .writeString(clientId)
        .writeString(null)
        .writeInt16(acks)
        .writeInt32(ackTimeoutMs)
        .writeArray(topics)
      const expected = Buffer.concat([new Encoder().writeInt32(request.buffer.length).buffer, request.buffer])
      const frame = { correlationId, clientId, acks, ackTimeoutMs, batches: list }
      assert.deepEqual(Buffer.concat(PRODUCE_V8.encode(frame)), expected)
    }),
  )
})

test('a large batch is not copied', () => {
  const bytes = Buffer.alloc(100_000, 1)
  const frame = { correlationId: 1, clientId: 'c', acks: -1 as const, ackTimeoutMs: 1 }
  const parts = PRODUCE_V8.encode({ ...frame, batches: [{ topic: 't', partition: 0, bytes }] })
  assert.equal(parts[1], bytes)
})

function answerOf(throttleTimeMs: number): Buffer {
  const errorOf = (index: number) => new Encoder().writeInt32(index).writeString('why')
  const partition = (id: number, errorCode: number, offset: number, errors: number[]) =>
    new Encoder()
      .writeInt32(id)
      .writeInt16(errorCode)
      .writeInt64(offset)
      .writeInt64(-1)
      .writeInt64(0)
      .writeArray(errors.map(errorOf))
      .writeString(errorCode === 0 ? null : 'message')
  const topic = new Encoder().writeString('chat').writeArray([partition(0, 0, 41, []), partition(7, 87, -1, [2, 5])])
  return new Encoder().writeArray([topic]).writeInt32(throttleTimeMs).buffer
}

test('an answer is read partition by partition, with the invalid records', () => {
  const { partitions, throttleTimeMs } = PRODUCE_V8.decode(answerOf(300))
  assert.equal(throttleTimeMs, 300)
  assert.deepEqual(
    [...partitions],
    [
      ['chat/0', { errorCode: 0, baseOffset: 41n, logAppendTime: -1n, recordErrors: [] }],
      ['chat/7', { errorCode: 87, baseOffset: -1n, logAppendTime: -1n, recordErrors: [{ index: 2 }, { index: 5 }] }],
    ],
  )
})

test('rule 8: an answer that ends too early, or whose counts are invented, is MALFORMED_ANSWER', () => {
  const whole = answerOf(0)
  const isMalformed = (error: unknown) => error instanceof TransportError && error.causeCode === 'MALFORMED_ANSWER'
  for (let size = 0; size < whole.length; size++)
    assert.throws(() => PRODUCE_V8.decode(whole.subarray(0, size)), isMalformed, `${size} bytes`)
  const endless = Buffer.from('7fffffff', 'hex')
  assert.throws(() => PRODUCE_V8.decode(Buffer.concat([endless, whole.subarray(4)])), isMalformed)
  assert.throws(
    () => PRODUCE_V8.decode(Buffer.concat([whole.subarray(0, 10), endless, whole.subarray(14)])),
    isMalformed,
  )
})
