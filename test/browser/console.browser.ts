/// <reference lib="dom" />
// The console in a headless Chromium, on a real stack: list, filter, open, payload, runs, brokers, empty, error,
// 100,000 dead letters, keyboard, hostile content, contrast; and the walk-through of the README.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import puppeteer, { type Page } from 'puppeteer-core'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterStore } from '../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { createConsoleApi } from '../../local/console/connect-to-stack.ts'
import { startConsole } from '../../local/console/server.ts'
import { readTopic } from '../../local/kafka/admin.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { startStack } from '../../local/stack.ts'
import { claimFolder, describeStack } from '../../local/stack-file.ts'
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
// The command finds the stack of its folder.
claimFolder()
describeStack(stack)
const api = await createConsoleApi(stack, env)
const server = await startConsole(0, api)
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
after(async () => {
  await browser.close()
  await api.runs.close()
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

async function openPage(width = 1280, address = url): Promise<Page> {
  const page = await browser.newPage()
  await page.setViewport({ width, height: 900 })
  page.on('dialog', () => assert.fail('a script of a record ran'))
  page.on('pageerror', error => assert.fail(String(error)))
  await page.goto(address)
  await page.waitForFunction(() => document.body.dataset.list !== 'loading')
  return page
}

const textOf = (page: Page, selector: string) => page.$eval(selector, element => element.textContent ?? '')
const untilText = (page: Page, selector: string, pattern: string) =>
  page.waitForFunction(
    (where, expected) => new RegExp(expected).test(document.querySelector(where)?.textContent ?? ''),
    { timeout: 60_000 },
    selector,
    pattern,
  )
/** Waits for the list, or for the state that the page shows in its place. */
const untilList = (page: Page, state: string) => page.waitForSelector(`body[data-list=${state}]`)
const untilBroker = (page: Page, state: string) => page.waitForSelector(`.broker.${state}`, { timeout: 60_000 })
/** By keyboard, because rows move when a run ends, and a click could miss. */
const openFirst = async (page: Page) => {
  await page.focus('#rows button')
  await page.keyboard.press('Enter')
  await page.waitForSelector('#dead-letter[open]')
}
/** When the dialog of a dead letter has closed, its row gets the focus. Keys typed before would end up there. */
const untilRowHasFocus = async (page: Page) => {
  await page.waitForSelector('#dead-letter:not([open])')
  await page.waitForFunction(() => (document.activeElement as HTMLElement | null)?.dataset.location !== undefined)
}
/** Waits until the element is shown, enabled, and no longer moves. */
const click = (page: Page, selector: string) => page.locator(selector).click()
const setField = async (page: Page, name: string, value: string) => {
  const selector = `#filter [name=${name}]`
  if ((await page.$eval(selector, ({ tagName }) => tagName)) === 'SELECT') await page.select(selector, value)
  else {
    await page.$eval(selector, input => (input as HTMLInputElement).select())
    await page.keyboard.press('Backspace')
    await page.type(selector, `${value}\n`)
  }
}
const runOf = async (page: Page, button: string, answer: 'yes' | 'no' = 'yes') => {
  await click(page, button)
  await page.waitForSelector('#confirm[open]')
  await click(page, `#confirm-${answer}`)
}

/** A picture for the documents, and the same in the other colours, for whoever looks at them. */
const shot = async (page: Page, name: string, fullPage = false) => {
  if (!SHOTS) return
  mkdirSync(SHOTS, { recursive: true })
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    const file = `${SHOTS}/${name}${scheme === 'dark' ? '-dark' : ''}.png`
    await page.screenshot({ path: file as `${string}.png`, fullPage })
  }
  await page.emulateMediaFeatures([])
}
const chat = (id: string, text: string) =>
  deadLetterOf(id, JSON.stringify({ room: 'lobby', user: 'ada', text }), 'chat')
const failedWith = (deadLetter: DeadLetter, failure: Partial<DeadLetter['failure']>): DeadLetter => ({
  ...deadLetter,
  failure: { ...deadLetter.failure, ...failure },
})
/** Not by spawnSync: the local SQS answers in this process. */
const command = (...words: string[]) =>
  promisify(execFile)(process.execPath, ['bin/kafka-producer.ts', ...words], {
    env: { PATH: process.env.PATH, KAFKA_DEAD_LETTER: `disk:${folder}` },
  })
const recordsIn = async (topic: string) => (await readTopic(stack.bootstrapServers, topic)).length

test('without dead letters the page says so; the form sends a record, which the chart shows', async () => {
  const page = await openPage()
  await untilList(page, 'empty')
  await click(page, '#send button')
  await untilText(page, '#answer', '"fate": "delivered"')
  await untilText(page, '#counts', 'topic chat1')
  await untilText(page, '#strip-delivered', '1 in 5 min')
  await page.close()
})

test('list, filter and details work by keyboard; the payload shows only after a click', async () => {
  await put([
    chat('first', 'a secret word'),
    chat('second', 'b'),
    failedWith(deadLetterOf('quake-1', '{}', 'earthquakes'), { code: 'quota' }),
    failedWith(deadLetterOf('order-1', '{}', 'orders'), {
      code: 'schema',
      kind: 'invalid-record',
      outcome: 'rejected',
    }),
  ])
  const page = await openPage()
  await untilText(page, '#total', '^4$')
  await untilText(page, '#groups-title', '3 groups')
  await shot(page, 'list-1280')
  await setField(page, 'topic', 'chat, earthquakes')
  await untilText(page, '#total', '3 of 4')
  await setField(page, 'notError', 'quota')
  await untilText(page, '#total', '2 of 4')
  await setField(page, 'since', '30s')
  await untilList(page, 'no-match')
  await click(page, '#clear')
  await untilText(page, '#total', '^4$')
  await setField(page, 'invalid', 'true')
  await untilText(page, '#total', '1 of 4')
  await page.reload()
  await untilText(page, '#total', '1 of 4')
  await click(page, '#filter [type=reset]')
  await untilText(page, '#total', '^4$')
  await click(page, '#filter [value=rejected]')
  await untilText(page, '#total', '1 of 4')
  await click(page, '#filter [type=reset]')
  await untilText(page, '#total', '^4$')
  await click(page, '#groups tr:first-child button')
  await untilText(page, '#total', '2 of 4')

  await openFirst(page)
  assert.match(await textOf(page, '#details'), /unreachable: delivery-failure, not-sent/)
  assert.doesNotMatch(await page.content(), /secret word/)
  const isFirst = /first/.test(await textOf(page, '#details'))
  await page.focus('#payload')
  await page.keyboard.press('Space')
  await untilText(page, '#details', isFirst ? 'a secret word' : '"text":"b"')
  await shot(page, 'dead-letter-1280')
  await page.keyboard.press('Escape')
  await untilRowHasFocus(page)
  await page.close()
})

test('a dead letter that is closed while its payload is read stays closed', async () => {
  const page = await openPage()
  let release = () => {}
  const isAsked = new Promise<void>(asked => {
    page.on('request', request => {
      const proceed = () => void request.continue()
      if (!request.url().includes('payload=1')) return proceed()
      release = proceed
      asked()
    })
  })
  await page.setRequestInterception(true)
  await openFirst(page)
  await click(page, '#payload')
  await isAsked
  await click(page, '#close')
  await untilRowHasFocus(page)
  const answered = page.waitForResponse(response => response.url().includes('payload=1'))
  release()
  await answered
  await page.waitForResponse(response => response.url().endsWith('/api/state'))
  assert.equal(await page.$('#dead-letter[open]'), null)
  await page.close()
})

test('a wrong filter is explained, and no run starts with it', async () => {
  const page = await openPage()
  await untilText(page, '#total', '^4$')
  await setField(page, 'since', '7')
  await untilText(page, '#filter-problem', 'since: expected a time with its zone')
  for (const id of ['#dry', '#redrive', '#discard'])
    assert.equal(await page.$eval(id, each => (each as HTMLButtonElement).disabled), true)
  await setField(page, 'since', '')
  await untilText(page, '#filter-problem', '^$')
  await setField(page, 'topic', 'chatt')
  await untilText(page, '#no-match-text', 'No contract and no open dead letter has the topic chatt')
  await setField(page, 'topic', '')
  await setField(page, 'notTopic', 'chatt')
  await untilText(page, '#total', '4 of 4')
  await runOf(page, '#discard')
  await untilText(page, '#problem-text', 'has the topic chatt')
  await click(page, '#dismiss')
  await page.close()
  const broken = await openPage(1280, `${url}/#topic=%E0%A4%A&since=%00&invalid=perhaps&x=1`)
  await untilText(broken, '#filter-problem', 'since: expected')
  await broken.close()
})

test('a dry run changes nothing; redrive of one dead letter, then of all that are selected', async () => {
  const page = await openPage()
  await untilText(page, '#total', '^4$')
  const before = await recordsIn('chat')
  await click(page, '#dry')
  await untilText(page, '#done', 'Dry run done .* 3 would be sent.* 1 invalid')
  assert.equal(await recordsIn('chat'), before)
  await setField(page, 'topic', 'chat')
  await untilText(page, '#total', '2 of 4')
  await openFirst(page)
  await click(page, '#redrive-one')
  await untilText(page, '#done', 'Redrive done .* 1 sent')
  await page.waitForSelector('#dead-letter:not([open])')
  await runOf(page, '#redrive', 'no')
  await runOf(page, '#redrive')
  await untilText(page, '#total', '0 of 2')
  assert.equal(await recordsIn('chat'), before + 2)
  await page.close()
})

test('discard asks first, and keeps the dead letters that the filter excludes', async () => {
  await put([chat('kept', 'k')])
  const page = await openPage()
  await setField(page, 'notTopic', 'chat')
  await untilText(page, '#total', '2 of 3')
  await runOf(page, '#discard', 'no')
  await untilText(page, '#total', '2 of 3')
  await runOf(page, '#discard')
  await untilText(page, '#done', 'Discard done .* 2 discarded')
  await untilList(page, 'no-match')
  await shot(page, 'no-match-1280')
  await click(page, '#clear')
  await untilText(page, '#total', '^1$')
  await clear()
  await page.close()
})

test('Discard asks for the filter as it is in the form, and not for that of the list before', async () => {
  await clear()
  await put([chat('new', 'n'), oldDeadLetterOf('old', 'o', 'chat', Date.now() - 48 * 3_600_000)])
  const page = await openPage()
  await untilText(page, '#total', '^2$')
  page.on('request', request => {
    const proceed = () => void request.continue()
    if (request.url().includes('until=24h')) setTimeout(proceed, 400)
    else proceed()
  })
  await page.setRequestInterception(true)
  await setField(page, 'until', '24h')
  await runOf(page, '#discard', 'no')
  assert.match(await textOf(page, '#confirm-title'), /^Discard 1 dead letter for good/)
  await page.close()
  await clear()
})

test('a redrive in progress survives a reload, is seen in a second window, and is cancelled there', async () => {
  await clear()
  await put(Array.from({ length: 300 }, (_, n) => chat(`slow-${n}`, 'x')))
  const page = await openPage()
  await click(page, 'details:has(#options) summary')
  await page.type('#options [name=rate]', '20')
  await runOf(page, '#redrive')
  await untilText(page, '#run-text', '[1-9]\\d* of 300')
  await page.reload()
  await untilText(page, '#run-text', 'of 300.*left')
  const second = await openPage(390)
  await untilText(second, '#run-text', 'of 300')
  await shot(second, 'run-390', true)
  assert.equal(await second.$eval('#redrive', each => (each as HTMLButtonElement).disabled), true)
  const refused = await fetch(`${url}/api/run`, { method: 'POST', body: '{"action":"redrive"}' })
  assert.equal(refused.status, 409)
  await click(second, '#cancel')
  for (const each of [second, page]) {
    // A page that nobody looks at asks for nothing.
    await each.bringToFront()
    await untilText(each, '#done', 'Redrive cancelled')
  }
  const [, sent] = /(\d+) sent/.exec(await textOf(page, '#done')) ?? []
  assert.ok(Number(sent) > 0 && Number(sent) < 300, `${sent} sent`)
  await untilText(page, '#total', `^${300 - Number(sent)}$`)
  await clear()
  await second.close()
  await page.close()
})

test('hostile keys, headers, ids and errors are inert; requests of other sites are refused', async () => {
  await clear()
  const script = '<img src=x onerror=alert(1)><script>alert(2)</script>'
  const deadLetter = deadLetterOf(`${script}\u202e`, Buffer.from(script), `chat`)
  const hostile = {
    ...deadLetter,
    source: { ...deadLetter.source, id: script },
    failure: { ...deadLetter.failure, causeCode: script },
    record: {
      ...deadLetter.record,
      topic: `${script},"]`,
      key: Buffer.from(script).toString('base64'),
      headers: [{ name: script, value: Buffer.from(script).toString('base64') }],
    },
  }
  await put([withOwnId(hostile)])
  const page = await openPage()
  await untilText(page, '#total', '^1$')
  await click(page, '#dry')
  await untilText(page, '#done', '1 unknown-topic')
  await openFirst(page)
  await click(page, '#payload')
  await untilText(page, '#details', 'Key<img')
  await click(page, '#close')
  await untilRowHasFocus(page)
  await setField(page, 'topic', script)
  await untilList(page, 'no-match')
  const markup = 'img, body script, option *, td *:not(button)'
  assert.equal(await page.$$eval(markup, elements => elements.length), 0)
  assert.ok(!(await page.content()).includes('\u202e'))
  await page.close()
  await clear()
  const { headers } = await fetch(url)
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
})

test('100,000 dead letters are shown page by page, with their groups', async () => {
  await clear()
  for (let at = 0; at < 100_000; at += 1000)
    await put(
      Array.from({ length: 1000 }, (_, i) =>
        failedWith(chat(`many-${at + i}`, 'x'), { code: at < 40_000 ? 'no-leader' : 'unreachable' }),
      ),
    )
  const page = await openPage()
  await untilText(page, '#total', '^100,000$')
  assert.equal(await page.$$eval('#rows tr', rows => rows.length), 100)
  await click(page, '#older')
  await untilText(page, '#range', '101 to 200 of 100,000')
  await click(page, '#newer')
  await untilText(page, '#range', '1 to 100 of 100,000')
  await setField(page, 'error', 'no-leader')
  await untilText(page, '#total', '40,000 of 100,000')
  await shot(page, 'many-1280', true)
  await page.close()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})

test('messages of source DLQs are redriven: by the console, and by the command', async () => {
  const sent = async () => (await readTopic(stack.bootstrapServers, 'earthquakes')).map(({ key }) => String(key))
  const dlq = 'kafka-producer-local-earthquakes-failures'
  const putIntoDlq = (id: string) => {
    const geometry = { type: 'Point', coordinates: [1, 2, 3] }
    const quake = { type: 'Feature', id, properties: { mag: 4.5, time: Date.now() }, geometry }
    const QueueUrl = stack.sqs.queueUrl(dlq)
    return stack.sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(quake) }))
  }
  await putIntoDlq('of-console')
  const page = await openPage()
  await untilText(page, '#in-queues', ': 1. A redrive sends them too')
  await runOf(page, '#redrive')
  await untilText(page, '#done', '1 sent')
  await page.close()
  assert.ok((await sent()).includes('of-console'))
  await putIntoDlq('of-command')
  await command('redrive', '--yes')
  assert.ok((await sent()).includes('of-command'))
  assert.equal(await stack.sqs.depth(dlq), 0)
})

