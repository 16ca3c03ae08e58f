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
