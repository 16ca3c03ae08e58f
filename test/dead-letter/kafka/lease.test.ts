// Two redrives never run at once on the same topic, whatever the clocks of their machines say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KafkaLeaseOptions, requestStop, takeLease } from '../../../lib/dead-letter/kafka/lease.ts'
import { requestStops, takeLeases } from '../../../lib/dead-letter/kafka/topic-leases.ts'
import type { RecordHeader } from '../../../lib/record/producer-record.ts'
import { VirtualClock } from '../../../lib/testing/virtual-clock.ts'
import { DeadLetterTopic } from '../../fakes/dead-letter-topic.ts'

const RUNNING = { code: 'redrive-running' }

/** Topics whose records have the time of their writer. */
class Logs {
  readonly clock = new VirtualClock()
  readonly topics = new Map<string, DeadLetterTopic>()

  of(name: string): DeadLetterTopic {
    const topic = this.topics.get(name) ?? new DeadLetterTopic(name)
    this.topics.set(name, topic)
    return topic
  }

  /** A redrive on a machine whose clock is wrong by some ms. */
  machine(skewMs = 0) {
    const { clock } = this
    const own = {
      now: () => clock.now(),
      epochMs: () => clock.epochMs() + skewMs,
      setTimeout: (callback: () => void, ms: number) => clock.setTimeout(callback, ms),
      clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
    }
    return (name: string): KafkaLeaseOptions => {
      const topic = this.of(name)
      const byTime = async (_topic: string, _partition: number, time: number) => {
        const at = topic.records.findIndex(({ timestamp }) => timestamp >= time)
        return BigInt(at < 0 ? topic.records.length : at)
      }
      return {
        topic: name,
        clock: own,
        reader: { ...topic.reader, offsetAt: byTime },
        send: async ({ headers }) => {
          topic.append({ key: null, value: null, headers: headers as RecordHeader[] })
          const at = topic.records.length - 1
          topic.records[at] = { ...(topic.records[at] as (typeof topic.records)[number]), timestamp: own.epochMs() }
        },
      }
    }
  }

  /** Lets time pass until the promise is settled. @returns how long that took, ms, beside its result */
  async settled<T>(promise: Promise<T>): Promise<{ readonly ms: number; readonly value?: T; readonly code?: string }> {
    const begin = this.clock.now()
    let result: { value: T } | { code: string } | undefined
    promise.then(
      value => (result = { value }),
      error => (result = { code: error.code ?? String(error) }),
    )
    await this.clock.run(() => result !== undefined)
    return { ms: this.clock.now() - begin, ...result }
  }

  /** A live redrive renews its lease. */
  renewing(lease: { renew(): Promise<void> }): void {
    this.clock.setTimeout(() => {
      lease.renew().then(
        () => this.renewing(lease),
        () => {},
      )
    }, 15_000)
  }
}

test('a lease is checked by reading only, refused to others at once, and free after its release', async () => {
  const logs = new Logs()
  const options = logs.machine()('dlt')
  const lease = await takeLease(options)
  const { length } = logs.of('dlt').records
  await lease.check()
  assert.equal(logs.of('dlt').records.length, length)
  await assert.rejects(takeLease(options), RUNNING)
  await lease.check()
  await lease.renew()
  await lease.release()
  await assert.rejects(lease.check(), RUNNING)
  await (await takeLease(options)).check()
})

for (const [holder, other] of [
  [0, 90_000],
  [90_000, 0],
  [-600_000, 0],
  [0, 600_000],
] as const)
  test(`clocks ${holder / 1000} s and ${other / 1000} s off: a lease that is renewed is never taken`, async () => {
    const logs = new Logs()
    const lease = await takeLease(logs.machine(holder)('dlt'))
    logs.renewing(lease)
    const { code, ms } = await logs.settled(takeLease(logs.machine(other)('dlt')))
    assert.equal(code, 'redrive-running')
    assert.ok(ms <= 20_000, `after ${ms} ms`)
    await lease.check()
  })

