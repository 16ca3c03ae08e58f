/// <reference lib="dom" />
// The console in a headless Chromium, on a real stack: list, filter, open, payload, dry run, redrive, empty, error,
// 10,000 dead letters, keyboard, hostile content; and the walk-through of the README.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import puppeteer, { type Page } from 'puppeteer-core'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { consoleOf } from '../../local/console/of-stack.ts'
import { startConsole } from '../../local/console/server.ts'
import { readTopic } from '../../local/kafka/admin.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { startStack } from '../../local/stack.ts'
import { buildAll } from '../../scripts/build.ts'
import { deadLetterOf as oldDeadLetterOf, withOwnId } from '../support/dead-letter.ts'

const SHOTS = process.env.SCREENSHOTS
const folder = temporaryFolder()
const env = {
  KAFKA_DEAD_LETTER: `disk:${folder}`,
  KAFKA_DELIVERY_TIMEOUT_MS: '5000',
  KAFKA_MAX_BLOCK_MS: '4000',
  KAFKA_REQUEST_TIMEOUT_MS: '3000',
  KAFKA_TIMEOUT_MS: '2500',
}
delete process.env.KAFKA_BOOTSTRAP_SERVERS
await buildAll(() => {})
const stack = await startStack({ brokers: 1, port: 0, concurrency: 2, env, log: () => {}, onOutput: () => {} })
const server = await startConsole(0, await consoleOf(stack, env))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
after(async () => {
  await browser.close()
  server.close()
  server.closeAllConnections()
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
  setTimeout(() => process.exit(), 500).unref()
})

/** A dead letter of now: redrive leaves a record that is older than its topic keeps records. */
function deadLetterOf(...options: Parameters<typeof oldDeadLetterOf>): DeadLetter {
  const deadLetter = oldDeadLetterOf(...options)
  return { ...deadLetter, record: { ...deadLetter.record, timestamp: Date.now() } }
}

async function put(deadLetters: readonly DeadLetter[]): Promise<void> {
  const disk = new DiskDeadLetterTarget(folder, { fsync: false })
  await disk.store(deadLetters)
  await disk.close()
}

async function clear(): Promise<void> {
  const store = new DiskDeadLetterStore(folder)
  for await (const open of store.deadLetters()) await store.complete([{ open, location: 'test' }])
  await store.close()
}

async function openPage(width = 1280): Promise<Page> {
  const page = await browser.newPage()
  await page.setViewport({ width, height: 900 })
  page.on('dialog', () => assert.fail('a script of a record ran'))
  page.on('pageerror', error => assert.fail(String(error)))
  await page.goto(url)
  await page.waitForFunction(() => (document.querySelector('#counters')?.children.length ?? 0) > 0)
  return page
}

const textOf = (page: Page, selector: string) => page.$eval(selector, element => element.textContent ?? '')
const untilText = (page: Page, selector: string, pattern: string) =>
  page.waitForFunction(
    (where, expected) => new RegExp(expected).test(document.querySelector(where)?.textContent ?? ''),
    { timeout: 40_000 },
    selector,
    pattern,
  )
const shot = async (page: Page, name: string) => {
  if (!SHOTS) return
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: `${SHOTS}/${name}.png` as `${string}.png`, fullPage: false })
}
const chat = (id: string, text: string) =>
  deadLetterOf(id, JSON.stringify({ room: 'lobby', user: 'ada', text }), 'chat')

test('without dead letters the page says so; the form sends a record', async () => {
  const page = await openPage()
  assert.match(await textOf(page, '#empty'), /No open dead letters/)
  await page.click('#send button')
  await untilText(page, '#answer', '"fate": "delivered"')
  await untilText(page, '#counters', 'topic chat1')
  await page.close()
})

