// Runs the examples: the ChatProducer in its three forms, and a separate package that installs the packed library.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { ChatProducer, Log } from '../../examples/chat/chat-producer.ts'
import type { KafkaTemplate } from '../../lib/kafka-template.ts'
import { createTopics, readTopic, untilInSync } from '../../local/kafka/admin.ts'
import { sharedClusterServers } from '../support/real-kafka.ts'
import { pause, until } from '../support/time.ts'

const servers = sharedClusterServers()
const folder = mkdtempSync(join(tmpdir(), 'examples-'))
const chat = { room: 'lobby', user: 'ada', text: 'hello' }
const context = { awsRequestId: 'r', functionName: 'f', getRemainingTimeInMillis: () => 20_000 }

before(async () => {
  await createTopics(servers, [
    { topic: 'chat', partitions: 3 },
    { topic: 'orders', partitions: 3 },
  ])
  for (const topic of ['chat', 'orders']) await untilInSync(servers, topic, 1)
})
after(() => {
  rmSync(folder, { recursive: true, force: true })
  // The handlers' warm producers keep their connections, and can't be closed from here.
  setTimeout(() => process.exit(), 300).unref()
})

/** Bundles an example with the library under its package name, as a user would. @returns the bundle's path */
async function bundle(entry: string): Promise<string> {
  const outfile = join(folder, `${entry.replaceAll('/', '-')}.mjs`)
  await build({
    entryPoints: [`examples/${entry}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    external: ['@aws-*', 'aws-*'],
    alias: { 'serverless-kafka-producer': './lib/index.ts' },
    plugins: [
      {
        name: 'middy',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^serverless-kafka-producer\/middy$/ }, () => ({ path: resolve('lib/middy.ts') })),
      },
    ],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  })
  return outfile
}

async function load<T>(entry: string): Promise<T> {
  return import(pathToFileURL(await bundle(entry)).href)
}

test('ChatProducer, configured in code or by a file, logs the offset or the error, or waits', async () => {
  const producers = await load<{ ChatProducer: new (template: KafkaTemplate, log: Log) => ChatProducer }>(
    'chat/chat-producer',
  )
  const templates = await load<{
    templateOfCode(servers: string): KafkaTemplate
    templateOfFile(path: string): Promise<KafkaTemplate>
  }>('chat/template')
  const yaml = join(folder, 'application.yaml')
  writeFileSync(yaml, readFileSync('examples/chat/application.yaml', 'utf8').replace('localhost:9092', servers))
  const before = (await readTopic(servers, 'chat')).length
  for (const template of [templates.templateOfCode(servers), await templates.templateOfFile(yaml)]) {
    const lines: string[] = []
    const producer = new producers.ChatProducer(template, {
      info: text => lines.push(text),
      error: text => lines.push(text),
    })
    producer.sendChat(chat)
    await until(() => lines.length === 1)
    assert.match(lines[0] ?? '', /^Sent message of room \[lobby\] with offset=\[\d+\]$/)
    const { recordMetadata } = await producer.sendChatAndWait(chat)
    assert.ok((recordMetadata.offset ?? -1n) >= 0n)
    producer.sendChat({ ...chat, text: 'x'.repeat(2_000_000) })
    await until(() => lines.length === 2)
    assert.match(lines[1] ?? '', /^Unable to send message of room \[lobby\] due to: record: expected at most/)
  }
  // All have one key, so one partition, and the new ones are the last.
  const values = (await readTopic(servers, 'chat'))
    .slice(before)
    .map(({ key, value }) => [key?.toString(), JSON.parse(String(value))])
  assert.equal(values.length, 4)
  assert.deepEqual(values[0], ['lobby', chat])
})

test('ChatProducer as a Lambda handler: the record is in Kafka when the answer is returned', async () => {
  process.env.KAFKA_BOOTSTRAP_SERVERS = servers
  const { handler } = await load<{ handler(event: unknown, context: unknown): Promise<unknown> }>('chat/handler')
  const before = (await readTopic(servers, 'chat')).length
  await handler(chat, context)
  assert.equal((await readTopic(servers, 'chat')).length, before + 1)
})

test('own-handler: a package that installs the tarball works, bundled with plain esbuild', async () => {
  assert.ok(readFileSync('examples/own-handler/handler.js', 'utf8').trim().split('\n').length <= 25)
  const npm = (args: string[], cwd: string) =>
    execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  const packageFolder = join(folder, 'own-handler')
  mkdirSync(packageFolder)
  for (const file of ['handler.js', 'package.json']) cpSync(`examples/own-handler/${file}`, join(packageFolder, file))
  // In a clone that was never built, npm pack must build the library and the command first.
  for (const built of ['dist/lib', 'dist/bin']) rmSync(built, { recursive: true, force: true })
  const [{ filename, files }] = JSON.parse(
    npm(['pack', '--json', '--foreground-scripts=false', '--pack-destination', packageFolder], '.'),
  ) as [{ filename: string; files: { path: string }[] }]
  for (const path of ['dist/lib/index.js', 'dist/lib/index.d.ts', 'dist/bin/kafka-producer.mjs'])
    assert.ok(
      files.some(file => file.path === path),
      path,
    )
  cpSync(join(packageFolder, filename), join(packageFolder, 'serverless-kafka-producer.tgz'))
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline'], packageFolder)
  npm(['run', 'build'], packageFolder)
  const before = (await readTopic(servers, 'orders')).length
  process.env.KAFKA_BOOTSTRAP_SERVERS = servers
  const { handler } = (await import(pathToFileURL(join(packageFolder, 'dist/index.mjs')).href)) as {
    handler(event: unknown, context: unknown): Promise<{ offset: string }>
  }

  assert.match((await handler({ id: 'o-1', total: 5 }, context)).offset, /^\d+$/)
  await assert.rejects(handler({ id: 'o-2', total: -5 }, context), (error: unknown) => {
    const [violation] = (error as { violations: { pointer: string; rule: string }[] }).violations
    return violation?.pointer === '/value/total' && violation.rule === 'min_value'
  })
  assert.deepEqual(
    (await readTopic(servers, 'orders')).slice(before).map(({ key, value }) => [String(key), String(value)]),
    [['o-1', '{"id":"o-1","total":5}']],
  )
})

// The original problem: no document had a program that closes its factory and stores dead letters, so users' programs
// never ended and lost failed records.
test('program: delivers, stores what fails as a dead letter, refuses what is invalid, and ends', () => {
  const cwd = join(folder, 'own-handler') // has the library installed
  cpSync('examples/program/send.ts', join(cwd, 'send.ts'))
  const run = (...args: string[]) => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['send.ts', ...args], {
      cwd,
      env: {
        ...process.env,
        KAFKA_BOOTSTRAP_SERVERS: servers,
        KAFKA_DEAD_LETTER: 'disk:./dead-letters',
        KAFKA_MAX_BLOCK_MS: '2000',
        KAFKA_BATCH_SIZE: '5000',
        KAFKA_MAX_REQUEST_SIZE: '10000',
      },
      encoding: 'utf8',
      timeout: 60_000,
    })
    assert.equal(signal, null, `did not end: ${stdout}${stderr}`)
    return { status, stdout, output: stdout + stderr }
  }
  const delivered = run('chat', 'lobby', 'hello', 'again')
  assert.equal(delivered.status, 0, delivered.output)
  assert.match(delivered.stdout, /^delivered\ndelivered\n$/)
  const failed = run('no-such-topic', 'lobby', 'hello')
  assert.equal(failed.status, 0, failed.output)
  assert.match(failed.stdout, /^dead-lettered: /)
  assert.ok(readdirSync(join(cwd, 'dead-letters')).length > 0)
  const mixed = run('chat', 'lobby', 'x'.repeat(20_000), 'after')
  assert.equal(mixed.status, 1, mixed.output)
  assert.match(mixed.stdout, /^refused: .*\ndelivered\n$/)
})

/** Runs an example where it stands, with the library that `npm run build` or `npm pack` built. @returns its output */
function runInClone(entry: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`examples/${entry}.ts`, ...args], {
    env: { ...process.env, KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_DEAD_LETTER: `disk:${join(folder, 'dl')}` },
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stdout + stderr)
  return stdout
}

test('the examples run in a clone, without being installed', () => {
  assert.equal(runInClone('program/send', 'chat', 'lobby', 'hello', 'again'), 'delivered\ndelivered\n')
  assert.match(
    runInClone('chat/main'),
    /^Sent message of room \[lobby\] with offset=\[\d+\]\nThe second message has offset=\[\d+\]\n$/,
  )
})

async function startService(t: TestContext) {
  const child = spawn(process.execPath, [await bundle('service/service')], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      KAFKA_BOOTSTRAP_SERVERS: servers,
      KAFKA_DEAD_LETTER: `disk:${join(folder, 'dl')}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, ended, url: `http://127.0.0.1:${/port (\d+)/.exec(String(line))?.[1]}` }
}

test('the service sends each line once, counts, and ends on SIGTERM after the requests in progress', async t => {
  const { child, ended, url } = await startService(t)
  const run = `service-${Date.now()}`
  const lines = Array.from({ length: 2500 }, (_, n) => `${run} ${n}`)
  const post = (body: string, topic = 'chat') => fetch(`${url}/events/${topic}`, { method: 'POST', body })
  assert.deepEqual(await (await post(lines.join('\n'))).json(), { delivered: 2500 })
  assert.deepEqual(await (await post('x', 'no-such-topic')).json(), { 'dead-lettered': 1 })
  const metrics = await (await fetch(`${url}/metrics`)).text()
  assert.match(metrics, /^kafka_records_total\{fate="delivered"\} 2500$/m)
  assert.match(metrics, /^kafka_producer_acked_records_total 2500$/m)

  let finish = (_: string): void => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from(`${run} begun\n`))
      finish = text => {
        controller.enqueue(Buffer.from(text))
        controller.close()
      }
    },
  })
  const inProgress = fetch(`${url}/events/chat`, { method: 'POST', body, duplex: 'half' } as RequestInit)
  const isReady = () =>
    fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  assert.equal(await isReady(), true)
  child.kill('SIGTERM')
  while (await isReady()) await pause(10)
  finish(`${run} ended`)
  assert.deepEqual(await (await inProgress).json(), { delivered: 2 })
  assert.deepEqual(await ended, [0, null])
  const values = (await readTopic(servers, 'chat')).map(({ value }) => String(value))
  const own = values.filter(value => value.startsWith(run))
  assert.deepEqual(own.toSorted(), [...lines, `${run} begun`, `${run} ended`].toSorted())
})

