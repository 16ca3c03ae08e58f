// Dead letters in SQS, on a queue in memory whose clock the test sets: how long messages are hidden, and which are
// deleted.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError, type OpenDeadLetter } from '../../../lib/dead-letter/dead-letter-store.ts'
import { requestQueueStop, takeQueueLease } from '../../../lib/dead-letter/sqs/lease.ts'
import { SqsDeadLetterStore } from '../../../lib/dead-letter/sqs/store.ts'
import { notSent } from '../../../lib/delivery/delivery-report.ts'
import { DeadLetterError, InvalidRecordError } from '../../../lib/errors.ts'
import type { ProducerRecord } from '../../../lib/record/producer-record.ts'
import { type RedriveOptions, redrive } from '../../../lib/redrive/redrive.ts'
import { createSourceMessageReader } from '../../../lib/redrive/source-messages.ts'
import { SqsServer } from '../../fakes/sqs-server.ts'
import { contractsOf } from '../../support/contracts.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'
import { until } from '../../support/time.ts'

const contracts = contractsOf([
  {
    topic: 'orders',
    json: {
      key: { required: false },
      value: { schema: { type: 'object', required: ['n'] } },
      from: { sqs: [{ queue: 'orders.fifo' }] },
    },
  },
])
const readSourceMessage = createSourceMessageReader(contracts, { defaultTopic: undefined, maxRequestSize: 1_000_000 })
const completedOf = (open: readonly OpenDeadLetter<string>[]) =>
  open.map(each => ({ open: each, location: 'kafka:chat-0@1' }))

async function standard(t: TestContext): Promise<{ sqs: SqsServer; store: SqsDeadLetterStore }> {
  const sqs = await SqsServer.start('dead-letters')
  const store = new SqsDeadLetterStore(sqs.url, { role: { kind: 'sqs' }, clock: sqs.clock })
  t.after(() => store.close().finally(() => sqs.close()))
  return { sqs, store }
}

async function fifo(t: TestContext): Promise<{ sqs: SqsServer; store: SqsDeadLetterStore }> {
  const sqs = await SqsServer.start('orders-failures.fifo')
  const role = { kind: 'source-dlq', sourceQueue: 'orders.fifo' } as const
  const store = new SqsDeadLetterStore(sqs.url, { role, readSourceMessage, clock: sqs.clock })
  t.after(() => store.close().finally(() => sqs.close()))
  return { sqs, store }
}

/** Notes what is sent; refuses records by their values. */
function producerThat(isRefused: (value: string) => boolean = () => false) {
  const sent: string[] = []
  let offset = 0n
  const sendAll: RedriveOptions['producer']['sendAll'] = async records =>
    records.map((record: ProducerRecord) => {
      const value = String(record.value)
      if (isRefused(value))
        return notSent(record, undefined, new InvalidRecordError('record-too-large', 'too large'), 0)
      sent.push(value)
      const metadata = { topic: record.topic, partition: 0, offset: offset++, timestamp: 0 }
      return { kind: 'delivered', record, metadata, attempts: 1 } as never
    })
  return { sent, producer: { sendAll, isReachable: async () => true } }
}

// The original bug: two concurrent `stats` each counted a part of the queue, and after Ctrl-C the next one counted none
// for a minute.
test('reading without a redrive receives a sample, which is visible again at once', async t => {
  const { sqs, store } = await standard(t)
  for (let n = 0; n < 1500; n++) sqs.add(JSON.stringify(deadLetterOf(`r-${n}`)))
  const open = await Array.fromAsync(store.deadLetters())
  assert.deepEqual([open.length, sqs.visible, sqs.messages.length], [1000, 1500, 1500])
  assert.equal(sqs.callsOf('ReceiveMessage').length, 100)
  assert.ok(sqs.callsOf('ReceiveMessage').every(({ body }) => body.VisibilityTimeout === 30))
  const notes = (await store.notes()).join(' ')
  assert.match(notes, /About 1500 messages are in the queue dead-letters, 0 more are received and hidden, 0 delayed/)
  assert.match(notes, /SQS counts a receive of each and hides it for some seconds, at most 30/)
  assert.match(notes, /a sample of 1000 messages/)
  assert.match(notes, /Nothing excludes a second redrive of the queue dead-letters: set KAFKA_REDRIVE_LEASE_QUEUE/)
  assert.deepEqual([...new Set(sqs.calls.map(({ operation }) => operation))].sort(), [
    'ChangeMessageVisibilityBatch',
    'GetQueueAttributes',
    'ReceiveMessage',
  ])
})