test('list, filter and details work by keyboard; the payload shows only after a click', async () => {
  const other = {
    ...deadLetterOf('quake-1', '{}', 'earthquakes'),
    failure: { ...deadLetterOf('q').failure, code: 'quota' },
  }
  await put([chat('first', 'a secret word'), chat('second', 'b'), other])
  const page = await openPage()
  await untilText(page, '#total', '\\(3\\)')
  await shot(page, 'list-1280')
  await page.select('#filter select[name=topic]', 'earthquakes')
  await untilText(page, '#total', '\\(1\\)')
  await page.select('#filter select[name=topic]', '')
  await page.select('#filter select[name=error]', 'unreachable')
  await untilText(page, '#total', '\\(2\\)')
  await page.focus('#dead-letters button')
  await page.keyboard.press('Enter')
  await page.waitForSelector('dialog[open]')
  assert.match(await textOf(page, '#details'), /unreachable: delivery-failure, not-sent/)
  assert.doesNotMatch(await page.content(), /secret word/)
  const isFirst = /first/.test(await textOf(page, '#details'))
  await page.focus('#payload')
  await page.keyboard.press('Space')
  await untilText(page, '#details', isFirst ? 'a secret word' : '"text":"b"')
  await shot(page, 'dead-letter-1280')
  await page.keyboard.press('Escape')
  await page.waitForSelector('dialog:not([open])')
  // The focus returns to the dead letter, even if the list was redrawn meanwhile.
  await page.waitForFunction(() => (document.activeElement as HTMLElement | null)?.dataset.deadLetter !== undefined, {
    timeout: 5000,
  })
  await page.close()
})

test('a dry run changes nothing; redrive of one dead letter, then of all that are selected', async () => {
  const page = await openPage()
  await untilText(page, '#total', '\\(3\\)')
  const before = (await readTopic(stack.bootstrapServers, 'chat')).length
  await page.click('#dry')
  await untilText(page, '#done', 'Dry run: 3 would be sent')
  assert.equal((await readTopic(stack.bootstrapServers, 'chat')).length, before)
  await page.select('#filter select[name=topic]', 'chat')
  await untilText(page, '#total', '\\(2\\)')
  await page.click('#dead-letters button')
  await page.waitForSelector('dialog[open]')
  await page.click('#redrive-one')
  await untilText(page, '#done', '1 sent')
  await page.waitForSelector('dialog:not([open])')
  await page.click('#redrive')
  await untilText(page, '#total', '\\(0\\)')
  assert.equal((await readTopic(stack.bootstrapServers, 'chat')).length, before + 2)
  await clear()
  await page.close()
})

test('hostile keys, headers, ids and errors are inert; requests of other sites are refused', async () => {
  const script = '<img src=x onerror=alert(1)><script>alert(2)</script>'
  const deadLetter = deadLetterOf(`${script}\u202e`, Buffer.from(script), `chat`)
  const hostile = {
    ...deadLetter,
    source: { ...deadLetter.source, id: script },
    failure: { ...deadLetter.failure, causeCode: script },
    record: {
      ...deadLetter.record,
      key: Buffer.from(script).toString('base64'),
      headers: [{ name: script, value: Buffer.from(script).toString('base64') }],
    },
  }
  await put([withOwnId(hostile)])
  const page = await openPage()
  await untilText(page, '#total', '\\(1\\)')
  await page.click('#dead-letters button')
  await page.waitForSelector('dialog[open]')
  await page.click('#payload')
  await untilText(page, '#details', 'Header <img')
  assert.equal(
    await page.$$eval('dialog img, dialog script, tbody img, tbody script, option img', elements => elements.length),
    0,
  )
  assert.ok(!(await page.content()).includes('\u202e'))
  await page.close()
  await clear()

  const rebound = await new Promise<number | undefined>(resolve =>
    get(`${url}/api/dead-letters`, { headers: { host: 'evil.example' } }, ({ statusCode }) => resolve(statusCode)),
  )
  assert.equal(rebound, 403)
  assert.equal((await fetch(`${url}/api/redrive`, { method: 'POST', body: '{}' })).status, 403)
  const ownOrigin = await fetch(url)
  assert.match(ownOrigin.headers.get('content-security-policy') ?? '', /default-src 'none'/)
})

