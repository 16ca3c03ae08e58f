// AGENTS.md, "To add a dead-letter target": two files and a row in each registry make it work everywhere.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const TARGET = `
import type { DeadLetter } from '../dead-letter.ts'
import type { DeadLetterTarget, DeadLetterTargetKind } from '../dead-letter-target.ts'

interface MemoryTargetConfig {
  readonly kind: 'memory'
  readonly shelf: string
}
export const shelves: Map<string, Map<string, DeadLetter>> = new Map()
export const memory: DeadLetterTargetKind<MemoryTargetConfig> = {
  syntax: 'memory:<shelf>',
  parse: text => (text === '' ? undefined : { kind: 'memory', shelf: text }),
}
export function createMemoryTarget({ shelf }: MemoryTargetConfig): DeadLetterTarget {
  const deadLetters = shelves.get(shelf) ?? new Map()
  shelves.set(shelf, deadLetters)
  return {
    store: async stored => {
      for (const deadLetter of stored) deadLetters.set(deadLetter.deadLetterId, deadLetter)
      return stored.map(({ deadLetterId }) => 'memory:' + shelf + '#' + deadLetterId)
    },
    close: async () => {},
  }
}
`
const STORE = `
import { shelves } from './target.ts'

export function openStore({ shelf }) {
  const deadLetters = shelves.get(shelf)
  const opened = deadLetter => ({ deadLetter, location: 'memory:' + shelf, verified: true, handle: undefined })
  return {
    deadLetters: async function* () { for (const deadLetter of deadLetters.values()) yield opened(deadLetter) },
    find: async deadLetter => opened(deadLetter),
    reserve: async () => {},
    complete: async completed => { for (const { open } of completed) deadLetters.delete(open.deadLetter.deadLetterId) },
    replace: async (_open, deadLetter) => { deadLetters.set(deadLetter.deadLetterId, deadLetter) },
    tidy: async () => {},
    lease: async () => ({ check: async () => {}, renew: async () => {}, release: async () => {} }),
    close: async () => {},
  }
}
`
/** Each new row, after a line that exists once. */
const ROWS: readonly [file: string, line: string, row: string][] = [
  [
    'lib/dead-letter/target-kinds.ts',
    "import { createSqsTarget, sqs } from './sqs/target.ts'",
    "import { createMemoryTarget, memory } from './memory/target.ts'",
  ],
  ['lib/dead-letter/target-kinds.ts', 'export const TARGET_KINDS = {', 'memory,'],
  ['lib/dead-letter/target-kinds.ts', '  sqs: createSqsTarget,', '  memory: createMemoryTarget,'],
  [
    'lib/dead-letter/store-kinds.ts',
    'export const STORE_KINDS: { readonly [N in Name]: StoreKind<Extract<RedriveSource, { kind: N }>> } = {',
    "  memory: { load: () => import('./memory/store.ts'), describe: ({ shelf }) => 'memory:' + shelf },",
  ],
  ['scripts/template/target-rights.ts', '  sqlite: { path: ({ file }) => file },', '  memory: {},'],
]
const USE = `
import { loadConfig } from './lib/config/load-config.ts'
import { createDeadLetterPublisher } from './lib/create-dead-letter-publisher.ts'
import { checkDeadLetters } from './lib/doctor/check-dead-letters.ts'
import { openDeadLetterStore } from './lib/redrive/open-dead-letters.ts'
import { redrive } from './lib/redrive/redrive.ts'
import { furtherTargets } from './scripts/template/further-targets.ts'
import { deadLetterOf } from './test/support/dead-letter.ts'

const env = { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9', KAFKA_DEAD_LETTER: 'memory:top' }
const config = await loadConfig({}, env)
const publisher = createDeadLetterPublisher(config)
const [location] = await publisher.store([deadLetterOf('r-1')])
const checks = []
await checkDeadLetters(config, [], check => checks.push(check))
const store = await openDeadLetterStore(config.deadLetter[0], config)
const metadata = { topic: 'chat', partition: 0, offset: 7n }
const sendAll = async records => records.map(record => ({ kind: 'delivered', record, metadata, attempts: 1 }))
const { resent } = await redrive(store, { producer: { sendAll } })
const left = (await Array.fromAsync(store.deadLetters())).length
const { chain } = furtherTargets(env, { efsAccessPointArn: undefined, efsMountPath: '/mnt/efs' })
const refusal = await loadConfig({}, { ...env, KAFKA_DEAD_LETTER: 'memory:' }).catch(error => error.message)
console.log(JSON.stringify({ location, checks, resent, left, chain, refusal }))
`

test('a target of a new kind is configured, written, checked, redriven and packaged', () => {
  const copy = mkdtempSync(join(tmpdir(), 'target-'))
  try {
    for (const name of ['lib', 'scripts/template', 'test/support/dead-letter.ts', 'package.json'])
      cpSync(name, join(copy, name), { recursive: true })
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
    mkdirSync(join(copy, 'lib/dead-letter/memory'))
    writeFileSync(join(copy, 'lib/dead-letter/memory/target.ts'), TARGET)
    writeFileSync(join(copy, 'lib/dead-letter/memory/store.ts'), STORE)
    for (const [file, line, row] of ROWS) {
      const text = readFileSync(join(copy, file), 'utf8')
      assert.equal(text.split(line).length, 2, `${file}: ${line}`)
      writeFileSync(
        join(copy, file),
        text.replace(line, () => `${line}\n${row}`),
      )
    }
    writeFileSync(join(copy, 'use.ts'), USE)
    const said = JSON.parse(execFileSync(process.execPath, ['use.ts'], { cwd: copy, encoding: 'utf8' }))
    assert.match(said.location, /^memory:top#/)
    assert.deepEqual(said.checks, [{ name: 'dead letters memory:top', status: 'ok', detail: 'written and deleted' }])
    assert.deepEqual([said.resent, said.left], [1, 0])
    assert.deepEqual(said.chain, [',memory:top'])
    assert.match(said.refusal, /KAFKA_DEAD_LETTER: expected memory:<shelf>, got another form/)
  } finally {
    rmSync(copy, { recursive: true })
  }
})