test('listed messages are visible again when the consumer, a signal or close ends the listing', async t => {
  const { sqs, store } = await standard(t)
  for (let n = 0; n < 50; n++) sqs.add(JSON.stringify(deadLetterOf(`r-${n}`)))
  for await (const _open of store.deadLetters()) break
  assert.equal(sqs.visible, 50)
  const stopping = new AbortController()
  let count = 0
  for await (const _open of store.deadLetters({ signal: stopping.signal })) if (++count === 15) stopping.abort()
  assert.deepEqual([count, sqs.visible], [15, 50])
  // All are received before the first is given: a copy of it may come later.
  for await (const _open of store.deadLetters({ purpose: 'redrive' })) break
  assert.equal(sqs.visible, 0)
  await store.close()
  assert.equal(sqs.visible, 50)
})

// The original bug: when the doctor stopped a search that took too long, hundreds of messages stayed hidden.
test('close ends a search, and also makes messages of a pending receive visible', async t => {
  const { sqs, store } = await standard(t)
  for (let n = 0; n < 500; n++) sqs.add(JSON.stringify(deadLetterOf(`r-${n}`)))
  const search = store.find(deadLetterOf('elsewhere'))
  await until(() => sqs.callsOf('ReceiveMessage').length >= 5)
  await store.close()
  assert.equal(await search, undefined)
  assert.equal(sqs.visible, 500)
  assert.ok(sqs.callsOf('ReceiveMessage').length < 50)
})

test('only dead letters are listed; anything else is counted with its reason and stays', async t => {
  const { sqs, store } = await standard(t)
  sqs.add('text')
  sqs.add(JSON.stringify({ ...deadLetterOf('other'), schemaVersion: 9 }))
  sqs.add(JSON.stringify({ ...deadLetterOf('forged'), recordId: 'another' }))
  sqs.add(`{"detail":${'['.repeat(6000)}${']'.repeat(6000)}}`)
  sqs.add(JSON.stringify(deadLetterOf('good')))
  const { producer } = producerThat()
  const reasons: string[] = []
  const result = await redrive(store, { producer, onUnreadable: ({ reason }) => reasons.push(reason) })
  assert.deepEqual([result.seen, result.resent, result.unreadable, sqs.messages.length], [1, 1, 4, 4])
  assert.deepEqual(reasons, [
    'no dead letter',
    'version 9 of the envelope is newer than this release supports (2)',
    'its id does not match its record',
    'no dead letter',
  ])
})

// The original bug: a retry of the SDK stored a dead letter twice, and three concurrent redrives sent 1,703 records of
// 1,000.
test('a doubled message is sent once per run and deleted in each place, also when it comes later', async t => {
  const { sqs, store } = await standard(t)
  const twice = JSON.stringify(deadLetterOf('twice', 'v-twice'))
  for (const body of [twice, JSON.stringify(deadLetterOf('once', 'v-once')), twice]) sqs.add(body)
  const { sent, producer } = producerThat()
  const sendAll: typeof producer.sendAll = records => {
    if (sqs.messages.length === 3) sqs.add(twice)
    return producer.sendAll(records)
  }
  await redrive(store, { producer: { ...producer, sendAll }, concurrency: 2 })
  assert.deepEqual(sent, ['v-twice', 'v-once'])
  const again = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  assert.deepEqual([again.length, sqs.messages.length], [0, 0])
})

