// SIGTERM ends a sandbox: first its invocations end, then the connections are closed, then the process ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeOnSigterm } from '../../lib/lambda/close-on-sigterm.ts'
import type { ProducerFactory } from '../../lib/producer-factory.ts'
import { pause } from '../support/time.ts'

test('after SIGTERM the invocations in progress end, then the producers are closed, then the process ends', async t => {
  const before = process.listeners('SIGTERM')
  const events: unknown[] = []
  let ended: (() => void) | undefined
  const exit = new Promise<void>(resolve => {
    ended = resolve
  })
  t.mock.method(process, 'exit', (code?: number) => {
    events.push(['exit', code])
    ended?.()
  })
  const invocations = { active: 1 }
  const close = async (options: unknown) => void events.push(['close', options])
  closeOnSigterm({ invocations, close } as unknown as ProducerFactory)
  const added = process.listeners('SIGTERM').filter(listener => !before.includes(listener))
  assert.equal(added.length, 1)
  process.emit('SIGTERM')
  assert.deepEqual(process.listeners('SIGTERM'), before)
  await pause(40)
  assert.deepEqual(events, [], 'an invocation is in progress')
  invocations.active = 0
  await exit
  assert.deepEqual(events, [
    ['close', { timeoutMs: 300 }],
    ['exit', 0],
  ])
})
