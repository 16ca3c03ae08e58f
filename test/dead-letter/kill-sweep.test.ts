// A process that writes dead letters to disk is killed (-9) at random: every dead letter with a location is stored.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { pause } from '../support/time.ts'

const KILLS = 8

test('disk: a dead letter that has a location survives kill -9 of its writer, once', async t => {
  const folder = temporaryFolder()
  const stored: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const program = `
      import { writeSync } from 'node:fs'
      import { DiskDeadLetterTarget } from './lib/dead-letter/disk/target.ts'
      import { deadLetterOf } from './test/support/dead-letter.ts'
      const disk = new DiskDeadLetterTarget(${JSON.stringify(folder)})
      for (let n = 0; ; n++) {
        const ids = Array.from({ length: 1 + n % 5 }, (_, i) => ${JSON.stringify(`${kill}`)} + '-' + n + '-' + i)
        await disk.store(ids.map(id => deadLetterOf(id, 'x'.repeat(n % 3000))))
        writeSync(1, ids.join('\\n') + '\\n')
      }`
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', program],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let output = ''
    child.stdout.on('data', chunk => {
      output += chunk
    })
    await once(child.stdout, 'data')
    await pause(20 + Math.random() * 100)
    child.kill('SIGKILL')
    await once(child, 'close')
    stored.push(...output.split('\n').slice(0, -1))
  }
  const readBack = await Array.fromAsync(new DiskDeadLetterStore(folder).deadLetters())
  const ids = new Set(readBack.map(({ deadLetter }) => deadLetter.recordId))
  t.diagnostic(`${KILLS} kills, ${stored.length} locations, ${readBack.length} dead letters read`)
  assert.ok(stored.length > KILLS)
  for (const id of stored) assert.ok(ids.has(id), id)
  assert.equal(ids.size, readBack.length)
  rmSync(folder, { recursive: true, force: true })
})
