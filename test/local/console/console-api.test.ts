// The server of the console on a disk and a SQLite target, without Kafka: filters, groups, pages, runs, refusals.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '../../../lib/config/parse-config.ts'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import { DiskDeadLetterStore } from '../../../lib/dead-letter/disk/store.ts'
import { DiskDeadLetterTarget } from '../../../lib/dead-letter/disk/target.ts'
import { SqliteDeadLetterTarget } from '../../../lib/dead-letter/sqlite/target.ts'
import { ConsoleApi } from '../../../local/console/api.ts'
import { Brokers } from '../../../local/console/brokers.ts'
import { startConsole } from '../../../local/console/server.ts'
import { OutcomeTimeline } from '../../../local/outcome-timeline.ts'
import { temporaryFolder } from '../../../local/processes.ts'
import { contractsOf } from '../../support/contracts.ts'
import { deadLetterOf } from '../../support/dead-letter.ts'

const root = temporaryFolder()
const closes: (() => void)[] = []
after(() => {
  for (const close of closes) close()
  rmSync(root, { recursive: true, force: true })
})

let consoles = 0
async function openConsole(deadLetters: readonly DeadLetter[], kind: 'disk' | 'sqlite' = 'disk') {
  const place = join(root, `${++consoles}`)
  const put = async (more: readonly DeadLetter[]) => {
    const target =
      kind === 'disk' ? new DiskDeadLetterTarget(place, { fsync: false }) : new SqliteDeadLetterTarget(place)
    await target.store(more)
    await target.close()
  }
  if (deadLetters.length > 0) await put(deadLetters)
  const errors: unknown[] = []
  const api = new ConsoleApi({
    config: parseConfig({}, { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1', KAFKA_DEAD_LETTER: `${kind}:${place}` }),
    contracts: contractsOf(['chat', 'orders'].map(topic => ({ topic, json: {} }))),
    brokers: new Brokers(undefined),
    outcomes: new OutcomeTimeline(),
    gateway: 'http://127.0.0.1:1',
    counts: async () => ({ topics: {}, queues: {} }),
    functions: () => ({}),
  })
  const server = await startConsole(0, api, error => errors.push(error))
  closes.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  /** Waits for a reading in progress. */
  const list = async (query: string): Promise<List> => {
    for (;;) {
      const answer = (await (await fetch(`${url}/api/dead-letters?${query}`)).json()) as List
      if (answer.error !== undefined || answer.progress === null) return answer
    }
  }
  const start = async (body: unknown) => {
    const response = await fetch(`${url}/api/run`, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const finish = async (body: unknown) => {
    const { status, body: run } = await start(body)
    assert.equal(status, 200, JSON.stringify(run))
    for (;;) {
      const { run: now } = (await (await fetch(`${url}/api/state`)).json()) as { run: Record<string, unknown> }
      if (now.id === run.id && now.endedAt !== null) return now
    }
  }
  return { place, put, api, port, url, list, start, finish, errors }
}

interface List {
  readonly total: number
  readonly matched: number
  readonly seenUntil: string
  readonly readAt: string
  readonly offset: number
  readonly error?: string
  readonly progress: number | null
  readonly topics: readonly string[]
  readonly unknownNames: readonly string[]
  readonly failures: readonly { readonly error: string }[]
  readonly unreadable: { readonly entries: number }
  readonly groups: readonly { readonly topic: string | null; readonly deadLetters: number }[]
  readonly deadLetters: readonly { readonly deadLetterId: string; readonly location: string }[]
}

/** One dead letter per line of this table, the oldest first. */
function samples(): DeadLetter[] {
  const now = Date.now()
  const of = (id: string, topic: string, hours: number, failure: Partial<DeadLetter['failure']> = {}, count = 0) => {
    const deadLetter = deadLetterOf(id, 'v', topic, now - hours * 3_600_000)
    const redrive = count === 0 ? deadLetter.redrive : { count, lastAt: new Date(now).toISOString(), lastCode: 'quota' }
    return { ...deadLetter, failure: { ...deadLetter.failure, ...failure }, redrive }
  }
  return [
    of('a', 'chat', 10),
    of('b', 'chat', 5, { code: 'no-leader', outcome: 'unknown' }),
    of('c', 'orders', 3, { kind: 'invalid-record', code: 'schema', outcome: 'rejected' }),
    of('d', 'old', 2, {}, 5),
    of('e', 'orders', 1, {}, 1),
  ]
}

test('every file that the page and its scripts name is served', async () => {
  const { url } = await openConsole([])
  const pending = ['/']
  for (const path of pending) {
    const response = await fetch(url + path)
    assert.equal(response.status, 200, path)
    const text = await response.text()
    for (const [, name] of text.matchAll(/(?:href|src|from) ?=?[ "']+[./]*\/([\w-]+\.(?:css|js))["']/g))
      if (!pending.includes(`/${name}`)) pending.push(`/${name}`)
  }
  const sorted = (ext: string) => pending.filter(path => path.endsWith(ext)).sort()
  const inFolder = (ext: string) => readdirSync('local/console').filter(name => name.endsWith(ext))
  for (const ext of ['.css', '.js'])
    assert.deepEqual(
      sorted(ext),
      inFolder(ext)
        .map(name => `/${name}`)
        .sort(),
    )
})

const FILTERS: readonly [query: string, matched: number][] = [
  ['', 5],
  ['topic=chat', 2],
  ['topic=chat,orders', 4],
  ['topic=chat&topic=orders', 4],
  ['notTopic=chat', 3],
  ['topic=chat&notError=no-leader', 1],
  ['error=quota', 2],
  ['error=quota&parked=false', 1],
  ['outcome=rejected&outcome=unknown', 2],
  ['notOutcome=not-sent', 2],
  ['invalid=true', 1],
  ['invalid=false', 4],
  ['parked=true', 1],
  ['since=4h', 3],
  ['until=4h', 2],
  ['since=4h&until=90m', 2],
  ['topic=none', 0],
  [`deadLetterId=${samples()[0]?.deadLetterId}`, 1],
]

test('the filters of the command, with several and negated values, select and group', async () => {
  const { list } = await openConsole(samples())
  for (const [query, matched] of FILTERS) {
    const answer = await list(query)
    assert.equal(answer.matched, matched, query)
    assert.equal(answer.total, 5)
    assert.equal(
      answer.groups.reduce((sum, { deadLetters }) => sum + deadLetters, 0),
      matched,
      query,
    )
  }
  const { groups, topics } = await list('')
  assert.equal(groups.length, 5)
  assert.deepEqual(topics, ['chat', 'old', 'orders'])
})

test('what failed after the list was read is not seen, whatever the filter says', async () => {
  const { list } = await openConsole(samples())
  const { seenUntil, readAt } = await list('until=2099-01-01T00:00:00Z')
  assert.equal(seenUntil, readAt)
  assert.equal((await list('until=2020-01-01T00:00:00Z')).seenUntil, '2020-01-01T00:00:00.000Z')
  assert.equal((await list('')).seenUntil, (await list('')).readAt)
})

test('malformed filters are explained and end nothing', async () => {
  const { list, errors } = await openConsole(samples())
  for (const [query, error] of [
    ['since=7', 'since: expected a time'],
    ['since=1h&since=2h', 'since: expected a time'],
    ['until=99999999999d', 'until: expected a time'],
    [`since=${'9'.repeat(400)}s`, 'since: expected a time'],
    ['topic=', 'topic: expected text'],
    ['topic=chat,,orders', 'topic: expected text'],
    ['outcome=lost', 'outcome: expected rejected'],
    ['invalid=perhaps', 'invalid: expected true or false'],
    ['limit=1', 'limit: unknown'],
    ['from=sqs:https://evil.example/q', 'from: unknown'],
    ['__proto__=1', '__proto__: unknown'],
    ['offset=-1', 'offset: expected'],
    ['offset=1e99', 'offset: expected'],
    ['%E0%A4%A=%00', 'unknown'],
  ] as const)
    assert.match((await list(query)).error ?? '', new RegExp(error), query)
  assert.deepEqual(errors, [])
  assert.deepEqual((await list('topic=chatt')).unknownNames, [
    'No contract and no open dead letter has the topic chatt.',
  ])
})

test('pages of a hundred; a page that is no longer there is the last one', async () => {
  const { list } = await openConsole(Array.from({ length: 250 }, (_, n) => deadLetterOf(`${n}`)))
  assert.equal((await list('offset=100')).deadLetters.length, 100)
  const last = await list('offset=900')
  assert.equal(last.offset, 200)
  assert.equal(last.deadLetters.length, 50)
})

for (const kind of ['disk', 'sqlite'] as const)
  test(`${kind}: changes of another process are seen; discard completes what the filter selects`, async () => {
    const { put, list, finish } = await openConsole(samples(), kind)
    assert.equal((await list('')).matched, 5)
    await put([deadLetterOf('later')])
    // Not before four times the time that the last reading took.
    while ((await list('')).matched === 5);
    assert.equal((await list('')).matched, 6)
    const run = await finish({ action: 'discard', topic: ['chat'], notError: ['no-leader'] })
    assert.equal(run.changed, 2)
    assert.equal(run.total, 2)
    assert.equal((await list('')).matched, 4)
    assert.equal((await finish({ action: 'unpark' })).changed, 1)
    assert.equal((await list('parked=true')).matched, 0)
  })

test('a discard without a filter needs “all”; a mistyped name in what is left out discards nothing', async () => {
  const { list, start, finish } = await openConsole(samples())
  assert.match(String((await start({ action: 'discard' })).body.error), /a filter .* or all; got neither/)
  assert.match(String((await start({ action: 'discard', notTopic: ['ordres'] })).body.error), /has the topic ordres/)
  assert.match(String((await start({ action: 'discard', to: 'chat' })).body.error), /to: unknown/)
  assert.equal((await list('')).matched, 5)
  assert.equal((await finish({ action: 'discard', all: true })).changed, 5)
})

test('dead letters stored after the page was loaded are not discarded', async () => {
  const { put, finish, list } = await openConsole(samples())
  await put([deadLetterOf('new', 'v', 'chat', Date.now() + 60_000)])
  assert.equal((await finish({ action: 'discard', until: new Date().toISOString() })).changed, 5)
  assert.equal((await list('')).matched, 1)
})

test('a run that Kafka stops says why, and its dead letters stay', async () => {
  const { list, finish } = await openConsole(samples())
  const run = await finish({ action: 'redrive', topic: 'chat' })
  assert.match(String(run.stopped), /^unreachable/)
  assert.equal((await list('')).matched, 5)
})

test('while another redrive has the lease, a run says so', async () => {
  const { place, finish } = await openConsole(samples())
  const store = new DiskDeadLetterStore(place)
  const lease = await store.lease()
  assert.match(String((await finish({ action: 'discard', all: true })).stopped), /already-running/)
  await lease.release()
  await store.close()
})

test('one run at a time; cancelling names the run, and a run that has ended stays as it is', async () => {
  const { api, start, finish, url } = await openConsole(samples())
  const answers = await Promise.all([1, 2, 3].map(() => start({ action: 'redrive' })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  const cancel = (id: unknown) => fetch(`${url}/api/cancel`, { method: 'POST', body: JSON.stringify({ id }) })
  assert.equal((await cancel('1')).status, 400)
  await cancel(99)
  assert.equal(api.runs.view()?.isCancelled, false)
  await cancel(1)
  await api.runs.close()
  assert.equal(api.runs.view()?.isCancelled, true)
  const run = await finish({ action: 'discard', topic: 'chat' })
  await cancel(run.id)
  assert.equal(api.runs.view()?.isCancelled, false)
})

test('one dead letter is found by its id and location; its payload comes only on request', async () => {
  const { url, list } = await openConsole([deadLetterOf('a', 'a secret')])
  const [row] = (await list('')).deadLetters
  const query = new URLSearchParams({ id: row?.deadLetterId ?? '', location: row?.location ?? '' })
  const secret = Buffer.from('a secret').toString('base64')
  const without = await (await fetch(`${url}/api/dead-letter?${query}`)).text()
  assert.ok(!without.includes(secret))
  assert.match(without, /"valueBytes":8/)
  assert.ok((await (await fetch(`${url}/api/dead-letter?${query}&payload=1`)).text()).includes(secret))
  query.set('location', 'disk:elsewhere#0')
  assert.equal((await fetch(`${url}/api/dead-letter?${query}`)).status, 404)
})

test('no folder yet is an empty list; what can’t be read is counted, and such a target is named', async () => {
  const { place, list } = await openConsole([])
  assert.deepEqual((await list('')).failures, [])
  mkdirSync(place)
  writeFileSync(join(place, '20261126T000000000Z-1-00000000.seg2'), 'no segment')
  while ((await list('')).unreadable.entries === 0);
  assert.equal((await list('')).matched, 0)
  rmSync(place, { recursive: true })
  symlinkSync(place, place)
  while ((await list('')).failures.length === 0);
})

const REFUSED: readonly [
  name: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  status: number,
][] = [
  ['another site', 'POST', '/api/run', { origin: 'https://evil.example' }, 403],
  ['another site, reading', 'GET', '/api/dead-letters', { 'sec-fetch-site': 'cross-site' }, 403],
  ['another site’s frame', 'GET', '/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }, 403],
  ['another site’s form', 'POST', '/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }, 403],
  ['DNS rebinding', 'GET', '/', { host: 'evil.example' }, 403],
  ['another method', 'DELETE', '/api/run', {}, 405],
  ['no such path', 'GET', '/api/redrive', {}, 404],
  ['a property of every object', 'GET', '/constructor', {}, 404],
  ['a malformed path', 'GET', '//', {}, 400],
  ['a body that is no JSON', 'POST', '/api/run', {}, 400],
]

test('refused: pages of other sites, other methods and paths, malformed requests', async () => {
  const { port, errors } = await openConsole([])
  for (const [name, method, path, headers, expected] of REFUSED) {
    const status = await new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, response => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
      outgoing.on('error', reject).end(method === 'POST' ? '{' : undefined)
    })
    assert.equal(status, expected, name)
  }
  assert.deepEqual(errors, [])
})

test('a link of another site may open the page, which has a strict policy', async () => {
  const { url } = await openConsole([])
  const response = await fetch(url, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' } })
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/)
  for (const [, file] of (await response.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g))
    assert.equal((await fetch(`${url}${file}`)).status, 200, file)
})