test('a holder that was killed is watched for a minute, once', async () => {
  const logs = new Logs()
  await takeLease(logs.machine()('dlt'))
  await logs.clock.advance(61_000)
  const first = await logs.settled(takeLease(logs.machine(90_000)('dlt')))
  assert.ok(first.ms >= 60_000 && first.ms < 65_000, `after ${first.ms} ms`)
  await first.value?.release()
  const second = await logs.settled(takeLease(logs.machine()('dlt')))
  assert.equal(second.ms, 0)
})

test('a redrive that waits for a lease says so, and can be asked to stop', async () => {
  const logs = new Logs()
  await takeLease(logs.machine()('dlt'))
  await logs.clock.advance(61_000)
  const said: string[] = []
  let isOver = false
  logs.clock.setTimeout(() => {
    isOver = true
  }, 10_000)
  const wait = { mayGoOn: () => !isOver, onWait: (text: string) => said.push(text) }
  const { code, ms } = await logs.settled(takeLease(logs.machine()('dlt'), wait))
  assert.equal(code, 'redrive-running')
  assert.ok(ms >= 10_000 && ms <= 12_000, `after ${ms} ms`)
  assert.deepEqual(said, ['Another redrive of this topic may still be running: waiting up to 60 s for its lease.'])
})

test('a holder that was suspended does not take its lease back', async () => {
  const logs = new Logs()
  const lease = await takeLease(logs.machine()('dlt'))
  logs.clock.freeze(61_000)
  await assert.rejects(lease.check(), RUNNING)
  await assert.rejects(lease.renew(), RUNNING)
})

test('if two redrives wait for a lease that has ended, one gets it', async () => {
  for (const skew of [0, 90_000]) {
    const logs = new Logs()
    await takeLease(logs.machine()('dlt'))
    await logs.clock.advance(61_000)
    const takers = [logs.machine()('dlt'), logs.machine(skew)('dlt')].map(options =>
      takeLease(options).then(
        lease => {
          logs.renewing(lease)
          return 'taken'
        },
        error => error.code,
      ),
    )
    const { value } = await logs.settled(Promise.all(takers))
    assert.deepEqual(value?.sort(), ['redrive-running', 'taken'], `${skew}`)
  }
})

test('a redrive that reads one of the topics keeps out one that reads them all, and the other way round', async () => {
  const logs = new Logs()
  const machine = logs.machine()
  const one = await takeLeases(['b'], machine)
  await assert.rejects(takeLeases(['a', 'b', 'c'], machine), RUNNING)
  // Nothing is left of those that it had.
  await (await takeLeases(['a', 'c'], machine)).release()
  await one.release()
  const all = await takeLeases(['a', 'b', 'c'], machine)
  await assert.rejects(takeLeases(['c'], machine), RUNNING)
  await all.check()
  assert.equal(await requestStops(['c'], machine), 'requested')
  await assert.rejects(all.check(), { code: 'stop-requested' })
})

test('a stop request reaches a holder with a wrong clock, and reports when no redrive runs', async () => {
  const logs = new Logs()
  assert.equal(await requestStop(logs.machine()('dlt')), 'not-running')
  const lease = await takeLease(logs.machine(-300_000)('dlt'))
  logs.renewing(lease)
  const { value } = await logs.settled(requestStop(logs.machine()('dlt')))
  assert.equal(value, 'requested')
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  await lease.release()
  assert.equal(await requestStop(logs.machine()('dlt')), 'not-running')
})

/** The leases in a topic's records. */
function leasesIn(topic: DeadLetterTopic): { holder: string; until?: number; stop?: boolean }[] {
  return topic.records.map(({ headers }) => JSON.parse(String(headers.find(([name]) => name === 'kp-lease')?.[1])))
}

function appendLease(topic: DeadLetterTopic, lease: object, timestamp: number): void {
  topic.append({ key: null, value: null, headers: [['kp-lease', Buffer.from(JSON.stringify(lease))]] })
  topic.records.push({ ...(topic.records.pop() as (typeof topic.records)[number]), timestamp })
}

