// The files by which redrives of one folder keep out each other, and ask each other to stop.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { requestFolderStop, takeFolderLease } from '../../../lib/dead-letter/disk/folder-lease.ts'
import { newFolder } from '../../support/new-folder.ts'
import { pause } from '../../support/time.ts'

const RUNNING = { name: 'DeadLetterError', code: 'redrive-running' }

function leaseFolder() {
  const folder = newFolder()
  const [lock, stop] = [join(folder, 'redrive.lock'), join(folder, 'redrive.stop')]
  return { folder, lock, stop, names: () => readdirSync(folder).sort() }
}

const uptimeMs = () => Number(process.hrtime.bigint() / 1_000_000n)
const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** Writes a lock of `holder` that is so old by the file system and by the uptime of a machine. */
function writeLock(path: string, { fileMs, upMs, boot = bootId() }: { fileMs: number; upMs: number; boot?: string }) {
  writeFileSync(path, `holder ${boot} ${String(Math.max(0, uptimeMs() - upMs)).padStart(13, '0')}`)
  const time = new Date(Date.now() - fileMs)
  utimesSync(path, time, time)
}

test('the lock names holder, boot and uptime, and a renewal rewrites the uptime in place', async () => {
  const { folder, lock } = leaseFolder()
  const before = uptimeMs()
  const lease = await takeFolderLease(folder)
  const [, holder, boot, uptime] = /^([0-9a-f-]{36}) (\S+) (\d{13})$/.exec(readFileSync(lock, 'utf8')) ?? []
  assert.equal(boot, bootId())
  assert.ok(Number(uptime) >= before && Number(uptime) <= uptimeMs(), uptime)
  assert.equal(statSync(lock).mode & 0o777, 0o600)
  await pause(5)
  await lease.renew()
  const [renewedHolder, , renewed] = readFileSync(lock, 'utf8').split(' ')
  assert.equal(renewedHolder, holder)
  assert.ok(Number(renewed) > Number(uptime), `${uptime} ${renewed}`)
  assert.equal(renewed?.length, 13)
  await lease.release()
  assert.equal(existsSync(lock), false)
})

test('a lock is taken over once it is old by the file system, and by the uptime of its machine', async () => {
  const minute = 60_000
  for (const [fileMs, upMs, isTaken, boot] of [
    [0, 10 * minute, false],
    [minute - 5000, 10 * minute, false],
    [-minute + 5000, 10 * minute, false],
    [minute + 1000, 0, false],
    [minute + 1000, minute - 5000, false],
    [minute + 1000, minute + 1000, true],
    [-minute - 5000, minute + 1000, true],
    [minute + 1000, 0, true, 'f'.repeat(36)],
    [minute + 1000, 0, true, '-'],
  ] as const) {
    const { folder, lock, names } = leaseFolder()
    writeLock(lock, { fileMs, upMs, ...(boot === undefined ? {} : { boot }) })
    const content = readFileSync(lock, 'utf8')
    const name = `${fileMs} ${upMs} ${boot}`
    assert.equal(await requestFolderStop(folder), isTaken ? 'not-running' : 'requested', name)
    rmSync(join(folder, 'redrive.stop'), { force: true })
    if (isTaken) {
      const lease = await takeFolderLease(folder)
      await lease.check()
      assert.deepEqual(names(), ['redrive.lock'], name)
      await lease.release()
    } else {
      await assert.rejects(takeFolderLease(folder), RUNNING, name)
      assert.equal(readFileSync(lock, 'utf8'), content, name)
    }
    assert.deepEqual(names(), isTaken ? [] : ['redrive.lock'], name)
  }
})

test('of many that start at once, also over an old lock, one gets the lease', async () => {
  for (const isOld of [false, true]) {
    const { folder, lock, names } = leaseFolder()
    if (isOld) writeLock(lock, { fileMs: 120_000, upMs: 120_000 })
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeFolderLease(folder)))
    const taken = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason.code] : []))
    assert.deepEqual([taken.length, [...new Set(refused)]], [1, ['redrive-running']])
    await taken[0]?.check()
    assert.deepEqual(names(), ['redrive.lock'])
    await taken[0]?.release()
    assert.deepEqual(names(), [])
  }
})

test('a request to stop names its holder, is for that one only, and goes with its lease', async () => {
  const { folder, lock, stop, names } = leaseFolder()
  assert.equal(await requestFolderStop(folder), 'not-running')
  assert.deepEqual(names(), [])
  const lease = await takeFolderLease(folder)
  writeFileSync(stop, 'an earlier holder')
  await lease.check()
  rmSync(stop)
  assert.equal(await requestFolderStop(folder), 'requested')
  assert.equal(readFileSync(stop, 'utf8'), readFileSync(lock, 'utf8').split(' ')[0])
  assert.equal(statSync(stop).mode & 0o777, 0o600)
  await assert.rejects(lease.check(), { code: 'stop-requested' })
  await lease.renew()
  await lease.release()
  assert.deepEqual(names(), [])
  const next = await takeFolderLease(folder)
  writeFileSync(stop, 'an earlier holder')
  await next.release()
  assert.deepEqual(names(), ['redrive.stop'])
})

test('a lock of version 0.1 has only its holder, who is asked to stop by name', async () => {
  const { folder, lock, stop } = leaseFolder()
  writeFileSync(lock, 'somebody')
  assert.equal(await requestFolderStop(folder), 'requested')
  assert.equal(readFileSync(stop, 'utf8'), 'somebody')
  writeFileSync(lock, '')
  assert.equal(await requestFolderStop(folder), 'not-running')
})

test('a lease that is gone is neither renewed nor restored; a released one is left alone', async () => {
  const { folder, lock, names } = leaseFolder()
  const lease = await takeFolderLease(folder)
  rmSync(lock)
  for (const work of [() => lease.check(), () => lease.renew()]) await assert.rejects(work(), RUNNING)
  assert.deepEqual(names(), [])
  await assert.rejects(lease.release(), RUNNING)
  await lease.renew()
  await lease.release()
  assert.deepEqual(names(), [])
  writeFileSync(lock, 'another holder')
  await lease.release()
  assert.deepEqual(names(), ['redrive.lock'])
})

test('a lock that can’t be written is removed, so that it blocks no other redrive', async t => {
  const { folder, names } = leaseFolder()
  const handle = await open(folder)
  const write = t.mock.method(Object.getPrototypeOf(handle), 'write')
  await handle.close()
  const full = Object.assign(new Error('of the disk'), { code: 'ENOSPC' })
  write.mock.mockImplementationOnce(() => Promise.reject(full))
  await assert.rejects(takeFolderLease(folder), error => error === full)
  assert.deepEqual(names(), [])
  await (await takeFolderLease(folder)).release()
})

test('an error other than an existing lock is reported as it is', async () => {
  const { folder, lock } = leaseFolder()
  await assert.rejects(takeFolderLease(join(folder, 'nowhere')), { code: 'ENOENT' })
  mkdirSync(lock)
  await assert.rejects(takeFolderLease(folder), RUNNING)
  await assert.rejects(requestFolderStop(folder), { code: 'EISDIR' })
})