test('the README’s walk-through: a record sent while Kafka is down is a dead letter, then redriven', async () => {
  await clear()
  const page = await openPage(390)
  const hellos = async () =>
    (await readTopic(stack.bootstrapServers, 'chat')).filter(({ value }) => String(value).includes('hello')).length
  const before = await hellos()
  await click(page, '#stop')
  await untilBroker(page, 'down')
  await click(page, '#send button')
  await untilText(page, '#answer', '"fate": "dead-lettered"')
  await untilText(page, '#total', '^1$')
  await shot(page, 'dead-letter-390', true)
  const { stdout } = await command('dead-letters', 'list')
  assert.match(stdout, /chat\s+(unreachable|no-leader|deadline|delivery-unknown)/)
  await runOf(page, '#redrive')
  await untilText(page, '#done', 'Stopped: ')
  await click(page, '#start')
  await untilBroker(page, 'up')
  await untilText(page, '#counts', 'topic chat\\d')
  await runOf(page, '#redrive')
  await untilText(page, '#done', '1 (sent|already)')
  await untilList(page, 'empty')
  await untilText(page, '#strip-dead-lettered', '1 in 5 min')
  assert.match(
    await page.$eval('#strip-delivered svg', strip => strip.getAttribute('aria-label') ?? ''),
    /for \d+ s not every broker was up/,
  )
  assert.equal(await hellos(), before + 1)
  await page.close()
})