test('a lease is records of partition 0 that name their holder, until when, and that it is over', async () => {
  const logs = new Logs()
  const sent: unknown[] = []
  const options = logs.machine()('dlt')
  const send: typeof options.send = record => {
    const { headers, key, ...rest } = record
    sent.push({ ...rest, key: String(key), headers: (headers as RecordHeader[]).map(([name]) => name) })
    return options.send(record)
  }
  const lease = await takeLease({ ...options, send })
  await logs.clock.advance(1000)
  await lease.renew()
  await requestStop({ ...options, send })
  await lease.release()
  const record = { topic: 'dlt', partition: 0, key: 'kp-lease', value: null, headers: ['kp-lease'] }
  assert.deepEqual(sent, Array(6).fill(record))
  const now = logs.clock.epochMs()
  const [holder, , asking] = leasesIn(logs.of('dlt')).map(each => each.holder)
  assert.notEqual(holder, asking)
  assert.deepEqual(leasesIn(logs.of('dlt')), [
    { holder, until: now - 1000 + 60_000 },
    { holder, until: now + 60_000 },
    { holder: asking, until: now + 60_000 },
    { holder: asking, until: 0 },
    { holder, stop: true },
    { holder, until: 0 },
  ])
})

test('a lease ends exactly a minute after its last renewal began', async () => {
  const logs = new Logs()
  const lease = await takeLease(logs.machine()('dlt'))
  logs.clock.freeze(59_999)
  await lease.check()
  await lease.renew()
  logs.clock.freeze(59_999)
  await lease.check()
  logs.clock.freeze(1)
  await assert.rejects(lease.check(), RUNNING)
  const slow = logs.machine()('slow')
  const late = await takeLease({
    ...slow,
    send: record => {
      // The write takes long; what counts is when it began.
      logs.clock.freeze(40_000)
      return slow.send(record)
    },
  })
  logs.clock.freeze(20_000)
  await assert.rejects(late.check(), RUNNING)
})

test('another holder’s lease less than a minute old is refused at once, an older one is watched', async () => {
  for (const [ageMs, isWatched] of [
    [59_999, false],
    [60_000, true],
    [-59_999, false],
    [-60_000, true],
  ] as const) {
    const logs = new Logs()
    appendLease(logs.of('dlt'), { holder: 'other', until: 9e15 }, logs.clock.epochMs() - ageMs)
    const { ms, code } = await logs.settled(takeLease(logs.machine()('dlt')))
    assert.deepEqual([ms, code], isWatched ? [60_000, undefined] : [0, 'redrive-running'], `${ageMs}`)
  }
})

test('while a redrive watches another, it renews its own lease; then it records that the other has ended', async () => {
  const logs = new Logs()
  appendLease(logs.of('dlt'), { holder: 'dead', until: 9e15 }, logs.clock.epochMs() - 60_000)
  const begin = logs.clock.epochMs()
  await logs.settled(takeLease(logs.machine()('dlt')))
  const [, { holder = '' } = {}] = leasesIn(logs.of('dlt'))
  assert.deepEqual(leasesIn(logs.of('dlt')).slice(1), [
    ...[0, 15_000, 30_000, 45_000, 60_000].map(ms => ({ holder, until: begin + ms + 60_000 })),
    { holder: 'dead', until: 0 },
  ])
})

test('a lease from more than a quarter of an hour ago is not looked for', async () => {
  for (const [ageMs, waitMs] of [
    [15 * 60_000, 60_000],
    [15 * 60_000 + 1, 0],
  ] as const) {
    const logs = new Logs()
    appendLease(logs.of('dlt'), { holder: 'dead', until: 9e15 }, logs.clock.epochMs() - ageMs)
    assert.equal((await logs.settled(takeLease(logs.machine()('dlt')))).ms, waitMs, `${ageMs}`)
  }
})

test('a watched redrive that renews, or releases, ends the wait at once', async () => {
  for (const [until, code] of [
    [9e15, 'redrive-running'],
    [0, undefined],
    [-1, undefined],
  ] as const) {
    const logs = new Logs()
    appendLease(logs.of('dlt'), { holder: 'other', until: 9e15 }, logs.clock.epochMs() - 60_000)
    logs.clock.setTimeout(() => {
      appendLease(logs.of('dlt'), { holder: 'other', until }, logs.clock.epochMs())
    }, 4500)
    const taken = await logs.settled(takeLease(logs.machine()('dlt')))
    assert.deepEqual([taken.ms, taken.code], [5000, code], `${until}`)
  }
})

