// Records of failed invocations in a bucket: read in order, deleted only in the version that was read, and checked
// before use, because anybody who may write to the bucket can store any object.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError, type OpenDeadLetter, type Unreadable } from '../../../lib/dead-letter/dead-letter-store.ts'
import type { FailureBucketConfig } from '../../../lib/dead-letter/s3/failure-bucket.ts'
import { type FailureBucketStore, openStore } from '../../../lib/dead-letter/s3/failure-bucket-store.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { type RedriveOptions, redrive } from '../../../lib/redrive/redrive.ts'
import { tried } from '../../../lib/redrive/retried-dead-letter.ts'
import { createSourceMessageReader } from '../../../lib/redrive/source-messages.ts'
import { acceptingProducer } from '../../fakes/accepting-producer.ts'
import { S3Server } from '../../fakes/s3-server.ts'
import { contractsOf } from '../../support/contracts.ts'
import { unknownReport } from '../../support/unknown-report.ts'

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:app-eventbridge'
const PREFIX = 'aws/lambda/async/app-eventbridge/'
const CONFIG: FailureBucketConfig = {
  kind: 'failure-bucket',
  bucket: 'failures',
  lambda: { name: 'app-eventbridge', arn: ARN },
}
const contracts = contractsOf([
  {
    topic: 'orders',
    json: {
      key: { required: false },
      limits: { valueBytes: 1_000_000 },
      from: { eventbridge: [{ source: ['shop'] }] },
    } as never,
  },
])
const readSourceMessage = createSourceMessageReader(contracts, { defaultTopic: undefined, maxRequestSize: 1_000_000 })
const DOUBT = { partition: 0, producerId: 1, producerEpoch: 0, baseSequence: 0, indexInBatch: 0 }
const DONE = 'kafka:orders-0@1'

const server = new S3Server('failures')
before(() => server.start())
after(() => server.stop())

let store: FailureBucketStore
beforeEach(() => {
  server.reset()
  store = openStore(CONFIG, { readSourceMessage })
})
afterEach(() => store.close())

const event = (id: string) => ({ id, source: 'shop', 'detail-type': 'Order', detail: { id } })
const record = (requestPayload: unknown, functionArn: unknown = `${ARN}:$LATEST`) =>
  JSON.stringify({
    version: '1.0',
    timestamp: '2026-11-27T06:00:00.000Z',
    requestContext: { requestId: 'r-1', functionArn, condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorMessage: 'x' },
  })
const keyOf = (time: string, day = '2026/11/27') => `${PREFIX}${day}/${day.replaceAll('/', '-')}T${time}-6e1c`

async function readAll(from = store) {
  const unreadable: Unreadable[] = []
  const open = await Array.fromAsync(from.deadLetters({ onUnreadable: each => unreadable.push(each) }))
  return { open, unreadable, ids: open.map(({ deadLetter }) => deadLetter.recordId) }
}
const only = (open: readonly OpenDeadLetter<string>[], id: string) => {
  const one = open.find(({ deadLetter }) => deadLetter.recordId === id)
  assert.ok(one, id)
  return one
}

test('records are listed in the order of the failures, over pages and days; looking changes nothing', async () => {
  server.pageSize = 2
  server.put(keyOf('08.00.01'), record(event('e-3')))
  server.put(keyOf('08.00.00'), record(event('e-2')))
  server.put(keyOf('23.59.59', '2026/11/26'), record(event('e-1')))
  server.put(keyOf('08.00.02'), record([event('e-4'), event('e-5')], ARN))
  // A folder that the console of S3 made, and what redrive itself keeps.
  server.put(`${PREFIX}2026/`, '')
  server.put('redrive/app-eventbridge/redrive.lease', 'x')
  const contents = server.contents()
  const { open, ids, unreadable } = await readAll()
  assert.deepEqual([ids, unreadable], [['e-1', 'e-2', 'e-3', 'e-4', 'e-5'], []])
  assert.equal(open[0]?.location, `s3://failures/${keyOf('23.59.59', '2026/11/26')}`)
  assert.deepEqual([open[0]?.deadLetter.source.trigger, open[0]?.deadLetter.record.topic], ['eventbridge', 'orders'])
  assert.deepEqual(server.contents(), contents)
  assert.deepEqual(
    server.requests.filter(request => !request.startsWith('GET')),
    [],
  )
})