test('a broker is frozen while a redrive runs: nothing is lost, and the rest goes after the thaw', async () => {
  await clear()
  await put(Array.from({ length: 200 }, (_, n) => chat(`frozen-${n}`, 'frozen')))
  const frozen = async () =>
    (await readTopic(stack.bootstrapServers, 'chat')).filter(({ value }) => String(value).includes('frozen')).length
  const page = await openPage()
  await click(page, 'details:has(#options) summary')
  await page.type('#options [name=rate]', '40')
  await runOf(page, '#redrive')
  await untilText(page, '#run-text', '[1-9]\\d* of 200')
  await click(page, '[data-action=freeze]')
  await untilBroker(page, 'frozen')
  await page.waitForFunction(() => (document.querySelector('#counts')?.textContent ?? '').includes('no response'))
  await shot(page, 'frozen-1280')
  await untilText(page, '#done', 'Redrive done .*(still open|Stopped)')
  await click(page, '[data-action=thaw]')
  await untilBroker(page, 'up')
  // A record that was on its way is in doubt: redrive waits 5 s before it believes that it never arrives.
  for (let tries = 0; tries < 10 && !(await page.$('body[data-list=empty]')); tries++) {
    await runOf(page, '#redrive')
    await page.waitForSelector('#run:not([hidden])')
    await page.waitForSelector('#run[hidden]', { timeout: 60_000 })
    await page.waitForFunction(() => document.body.dataset.list === 'empty', { timeout: 4000 }).catch(() => undefined)
  }
  assert.equal(await frozen(), 200)
  await page.close()
})