// The original bugs: JSON with U+2028 became two records, bytes that are not UTF-8 were changed, and each restart began
// with the same record ids.
test('the service sends lines byte for byte, with ids of their own; a second signal ends a hanging client', async t => {
  const { child, ended, url } = await startService(t)
  const run = `bytes-${Date.now()}`
  const lines = [Buffer.from(`{"${run}":"x\u2028y\rz"}`), Buffer.concat([Buffer.from(run), Buffer.from([0xff, 0xfe])])]
  for (const line of lines) {
    const body = Buffer.concat([line, Buffer.from('\r\n')])
    assert.deepEqual(await (await fetch(`${url}/events/chat`, { method: 'POST', body })).json(), { delivered: 1 })
  }
  const records = (await readTopic(servers, 'chat')).filter(({ value }) => value?.includes(run))
  assert.deepEqual(
    new Set(records.map(({ value }) => value?.toString('hex'))),
    new Set(lines.map(line => line.toString('hex'))),
  )
  for (const { headers } of records) assert.match(String(headers['kp-id']), /^[0-9a-f-]{36}-0$/)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write('POST /events/chat HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nbegun\n')
  await fetch(`${url}/ready`)
  child.kill('SIGTERM')
  while ((await fetch(`${url}/ready`).catch(() => undefined))?.ok) await pause(10)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})