test('a record of more than SQS can take is read whole', async () => {
  const large = { ...event('large'), detail: { text: 'x'.repeat(900_000) } }
  server.put(keyOf('08.00.00'), `${record(large)}${' '.repeat(1_000_000)}`)
  const { open, ids } = await readAll()
  assert.deepEqual(ids, ['large'])
  assert.ok(Buffer.from(open[0]?.deadLetter.record.value ?? '', 'base64').length > 900_000)
  assert.equal(open[0]?.deadLetter.failure.kind, 'delivery-failure')
})

test('objects that are not records of the function are counted, shown by key, and kept', async () => {
  const wrong: Record<string, string | Buffer> = {
    '00-other-function': record(event('x'), `${ARN}-two:$LATEST`),
    '01-other-account': record(event('x'), ARN.replace('123456789012', '999999999999')),
    '02-no-arn': record(event('x'), null),
    '03-no-record': JSON.stringify(event('x')),
    '04-no-event': record({ wrong: true }),
    '05-cut-off': record(event('x')).slice(0, -20),
    '06-empty': '',
    '07-not-utf-8': Buffer.concat([
      Buffer.from(record(event('x')).slice(0, -2)),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]),
    '08-too-large': ' '.repeat(16 * 1024 * 1024 + 1),
  }
  for (const [name, body] of Object.entries(wrong)) server.put(`${PREFIX}2026/11/27/${name}`, body)
  server.put(`${PREFIX}2026/11/27/09-refused`, record(event('x')))
  server.refused.set(`${PREFIX}2026/11/27/09-refused`, 'AccessDenied')
  server.put(keyOf('08.00.00'), record(event('good')))
  const contents = server.contents()
  const { open, ids, unreadable } = await readAll()
  assert.deepEqual(ids, ['good'])
  const notOurs = 'it is not Lambda’s record of a failed invocation of app-eventbridge'
  assert.deepEqual(
    unreadable.map(({ location, reason, count }) => [location.split('/').at(-1), reason, count]),
    [
      ['00-other-function', notOurs, 1],
      ['01-other-account', notOurs, 1],
      ['02-no-arn', notOurs, 1],
      ['03-no-record', notOurs, 1],
      ['04-no-event', 'it is neither an event nor Lambda’s record of a failed invocation', 1],
      ['05-cut-off', notOurs, 1],
      ['06-empty', notOurs, 1],
      ['07-not-utf-8', 'it is not UTF-8', 1],
      ['08-too-large', 'it is too large for Lambda’s record of an invocation', 1],
      ['09-refused', 'S3 refuses to return the object (AccessDenied)', 1],
    ],
  )
  await store.complete(open.map(each => ({ open: each, location: DONE })))
  const { [keyOf('08.00.00')]: _good, ...others } = contents
  assert.deepEqual(server.contents(), others)
})

test('without a reader of messages nothing is yielded', async t => {
  server.put(keyOf('08.00.00'), record(event('e-1')))
  const blind = openStore(CONFIG, {})
  t.after(() => blind.close())
  assert.deepEqual((await readAll(blind)).unreadable[0]?.reason, 'no contracts are loaded to read it with')
})

test('an object with several records is deleted when the last one is completed', async () => {
  server.put(keyOf('08.00.00'), record([event('e-1'), event('e-2')]))
  const { open } = await readAll()
  assert.deepEqual(
    open.map(({ siblings }) => siblings?.length),
    [1, 1],
  )
  await store.complete([{ open: only(open, 'e-1'), location: DONE }])
  assert.equal(server.objects.size, 1)
  const [part] = store.partlyDone()
  assert.deepEqual([part?.completed, part?.open.map(each => each.deadLetter.recordId)], [1, ['e-2']])
  await store.complete([{ open: only(open, 'e-2'), location: DONE }])
  assert.equal(server.objects.size, 0)
  assert.deepEqual(store.partlyDone(), [])
})

