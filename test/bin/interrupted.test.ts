// One Ctrl-C ends a command, whatever it waits for: a broker that does not answer, or its standard input.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { listenToSignals, stoppable, unlessStopped } from '../../bin/exit.ts'
import { runCommand } from '../support/command.ts'

// It ran out its 15 seconds.
test('doctor ends at the first signal, with the checks that it has', async t => {
  const sockets: Socket[] = []
  const frozen = createServer(socket => void sockets.push(socket)).listen(0, '127.0.0.1')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    frozen.close()
  })
  await once(frozen, 'listening')
  const { port } = frozen.address() as AddressInfo
  const { status, stdout } = await runCommand(
    ['doctor', '--topic', 'orders'],
    { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${port}`, KAFKA_DEAD_LETTER: 'none' },
    { onOutput: child => child.kill('SIGINT') },
  )
  assert.equal(status, 130)
  assert.match(stdout, /has one broker/)
  assert.doesNotMatch(stdout, /no result within/)
})

test('what never ends is left at the signal; what ends in the time after it gives back what it holds', async () => {
  const never = new Promise<string>(() => {})
  listenToSignals()
  const waiting = unlessStopped(never, 0)
  assert.equal(await unlessStopped(Promise.resolve('done')), 'done')
  process.emit('SIGINT')
  assert.equal(await waiting, undefined)
  assert.equal(await unlessStopped(never, 0), undefined)
  assert.equal(await unlessStopped(Promise.resolve('given back')), 'given back')
  await assert.rejects(
    stoppable(async (text: string) => {
      throw new Error(text)
    })('failed'),
    /failed/,
  )
})