test('every control has a name, and every text a contrast of at least 4.5, in both colour schemes', async () => {
  await clear()
  await put([chat('seen', 'x')])
  for (const width of [1280, 390]) {
    const page = await openPage(width)
    await untilText(page, '#total', '^1$')
    assert.deepEqual(await page.evaluate(unnamedControls), [])
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
      assert.deepEqual(await page.evaluate(paleTexts), [])
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth))
    }
    await page.close()
  }
  await clear()
})

test('a target that can’t be read is an error, not an empty list', async () => {
  rmSync(folder, { recursive: true, force: true })
  // A link that leads to itself.
  symlinkSync(folder, folder)
  const page = await openPage()
  await untilList(page, 'error')
  await untilText(page, '#troubles', 'can’t be read')
  await shot(page, 'error-1280')
  await page.close()
  rmSync(folder)
  mkdirSync(folder)
})

test('when the stack is stopped, the page says so', async () => {
  const page = await openPage()
  server.close()
  server.closeAllConnections()
  await untilText(page, '#offline', 'does not respond')
  await page.close()
})

/** Runs in the page. */
function unnamedControls(): string[] {
  return [...document.querySelectorAll<HTMLElement>('button, input, select, textarea, progress')]
    .filter(control => {
      const { labels } = control as HTMLInputElement
      const names = [control.getAttribute('aria-label'), control.getAttribute('aria-labelledby'), control.textContent]
      return !labels?.length && !names.some(name => name?.trim())
    })
    .map(control => control.outerHTML.slice(0, 120))
}

/** Runs in the page: texts with less contrast than WCAG 2.2 (1.4.3) wants. */
function paleTexts(): string[] {
  const canvas = document
    .createElement('canvas')
    .getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
  const luminance = (color: string) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    const [r = 0, g = 0, b = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map(value => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const backgroundOf = (node: Element | null): string => {
    if (!node) return getComputedStyle(document.body).backgroundColor
    const { backgroundColor } = getComputedStyle(node)
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? backgroundOf(node.parentElement) : backgroundColor
  }
  return [...document.querySelectorAll('body *')].flatMap(node => {
    const isText = [...node.childNodes].some(child => child.nodeType === Node.TEXT_NODE && child.textContent?.trim())
    if (!isText || !node.checkVisibility()) return []
    const [a, b] = [getComputedStyle(node).color, backgroundOf(node)].map(luminance).sort((x, y) => y - x) as [
      number,
      number,
    ]
    const contrast = (a + 0.05) / (b + 0.05)
    return contrast < 4.5 ? [`${contrast.toFixed(2)}: ${node.outerHTML.slice(0, 100)}`] : []
  })
}