// Lambda may store a record twice. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
test('a record that was stored twice is given once, and every object with it is deleted', async () => {
  server.pageSize = 1
  for (const time of ['08.00.00', '08.00.01', '09.00.00']) server.put(keyOf(time), record(event('twice')))
  server.put(keyOf('08.30.00'), record(event('other')))
  const ids: string[] = []
  for await (const open of store.deadLetters({ purpose: 'redrive' })) {
    ids.push(open.deadLetter.recordId)
    if (open.deadLetter.recordId === 'twice') await store.complete([{ open, location: DONE }])
  }
  assert.deepEqual(ids, ['twice', 'other'])
  await store.tidy()
  assert.deepEqual(Object.keys(server.contents()), [keyOf('08.30.00')])
})

test('what was stored under a key after it was read is not deleted; what is gone counts as deleted', async () => {
  server.put(keyOf('08.00.00'), record(event('changed')))
  server.put(keyOf('08.00.01'), record([event('gone'), event('gone too')]))
  const { open } = await readAll()
  server.put(keyOf('08.00.00'), record(event('newer')))
  server.objects.delete(keyOf('08.00.01'))
  await assert.rejects(store.complete(open.map(each => ({ open: each, location: DONE }))), (error: Error) => {
    assert.ok(error instanceof NotCompletedError && error.cause instanceof DeadLetterError)
    assert.deepEqual(
      error.entries.map(entry => entry.open.deadLetter.recordId),
      ['changed'],
    )
    return true
  })
  assert.deepEqual(server.contents(), { [keyOf('08.00.00')]: record(event('newer')) })
})

test('every record of an object that can’t be deleted counts as not completed', async () => {
  server.put(keyOf('08.00.00'), record([event('e-1'), event('e-2')]))
  server.put(keyOf('08.00.01'), record(event('e-3')))
  const { open } = await readAll()
  server.refused.set(keyOf('08.00.00'), 'AccessDenied')
  await assert.rejects(store.complete(open.map(each => ({ open: each, location: DONE }))), (error: Error) => {
    assert.ok(error instanceof NotCompletedError)
    assert.deepEqual(error.entries.map(entry => entry.open.deadLetter.recordId).sort(), ['e-1', 'e-2'])
    return true
  })
  assert.deepEqual(Object.keys(server.contents()), [keyOf('08.00.00')])
})

test('an edited record is refused, and so is a new unknown outcome, which the object can’t store', async () => {
  server.put(keyOf('08.00.00'), record(event('e-1')))
  const one = only((await readAll()).open, 'e-1')
  await store.replace(one, tried(one.deadLetter, 'quota'))
  await assert.rejects(store.replace(one, { ...one.deadLetter, deadLetterId: 'edited' }), /can’t be edited/)
  const inDoubt = { ...DOUBT, from: '2026-11-27T06:00:00.000Z', to: '2026-11-27T06:00:01.000Z' }
  const doubtful = { ...one.deadLetter, inDoubt }
  await assert.rejects(store.replace(one, doubtful), /can’t store where the Kafka record may be/)
  await store.replace({ ...one, deadLetter: doubtful }, tried(doubtful, 'quota'))
  assert.deepEqual(server.contents(), { [keyOf('08.00.00')]: record(event('e-1')) })
})

/** Accepts all records, except that nothing is known of those that hold `unknown`. */
function producerOf() {
  const sent: string[] = []
  const accepting = acceptingProducer()
  const sendAll: RedriveOptions['producer']['sendAll'] = async records => {
    const accepted = await accepting.sendAll(records)
    return accepted.map(report => {
      const { id } = JSON.parse(String(report.record.value))
      sent.push(id)
      return id === 'unknown' ? unknownReport(report.record, 0, { fromOffset: 7n }) : report
    })
  }
  return { sent, producer: { sendAll, isReachable: async () => true } }
}

