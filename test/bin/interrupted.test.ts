// One Ctrl-C ends a command, whatever it waits for: a broker that does not answer, or its standard input.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { listenToSignals, stoppable, unlessStopped } from '../../bin/exit.ts'
import { COMMAND, type RunOptions, runCommand, runShell } from '../support/command.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { environmentOf, idsIn, linesOf, placeOf } from '../support/stored-dead-letters.ts'

/** The address of a broker that accepts connections and never answers. */
async function frozenBroker(t: TestContext, onConnection = () => {}): Promise<string> {
  const sockets: Socket[] = []
  const frozen = createServer(socket => {
    sockets.push(socket)
    onConnection()
  }).listen(0, '127.0.0.1')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    frozen.close()
  })
  await once(frozen, 'listening')
  return `127.0.0.1:${(frozen.address() as AddressInfo).port}`
}

// The original bug: doctor ran until its time limit of 15 seconds.
test('doctor ends at the first signal, with the checks that it has', async t => {
  const { status, stdout } = await runCommand(
    ['doctor', '--topic', 'orders'],
    { KAFKA_BOOTSTRAP_SERVERS: await frozenBroker(t), KAFKA_DEAD_LETTER: 'none' },
    { onOutput: child => child.kill('SIGINT') },
  )
  assert.equal(status, 130)
  assert.match(stdout, /has one broker/)
  assert.doesNotMatch(stdout, /no result within/)
})

/** Makes the command print a warning when it has its settings. */
const WARNING = { KAFKA_OTHER: 'x' }
/** One Ctrl-C, after that warning. */
const interrupted: RunOptions = {
  input: null,
  onStart: child => child.stderr?.once('data', () => child.kill('SIGINT')),
}

test('edit and send that wait for their input end at the first signal, and say what they did', async () => {
  const place = await placeOf([deadLetterOf('a')])
  const env = { ...environmentOf(place), ...WARNING }
  const { deadLetterId } = deadLetterOf('a')
  for (const [args, words] of [
    [['dead-letters', 'edit', deadLetterId], /Interrupted\. Nothing was changed/],
    [['send', 'orders'], /Interrupted after 0 records: 0 delivered/],
  ] as const) {
    const { status, stderr } = await runCommand(args, env, interrupted)
    assert.match(stderr, words)
    assert.equal(status, 130)
  }
  const { stdout } = await runCommand(['dead-letters', 'list', '--json'], environmentOf(place))
  assert.deepEqual(idsIn(stdout), ['a'])
})

// The original bug: send waited until the deadline of the record, however late.
test('send reports the records that are on their way at the signal, and counts them', async t => {
  const connected = Promise.withResolvers<void>()
  const { status, stdout, stderr } = await runCommand(
    ['send', 'orders', '--value', 'v', '--json'],
    {
      KAFKA_BOOTSTRAP_SERVERS: await frozenBroker(t, connected.resolve),
      KAFKA_MAX_BLOCK_MS: '900000',
      KAFKA_DELIVERY_TIMEOUT_MS: '900000',
    },
    { onStart: child => void connected.promise.then(() => child.kill('SIGINT')) },
  )
  assert.equal(status, 130, stderr)
  const { fate, outcome } = JSON.parse(stdout)
  assert.deepEqual([fate, outcome], ['returned', 'not-sent'])
  assert.match(stderr, /1 of 1 record not delivered\.\nInterrupted after 1 record: 0 delivered/)
})

test('list says after how many dead letters it was interrupted, also where a broker never answers', async t => {
  const connected = Promise.withResolvers<void>()
  const frozen = await frozenBroker(t, connected.resolve)
  const place = await placeOf(Array.from({ length: 20_000 }, (_, i) => deadLetterOf(`r-${i}`)))
  const listed = await runCommand(['dead-letters', 'list', '--json'], environmentOf(place), {
    onOutput: child => child.kill('SIGINT'),
  })
  assert.equal(listed.status, 130)
  const count = linesOf(listed.stdout).length
  assert.ok(count < 20_000)
  assert.match(listed.stderr, new RegExp(`^Interrupted after ${count} open dead letters?\\.\n$`))

  const waiting = await runCommand(
    ['dead-letters', 'stats'],
    { KAFKA_BOOTSTRAP_SERVERS: frozen, KAFKA_DEAD_LETTER: `kafka:{topic}-dlt,disk:${place}` },
    { onStart: child => void connected.promise.then(() => child.kill('SIGINT')) },
  )
  assert.equal(waiting.status, 130)
  assert.match(waiting.stderr, /Interrupted after 0 open dead letters\.\n$/)
  assert.doesNotMatch(waiting.stderr, /^\d+ open dead letters/m)
})

// The original bug: the command ended with an uncaught error between two steps, and kept its lease.
test('a full disk under the output ends a command in order: counts, its lease given back, status 1', async () => {
  const deadLetters = Array.from({ length: 150 }, (_, i) => deadLetterOf(`r-${i}`))
  for (const [redirection, words] of [
    [
      '> /dev/full',
      /^100 dead letters discarded\.\nInterrupted.*\nThe output is incomplete: it could not be written \(ENOSPC\)/,
    ],
    ['2> /dev/full', /^$/],
  ] as const) {
    const place = await placeOf(deadLetters)
    const discard = `${COMMAND} dead-letters discard --all --yes --json ${redirection}`
    const { status, stderr } = await runShell(discard, environmentOf(place))
    assert.equal(status, 1, stderr)
    assert.match(stderr, words)
    assert.doesNotMatch(stderr, / at /)
    const again = await runShell(`${COMMAND} dead-letters discard --all --yes`, environmentOf(place))
    assert.equal(again.status, 0, again.stderr)
  }
})

test('after a signal, work that never ends is abandoned, and work that ends in the grace time is awaited', async () => {
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
