// The handler for a Kafka trigger: which records are handled, which are returned to Lambda, and how claims behave.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type BatchCounts, type DropDuplicatesOptions, dropDuplicates } from '../../lib/consumer/drop-duplicates.ts'
import { DuplicateFilter } from '../../lib/consumer/duplicate-filter.ts'
import { DynamoDbIdStore } from '../../lib/consumer/dynamodb-id-store.ts'
import type { Claim, IdStore } from '../../lib/consumer/id-store.ts'
import type { ConsumedRecord } from '../../lib/consumer/kafka-event.ts'
import { MemoryIdStore } from '../../lib/consumer/memory-id-store.ts'
import { ConfigError, InvalidRecordError } from '../../lib/errors.ts'

const context = { functionName: 'billing', getRemainingTimeInMillis: () => 20_000 }

/** An event of ids by partition, e.g. `{ 't-0': ['a', 'b'] }`; an empty id is a record without one. */
function eventOf(partitions: Readonly<Record<string, readonly string[]>>) {
  const records = Object.entries(partitions).map(([name, ids]) => {
    const [topic = '', partition] = name.split(/-(?=\d+$)/)
    const list = ids.map((id, offset) => ({
      topic,
      partition: Number(partition),
      offset: 100 + offset,
      timestamp: 1,
      value: Buffer.from(id).toString('base64'),
      headers: id === '' ? [] : [{ 'kp-id': [...Buffer.from(id)] }],
    }))
    return [name, list] as const
  })
  return { eventSource: 'aws:kafka', records: Object.fromEntries(records) }
}

/** @param failing the ids for which the handler throws */
function setUp(options: Partial<DropDuplicatesOptions> = {}, failing = new Set<string>()) {
  const handled: string[] = []
  const counts: BatchCounts[] = []
  const warnings: string[] = []
  const handle = async ({ id = '', topic, partition }: ConsumedRecord) => {
    await Promise.resolve()
    if (failing.has(id)) throw new RangeError(`can't handle ${id}`)
    handled.push(`${topic}-${partition} ${id}`)
  }
  const handler = dropDuplicates(handle, {
    store: new MemoryIdStore(),
    onBatch: each => counts.push(each),
    warn: text => warnings.push(text),
    ...options,
  })
  const invoke = (partitions: Parameters<typeof eventOf>[0]) => handler(eventOf(partitions), context)
  return { handler, invoke, handled, counts, warnings, failing }
}

/** Notes the lease of each claim. */
class WatchedStore extends MemoryIdStore {
  readonly #leases: number[]

  constructor(leases: number[]) {
    super()
    this.#leases = leases
  }

  override claim(id: string, claim: Claim) {
    this.#leases.push(claim.leaseMs)
    return super.claim(id, claim)
  }
}

const NONE = { records: 0, handled: 0, withoutId: 0, duplicates: 0, failed: 0, inProgress: 0, notTried: 0 }

test('each id of a topic is handled once: within a batch, in another partition and in a later batch', async () => {
  const { invoke, handled, counts } = setUp()
  assert.deepEqual(await invoke({ 't-0': ['a', 'b', 'a'] }), { batchItemFailures: [] })
  await invoke({ 't-1': ['b', 'c'], 'u-0': ['a'] })
  assert.deepEqual(handled.toSorted(), ['t-0 a', 't-0 b', 't-1 c', 'u-0 a'])
  assert.deepEqual(counts, [
    { ...NONE, records: 3, handled: 2, duplicates: 1 },
    { ...NONE, records: 3, handled: 2, duplicates: 1 },
  ])
})

test('records without a kp-id are always handled, and counted', async () => {
  const { invoke, handled, counts } = setUp()
  await invoke({ 't-0': ['', 'a', ''] })
  assert.equal(handled.length, 3)
  assert.deepEqual(counts, [{ ...NONE, records: 3, handled: 3, withoutId: 2 }])
})

