// A short run of the fault rig, and a control in which its checker must find losses: the send of kafkajs while leaders
// move.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../local/processes.ts'

test('faults F1, F2, F4, F5 and F13: no record is lost, duplicated or out of order; the control is caught', () => {
  const file = join(temporaryFolder(), 'faults.json')
  const args = ['--only', 'F1,F2,F4,F5,F13', '--seconds', '3', '--controls', 'kafkajs-send', '--json', file]
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=TimeoutNegativeWarning', 'local/faults/run.ts', ...args],
    { encoding: 'utf8' },
  )
  console.log(stdout)
  assert.equal(status, 0, stdout + stderr)
  const { rows, controls } = JSON.parse(readFileSync(file, 'utf8')) as {
    rows: Record<string, number>[]
    controls: { caught: boolean }[]
  }
  assert.equal(rows.length, 5)
  for (const { acked, strikes, ...counts } of rows) {
    assert.ok((acked as number) > 100 && (strikes as number) >= 1, `${acked} acknowledged, ${strikes} strikes`)
    for (const kind of ['lost', 'duplicated', 'twoFates', 'noFate', 'late', 'disordered'])
      assert.equal(counts[kind], 0, kind)
  }
  assert.deepEqual(
    controls.map(({ caught }) => caught),
    [true],
  )
})
