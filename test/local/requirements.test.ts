// What `npm start` needs on the machine, and what it says if something is missing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../local/ports.ts'
import { temporaryFolder } from '../../local/processes.ts'

test('with an old Node the error says what to do', async () => {
  const path = '../../scripts/check-node.js'
  const { nodeProblem } = (await import(path)) as { nodeProblem: (version: string) => string | undefined }
  assert.match(String(nodeProblem('20.20.2')), /needs Node 22\.18 or newer[\s\S]*--ignore-scripts/)
  assert.equal(nodeProblem('24.21.0'), undefined)
})

/** Starts in an empty folder with an empty cache, so that the programs must be downloaded. */
function startWith(env: Record<string, string>, cwd = temporaryFolder()) {
  return spawnSync(process.execPath, [resolve('local/start.ts')], {
    cwd,
    env: { ...process.env, XDG_CACHE_HOME: temporaryFolder(), ...env },
    encoding: 'utf8',
  })
}

// The original bug: every function was built before the check, and a running stack in the folder made the test fail.
test('npm start without Java says what to install and leaves nothing behind', () => {
  const folder = temporaryFolder()
  const { status, stdout, stderr } = startWith({ PATH: '' }, folder)
  assert.equal(status, 1)
  assert.match(stderr, /java was not found on the PATH; the local Kafka and SQS need Java 17/)
  assert.equal(stdout, '')
  assert.deepEqual(readdirSync(folder, { recursive: true }), ['.local'])
})

// Java 8 was reported as Java 1: it calls itself 1.8.0.
test('npm start with an old Java names its version', () => {
  for (const [version, major] of [
    ['1.8.0_402', 8],
    ['11.0.2', 11],
  ]) {
    const path = temporaryFolder()
    writeFileSync(join(path, 'java'), `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`, { mode: 0o755 })
    const { status, stderr } = startWith({ PATH: path })
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`^Java ${major} is installed; the local Kafka and SQS need Java 17 or newer`))
  }
})

test('npm start without Maven says what to install', () => {
  const path = temporaryFolder()
  symlinkSync(spawnSync('which', ['java'], { encoding: 'utf8' }).stdout.trim(), join(path, 'java'))
  const { status, stderr } = startWith({ PATH: path })
  assert.equal(status, 1)
  assert.match(stderr, /mvn was not found on the PATH; the first run downloads Kafka with it/)
})

test('an unreachable registry is reported with what to check, and no partial download is kept', () => {
  const home = temporaryFolder()
  mkdirSync(join(home, '.m2'))
  writeFileSync(
    join(home, '.m2', 'settings.xml'),
    '<settings><mirrors><mirror><id>nobody</id><mirrorOf>*</mirrorOf><url>http://127.0.0.1:9/</url></mirror></mirrors></settings>',
  )
  const cache = temporaryFolder()
  const { status, stderr } = startWith({ MAVEN_OPTS: `-Duser.home=${home}`, XDG_CACHE_HOME: cache })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /Maven could not download Apache Kafka [\d.]+\. Check the network, the proxy and ~\/\.m2\/settings\.xml\./,
  )
  assert.deepEqual(readdirSync(join(cache, 'serverless-kafka-producer')), [])
})

test('if a port is in use, the next free one is used', async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  assert.ok((await freePort(port)) > port)
  taken.close()
})