test('a failure fails the invocation; the rest of its partition waits behind it; none is handled twice', async () => {
  const { invoke, handled, counts, failing } = setUp({}, new Set(['b']))
  const batch = { 't-0': ['a', 'b', 'c'], 't-1': ['d'] }
  await assert.rejects(invoke(batch), (error: Error) => {
    assert.equal(error.name, 'BatchError')
    assert.match(
      error.message,
      /^2 of 4 records were not handled \(1 failed, 0 in progress elsewhere, 1 behind them\)\./,
    )
    assert.ok(error.cause instanceof RangeError)
    assert.ok(!error.message.includes("can't handle"))
    return true
  })
  assert.deepEqual(handled.toSorted(), ['t-0 a', 't-1 d'])
  failing.clear()
  await invoke(batch)
  assert.deepEqual(handled.slice(2), ['t-0 b', 't-0 c'])
  assert.deepEqual(counts, [
    { ...NONE, records: 4, handled: 2, failed: 1, notTried: 1 },
    { ...NONE, records: 4, handled: 2, duplicates: 2 },
  ])
})

test('with onFailure report the response names each record that goes back, as Lambda expects it', async () => {
  const { invoke } = setUp({ onFailure: 'report' }, new Set(['b', 'd']))
  assert.deepEqual(await invoke({ 'my-topic-0': ['a', 'b', 'c'], 'my-topic-12': ['d'], 'u-0': ['e'] }), {
    batchItemFailures: [
      { itemIdentifier: { partition: 'my-topic-0', offset: 101 } },
      { itemIdentifier: { partition: 'my-topic-0', offset: 102 } },
      { itemIdentifier: { partition: 'my-topic-12', offset: 100 } },
    ],
  })
})

test('an event that can’t be read fails the invocation before a record is handled, in either form', async () => {
  for (const onFailure of ['throw', 'report'] as const) {
    const { handler, handled } = setUp({ onFailure })
    const event = eventOf({ 't-0': ['a'], 't-1': ['b'] })
    const [, bad] = Object.values(event.records).flat()
    Object.assign(bad ?? {}, { offset: 'secret' })
    await assert.rejects(handler(event, context), InvalidRecordError)
    assert.deepEqual(handled, [])
  }
})

test('if two invocations get a record at once, one handles it and Lambda redelivers it to the other', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const handled: string[] = []
  const counts: BatchCounts[] = []
  const handler = dropDuplicates(
    async ({ id = '' }) => {
      await promise
      handled.push(id)
    },
    { store: new MemoryIdStore(), onBatch: each => counts.push(each) },
  )
  const first = handler(eventOf({ 't-0': ['a'] }), context)
  await assert.rejects(handler(eventOf({ 't-0': ['a', 'b'] }), context), /1 in progress elsewhere, 1 behind them/)
  resolve()
  await first
  await handler(eventOf({ 't-0': ['a', 'b'] }), context)
  assert.deepEqual(handled, ['a', 'b'])
  assert.deepEqual(counts, [
    { ...NONE, records: 2, inProgress: 1, notTried: 1 },
    { ...NONE, records: 1, handled: 1 },
    { ...NONE, records: 2, handled: 1, duplicates: 1 },
  ])
})

test('a claim lasts a second longer than its invocation may; leaseMs overrides it', async () => {
  const leases: number[] = []
  await setUp({ store: new WatchedStore(leases) }).invoke({ 't-0': ['a'] })
  await setUp({ store: new WatchedStore(leases), leaseMs: 70_000 }).invoke({ 't-0': ['a'] })
  await setUp({ store: new WatchedStore(leases) }).handler(eventOf({ 't-0': ['a'] }), { functionName: 'f' })
  assert.deepEqual(leases, [21_000, 70_000, 900_000])
})

test('after a crash between claim and completion the record is handled once its lease has ended', async () => {
  let now = 0
  const store = new MemoryIdStore({ now: () => now })
  const dying = new DuplicateFilter({ store, consumer: 'billing', leaseMs: 5000 })
  void dying.once({ topic: 't', id: 'a' }, () => new Promise(() => {}))
  const { invoke, handled } = setUp({ store })
  await assert.rejects(invoke({ 't-0': ['a'] }), /1 in progress elsewhere/)
  now = 5000
  await invoke({ 't-0': ['a'] })
  assert.deepEqual(handled, ['t-0 a'])
})