// The original bug: a forged dead letter with the id of another one completed the other one, which was lost.
test('two dead letters with one id and different values are both listed', async t => {
  const { sqs, store } = await standard(t)
  const whole = deadLetterOf('victim')
  const claimed = (sha256: string): DeadLetter => ({
    ...whole,
    record: { ...whole.record, value: null },
    claimCheck: { target: `s3://b/claims/${whole.deadLetterId}`, sha256: sha256.repeat(64), bytes: 5 },
  })
  for (const digit of ['a', 'b']) sqs.add(JSON.stringify(claimed(digit)))
  const open = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  assert.deepEqual(
    open.map(({ verified }) => verified),
    [false, false],
  )
  await store.complete(completedOf(open.slice(0, 1)))
  assert.deepEqual(
    sqs.messages.map(({ body }) => JSON.parse(body).claimCheck.sha256[0]),
    ['b'],
  )
})

test('a message is completed only if it is deleted while it is hidden, and does not affect others', async t => {
  const { sqs, store } = await standard(t)
  for (const id of ['expires', 'renewed', 'refused', 'good']) sqs.add(JSON.stringify(deadLetterOf(id)))
  sqs.undeletable.add('m-2')
  const open = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  sqs.now = 25_000
  await store.reserve(open.slice(1))
  assert.equal(sqs.callsOf('ChangeMessageVisibilityBatch').length, 1)
  sqs.now = 61_000
  await assert.rejects(store.complete(completedOf(open)), (error: unknown) => {
    assert.ok(error instanceof NotCompletedError)
    assert.deepEqual(
      error.entries.map(({ open }) => open.deadLetter.recordId),
      ['expires', 'refused'],
    )
    return true
  })
  assert.deepEqual(
    sqs.messages.map(({ id }) => id),
    ['m-0', 'm-2'],
  )
  // Both records are in Kafka: the same run deletes what comes back, and sends it no more.
  sqs.undeletable.clear()
  sqs.now = 200_000
  assert.deepEqual(await Array.fromAsync(store.deadLetters({ purpose: 'redrive' })), [])
  assert.equal(sqs.messages.length, 0)
})

// The original bug: after a pause of 85 s two more batches were sent that another redrive had sent already.
test('messages that others may have received during a pause are not sent: the run ends', async t => {
  const { sqs, store } = await standard(t)
  for (const id of ['a', 'b', 'c', 'd']) sqs.add(JSON.stringify(deadLetterOf(id)))
  const { sent, producer } = producerThat()
  const pausing: RedriveOptions['producer'] = {
    ...producer,
    sendAll: async (records, deadline) => {
      const reports = await producer.sendAll(records, deadline)
      sqs.now += 85_000
      return reports
    },
  }
  const result = await redrive(store, { producer: pausing, concurrency: 1 })
  assert.deepEqual([sent.length, result.resent, result.notCompleted, result.stopped], [1, 1, 1, 'redrive-running'])
  assert.equal(sqs.messages.length, 4)
})

test('a redrive counts what could not be deleted, and goes on', async t => {
  const { sqs, store } = await standard(t)
  for (const id of ['a', 'b', 'c']) sqs.add(JSON.stringify(deadLetterOf(id)))
  sqs.undeletable.add('m-0')
  const result = await redrive(store, { producer: producerThat().producer, concurrency: 1 })
  assert.deepEqual([result.resent, result.notCompleted, result.stopped], [3, 1, undefined])
})

test('received messages stay hidden while the lease is held, and reading continues to the end', async t => {
  const { sqs, store } = await standard(t)
  for (let n = 0; n < 25; n++) sqs.add(JSON.stringify(deadLetterOf(`r-${n}`)))
  const lease = await store.lease()
  const open: OpenDeadLetter<string>[] = []
  for await (const each of store.deadLetters({ purpose: 'redrive' })) {
    open.push(each)
    sqs.now += 15_000
    await lease.renew()
  }
  assert.equal(open.length, 25)
  await store.complete(completedOf(open))
  assert.equal(sqs.messages.length, 0)
})

test('a replaced dead letter is stored in its new version, which this run does not yield again', async t => {
  const { sqs, store } = await standard(t)
  sqs.add(JSON.stringify(deadLetterOf('refused')))
  const [open] = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  assert.ok(open)
  const redriven = { count: 1, lastAt: new Date(0).toISOString(), lastCode: 'schema' }
  await store.replace(open, { ...open.deadLetter, redrive: redriven })
  assert.deepEqual(
    sqs.messages.map(({ body }) => JSON.parse(body).redrive.count),
    [1],
  )
  assert.deepEqual(await Array.fromAsync(store.deadLetters({ purpose: 'redrive' })), [])
})

