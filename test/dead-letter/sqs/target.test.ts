// What goes into one batch of messages, and what each dead letter gets back, with a queue that the test answers for.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { createSqsTarget, toEntry } from '../../../lib/dead-letter/sqs/target.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { AWS_TEST_KEYS } from '../../support/moto.ts'
import { deadlineIn } from '../../support/time.ts'

interface Entry {
  readonly Id: string
  readonly MessageBody: string
  readonly MessageAttributes: Readonly<Record<string, { readonly DataType: string; readonly StringValue: string }>>
}

interface Call {
  readonly QueueUrl: string
  readonly Entries: readonly Entry[]
}

/** The answer to an entry whose body the client can check. */
const storedAs = ({ Id, MessageBody }: Entry) => ({
  Id,
  MessageId: `m-${Id}`,
  MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
})

async function queueThat(t: TestContext, answer: (call: Call) => object) {
  Object.assign(process.env, AWS_TEST_KEYS)
  const calls: Call[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      const call = JSON.parse(text) as Call
      calls.push(call)
      const body = answer(call)
      response.writeHead('__type' in body ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const queueUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/letters`
  const target = createSqsTarget({ kind: 'sqs', queueUrl })
  t.after(async () => {
    await target.close()
    server.closeAllConnections()
    server.close()
  })
  const store = (...deadLetters: DeadLetter[]) => target.store(deadLetters, deadlineIn(20_000))
  return { calls, queueUrl, store }
}

const storeAll = ({ Entries }: Call) => ({ Successful: Entries.map(storedAs), Failed: [] })
const sizesOf = (calls: readonly Call[]) => calls.map(({ Entries }) => Entries.length).sort((x, y) => y - x)

test('a message has the envelope, and what people filter by; an empty text is no attribute', async t => {
  const { calls, queueUrl, store } = await queueThat(t, storeAll)
  const deadLetter = deadLetterOf('a')
  const withoutTopic = { ...deadLetter, record: { ...deadLetter.record, topic: null } }
  assert.deepEqual(await store(deadLetter, withoutTopic), ['sqs:m-0', 'sqs:m-1'])
  const [{ QueueUrl, Entries } = { QueueUrl: '', Entries: [] }] = calls
  assert.equal(QueueUrl, queueUrl)
  assert.deepEqual(
    Entries.map(({ Id, MessageBody }) => [Id, JSON.parse(MessageBody)]),
    [
      ['0', deadLetter],
      ['1', withoutTopic],
    ],
  )
  const text = (StringValue: string) => ({ DataType: 'String', StringValue })
  const others = {
    code: text('unreachable'),
    outcome: text('not-sent'),
    deadLetterId: text(deadLetter.deadLetterId),
  }
  assert.deepEqual(Entries[0]?.MessageAttributes, { topic: text('chat'), ...others })
  assert.deepEqual(Entries[1]?.MessageAttributes, others)
})

test('a message’s size is that of its body and of the names, types and values of its attributes, in bytes', () => {
  const deadLetter = deadLetterOf('a', 'v', 'tüpic')
  const { entry, bytes, index } = toEntry(deadLetter, 7)
  const attributes = Object.entries(entry.MessageAttributes)
  const sizes = attributes.map(([name, { StringValue }]) => Buffer.from(`${name}String${StringValue}`).length)
  assert.equal(
    bytes,
    sizes.reduce((sum, size) => sum + size, Buffer.from(entry.MessageBody).length),
  )
  assert.deepEqual([index, entry.Id], [7, '7'])
  assert.ok(bytes > entry.MessageBody.length + 1)
})

test('ten messages are a batch', async t => {
  const { calls, store } = await queueThat(t, storeAll)
  const deadLetters = Array.from({ length: 21 }, (_, n) => deadLetterOf(`n-${n}`))
  assert.deepEqual(
    await store(...deadLetters),
    deadLetters.map((_, n) => `sqs:m-${n}`),
  )
  assert.deepEqual(sizesOf(calls), [10, 10, 1])
})

const LIMIT = 1_048_576

/** A dead letter whose message has this many bytes. */
function ofSize(bytes: number, id = 'a'): DeadLetter {
  const sizeOf = (each: DeadLetter) => toEntry(each, 0).bytes
  const value = Buffer.alloc(Math.floor((bytes - sizeOf(deadLetterOf(id, ''))) / 4) * 3 - 300, 'x')
  const filled = deadLetterOf(id, value)
  const { source } = filled
  const sized = { ...filled, source: { ...source, id: source.id + 'x'.repeat(bytes - sizeOf(filled)) } }
  assert.equal(sizeOf(sized), bytes)
  return sized
}

test('a batch has 1,048,576 bytes at most', async t => {
  const { calls, store } = await queueThat(t, storeAll)
  const half = LIMIT / 2
  await store(ofSize(half, 'a'), ofSize(half, 'b'), deadLetterOf('c'))
  assert.deepEqual(sizesOf(calls), [2, 1])
  calls.length = 0
  await store(ofSize(half, 'a'), ofSize(half + 1, 'b'), deadLetterOf('c'))
  assert.deepEqual(calls.map(({ Entries }) => Entries.map(({ Id }) => Id).join()).sort(), ['0', '1,2'])
  calls.length = 0
  const third = Math.floor(LIMIT / 3)
  await store(...['a', 'b', 'c', 'd'].map(id => ofSize(third, id)))
  assert.deepEqual(sizesOf(calls), [3, 1])
})

test('a message may have the limit less room for a note; a larger one is not sent, and the others are', async t => {
  const { calls, store } = await queueThat(t, storeAll)
  const results = await store(ofSize(LIMIT - 1024), ofSize(LIMIT - 1023), deadLetterOf('c'))
  const [largest, tooLarge, other] = results
  assert.deepEqual([largest, other], ['sqs:m-0', 'sqs:m-2'])
  assert.ok(tooLarge instanceof DeadLetterError)
  assert.deepEqual(
    [tooLarge.code, tooLarge.message],
    ['dead-letter-too-large', 'A dead letter exceeds the size limit of an SQS message (1048576 bytes).'],
  )
  assert.ok(calls.every(({ Entries }) => Entries.every(({ Id }) => Id !== '1')))
})

test('an entry that failed, or is missing in the answer, is not stored', async t => {
  const { store } = await queueThat(t, ({ Entries }) => ({
    Successful: Entries.slice(0, 1).map(storedAs),
    Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }],
  }))
  const [stored, ...others] = await store(deadLetterOf('a'), deadLetterOf('b'), deadLetterOf('c'))
  assert.equal(stored, 'sqs:m-0')
  const why = (code: string) => `The SQS target did not store a dead letter (${code}).`
  assert.deepEqual(
    others.map(other => other instanceof DeadLetterError && [other.code, other.message, other.retriable]),
    [
      ['dead-letter', why('InternalError'), true],
      ['dead-letter', why('NoEntry'), true],
    ],
  )
})

test('an answer without lists stores nothing; an error is that of all entries, with the service’s code', async t => {
  const empty = await queueThat(t, () => ({}))
  const [result] = await empty.store(deadLetterOf('a'))
  assert.match(String(result), /\(NoEntry\)/)
  const refusing = await queueThat(t, () => ({ __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'secret' }))
  const results = await refusing.store(deadLetterOf('a'), deadLetterOf('b'))
  for (const each of results) {
    assert.ok(each instanceof DeadLetterError && each.cause instanceof Error)
    assert.equal(each.message, `The SQS target did not store a dead letter (${each.cause.name}).`)
    assert.match(each.message, /QueueDoesNotExist/)
    assert.ok(!each.message.includes('secret'))
  }
})