test('after the window a repeat is handled again', async () => {
  let now = 0
  const { invoke, handled } = setUp({ store: new MemoryIdStore({ now: () => now }), windowMs: 1000 })
  for (const at of [0, 999, 1000]) {
    now = at
    await invoke({ 't-0': ['a'] })
  }
  assert.equal(handled.length, 2)
})

/** A store in memory whose methods can fail. */
class FailingStore extends MemoryIdStore implements IdStore {
  readonly failing = new Set<keyof IdStore>()

  override async claim(id: string, claim: Claim) {
    return this.#unless('claim', () => super.claim(id, claim))
  }
  override async complete(id: string, windowMs: number) {
    return this.#unless('complete', () => super.complete(id, windowMs))
  }
  override async release(id: string, owner: string) {
    return this.#unless('release', () => super.release(id, owner))
  }

  #unless<T>(method: keyof IdStore, work: () => Promise<T>): Promise<T> {
    return this.failing.has(method) ? Promise.reject(new TypeError('throttled')) : work()
  }
}

test('while the store is unavailable, no record with an id is handled', async () => {
  const store = new FailingStore()
  store.failing.add('claim')
  const { invoke, handled, counts } = setUp({ store })
  await assert.rejects(invoke({ 't-0': ['', 'a', 'b'] }), { name: 'BatchError' })
  assert.deepEqual(handled, ['t-0 '])
  assert.deepEqual(counts, [{ ...NONE, records: 3, handled: 1, withoutId: 1, failed: 1, notTried: 1 }])
})

test('a record whose completion can’t be stored counts as handled, with a warning', async () => {
  const store = new FailingStore()
  store.failing.add('complete')
  const { invoke, handled, warnings } = setUp({ store })
  assert.deepEqual(await invoke({ 't-0': ['a', 'b'] }), { batchItemFailures: [] })
  assert.deepEqual(handled, ['t-0 a', 't-0 b'])
  assert.equal(warnings.length, 2)
  assert.match(warnings[0] ?? '', /^A handled record is not noted, .*\(TypeError\)\.$/)
})

test('a claim that can’t be released ends with its lease, and the handler’s error stays the cause', async () => {
  const store = new FailingStore()
  store.failing.add('release')
  const { invoke, warnings } = setUp({ store }, new Set(['a']))
  await assert.rejects(invoke({ 't-0': ['a'] }), (error: Error) => error.cause instanceof RangeError)
  assert.match(warnings[0] ?? '', /^The claim of a failed record lasts until its lease ends \(TypeError\)\.$/)
  await assert.rejects(invoke({ 't-0': ['a'] }), /1 in progress elsewhere/)
})

test('consumers that share a store each handle a record; the name is the function’s unless it is given', async () => {
  const store = new MemoryIdStore()
  const { handler, handled } = setUp({ store })
  await handler(eventOf({ 't-0': ['a'] }), { functionName: 'billing' })
  await handler(eventOf({ 't-0': ['a'] }), { functionName: 'mailing' })
  const named = setUp({ store, consumer: 'billing' })
  await named.invoke({ 't-0': ['a'] })
  assert.deepEqual([handled.length, named.handled.length], [2, 0])
})

test('ids may be as long as headers: only the whole id counts', async () => {
  const { invoke, handled } = setUp()
  const long = 'é'.repeat(3000)
  await invoke({ 't-0': [`${long}1`, `${long}2`, `${long}1`] })
  assert.equal(handled.length, 2)
})

test('options are checked: at once, or with the first event where the name is the function’s', async () => {
  const store = new MemoryIdStore()
  const handle = () => undefined
  for (const consumer of ['', 'a b', 'x'.repeat(129)])
    assert.throws(() => dropDuplicates(handle, { store, consumer }), ConfigError)
  for (const bad of [{ windowMs: 0 }, { leaseMs: Number.NaN }, { windowMs: Number.POSITIVE_INFINITY }])
    assert.throws(() => dropDuplicates(handle, { store, ...bad }), ConfigError)
  await assert.rejects(dropDuplicates(handle, { store })(eventOf({ 't-0': ['a'] }), {}), ConfigError)
})

