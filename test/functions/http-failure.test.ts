// An unexpected error ends a request: the answer is 500 with the fates that are known, at whichever stage it comes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Services } from '../../functions/create-services.ts'
import { handleHttp } from '../../functions/http/handle-http.ts'
import { knownFates } from '../../functions/http/known-fates.ts'
import { type Failed, notSent } from '../../lib/delivery/delivery-report.ts'
import { orderGroupStopped } from '../../lib/errors.ts'
import type { SourceRecord } from '../../lib/lambda/source-record.ts'
import { functionHarness, type HarnessOptions, recordsOf, v2Event } from '../support/function-harness.ts'

const chat = (text: string, partition: number) => ({ value: { room: 'lobby', user: 'ada', text }, partition })
/** One that is delivered, one that is refused, and one for a partition that refuses every batch. */
const RECORDS = [chat('hi', 1), chat('no', -1), chat('ho', 0)]
const OPTIONS: HarnessOptions = { sick: 0, options: { onFailureHttp: 'dead-letter' } }
const IN_DOUBT = ['returned', 'unknown', 'delivery-unknown']

function defect(): never {
  throw new TypeError('cannot read "secret"\n    at payload')
}

/** Posts the records to a function of which a part throws. */
async function post(replaced: Partial<Record<keyof Services, object>>, producer?: object) {
  const harness = functionHarness((event, context, services) => {
    if (producer) Object.assign(context.kafka, { producer })
    return handleHttp(event, context, { ...services, ...replaced } as Services)
  }, OPTIONS)
  const body = Buffer.from(JSON.stringify({ records: RECORDS }))
  const event = v2Event('POST', '/topics/chat', body, { 'content-type': 'application/json' })
  const result = (await harness.invoke(event)) as { statusCode: number; headers: object; body: string }
  const { records, ...problem } = JSON.parse(result.body)
  const fates: unknown = records?.map((one: Record<string, string>) => [
    one.fate,
    one.outcome ?? 'none',
    one.code ?? 'none',
  ])
  return { harness, result, problem, fates }
}

const PROBLEM = {
  type: 'urn:serverless-kafka-producer:problem:unavailable',
  title: 'Internal error',
  status: 500,
  code: 'unavailable',
  requestId: 'r-1',
}
const RECORDS_IN_DOUBT =
  'An unexpected error ended the request; the log has its reason. Records with outcome unknown may have been stored.'

test('before a record is sent: 500 without records, and the log has the reason without the content', async () => {
  const contracts = { get: defect }
  const { harness, result, problem, fates } = await post({ contracts })
  assert.equal(result.statusCode, 500)
  assert.deepEqual(result.headers, { 'content-type': 'application/problem+json' })
  const detail = 'An unexpected error ended the request before a record was sent; the log has its reason.'
  assert.deepEqual([problem, fates], [{ ...PROBLEM, detail }, undefined])
  assert.equal(recordsOf(harness).length, 0)
  const line = JSON.parse(harness.logged.find(line => line.includes('A request failed.')) ?? '{}')
  assert.deepEqual([line.level, line.requestId, line.code], ['ERROR', 'r-1', 'TypeError'])
  assert.match(line.frames[0], /^at \S*defect /)
  assert.ok(line.frames.length <= 10)
  assert.doesNotMatch(harness.logged.join(), /secret|payload/)
})

test('while records are sent: each that is not refused may have been sent', async () => {
  const sendAll = () => Promise.reject(new TypeError('secret'))
  const { result, problem, fates } = await post({}, { sendAll })
  assert.equal(result.statusCode, 500)
  assert.deepEqual(problem, { ...PROBLEM, detail: RECORDS_IN_DOUBT })
  assert.deepEqual(fates, [IN_DOUBT, ['refused', 'none', 'bad-partition'], IN_DOUBT])
})

test('while dead letters are stored: those that were to be stored may have been', async () => {
  const deadLetters = { isOn: true, store: defect }
  const { harness, result, fates } = await post({ deadLetters })
  assert.equal(result.statusCode, 500)
  assert.deepEqual(fates, [['delivered', 'none', 'none'], ['refused', 'none', 'bad-partition'], IN_DOUBT])
  assert.equal(recordsOf(harness).length, 1)
})

test('when every record has its fate: the answer has all of them', async () => {
  const log = { invocation: defect, requestFailed: () => {} }
  const { result, fates } = await post({ log })
  assert.equal(result.statusCode, 500)
  assert.deepEqual(fates, [
    ['delivered', 'none', 'none'],
    ['refused', 'none', 'bad-partition'],
    ['dead-lettered', 'rejected', 'no-leader'],
  ])
})

test('the log has the request, and how many of its records go back', async () => {
  const failures: unknown[][] = []
  const log = { requestFailed: (...args: unknown[]) => void failures.push(args) }
  const error = new TypeError('of the producer')
  await post({ log }, { sendAll: () => Promise.reject(error) })
  await post({ log, contracts: { get: defect } })
  assert.deepEqual(failures[0], [error, 'r-1', 2])
  // All of its records, whose number is not known.
  assert.deepEqual(failures[1]?.slice(1), ['r-1', 1])
})

test('records that the line of the invocation has counted are not counted again', async () => {
  const failures: unknown[][] = []
  const log = {
    invocation: () => {},
    requestFailed: (...args: unknown[]) => void failures.push(args),
  }
  const fake = notSent({ topic: 'chat', value: 'v' }, undefined, orderGroupStopped(), Date.now())
  const sendAll = async () => [
    fake,
    { kind: 'delivered', metadata: { topic: 'chat', partition: 0, offset: 1n, timestamp: 5n } },
  ]
  // JSON has no bigint, so no answer can be written: the invocation fails.
  await assert.rejects(post({ log }, { sendAll, metrics: () => ({}) }), TypeError)
  assert.deepEqual(failures[0]?.slice(1), ['r-1', 0])
})

test('an error that can be neither looked at nor logged does not keep the fates from the caller', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const log = {
    invocation: () => {
      throw proxy
    },
    requestFailed: defect,
  }
  const { result, fates } = await post({ log })
  assert.equal(result.statusCode, 500)
  assert.equal((fates as unknown[]).length, 3)
})

test('a failure that gets no dead letter is known when the reports are', () => {
  const sourceRecords = [{ id: 'a' }] as SourceRecord[]
  const failed = { kind: 'failed', failureKind: 'delivery-failure', outcome: 'not-sent', code: 'quota' } as Failed
  const fate = { fate: 'returned', outcome: 'not-sent', code: 'quota' }
  assert.deepEqual(
    knownFates({ sourceRecords, reports: [failed] }, () => false),
    [{ id: 'a', fate }],
  )
})