test('10,000 dead letters are shown page by page, and the page stays responsive', async () => {
  for (let at = 0; at < 10_000; at += 1000)
    await put(Array.from({ length: 1000 }, (_, i) => chat(`many-${at + i}`, 'x')))
  const page = await openPage()
  await untilText(page, '#total', '\\(10000\\)')
  assert.equal(await page.$$eval('#dead-letters tr', rows => rows.length), 100)
  const begin = performance.now()
  await page.click('#older')
  await untilText(page, '#range', '101 to 200 of 10000')
  assert.ok(performance.now() - begin < 5000)
  await page.click('#newer')
  await untilText(page, '#range', '1 to 100 of 10000')
  await page.close()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})

test('messages of source DLQs are redriven: by the console, and by the command', async () => {
  const sent = async () => (await readTopic(stack.bootstrapServers, 'earthquakes')).map(({ key }) => String(key))
  const putIntoDlq = (id: string) => {
    const geometry = { type: 'Point', coordinates: [1, 2, 3] }
    const quake = { type: 'Feature', id, properties: { mag: 4.5, time: Date.now() }, geometry }
    const QueueUrl = stack.sqs.queueUrl('earthquakes-dlq')
    return stack.sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(quake) }))
  }
  await putIntoDlq('of-console')
  const page = await openPage()
  await untilText(page, '#in-queues', ': 1. A redrive sends them too')
  await page.click('#redrive')
  await untilText(page, '#done', '1 sent')
  await page.close()
  assert.ok((await sent()).includes('of-console'))
  await putIntoDlq('of-command')
  // Not by spawnSync: the local SQS answers in this process.
  await promisify(execFile)(process.execPath, ['bin/kafka-producer.ts', 'redrive', '--yes'], {
    env: { PATH: process.env.PATH, KAFKA_DEAD_LETTER: `disk:${folder}` },
  })
  assert.ok((await sent()).includes('of-command'))
  assert.equal(await stack.sqs.depth('earthquakes-dlq'), 0)
})

test('the README’s walk-through: a record sent while Kafka is down is a dead letter, then redriven', async () => {
  const page = await openPage(390)
  const hellos = async () =>
    (await readTopic(stack.bootstrapServers, 'chat')).filter(({ value }) => String(value).includes('hello')).length
  const before = await hellos()
  await page.click('#stop')
  await page.waitForFunction(() => !(document.querySelector('#stop') as HTMLButtonElement).disabled, {
    timeout: 30_000,
  })
  await page.click('#send button')
  await untilText(page, '#answer', '"fate": "dead-lettered"')
  await untilText(page, '#total', '\\(1\\)')
  await shot(page, 'dead-letter-390')
  const list = spawnSync(process.execPath, ['bin/kafka-producer.ts', 'dead-letters', 'list'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, KAFKA_DEAD_LETTER: `disk:${folder}` },
  })
  assert.match(list.stdout, /chat\s+(unreachable|no-leader|deadline|delivery-unknown)/)
  await page.click('#redrive')
  await untilText(page, '#done', 'Stopped: ')
  await page.click('#start')
  await page.waitForFunction(() => !(document.querySelector('#start') as HTMLButtonElement).disabled, {
    timeout: 60_000,
  })
  await untilText(page, '#counters', 'topic chat\\d')
  await page.click('#redrive')
  await untilText(page, '#done', '1 (sent|already)')
  await untilText(page, '#empty', 'No open dead letters')
  assert.equal(await hellos(), before + 1)
  await page.close()
})

test('when the stack is stopped, the page says so', async () => {
  const page = await openPage()
  server.close()
  server.closeAllConnections()
  await untilText(page, '#problem', 'does not respond')
  await page.close()
})