// The original bug: ten messages of each group were sent and counted as all.
test('a FIFO queue is emptied in one run, each group in order, ten of a group in memory', async t => {
  const { sqs, store } = await fifo(t)
  for (let n = 0; n < 300; n++) sqs.add(JSON.stringify({ n }), { group: 'g' })
  for (let n = 0; n < 15; n++) sqs.add(JSON.stringify({ n: `h-${n}` }), { group: 'h' })
  const { sent, producer } = producerThat()
  const result = await redrive(store, { producer })
  assert.deepEqual([result.resent, result.stopped, sqs.messages.length], [315, undefined, 0])
  const numbers = sent.map(value => JSON.parse(value).n as number | string)
  assert.deepEqual(
    numbers.filter(n => typeof n === 'number'),
    Array.from({ length: 300 }, (_, n) => n),
  )
  assert.deepEqual(
    numbers.filter(n => typeof n === 'string'),
    Array.from({ length: 15 }, (_, n) => `h-${n}`),
  )
  assert.equal(sqs.peakInFlight, 20)
})

test('a FIFO group goes on behind an invalid message, and waits behind one that was not sent', async t => {
  const { sqs, store } = await fifo(t)
  for (let n = 0; n < 30; n++) {
    sqs.add(n % 10 === 3 ? '{"wrong":1}' : JSON.stringify({ n }), { group: 'invalid' })
    sqs.add(JSON.stringify({ n: `w-${n}` }), { group: 'waits' })
  }
  const { sent, producer } = producerThat(value => value.includes('"w-12"'))
  const result = await redrive(store, { producer, concurrency: 1 })
  assert.deepEqual(
    sent.filter(value => !value.includes('w-')),
    Array.from({ length: 30 }, (_, n) => n)
      .filter(n => n % 10 !== 3)
      .map(n => JSON.stringify({ n })),
  )
  const waiting = sent.flatMap(value => /w-(\d+)/.exec(value)?.[1] ?? []).map(Number)
  assert.ok(waiting.includes(11) && !waiting.includes(12), String(waiting))
  // SQS gave ten at once; what is behind them is not given before the next run.
  assert.ok(Math.max(...waiting) < 20, String(waiting))
  assert.equal(result.failed['record-too-large'], 1)
  await store.close()
  assert.equal(sqs.visible, sqs.messages.length)
})

test('when as many messages are in flight as SQS allows, the rest comes after these are completed', async t => {
  const { sqs, store } = await standard(t)
  sqs.maxInFlight = 20
  for (let n = 0; n < 50; n++) sqs.add(JSON.stringify(deadLetterOf(`r-${n}`)))
  const result = await redrive(store, { producer: producerThat().producer })
  assert.deepEqual([result.resent, result.stopped, sqs.messages.length], [50, undefined, 0])
})

test('a message of a source is never replaced by an envelope, and can’t be edited', async t => {
  const { sqs, store } = await fifo(t)
  sqs.add('{"n":1}', { group: 'g' })
  const [open] = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  assert.ok(open)
  await store.replace(open, { ...open.deadLetter, redrive: { ...open.deadLetter.redrive, count: 1 } })
  await assert.rejects(store.replace(open, deadLetterOf('edited')), /can’t be edited/)
  assert.deepEqual([sqs.callsOf('SendMessage').length, sqs.messages.length], [0, 1])
})

test('a queue that does not exist is not-found', async t => {
  const { sqs, store } = await standard(t)
  sqs.isMissing = true
  await assert.rejects(
    Array.fromAsync(store.deadLetters()),
    (error: unknown) => error instanceof DeadLetterError && error.code === 'not-found',
  )
})

const isRunning = (error: unknown) => error instanceof DeadLetterError && error.code === 'redrive-running'