// The original bug: a misspelt word meant "report", so Lambda treated failed records as done.
test('wrong arguments are refused at once, before a record could be lost by them', () => {
  const store = new MemoryIdStore()
  const handle = () => undefined
  const cases: [unknown, unknown, RegExp][] = [
    [handle, { store, onFailure: 'thorw' }, /onFailure: expected "throw" or "report"/],
    [handle, { store, onFailure: null }, /onFailure/],
    [handle, { store, onBatch: 'count' }, /onBatch: expected a function; got string/],
    [handle, { store, warn: null }, /warn: expected a function/],
    [handle, { store, windowMs: '1000' }, /windowMs/],
    [handle, {}, /store: expected an IdStore; it has no claim, complete, release/],
    [handle, { store: { claim: handle, complete: handle } }, /it has no release/],
    [handle, undefined, /expected an object of options/],
    [undefined, { store }, /handle: expected a function; got undefined/],
  ]
  for (const [work, options, message] of cases)
    assert.throws(
      () => Reflect.apply(dropDuplicates, undefined, [work, options]),
      (error: Error) => error instanceof ConfigError && message.test(error.message),
      String(message),
    )
  for (const maxIds of [Number.NaN, 0, -1, '5'])
    assert.throws(() => Reflect.construct(MemoryIdStore, [{ maxIds }]), ConfigError)
  for (const options of [undefined, {}, { table: undefined }, { table: 'ids', now: 5 }])
    assert.throws(() => Reflect.construct(DynamoDbIdStore, [options]), ConfigError)
})

test('without a context, or one that knows no time left, a claim has the longest lease', async () => {
  const leases: number[] = []
  for (const invocation of [undefined, { getRemainingTimeInMillis: () => Number.NaN }]) {
    const { handler } = setUp({ store: new WatchedStore(leases), consumer: 'billing' })
    await Reflect.apply(handler, undefined, [eventOf({ 't-0': ['a'] }), invocation])
  }
  assert.deepEqual(leases, [900_000, 900_000])
})

// The original bug: a rejection of an async onBatch ended the process.
test('an onBatch that throws or rejects does not affect the records', async () => {
  const fail = () => {
    throw new TypeError('boom')
  }
  for (const onBatch of [fail, async () => fail()]) {
    const { invoke, handled, warnings } = setUp({ onBatch })
    assert.deepEqual(await invoke({ 't-0': ['a'] }), { batchItemFailures: [] })
    await Promise.resolve()
    assert.deepEqual([handled, warnings], [['t-0 a'], ['The option "onBatch" failed (TypeError).']])
  }
})

// The original bug: a handled record was returned, and the store's error replaced the handler's.
test('a store whose methods throw or return nothing, and reject nothing, counts as one that rejects', async () => {
  const sync = (method: keyof IdStore, call: () => unknown) =>
    Object.assign(new MemoryIdStore(), { [method]: call }) as IdStore
  const fail = () => {
    throw new SyntaxError('store')
  }
  const failing = new Set(['b'])
  for (const [call, count] of [[fail, 1] as const, [() => undefined, 0] as const]) {
    const done = setUp({ store: sync('complete', call) })
    assert.deepEqual(await done.invoke({ 't-0': ['a'] }), { batchItemFailures: [] })
    assert.deepEqual([done.handled.length, done.warnings.length], [1, count])
    const released = setUp({ store: sync('release', call) }, failing)
    await assert.rejects(released.invoke({ 't-0': ['b'] }), (error: Error) => error.cause instanceof RangeError)
    assert.equal(released.warnings.length, count)
  }
  const claimed = setUp({ store: sync('claim', () => true) })
  await assert.rejects(claimed.invoke({ 't-0': ['a'] }), (error: Error) => /claim: expected/.test(String(error.cause)))
  assert.deepEqual(claimed.handled, [])
})

