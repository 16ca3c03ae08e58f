// Which failures become dead letters, under which id, and what the caller learns of each record.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter, DeadLetterSource, UnencodedParts } from '../../lib/dead-letter/dead-letter.ts'
import { DeadLetterPublisher } from '../../lib/dead-letter/dead-letter-publisher.ts'
import type { StoreResult } from '../../lib/dead-letter/dead-letter-target.ts'
import { type PublishFailuresContext, publishFailures } from '../../lib/dead-letter/publish-failures.ts'
import { type DeliveryReport, notSent } from '../../lib/delivery/delivery-report.ts'
import { DeadLetterError, InvalidRecordError, TransportError } from '../../lib/errors.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

const down = new TransportError('unreachable', 'No broker.', { retriable: true })
const wrong = new InvalidRecordError('schema', 'It is wrong.')
const recordOf = (value: string, headers: ProducerRecord['headers'] = []): ProducerRecord => ({
  topic: 'chat',
  value,
  headers,
})

/** The report of a record that has its bytes. */
function encoded(value: string, headers: readonly (readonly [string, Buffer])[] = []): DeliveryReport {
  const serialized = { topic: 'chat', key: null, value: Buffer.from(value), headers, wireSize: 0 }
  return notSent(recordOf(value), serialized, down, 1000)
}
const invalid = (value: string, headers: ProducerRecord['headers'] = []) =>
  notSent(recordOf(value, headers), undefined, wrong, 1000)
const unencoded = (value: string) => notSent(recordOf(value), undefined, down, 1000)
const delivered = { kind: 'delivered', record: recordOf('v'), attempts: 1 } as unknown as DeliveryReport

interface Run {
  readonly answer?: (deadLetter: DeadLetter) => StoreResult
  readonly trigger?: DeadLetterSource['trigger']
  readonly targets?: 0
}

async function publish(
  reports: readonly DeliveryReport[],
  context: Partial<PublishFailuresContext> = {},
  { answer = ({ recordId }) => `memory:${recordId}`, trigger = 'http', targets }: Run = {},
) {
  const stored: DeadLetter[] = []
  const failures: unknown[] = []
  let remaining: number | undefined
  const target = {
    store: async (deadLetters: readonly DeadLetter[], deadline: Deadline) => {
      stored.push(...deadLetters)
      remaining = deadline.remaining
      return deadLetters.map(answer)
    },
    close: async () => {},
  }
  const fates = await publishFailures(reports, {
    deadLetters: new DeadLetterPublisher(targets === 0 ? [] : [target]),
    sourceOf: index => ({ trigger, id: `s-${index}`, index, function: 'f', arn: null, receiveCount: null }),
    onFailure: error => failures.push(error),
    ...context,
  })
  return { fates, stored, failures, remaining }
}

test('a delivery failure is stored, and its fate has location and id; a delivered record has none', async () => {
  const { fates, stored, failures } = await publish([delivered, encoded('a'), delivered])
  assert.deepEqual(
    [...fates],
    [
      [
        1,
        {
          fate: 'dead-lettered',
          outcome: 'not-sent',
          code: 'unreachable',
          location: 'memory:s-1',
          deadLetterId: stored[0]?.deadLetterId,
        },
      ],
    ],
  )
  assert.deepEqual(
    stored.map(({ recordId, source }) => [recordId, source.id, source.index, source.function]),
    [['s-1', 's-1', 1, 'f']],
  )
  assert.deepEqual(failures, [])
  assert.equal((await publish([delivered])).fates.size, 0)
})

test('an invalid record is no dead letter and has no fate here, unless the caller stores those too', async () => {
  const reports = [invalid('a'), encoded('b')]
  const usual = await publish(reports)
  assert.deepEqual([[...usual.fates.keys()], usual.stored.length], [[1], 1])
  const both = await publish(reports, { shouldDeadLetter: () => true })
  assert.deepEqual(
    [...both.fates].sort().map(([index, fate]) => [index, fate.fate, 'code' in fate && fate.code]),
    [
      [0, 'dead-lettered', 'schema'],
      [1, 'dead-lettered', 'unreachable'],
    ],
  )
  const asked: unknown[] = []
  const none = await publish(reports, {
    shouldDeadLetter: ({ code }, index) => {
      asked.push([code, index])
      return false
    },
  })
  assert.deepEqual(asked, [
    ['schema', 0],
    ['unreachable', 1],
  ])
  assert.deepEqual([...none.fates], [[1, { fate: 'returned', outcome: 'not-sent', code: 'unreachable' }]])
  assert.equal(none.stored.length, 0)
})

