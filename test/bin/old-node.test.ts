// The command on an older Node.js, which lacks functions that it imports: it used to end with a SyntaxError instead of
// a message.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { PROGRAM } from '../support/command.ts'

test('with an older Node.js the command says which one it needs', () => {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(older)}`, PROGRAM, '--version']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.deepEqual([status, stdout], [1, ''])
  assert.equal(stderr, 'kafka-producer: expected Node.js 22.19 or newer, got 20.20.2.\n')
})
