// 100,000 dead letters on disk in the console, in a process of its own with the flags of `npm start`: at most 200 MB.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { DiskDeadLetterTarget } from '../../lib/dead-letter/disk/target.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { deadLetterOf } from '../support/dead-letter.ts'

const COUNT = 100_000
const MAX_MEGABYTES = 200
const folder = temporaryFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

/** Lists with several filters and reads everything five times more. */
const PROGRAM = `
  import { parseConfig } from './lib/config/parse-config.ts'
  import { ConsoleApi } from './local/console/api.ts'
  import { Brokers } from './local/console/brokers.ts'
  import { OutcomeTimeline } from './local/outcome-timeline.ts'
  const api = new ConsoleApi({
    config: parseConfig({}, {
      KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1,127.0.0.1:2',
      KAFKA_DEAD_LETTER: 'disk:' + ${JSON.stringify(folder)},
    }),
    contracts: new Map(),
    brokers: new Brokers(undefined),
    outcomes: new OutcomeTimeline(),
    gateway: '',
    counts: async () => ({}),
    functions: () => ({}),
  })
  const list = async query => {
    for (;;) {
      const answer = await api.deadLetters.page(new URLSearchParams(query))
      if (answer.progress === null) return answer
    }
  }
  const matched = []
  for (const query of ['', 'topic=chat,orders', 'error=quota', 'notTopic=chat&since=1h'])
    matched.push((await list(query)).matched)
  for (let n = 0; n < 5; n++) {
    await api.deadLetters.page(new URLSearchParams('refresh=1'))
    await list('offset=90000')
  }
  console.log(JSON.stringify({ matched, megabytes: (process.resourceUsage().maxRSS * 1024) / 1e6 }))
`

test('100,000 dead letters are filtered and read again and again in at most 200 MB', async () => {
  const target = new DiskDeadLetterTarget(folder, { fsync: false })
  for (let at = 0; at < COUNT; at += 1000)
    await target.store(
      Array.from({ length: 1000 }, (_, i) => deadLetterOf(`${at + i}`, 'x'.repeat(100), i % 2 ? 'chat' : 'orders')),
    )
  await target.close()
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } }
  const flags = scripts.start.split(' ').filter(word => /^--(max-|optimize-)/.test(word))
  assert.equal(flags.length, 2)
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module-typescript', '-e', PROGRAM], {
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  const { matched, megabytes } = JSON.parse(stdout) as { matched: number[]; megabytes: number }
  assert.deepEqual(matched, [COUNT, COUNT, 0, COUNT / 2])
  console.log(`${COUNT} dead letters in the console: ${Math.round(megabytes)} MB`)
  assert.ok(megabytes < MAX_MEGABYTES, `${Math.round(megabytes)} MB`)
})
