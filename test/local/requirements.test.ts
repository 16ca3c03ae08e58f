import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { freePort } from '../../local/ports.ts'

test('an old Node is told what to do', async () => {
  const path = '../../scripts/check-node.js'
  const { nodeProblem } = (await import(path)) as { nodeProblem: (version: string) => string | undefined }
  assert.match(String(nodeProblem('20.20.2')), /22\.18 or newer is needed.*--ignore-scripts/)
  assert.equal(nodeProblem('24.21.0'), undefined)
})

test('npm start without Java says what to install and leaves nothing behind', () => {
  const { status, stderr } = spawnSync(process.execPath, ['local/start.ts'], { env: { PATH: '' }, encoding: 'utf8', timeout: 30_000 })
  assert.equal(status, 1)
  assert.match(stderr, /java was not found on the PATH; the local Kafka and SQS need Java 17/)
})

test('a port in use gives way to the next free one', async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  assert.ok((await freePort(port)) > port)
  taken.close()
})
