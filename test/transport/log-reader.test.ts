// Reading record batches of a partition, valid, damaged or without an end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../lib/errors.ts'
import { LogReader, type LogReaderOptions } from '../../lib/transport/kafkajs/log-reader.ts'
import type { KafkaRequest } from '../../lib/transport/kafkajs/wire-protocol.ts'
import { at, batchOf, type Codec } from '../wire-format/batches.ts'

const PARTITION = { partition: 0, leader: 1, leaderEpoch: 0 }

/** The position of the offset in a Fetch v4 request for a topic with a name of one character. */
const OFFSET_AT = 32

/** A leader of the partition t-0 with these batches; an answer has two of them. */
function leaderOf(batches: readonly Buffer[]) {
  return {
    fetched: [] as bigint[],
    nodeIds: [1],
    async metadata() {
      return { topics: [{ topic: 't', error: null, partitions: [PARTITION] }] }
    },
    async request<T>(_nodeId: number, question: KafkaRequest<T>): Promise<T> {
      const { buffer } = (await question.request.encode()) as { buffer: Buffer }
      const offset = buffer.readBigInt64BE(OFFSET_AT)
      this.fetched.push(offset)
      const from = batches.findLastIndex(batch => batch.readBigInt64BE(0) <= offset)
      const recordSet = Buffer.concat(batches.slice(from, from + 2))
      const head = Buffer.alloc(4 + 4 + 3 + 4 + 4 + 2 + 8 + 8 + 4 + 4)
      head.writeInt32BE(1, 4)
      head.write('\0\x01t', 8)
      head.writeInt32BE(1, 11)
      head.writeInt32BE(recordSet.length, head.length - 4)
      return (await question.response.parse(await question.response.decode(Buffer.concat([head, recordSet])))).answer
    },
  }
}

/** A batch of one record for each offset. */
const logOf = (values: readonly (readonly [value: Buffer, codec?: Codec])[]) =>
  values.map(([value, codec], offset) => at(BigInt(offset), batchOf([{ value }], codec)))

function readerOf(batches: readonly Buffer[], options: LogReaderOptions = {}) {
  const warnings: string[] = []
  const leader = leaderOf(batches)
  return { warnings, leader, reader: new LogReader(leader, { warn: text => warnings.push(text), ...options }) }
}

const text = (value: string) => Buffer.from(value)
const bomb = Buffer.alloc(20_000)

test('a batch that inflates beyond the bound is skipped with a warning, and the next one is read', async () => {
  const { reader, warnings, leader } = readerOf(
    logOf([[text('a')], [bomb, 'gzip'], [text('c')], [bomb, 'zstd'], [text('e')]]),
    { maxInflatedBytes: 10_000 },
  )
  const values = (await Array.fromAsync(reader.read('t', 0, 0n, 5n))).map(({ value }) => String(value))
  assert.deepEqual(values, ['a', 'c', 'e'])
  assert.deepEqual(leader.fetched, [0n, 2n, 4n])
  assert.deepEqual(warnings, [
    "t-0: 2 record batch(es) can't be read and were skipped, the first at offset 1. " +
      'A record batch inflates to more than 10,000 bytes (maxInflatedBytes).',
  ])
  await Array.fromAsync(reader.read('t', 0, 0n, 5n))
  assert.equal(warnings.length, 1, 'a second look at the same batches')
})

test('a pass that begins earlier warns of what the later one did not see', async () => {
  const { reader, warnings } = readerOf(logOf([[bomb, 'gzip'], [text('b')], [bomb, 'gzip']]), {
    maxInflatedBytes: 10_000,
  })
  for (const from of [1n, 0n]) await Array.fromAsync(reader.read('t', 0, from, 3n))
  assert.deepEqual(
    warnings.map(warning => /^t-0: 1 record batch.*offset (\d)/.exec(warning)?.[1]),
    ['2', '0'],
  )
})

test('the default bound is enough for any producer with default settings', async () => {
  const { reader, warnings } = readerOf(
    logOf([
      [Buffer.alloc(8 * 2 ** 20), 'lz4'],
      [Buffer.alloc(17 * 2 ** 20), 'lz4'],
    ]),
  )
  const sizes = (await Array.fromAsync(reader.read('t', 0, 0n, 2n))).map(({ value }) => value?.length)
  assert.deepEqual(sizes, [8 * 2 ** 20])
  assert.match(warnings.join(), /offset 1\..*16,777,216/)
})

test('only records from the first offset to before the last are read', async () => {
  const batch = (offset: bigint) =>
    at(offset, batchOf(['a', 'b', 'c'].map(value => ({ value: text(`${value}${offset}`) }))))
  const { reader } = readerOf([batch(0n), batch(3n), batch(6n)])
  const values = (await Array.fromAsync(reader.read('t', 0, 1n, 8n))).map(({ value }) => String(value))
  assert.deepEqual(values, ['b0', 'c0', 'a3', 'b3', 'c3', 'a6', 'b6'])
})

test('a batch with a wrong checksum ends the read with an error that says where', async () => {
  const batches = logOf([[text('a')], [text('b')]])
  batches[1]?.writeUInt8(255, 66)
  const { reader } = readerOf(batches)
  await assert.rejects(Array.fromAsync(reader.read('t', 0, 0n, 2n)), {
    name: 'RecordBatchError',
    code: 'corrupt-batch',
    message: 't-0: A record batch is corrupt: its checksum is wrong.',
  })
})

test('a leader that returns only batches before the requested offset is an error, not a loop', async () => {
  const { reader, leader } = readerOf(logOf([[text('a')], [text('b')]]))
  await assert.rejects(Array.fromAsync(reader.read('t', 0, 5n, 6n)), {
    code: 'corrupt-batch',
    message: /reaches offset 5/,
  })
  assert.equal(leader.fetched.length, 1)
})

test('a partition that does not exist is an error after two answers', async () => {
  const { reader, leader } = readerOf([])
  let answers = 0
  const { metadata } = leader
  leader.metadata = () => {
    answers++
    return metadata()
  }
  leader.request = () => Promise.reject(new TransportError('no-leader', 'No such broker.', { retriable: true }))
  await assert.rejects(reader.start('t', 7), { code: 'partition-out-of-range', retriable: false })
  assert.equal(answers, 2)
})

test('a partition that the topic does not have is asked for twice, and its neighbours never', async () => {
  const { reader, leader } = readerOf([])
  let questions = 0
  const { metadata } = leader
  leader.metadata = () => {
    questions++
    return metadata()
  }
  leader.request = async () => {
    throw new TransportError('no-leader', 'No such broker.', { retriable: true })
  }
  for (let partition = 7; partition < 600; partition++)
    await assert.rejects(reader.start('t', partition), { code: 'partition-out-of-range' })
  assert.equal(questions, 2)
})

test('a broker that does not answer is not the only one asked for the settings of topics', async () => {
  const asked: number[] = []
  const client = {
    ...leaderOf([]),
    nodeIds: [1, 2, 3],
    async request<T>(nodeId: number): Promise<T> {
      asked.push(nodeId)
      if (nodeId < 3) throw new TransportError('unreachable', 'No answer.', { retriable: true })
      return [{ topic: 't', errorCode: 0, values: new Map([['retention.ms', '1']]) }] as T
    },
  }
  const settings = await new LogReader(client).settings(['t'], ['retention.ms'])
  assert.deepEqual(settings.get('t'), new Map([['retention.ms', '1']]))
  assert.deepEqual(asked, [1, 2, 3])
})