test('one redrive has the lease; another gets it after a release, or 60 s after the holder’s last sign', async t => {
  const sqs = await SqsServer.start('lease.fifo')
  t.after(() => sqs.close())
  const take = () => takeQueueLease(sqs.url, sqs.clock)
  const first = await take()
  for (let n = 0; n < 25; n++) await assert.rejects(take(), isRunning)
  sqs.now = 50_000
  await first.renew()
  sqs.now = 100_000
  await first.check()
  await assert.rejects(take(), isRunning)
  await first.release()
  const second = await take()
  await assert.rejects(take(), isRunning)
  // The holder dies: its last renewal was at 100 s.
  sqs.now = 160_000
  const third = await take()
  await assert.rejects(second.check(), isRunning)
  await assert.rejects(second.renew(), isRunning)
  await second.release()
  await third.check()
  await assert.rejects(take(), isRunning)
  await third.release()
  assert.equal(sqs.messages.filter(({ visibleAt }) => visibleAt > sqs.now).length, 0)
})

test('the holder of the lease learns that it shall stop; an earlier request stops nobody', async t => {
  const sqs = await SqsServer.start('lease.fifo')
  t.after(() => sqs.close())
  const request = () => requestQueueStop(sqs.url, sqs.clock)
  assert.equal(await request(), 'not-running')
  const lease = await takeQueueLease(sqs.url, sqs.clock)
  await lease.check()
  sqs.now = 1000
  assert.equal(await request(), 'requested')
  // An overlapping schedule does not take the request away.
  await assert.rejects(takeQueueLease(sqs.url, sqs.clock), isRunning)
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  assert.equal(await request(), 'requested')
  await lease.release()
  sqs.now = 2000
  const next = await takeQueueLease(sqs.url, sqs.clock)
  await next.check()
  await next.release()
  assert.equal(sqs.messages.length, 0)
})

test('if many redrives try to take the lease at once, one gets it', async t => {
  const sqs = await SqsServer.start('lease.fifo')
  t.after(() => sqs.close())
  const results = await Promise.allSettled(Array.from({ length: 12 }, () => takeQueueLease(sqs.url, sqs.clock)))
  const leases = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  assert.equal(leases.length, 1)
  assert.ok(results.every(result => result.status === 'fulfilled' || isRunning(result.reason)))
  await leases[0]?.release()
})

test('the lease of a redrive is that of its configuration', async t => {
  const [sqs, leases] = [await SqsServer.start('dead-letters'), await SqsServer.start('lease.fifo')]
  t.after(() => [sqs, leases].map(each => each.close()))
  const takeLease = () => takeQueueLease(leases.url, leases.clock)
  const open = () => new SqsDeadLetterStore(sqs.url, { role: { kind: 'sqs' }, takeLease })
  const [one, two] = [open(), open()]
  const lease = await one.lease()
  await lease.check()
  await assert.rejects(redrive(two, { producer: producerThat().producer }), isRunning)
  assert.ok(!(await one.notes()).join().includes('Nothing excludes'))
  leases.now = 61_000
  await assert.rejects(lease.check(), isRunning)
  await assert.rejects(lease.renew(), isRunning)
  await lease.release()
  await (await two.lease()).release()
  await Promise.all([one.close(), two.close()])
})

test('a taker that finds the lease in flight asks once, and leaves no request behind', async t => {
  const sqs = await SqsServer.start('lease.fifo')
  t.after(() => sqs.close())
  const lease = await takeQueueLease(sqs.url, sqs.clock)
  const receives = () => sqs.callsOf('ReceiveMessage').length
  const before = receives()
  await assert.rejects(takeQueueLease(sqs.url, sqs.clock), isRunning)
  assert.equal(receives() - before, 1)
  await requestQueueStop(sqs.url, sqs.clock)
  const sent = sqs.callsOf('SendMessage').map(({ body }) => body)
  assert.deepEqual(
    sent.map(({ MessageBody, MessageGroupId, QueueUrl }) => [MessageBody, MessageGroupId, QueueUrl]),
    [...Array(3).fill(['redrive', 'redrive', sqs.url]), ['stop', 'stop', sqs.url]],
  )
  const ids = sent.map(({ MessageDeduplicationId: id }) => String(id))
  assert.equal(new Set(ids).size, 4)
  for (const id of ids) assert.match(id, /^[0-9a-f-]{36}$/)
  for (const { body } of sqs.callsOf('ReceiveMessage'))
    assert.deepEqual([body.VisibilityTimeout, body.WaitTimeSeconds, body.MaxNumberOfMessages], [60, 0, 10])
  await lease.release()
})