test('a record without bytes of which nothing is known returns to its source; an invalid one is stored', async () => {
  const reports = [unencoded('a'), unencoded('b'), invalid('c'), encoded('d')]
  const asked: unknown[] = []
  const unencodedOf = (record: ProducerRecord): UnencodedParts | undefined => {
    asked.push(record.value)
    return record.value === 'b' ? { key: 'k', value: 'source of b', encoding: 'source' } : undefined
  }
  const { fates, stored } = await publish(reports, { shouldDeadLetter: () => true, unencodedOf })
  assert.deepEqual(asked, ['a', 'b', 'c'])
  assert.deepEqual(fates.get(0), { fate: 'returned', outcome: 'not-sent', code: 'unreachable' })
  const text = (bytes: string | null) => (bytes === null ? null : String(Buffer.from(bytes, 'base64')))
  assert.deepEqual(
    stored.map(({ record }) => [text(record.key), text(record.value), record.encoding]),
    [
      ['k', 'source of b', 'source'],
      [null, 'c', undefined],
      [null, 'd', undefined],
    ],
  )
  assert.deepEqual(
    [...(await publish(reports)).fates].map(([index, { fate }]) => [index, fate]),
    [
      [0, 'returned'],
      [1, 'returned'],
      [3, 'dead-lettered'],
    ],
  )
})

test('without targets every delivery failure returns to its source', async () => {
  const { fates, failures } = await publish([encoded('a'), invalid('b')], {}, { targets: 0 })
  assert.deepEqual([...fates], [[0, { fate: 'returned', outcome: 'not-sent', code: 'unreachable' }]])
  assert.deepEqual(failures, [])
})

test('a dead letter that is not stored leaves its record with its source; one failure is reported', async () => {
  const first = new DeadLetterError('dead-letter', 'The first.')
  const { fates, failures } = await publish(
    [encoded('a'), encoded('b'), encoded('c')],
    {},
    { answer: ({ recordId }) => (recordId === 's-1' ? 'memory:b' : first) },
  )
  assert.deepEqual(
    [...fates].map(([index, { fate }]) => [index, fate]),
    [
      [0, 'returned'],
      [1, 'dead-lettered'],
      [2, 'returned'],
    ],
  )
  assert.deepEqual(failures, [first])
  const throwing = publish([encoded('a')], { onFailure: () => assert.fail('of the caller') }, { answer: () => first })
  assert.equal((await throwing).fates.get(0)?.fate, 'returned')
})

test('a record’s id is that of its source, or what the function says; a template’s is that of its header', async () => {
  const header = [['kp-id', Buffer.from('of the header')]] as const
  const reports = [encoded('a', header), invalid('b', [['kp-id', 'of the header']]), encoded('c')]
  const idsWith = async (context: Partial<PublishFailuresContext>, trigger: DeadLetterSource['trigger'] = 'sqs') =>
    (await publish(reports, { shouldDeadLetter: () => true, ...context }, { trigger })).stored.map(
      ({ recordId }) => recordId,
    )
  assert.deepEqual(await idsWith({}), ['s-0', 's-1', 's-2'])
  assert.deepEqual(await idsWith({ idOf: index => `id-${index}` }), ['id-0', 'id-1', 'id-2'])
  const ofTemplate = ['of the header', 'of the header', 's-2']
  assert.deepEqual(await idsWith({}, 'template'), ofTemplate)
  const withoutRecord = notSent(undefined as unknown as ProducerRecord, undefined, wrong, 1)
  const { stored } = await publish([withoutRecord], { shouldDeadLetter: () => true }, { trigger: 'template' })
  assert.deepEqual(
    stored.map(({ recordId, record }) => [recordId, record.topic]),
    [['s-0', null]],
  )
})

test('the targets have the time that the caller has left', async () => {
  const deadline = Deadline.after(new VirtualClock(), 777)
  assert.equal((await publish([encoded('a')], { deadline })).remaining, 777)
})