test('a redrive deletes what it sent; a record in doubt goes to the target, or the journal keeps it', async () => {
  const stored: DeadLetter[] = []
  const deadLetterTargets = {
    isOn: true,
    store: async (deadLetters: readonly DeadLetter[]) => {
      stored.push(...deadLetters)
      return deadLetters.map(({ deadLetterId }) => `disk:x#${deadLetterId}`)
    },
  }
  for (const targets of [{}, { deadLetterTargets }]) {
    server.objects.clear()
    server.put(keyOf('08.00.00'), record(event('unknown')))
    server.put(keyOf('08.00.01'), record([event('e-1'), event('e-2')]))
    const { sent, producer } = producerOf()
    const run = openStore(CONFIG, { readSourceMessage })
    const result = await redrive(run, { producer, contracts, ...targets }).finally(() => run.close())
    assert.deepEqual(sent, ['unknown', 'e-1', 'e-2'])
    const keys = Object.keys(server.contents())
    if ('deadLetterTargets' in targets) {
      assert.deepEqual([result.resent, result.moved, result.notNoted, keys], [2, 1, 0, []])
      assert.deepEqual(
        stored.map(({ recordId, inDoubt }) => [recordId, inDoubt?.fromOffset]),
        [['unknown', 7]],
      )
    } else {
      assert.deepEqual([result.resent, result.moved], [2, 0])
      assert.deepEqual(keys, [keyOf('08.00.00'), 'redrive/app-eventbridge/redrive.sending'])
      assert.match(server.contents()['redrive/app-eventbridge/redrive.sending'] ?? '', /orders/)
    }
  }
})

test('a record is found by its key below Lambda’s prefix, and by no other key', async () => {
  server.put(keyOf('08.00.00'), record([event('e-1'), event('e-2')]))
  server.put('redrive/app-eventbridge/forged', record(event('e-1')))
  const one = only((await readAll()).open, 'e-2').deadLetter
  const again = openStore(CONFIG, { readSourceMessage })
  try {
    assert.equal((await again.find(one, `s3://failures/${keyOf('08.00.00')}`))?.deadLetter.recordId, 'e-2')
    assert.equal(await again.find(one, 's3://failures/redrive/app-eventbridge/forged'), undefined)
  } finally {
    await again.close()
  }
})

test('one redrive has the lease; its objects lie outside Lambda’s prefix', async () => {
  const lease = await store.lease()
  await assert.rejects(store.lease(), { code: 'redrive-running' })
  assert.equal(await store.requestStop(), 'requested')
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  assert.equal(await store.sending.read(), undefined)
  await store.sending.write('[]')
  assert.equal(await store.sending.read(), '[]')
  assert.deepEqual(Object.keys(server.contents()).sort(), [
    'redrive/app-eventbridge/redrive.lease',
    'redrive/app-eventbridge/redrive.sending',
  ])
  await store.sending.remove()
  await lease.release()
  assert.deepEqual(server.contents(), {})
  assert.equal(await store.requestStop(), 'not-running')
})

test('a bucket that does not exist is an error', async t => {
  const missing = openStore({ ...CONFIG, bucket: 'missing' }, { readSourceMessage })
  t.after(() => missing.close())
  await assert.rejects(Array.fromAsync(missing.deadLetters()), { code: 'not-found' })
})

test('a listing that does not ask for what can’t be read skips it', async () => {
  server.put(keyOf('08.00.00'), 'garbage')
  server.put(keyOf('08.00.01'), Buffer.from([0xff, 0xfe]))
  server.put(keyOf('08.00.02'), record(event('e-1')))
  const open = await Array.fromAsync(store.deadLetters())
  assert.equal(open.length, 1)
})
