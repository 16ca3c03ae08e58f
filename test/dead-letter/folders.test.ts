import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { lastingPath } from '../../lib/dead-letter/lasting-path.ts'
import { makeFolder } from '../../lib/dead-letter/make-folder.ts'
import { temporaryFolder } from '../../local/processes.ts'

const root = temporaryFolder()
after(() => rmSync(root, { recursive: true, force: true }))

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a folder is created with its parents, for this user only; the topmost new one is returned', async () => {
  const [top, middle, folder] = [join(root, 'a'), join(root, 'a/b'), join(root, 'a/b/c')]
  assert.equal(await makeFolder(folder), top)
  assert.deepEqual([top, middle, folder].map(modeOf), [0o700, 0o700, 0o700])
  assert.equal(await makeFolder(folder), undefined)
  assert.equal(await makeFolder(join(folder, 'd')), join(folder, 'd'))
})

test('a folder that exists keeps its mode', async () => {
  const folder = join(root, 'open')
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  await makeFolder(folder)
  assert.equal(modeOf(folder), 0o755)
})

test('of many that create a folder at once, all succeed', async () => {
  const folder = join(root, 'many/a/b')
  const created = await Promise.all(Array.from({ length: 10 }, () => makeFolder(folder)))
  assert.ok(created.includes(join(root, 'many')))
  assert.ok(statSync(folder).isDirectory())
})

test('a file in the place of a folder, or of its parent, is an error, and so is /proc', async () => {
  const file = join(root, 'file')
  writeFileSync(file, '')
  await assert.rejects(makeFolder(file), { code: 'EEXIST' })
  await assert.rejects(makeFolder(join(file, 'below')), { code: /EEXIST|ENOTDIR/ })
  await assert.rejects(makeFolder('/proc/nothing/here'), { code: 'ENOENT' })
})

test('inside Lambda dead letters are written below /mnt/ only; what is read may lie anywhere', () => {
  const path = (text: string, use: 'write' | 'read', isInsideLambda: boolean) => {
    const problems: string[] = []
    const absolute = lastingPath(text, { use, isInsideLambda, problem: problem => problems.push(problem) })
    return [absolute, problems.length]
  }
  assert.deepEqual(path('/mnt/letters', 'write', true), ['/mnt/letters', 0])
  for (const text of ['/tmp/letters', '/mnt', '/mnt2/letters', '/mnt/../tmp', 'letters', '/a/mnt/letters']) {
    assert.deepEqual(path(text, 'write', true), [resolve(text), 1], text)
    assert.deepEqual(path(text, 'read', true), [resolve(text), 0], text)
    assert.deepEqual(path(text, 'write', false), [resolve(text), 0], text)
  }
})
