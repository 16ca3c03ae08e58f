// Dead letters in a database: one row each, which survive a kill; errors where they can't be written.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SqliteDeadLetterStore } from '../../../lib/dead-letter/sqlite/store.ts'
import { SqliteDeadLetterTarget } from '../../../lib/dead-letter/sqlite/target.ts'
import { DeadLetterError } from '../../../lib/errors.ts'
import { deadLetterOf } from '../../fakes/dead-letter.ts'
import { publisherOf } from '../../fakes/publisher-of.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-'))
after(() => rmSync(folder, { recursive: true }))

async function idsOf({ file }: SqliteDeadLetterTarget): Promise<string[]> {
  const store = new SqliteDeadLetterStore(file)
  const open = await Array.fromAsync(store.deadLetters())
  await store.close()
  return open.map(({ deadLetter }) => deadLetter.recordId)
}

test('a dead letter is stored once, listed in order, completed, and open again once it is stored again', async () => {
  const file = join(folder, 'new', 'letters.db')
  const target = new SqliteDeadLetterTarget(file)
  const [a, b] = [deadLetterOf('a'), deadLetterOf('b')]
  const locations = await target.store([a, b])
  assert.deepEqual(locations, [`sqlite:${file}#${a.deadLetterId}`, `sqlite:${file}#${b.deadLetterId}`])
  assert.deepEqual(await target.store([a]), [locations[0]])
  await target.close()

  const again = new SqliteDeadLetterTarget(file)
  assert.deepEqual(await idsOf(again), ['a', 'b'])
  const store = new SqliteDeadLetterStore(file)
  const [open] = await Array.fromAsync(store.deadLetters())
  assert.ok(open)
  await store.complete([{ open, location: 'kafka:chat-0@1' }])
  await store.close()
  assert.deepEqual(await idsOf(again), ['b'])
  await again.store([a])
  assert.deepEqual(await idsOf(again), ['a', 'b'])
  assert.match(await again.storeClaim(a.deadLetterId, Buffer.from('large')), /#claims\//)
  await again.close()
})

test('two writers share a file', async () => {
  const file = join(folder, 'shared.db')
  const writers = [new SqliteDeadLetterTarget(file), new SqliteDeadLetterTarget(file)]
  await Promise.all(
    writers.flatMap((writer, w) => Array.from({ length: 20 }, (_, i) => writer.store([deadLetterOf(`${w}-${i}`)]))),
  )
  assert.equal((await idsOf(writers[0] as SqliteDeadLetterTarget)).length, 40)
  await Promise.all(writers.map(writer => writer.close()))
})

test('every dead letter with a location survives kill -9', async () => {
  const file = join(folder, 'killed.db')
  const program = `
    import { writeSync } from 'node:fs'
    import { SqliteDeadLetterTarget } from './lib/dead-letter/sqlite/target.ts'
    import { deadLetterOf } from './test/fakes/dead-letter.ts'
    const target = new SqliteDeadLetterTarget(${JSON.stringify(file)})
    for (let n = 0; ; n++) {
      await target.store([deadLetterOf(String(n))])
      writeSync(1, n + '\\n')
      await new Promise(setImmediate)
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
  while (output.split('\n').length < 30) await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
  const located = output
    .split('\n')
    .filter(line => line !== '')
    .slice(0, -1)
  const target = new SqliteDeadLetterTarget(file)
  const stored = new Set(await idsOf(target))
  await target.close()
  assert.ok(located.length >= 28)
  for (const id of located) assert.ok(stored.has(id), id)
})

test('a file that can’t be written is a DeadLetterError, and the next target stores the dead letter', async () => {
  const broken = new SqliteDeadLetterTarget(join(folder, 'shared.db', 'letters.db'))
  await assert.rejects(broken.store([deadLetterOf('a')]), (error: unknown) => error instanceof DeadLetterError)
  const file = join(folder, 'next.db')
  const chain = publisherOf([
    { kind: 'sqlite', file: join(folder, 'shared.db', 'letters.db') },
    { kind: 'sqlite', file },
  ])
  assert.match(String((await chain.store([deadLetterOf('a')]))[0]), /next\.db/)
  await chain.close()
})