test('a lease with less than half of its time left is renewed before a batch', async t => {
  const sqs = await SqsServer.start('lease.fifo')
  t.after(() => sqs.close())
  const lease = await takeQueueLease(sqs.url, sqs.clock)
  const renewals = () => sqs.callsOf('ChangeMessageVisibilityBatch').length
  sqs.now = 30_000
  await lease.check()
  assert.equal(renewals(), 0)
  sqs.now = 30_001
  await lease.check()
  assert.equal(renewals(), 1)
  sqs.now = 60_001
  await lease.check()
  assert.equal(renewals(), 1)
  sqs.now = 90_000
  await lease.renew()
  sqs.now = 149_999
  await lease.release()
  assert.equal(sqs.messages.length, 0)
})

test('a lease queue that can’t be used is an error that says why, and nobody is asked to stop there', async t => {
  const sqs = await SqsServer.start('lease.fifo')
  t.after(() => sqs.close())
  sqs.isMissing = true
  const missing = { code: 'not-found', message: 'The SQS queue does not exist.' }
  await assert.rejects(takeQueueLease(sqs.url, sqs.clock), missing)
  await assert.rejects(requestQueueStop(sqs.url, sqs.clock), missing)
  assert.equal(sqs.callsOf('SendMessage').length, 2)
  sqs.isMissing = false
  sqs.maxInFlight = 0
  await assert.rejects(takeQueueLease(sqs.url, sqs.clock), {
    code: 'dead-letter',
    retriable: true,
    causeCode: 'OverLimit',
    message: 'The SQS queue can’t be used (OverLimit).',
  })
})

test('dead letters wait for their copies until sixteen megabytes are received', async t => {
  const { sqs, store } = await standard(t)
  for (let n = 0; n < 40; n++) sqs.add(JSON.stringify(deadLetterOf(`r-${n}`, Buffer.alloc(900_000))))
  const reading = store.deadLetters({ purpose: 'redrive' })
  const receives = await Array.fromAsync(reading, () => sqs.callsOf('ReceiveMessage').length)
  // Of 1.2 MB each as base64, fourteen reach it: within the second ten, again within the third, and not again.
  assert.deepEqual(receives, [...Array(20).fill(2), ...Array(10).fill(3), ...Array(10).fill(6)])
})

test('a listing skips what can’t be read unless asked for it; what was completed needs no more time', async t => {
  const { sqs, store } = await standard(t)
  sqs.add('text')
  sqs.add(JSON.stringify(deadLetterOf('good')))
  const open = await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  assert.equal(open.length, 1)
  await store.complete(completedOf(open))
  await store.reserve(open)
  assert.equal(sqs.callsOf('ChangeMessageVisibilityBatch').length, 0)
})

test('what a queue’s counts mean is said in whole sentences, for a FIFO queue with its groups', async t => {
  const { sqs, store } = await fifo(t)
  sqs.add('{"n":1}', { group: 'g' })
  const reading =
    'Reading a queue receives its messages: SQS counts a receive of each and hides it for some seconds, at most 30.'
  assert.deepEqual(await store.notes(), [
    'About 1 messages are in the queue orders-failures.fifo, 0 more are received and hidden, 0 delayed ' +
      '(the counts of SQS).',
    reading,
    'SQS shows at most 10 messages of a group.',
    'Nothing excludes a second redrive of the queue orders-failures.fifo: set KAFKA_REDRIVE_LEASE_QUEUE, or add an ' +
      's3: or dynamodb: target to KAFKA_DEAD_LETTER.',
  ])
  await Array.fromAsync(store.deadLetters({ purpose: 'redrive' }))
  assert.match((await store.notes())[0] ?? '', /^About 0 messages are in .*, 1 more are received and hidden, 0 delayed/)
})

test('a queue without a lease has nothing to check, renew or release, and nobody to ask', async t => {
  const { store } = await standard(t)
  const lease = await store.lease()
  await lease.check()
  await lease.renew()
  await lease.release()
  assert.equal(await store.requestStop(), 'no-lease')
})
