// One stack per folder, found by the other commands; stacks of other users and folders are not affected.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { listenLocally } from '../../local/ports.ts'

const folder = mkdtempSync(join(tmpdir(), 'stack-file-'))
after(() => rmSync(folder, { recursive: true }))
const source = (name: string) => JSON.stringify(resolve('local', name))

/** Runs lines of a program in a folder of its own. */
function run(lines: string, cwd: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', lines], {
    cwd,
    encoding: 'utf8',
  })
  return { status, stdout: stdout.trim(), stderr: stderr.trim() }
}

const CLAIM = `import { claimFolder } from ${source('stack-file.ts')}
import { explain } from ${source('requirements.ts')}
try { claimFolder() } catch (error) { explain(error) }`
const FIND = `import { stackOfFolder } from ${source('stack-file.ts')}; console.log(stackOfFolder().url)`

test('a second stack in a folder is refused; commands find the first one until it ends, then none', async () => {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `${CLAIM}; import { describeStack } from ${source('stack-file.ts')}
describeStack({ url: 'http://first', sqs: {} })
console.log('up')
process.on('SIGTERM', () => process.exit(0))
setInterval(() => {}, 1e6)`,
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(child.stdout, 'data')
  const second = run(CLAIM, folder)
  assert.equal(second.status, 1)
  assert.match(second.stderr, new RegExp(`^A local stack is running in this folder \\(process ${child.pid}\\)\\.`))
  assert.equal(run(FIND, folder).stdout, 'http://first')
  child.kill()
  await once(child, 'exit')
  assert.deepEqual(readdirSync(join(folder, '.local')), [])
  const none = run(FIND, folder)
  assert.deepEqual(
    [none.status, none.stderr],
    [1, `No local stack is running in ${folder}. Start it there with npm start.`],
  )
  assert.equal(run(CLAIM, folder).status, 0)
})

test('the files of a stack that was killed stop nobody, and no command finds it', () => {
  mkdirSync(join(folder, '.local'), { recursive: true })
  // A process with this id runs, but it began at another time.
  writeFileSync(join(folder, '.local', 'stack.lock'), `${process.pid} 1`)
  writeFileSync(join(folder, '.local', 'stack.json'), '{"url":"http://dead"}')
  assert.equal(run(FIND, folder).status, 1)
  assert.equal(run(CLAIM, folder).status, 0)
})

test('the processes and folders of another user are left alone', () => {
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  for (const each of [folder, temporary]) chmodSync(each, 0o777)
  // Process 1 is alive; the other one has ended.
  const [alive, ended] = ['serverless-kafka-1-a', 'serverless-kafka-4194303-a'].map(name => join(temporary, name))
  for (const each of [alive, ended]) mkdirSync(each as string)
  const isRoot = process.getuid?.() === 0
  const asNobody = isRoot ? 'process.setuid(65534);' : ''
  const lines = `${asNobody} import { cleanUpStale } from ${source('processes.ts')}; cleanUpStale()`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', lines], {
    cwd: resolve('.'),
    env: { ...process.env, TMPDIR: temporary },
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  assert.deepEqual([existsSync(alive as string), existsSync(ended as string)], [true, isRoot])
})

test('two servers that want one port get two', async t => {
  const [first, second] = [createServer(), createServer()]
  t.after(() => [first, second].map(server => server.close()))
  await listenLocally(first, 0)
  const { port } = first.address() as AddressInfo
  await listenLocally(second, port)
  assert.ok((second.address() as AddressInfo).port > port)
})