test('a redrive that was refused leaves no lease behind', async () => {
  const logs = new Logs()
  const lease = await takeLease(logs.machine()('dlt'))
  await assert.rejects(takeLease(logs.machine()('dlt')), RUNNING)
  const leases = leasesIn(logs.of('dlt'))
  assert.equal(leases.at(-1)?.until, 0)
  assert.equal(leases.at(-1)?.holder, leases.at(-2)?.holder)
  await lease.release()
  const { ms } = await logs.settled(takeLease(logs.machine()('dlt')))
  assert.equal(ms, 0)
})

test('a batch may have records from before and after the range that is read', async () => {
  const logs = new Logs()
  const options = logs.machine()('dlt')
  const { reader } = options
  const whole = {
    ...reader,
    readBatches: (topic: string, partition: number) => reader.readBatches(topic, partition, 0n, 1_000_000n),
  }
  // Released, but not within what is looked at again.
  const old = logs.clock.epochMs() - 16 * 60_000
  appendLease(logs.of('dlt'), { holder: 'old', until: 9e15 }, old)
  const { ms, value: lease } = await logs.settled(takeLease({ ...options, reader: whole }))
  assert.equal(ms, 0)
  // Written after the end was asked for: the next check reads it.
  const [, { holder = '' } = {}] = leasesIn(logs.of('dlt'))
  appendLease(logs.of('dlt'), { holder, stop: true }, logs.clock.epochMs())
  await assert.rejects((lease as NonNullable<typeof lease>).check(), { code: 'stop-requested' })
})

test('of the failures of several leases, a lost one comes before a request to stop', async () => {
  const logs = new Logs()
  const machine = logs.machine()
  const both = await takeLeases(['a', 'b'], machine)
  assert.equal(await requestStops(['b', 'c'], machine), 'requested')
  await assert.rejects(both.check(), { code: 'stop-requested' })
  assert.equal(await requestStops(['a'], machine), 'requested')
  await assert.rejects(both.check(), { code: 'stop-requested' })
  const [{ holder = '' } = {}] = leasesIn(logs.of('b'))
  appendLease(logs.of('b'), { holder, until: 0 }, logs.clock.epochMs())
  await assert.rejects(both.check(), RUNNING)
  await assert.rejects(both.renew(), RUNNING)
})

test('each lease of several is renewed and released, and without a topic there is nothing to take', async () => {
  const logs = new Logs()
  const machine = logs.machine()
  const both = await takeLeases(['a', 'b'], machine)
  await both.renew()
  await both.release()
  for (const name of ['a', 'b'])
    assert.deepEqual(
      leasesIn(logs.of(name)).map(({ until }) => (until ?? 0) > 0),
      [true, true, false],
      name,
    )
  const none = await takeLeases([], machine)
  await none.check()
  await none.renew()
  await none.release()
  assert.equal(await requestStops([], machine), 'not-running')
})

test('a lease that can’t be written is released, and the reason is reported', async () => {
  const logs = new Logs()
  const options = logs.machine()('dlt')
  let writes = 0
  const failing = {
    ...options,
    send: (record: Parameters<typeof options.send>[0]) => {
      writes++
      return writes === 1 ? Promise.reject(new Error('No broker.')) : options.send(record)
    },
  }
  await assert.rejects(takeLease(failing), { message: 'No broker.' })
  assert.deepEqual(
    leasesIn(logs.of('dlt')).map(({ until }) => until),
    [0],
  )
})

test('a redrive that asks to stop waits 20 s at most for a lease whose clock is unknown', async () => {
  const logs = new Logs()
  appendLease(logs.of('dlt'), { holder: 'dead', until: 9e15 }, logs.clock.epochMs() - 60_000)
  const { ms, value } = await logs.settled(requestStop(logs.machine()('dlt')))
  assert.deepEqual([ms, value], [20_000, 'not-running'])
  assert.ok(!leasesIn(logs.of('dlt')).some(({ stop }) => stop))
})
