// Many dead letters and many segments on disk: in little memory, and with few open files. Each test has its
// own process, as the command does.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeEntry } from '../../lib/dead-letter/disk/segment.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const root = temporaryFolder()
after(() => rmSync(root, { recursive: true, force: true }))

/** Writes dead letters of different ids, evenly over a number of segments. */
function write(name: string, count: number, segments: number): string {
  const folder = join(root, name)
  mkdirSync(folder)
  const perSegment = count / segments
  for (let segment = 0; segment < segments; segment++) {
    const file = openSync(join(folder, `20261126T${String(segment).padStart(9, '0')}Z-1-00000000.seg2`), 'w')
    let chunks: Buffer[] = []
    for (let n = 0; n < perSegment; n++) {
      chunks.push(...encodeEntry('seg2', deadLetterOf(`${segment}-${n}`, 'x'.repeat(20))))
      if (chunks.length < 2000 && n < perSegment - 1) continue
      writeSync(file, Buffer.concat(chunks))
      chunks = []
    }
    closeSync(file)
  }
  return folder
}

interface Result {
  readonly open: number
  readonly openAfter: number
  readonly maxMegabytes: number
}

/** Lists the open dead letters of a folder and completes a part, tidies, and lists again, in a shell with limits. */
function listIn(folder: string, complete: number, limits: string): Result {
  const program = `
    import { DiskDeadLetterStore } from './lib/dead-letter/disk/store.ts'
    const store = new DiskDeadLetterStore(${JSON.stringify(folder)})
    const count = async () => {
      let open = 0
      for await (const _ of store.deadLetters()) open++
      return open
    }
    const lease = await store.lease()
    let open = 0
    let batch = []
    for await (const each of store.deadLetters({ purpose: 'redrive' })) {
      if (open++ < ${complete}) batch.push({ open: each, location: 'kafka:chat-0@' + open })
      if (batch.length < 1000) continue
      await store.reserve(batch.map(({ open }) => open))
      await store.complete(batch)
      batch = []
    }
    await store.complete(batch)
    await store.tidy()
    await lease.release()
    const openAfter = await count()
    const maxMegabytes = process.resourceUsage().maxRSS / 1024
    console.log(JSON.stringify({ open, openAfter, maxMegabytes }))`
  // The heap that Node takes in a container of 256 MB.
  const node = `"${process.execPath}" --disable-warning=ExperimentalWarning --max-heap-size=128`
  const command = `${limits} exec ${node} --input-type=module-typescript -e "$PROGRAM"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', command], {
    encoding: 'utf8',
    env: { ...process.env, PROGRAM: program },
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Result
}

test('1,000,000 dead letters are listed, completed in part and tidied within 256 MB', t => {
  const { open, openAfter, maxMegabytes } = listIn(write('many', 1_000_000, 10), 500_000, '')
  t.diagnostic(`${Math.round(maxMegabytes)} MB`)
  assert.deepEqual([open, openAfter], [1_000_000, 500_000])
  assert.ok(maxMegabytes <= 256, `${maxMegabytes} MB`)
})

test('3,000 segments are read, completed and tidied with 256 file descriptors', () => {
  const { open, openAfter } = listIn(write('segments', 9000, 3000), 8000, 'ulimit -n 256;')
  assert.deepEqual([open, openAfter], [9000, 1000])
})
