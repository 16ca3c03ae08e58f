// The HTTP function as a program: its own settings, what a failed start prints, and how it ends.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, type TestContext, test } from 'node:test'
import { ScriptedBrokers } from '../fakes/scripted-brokers.ts'
import { until } from '../support/time.ts'

const brokers = await ScriptedBrokers.start({ topic: 'chat', leaders: [0, 1] })
after(() => brokers.stop())
const HOST = '127.0.0.1'

/** @param env the program's whole environment, beside the brokers */
function run(t: TestContext, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['test/support/http-program.ts'], {
    env: {
      PATH: process.env.PATH,
      KAFKA_BOOTSTRAP_SERVERS: brokers.addresses.join(),
      KAFKA_ON_FAILURE_HTTP: 'return',
      ...env,
    },
  })
  t.after(() => child.kill('SIGKILL'))
  const stderr = text(child.stderr)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', line => lines.push(line))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, lines, stderr, ended }
}

async function start(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const program = run(t, { PORT: '0', DRAIN_DELAY_MS: '0', ...env })
  await Promise.race([
    until(() => program.lines.length > 0),
    program.ended.then(async () => assert.fail(`The program ended: ${await program.stderr}`)),
  ])
  const port = Number(/^Listening on port (\d+)\.$/.exec(program.lines.at(-1) ?? '')?.[1])
  assert.ok(port > 0, program.lines.join('\n'))
  const post = (value: string) =>
    fetch(`http://${HOST}:${port}/topics/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ value }),
    })
  return { ...program, port, post }
}

test('it sends records, logs what it refuses, and ends on SIGTERM when each request has its answer', async t => {
  const { child, lines, ended, port, post } = await start(t)
  assert.equal((await fetch(`http://${HOST}:${port}/readyz`)).status, 200)
  assert.equal((await post('first')).status, 200)
  assert.equal((await fetch(`http://${HOST}:${port}/livez`, { method: 'PUT' })).status, 405)
  await until(() => lines.some(line => line.includes('"service":"http"') && line.includes('"code":"method"')))
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  let isHeld = false
  brokers.script = {
    onAnswer: () => {
      isHeld = true
      return held
    },
  }
  const last = post('last')
  await until(() => isHeld)
  child.kill('SIGTERM')
  await assert.rejects(async () => {
    for (;;) await fetch(`http://${HOST}:${port}/livez`)
  })
  assert.equal(child.exitCode, null)
  release()
  brokers.script = {}
  assert.equal((await last).status, 200)
  assert.equal(await ended, 0)
  assert.deepEqual(brokers.values(), ['"first"', '"last"'])
})

test('during the delay of DRAIN_DELAY_MS it still answers; a second signal ends it at once', async t => {
  const { child, ended, port } = await start(t, { DRAIN_DELAY_MS: '600000' })
  child.kill('SIGINT')
  const ready = async () => (await fetch(`http://${HOST}:${port}/readyz`)).status
  while ((await ready()) !== 503);
  child.kill('SIGINT')
  assert.equal(await ended, 1)
})

test('it listens on all IPv4 addresses, or on HOST alone', async t => {
  const isOpen = (url: string) =>
    fetch(`${url}/livez`).then(
      ({ ok }) => ok,
      () => false,
    )
  const all = await start(t)
  assert.deepEqual(
    [await isOpen(`http://${HOST}:${all.port}`), await isOpen(`http://[::1]:${all.port}`)],
    [true, false],
  )
  const one = await start(t, { HOST })
  assert.deepEqual(
    [await isOpen(`http://${HOST}:${one.port}`), await isOpen(`http://127.0.0.2:${one.port}`)],
    [true, false],
  )
})

test('a start that fails is one message, with status 1', async t => {
  const failure = async (env: Readonly<Record<string, string>>) => {
    const { ended, stderr } = run(t, env)
    return [await ended, (await stderr).trim()]
  }
  for (const [name, value, max] of [
    ['PORT', 'a1', 65_535],
    ['PORT', '65536', 65_535],
    ['DRAIN_DELAY_MS', '1.5', 600_000],
    ['DRAIN_DELAY_MS', '-1', 600_000],
  ] as const)
    assert.deepEqual(await failure({ PORT: '0', [name]: value }), [
      1,
      `1 problem(s) in the configuration:\n- ${name}: expected an integer from 0 to ${max}; got "${value}".`,
    ])
  const other = createServer().listen(0, HOST)
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const inUse = `listen EADDRINUSE: address already in use ${HOST}:${port}`
  assert.deepEqual(await failure({ HOST, PORT: String(port) }), [1, inUse])
})