test('a record without a topic or an id, and a wrong lease, are refused before the work', async () => {
  const filter = new DuplicateFilter({ store: new MemoryIdStore(), consumer: 'billing' })
  const work = () => assert.fail('worked')
  for (const record of [undefined, { topic: 't' }, { topic: 't', id: '' }, { topic: '', id: 'a' }])
    await assert.rejects(Reflect.apply(filter.once, filter, [record, work]), InvalidRecordError)
  for (const leaseMs of [Number.NaN, 0, '5'])
    await assert.rejects(Reflect.apply(filter.once, filter, [{ topic: 't', id: 'a' }, work, { leaseMs }]), ConfigError)
})

test('different ids with lone surrogates stay different', async () => {
  const filter = new DuplicateFilter({ store: new MemoryIdStore(), consumer: 'billing' })
  const once = (id: string) => filter.once({ topic: 't', id }, () => undefined)
  assert.deepEqual(
    [await once('\ud800'), await once('\ud801'), await once('\ud800')],
    ['handled', 'handled', 'duplicate'],
  )
})

// The original bug: Lambda continued at the next record, and the failed one counted as done.
test('a handler that changes its record changes nothing of what goes back to Lambda', async () => {
  const change = async (record: ConsumedRecord) => {
    Object.assign(record, { topic: 'z', partition: 9, offset: record.offset + 1 })
    throw new RangeError('no')
  }
  const handler = dropDuplicates(change, { store: new MemoryIdStore(), onFailure: 'report' })
  const { batchItemFailures } = await handler(eventOf({ 't-0': ['a', '', 'c'], 't-1': [''] }), context)
  assert.deepEqual(
    batchItemFailures.map(({ itemIdentifier: { partition, offset } }) => `${partition}@${offset}`),
    ['t-0@100', 't-0@101', 't-0@102', 't-1@100'],
  )
})

// A record without a key that was sent again lands in another partition, often of the same batch.
test('copies in several partitions of one batch wait for the first one, and are duplicates', async () => {
  const { invoke, handled, counts } = setUp()
  await invoke({ 't-0': ['a', 'b'], 't-1': ['b', 'a'], 't-2': ['a'], 'u-0': ['a'] })
  assert.deepEqual(handled.toSorted(), ['t-0 a', 't-1 b', 'u-0 a'])
  assert.deepEqual(counts, [{ ...NONE, records: 6, handled: 3, duplicates: 3 }])
})

test('a copy in another partition of the batch is handled when the first one fails', async () => {
  const tried: string[] = []
  const handle = async ({ topic, partition }: ConsumedRecord) => {
    tried.push(`${topic}-${partition}`)
    if (tried.length === 1) throw new RangeError('no')
  }
  const handler = dropDuplicates(handle, { store: new MemoryIdStore(), onFailure: 'report' })
  const { batchItemFailures } = await handler(eventOf({ 't-0': ['a'], 't-1': ['a'] }), context)
  assert.deepEqual(tried, ['t-0', 't-1'])
  assert.deepEqual(batchItemFailures, [{ itemIdentifier: { partition: 't-0', offset: 100 } }])
})

test('an id that looks like the stored form of another one is a separate id', async () => {
  const long = 'x'.repeat(2000)
  const digest = createHash('sha256').update(long).digest('base64url')
  const ids = [long, `sha256:${digest}`, Buffer.from([255]), 'base64:/w==', `base64:${btoa('base64:/w==')}`]
  const records = ids.map((id, offset) => ({
    topic: 't',
    partition: 0,
    offset,
    headers: [{ 'kp-id': [...Buffer.from(id)] }],
  }))
  const handled: number[] = []
  const handle = ({ offset }: ConsumedRecord) => handled.push(offset)
  const handler = dropDuplicates(handle, { store: new MemoryIdStore() })
  await handler({ eventSource: 'aws:kafka', records: { 't-0': records } }, context)
  assert.deepEqual(handled, [0, 1, 2, 3, 4])
})

test('different ids stay different, whether they are UTF-8 or not, and however long', async () => {
  const filter = new DuplicateFilter({ store: new MemoryIdStore(), consumer: 'c' })
  const halves = '\ud800\u0080'.repeat(600)
  const other = Buffer.from(halves, 'utf16le').toString()
  for (const id of [halves, other]) assert.equal(await filter.once({ topic: 't', id }, () => undefined), 'handled')
})
