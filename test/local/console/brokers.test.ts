// The brokers of the local cluster: one action at a time on each, whoever asks for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../../lib/errors.ts'
import { Brokers } from '../../../local/console/brokers.ts'
import type { BrokerState } from '../../../local/kafka/cluster.ts'

function cluster() {
  const states = new Map<number, BrokerState>([1, 2, 3].map(id => [id, 'up']))
  const calls: string[] = []
  const starts: (() => void)[] = []
  const set = (name: string, state: BrokerState) => (id: number) => {
    calls.push(`${name} ${id}`)
    states.set(id, state)
  }
  const kafka = {
    brokerIds: [1, 2, 3],
    stateOf: (id: number) => states.get(id) ?? 'down',
    killBroker: async (id: number) => set('kill', 'down')(id),
    freezeBroker: set('freeze', 'frozen'),
    thawBroker: (id: number) => {
      if (states.get(id) === 'frozen') set('thaw', 'up')(id)
    },
    startBroker: async (id: number) => {
      if (states.get(id) === 'up') return
      set('start', 'starting')(id)
      await new Promise<void>(resolve => starts.push(resolve))
      states.set(id, 'up')
    },
  }
  return { kafka, calls, starts, brokers: new Brokers(kafka) }
}

test('one broker is frozen, thawed and stopped; starting all of them thaws those that are frozen', async () => {
  const { brokers, calls } = cluster()
  await brokers.act({ action: 'freeze', broker: 2 })
  assert.deepEqual(brokers.list(), [
    { id: 1, state: 'up' },
    { id: 2, state: 'frozen' },
    { id: 3, state: 'up' },
  ])
  await brokers.act({ action: 'start' })
  assert.deepEqual(calls, ['freeze 2', 'thaw 2'])
  await brokers.act({ action: 'stop', broker: 3 })
  assert.equal(brokers.list()[2]?.state, 'down')
})

test('a stop waits until the broker has started; other brokers do not wait', async () => {
  const { brokers, calls, starts } = cluster()
  await brokers.act({ action: 'stop' })
  calls.length = 0
  const started = brokers.act({ action: 'start', broker: 1 })
  const stopped = brokers.act({ action: 'stop', broker: 1 })
  await brokers.act({ action: 'stop', broker: 2 })
  assert.deepEqual(calls, ['start 1', 'kill 2'])
  for (const start of starts) start()
  await Promise.all([started, stopped])
  assert.deepEqual(calls, ['start 1', 'kill 2', 'kill 1'])
})

test('a start that fails is an error for its caller, and the next action is done', async () => {
  const { kafka, calls } = cluster()
  const startBroker = async () => {
    throw new Error('Kafka broker 1 did not start.')
  }
  const brokers = new Brokers({ ...kafka, startBroker })
  await assert.rejects(brokers.act({ action: 'start', broker: 1 }), /did not start/)
  await brokers.act({ action: 'stop', broker: 1 })
  assert.deepEqual(calls, ['kill 1'])
})

test('an unknown action or broker is refused, and a cluster of the user is never changed', async () => {
  const { brokers, calls } = cluster()
  for (const body of [
    undefined,
    null,
    'stop',
    {},
    { action: 'kill' },
    { action: 'stop', broker: 4 },
    { action: 'stop', broker: '1' },
  ])
    await assert.rejects(brokers.act(body), ConfigError)
  await assert.rejects(new Brokers(undefined).act({ action: 'stop' }), /never stops/)
  assert.deepEqual(new Brokers(undefined).list(), [])
  assert.deepEqual(calls, [])
})
