// When the preferred partitions may have changed, and which they are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderAvailability } from '../../lib/send/leader-availability.ts'
import { LeaderPreference } from '../../lib/send/leader-preference.ts'
import { VirtualClock } from '../../lib/testing/virtual-clock.ts'

function setUp(rack: string | undefined) {
  const options = { retryBackoffMs: 100, retryBackoffMaxMs: 100, timeoutMs: 0, clock: new VirtualClock() }
  const warnings: string[] = []
  const preference = new LeaderPreference(
    () => rack,
    new LeaderAvailability(options),
    text => warnings.push(text),
  )
  return { preference, warnings }
}

const partitions = [0, 1, 2].map(leader => ({ partition: leader, leader, leaderEpoch: 0 }))

test('the version changes with the racks, and not with an answer that names the same ones', () => {
  const { preference } = setUp('a')
  const racks = () =>
    new Map([
      [0, 'a'],
      [1, 'b'],
    ] as const)
  const before = preference.version
  preference.learnRacks(racks())
  const learned = preference.version
  assert.notEqual(learned, before)
  preference.learnRacks(racks())
  assert.equal(preference.version, learned)
  for (const others of [
    new Map([
      [0, 'a'],
      [1, 'c'],
    ] as const),
    new Map([
      [0, 'a'],
      [2, 'c'],
    ] as const),
    new Map(),
  ]) {
    const last = preference.version
    preference.learnRacks(others)
    assert.notEqual(preference.version, last)
  }
})

test('partitions whose leader is in the rack are preferred; if none is, all are, with one warning', () => {
  const { preference, warnings } = setUp('a')
  preference.learnRacks(
    new Map([
      [0, 'a'],
      [1, 'b'],
      [2, 'a'],
    ] as const),
  )
  assert.deepEqual(
    preference.among(partitions).map(({ leader }) => leader),
    [0, 2],
  )
  assert.deepEqual(warnings, [])
  preference.learnRacks(
    new Map([
      [0, 'c'],
      [1, 'b'],
    ] as const),
  )
  for (let n = 0; n < 2; n++) assert.equal(preference.among(partitions), partitions)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /client\.rack \(KAFKA_CLIENT_RACK\) a: no broker is there \(they are in b, c\)/)
})

test('without a rack every partition is as good', () => {
  const { preference, warnings } = setUp(undefined)
  preference.learnRacks(new Map([[0, 'a']] as const))
  assert.equal(preference.among(partitions), partitions)
  assert.deepEqual(warnings, [])
})
