// The small commands of the local stack refuse arguments that they would ignore.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../local/processes.ts'

const cwd = temporaryFolder()
const run = (program: string, ...args: string[]) =>
  spawnSync(process.execPath, [resolve('local', `${program}.ts`), ...args], { cwd, encoding: 'utf8' })

// The original bug: `brokers -- stop 7` stopped every broker.
test('brokers acts on all brokers and refuses the name of one', () => {
  const { status, stderr } = run('brokers', 'stop', '7')
  assert.equal(status, 2)
  assert.match(stderr, /for all brokers.* Got stop 7\./)
  assert.match(run('brokers').stderr, /Got nothing\./)
  assert.match(run('brokers', 'stop').stderr, /No local stack is running/)
})

// The answer was a stack trace.
test('start takes one or three brokers, and says so in one line', () => {
  const { status, stderr } = run('start', '--brokers', '2')
  assert.equal(status, 1)
  assert.equal(stderr, '--brokers: expected 1 or 3, got 2.\n')
  assert.match(run('start', '--broker').stderr, /^Unknown option '--broker'/)
})

test('tail takes one topic, put-event one file', () => {
  assert.match(run('tail', 'chat', 'orders').stderr, /Expected one topic/)
  assert.match(run('put-event', 'a.json', 'b.json').stderr, /Expected one file/)
})
