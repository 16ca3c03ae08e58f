// Response sizes sent by a peer used to crash the process: kafkajs's reader threw inside the socket's listener (sizes 0
// to 3 and negative ones), and buffered whatever a size announced.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { TransportError } from '../../lib/errors.ts'
import { FrameReader } from '../../lib/transport/frame-reader.ts'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { producerOf, summaryOf } from '../support/producer-of.ts'

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

test('however the bytes are cut, each response comes out once, in order', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 4, maxLength: 40 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (sent, cuts) => {
      const bytes = Buffer.concat(sent.flatMap(frame => [int32(frame.length), Buffer.from(frame)]))
      const reader = new FrameReader()
      const received: Buffer[] = []
      for (let at = 0; at < bytes.length; ) {
        const size = cuts.next().value as number
        reader.push(bytes.subarray(at, at + size), frame => received.push(frame))
        at += size
      }
      assert.deepEqual(
        received.map(String),
        sent.map(frame => String(Buffer.from(frame))),
      )
    }),
  )
})

test('a response of many pieces is joined once', () => {
  const reader = new FrameReader()
  const received: Buffer[] = []
  const concat = Buffer.concat
  let joined = 0
  Buffer.concat = (list, length) => {
    const whole = concat(list, length)
    joined += whole.length
    return whole
  }
  try {
    reader.push(int32(100_000), frame => received.push(frame))
    for (let n = 0; n < 1000; n++) reader.push(Buffer.alloc(100, n), frame => received.push(frame))
  } finally {
    Buffer.concat = concat
  }
  assert.equal(received[0]?.length, 100_000)
  assert.equal(joined, 100_004)
})

for (const [name, size] of [
  ['0', 0],
  ['3', 3],
  ['-1', -1],
  ['the least integer', -(2 ** 31)],
  ['the greatest integer', 2 ** 31 - 1],
  ['over 100 MiB', 100 * 1024 * 1024 + 1],
] as const)
  test(`a size of ${name} is refused before anything is buffered`, () => {
    assert.throws(
      () => new FrameReader().push(int32(size), () => assert.fail('a frame')),
      (error: unknown) => error instanceof TransportError && error.causeCode === 'MALFORMED_ANSWER' && error.retriable,
    )
  })

test('a TLS alert names security.protocol, and is not retried', () => {
  assert.throws(
    () => new FrameReader().push(Buffer.from('15030300020246', 'hex'), () => assert.fail('a frame')),
    (error: unknown) =>
      error instanceof TransportError &&
      error.causeCode === 'SECURITY_PROTOCOL_MISMATCH' &&
      !error.retriable &&
      /security\.protocol/.test(error.message),
  )
})

for (const [name, answer] of [
  ['a size of 0', Buffer.alloc(4)],
  ['a size of 3', Buffer.concat([int32(3), Buffer.alloc(3)])],
  ['a size of -1', Buffer.alloc(4, 255)],
  ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['an answer to another request', Buffer.concat([int32(8), int32(999_999), int32(0)])],
] as const)
  test(`rule 8: a peer that answers everything with ${name} ends its connection, not the process`, async t => {
    const server = createServer(socket => socket.on('error', () => undefined).on('data', () => socket.write(answer)))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const producer = producerOf([`127.0.0.1:${(server.address() as AddressInfo).port}`], { maxBlockMs: 300 })
    t.after(() => producer.close().then(() => server.close()))
    const [report] = await producer.sendAll([{ topic: 't', value: 'a' }])
    assert.equal(summaryOf(report), 'not-sent:unreachable')
    assert.equal(report?.kind === 'failed' && report.causeCode, 'MALFORMED_ANSWER')
  })

for (const [name, spoil] of [
  ['has a size of 0', () => Buffer.alloc(4)],
  ['has a size of -1', () => Buffer.alloc(4, 255)],
  ['is to another request', (answer: Buffer) => Buffer.concat([answer.subarray(0, 4), int32(7), answer.subarray(8)])],
  ['is cut off', (answer: Buffer) => Buffer.concat([int32(16), answer.subarray(4, 20)])],
  ['comes twice', (answer: Buffer) => Buffer.concat([answer, answer])],
  [
    'is about another topic',
    (answer: Buffer) => Buffer.from(answer.toString('latin1').replace('\x01t', '\x01u'), 'latin1'),
  ],
] as const)
  test(`rule 8: when the first answer to a Produce ${name}, the record is delivered once`, async t => {
    let isFirst = true
    const cluster = await ScriptedBrokers.start({
      leaders: [0],
      brokers: 1,
      script: {
        onBytes: (_, apiKey, response) => {
          if (apiKey !== 0 || !isFirst) return response
          isFirst = false
          return spoil(response)
        },
      },
    })
    const producer = producerOf(cluster.addresses)
    t.after(() => producer.close().then(() => cluster.stop()))
    const [report] = await producer.sendAll([{ topic: 't', value: 'a' }])
    assert.equal(summaryOf(report), 'delivered')
    assert.equal(report?.attempts, name === 'comes twice' ? 1 : 2)
    assert.deepEqual(cluster.values(), ['a'])
  })
