// The value of a claim check is removed a day after its dead letter was completed, and not before: a copy may still be
// open, and the same record may fail again.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, afterEach, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse-config.ts'
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import { NotCompletedError } from '../../lib/dead-letter/dead-letter-store.ts'
import { openStore } from '../../lib/dead-letter/store-kinds.ts'
import { createTarget, type DeadLetterTargetConfig } from '../../lib/dead-letter/target-kinds.ts'
import { replaceDeadLetters } from '../../lib/redrive/change-dead-letters.ts'
import { claimCompleter } from '../../lib/redrive/complete-claims.ts'
import { editDeadLetter } from '../../lib/redrive/edit-dead-letter.ts'
import { claimReader, withValue } from '../../lib/redrive/read-claim.ts'
import { redrive } from '../../lib/redrive/redrive.ts'
import { temporaryFolder } from '../../local/processes.ts'
import { acceptingProducer } from '../fakes/accepting-producer.ts'
import { MemoryDeadLetterStore } from '../fakes/memory-dead-letter-store.ts'
import { S3Server } from '../fakes/s3-server.ts'
import { deadLetterOf } from '../support/dead-letter.ts'
import { deadlineIn } from '../support/time.ts'

const DAY_MS = 24 * 3_600_000
const VALUE = Buffer.alloc(5000, 'x')

const root = temporaryFolder()
const server = new S3Server('letters')
before(() => server.start())
after(() => {
  server.stop()
  rmSync(root, { recursive: true, force: true })
})

const folder = join(root, 'disk')
const file = join(root, 'dead-letters.db')

interface Kind {
  readonly config: DeadLetterTargetConfig
  /** Makes everything that was stored older by so many ms. */
  age(ms: number): void
  /** The names of values and marks. */
  names(): string[]
}

const KINDS: readonly Kind[] = [
  {
    config: { kind: 'disk', folder },
    age: ms => {
      for (const name of readdirSync(join(folder, 'claims'))) {
        const path = join(folder, 'claims', name)
        const time = new Date(Date.now() - ms)
        utimesSync(path, time, time)
      }
    },
    names: () => readdirSync(join(folder, 'claims')),
  },
  {
    config: { kind: 'sqlite', file },
    age: ms => inDatabase(database => database.prepare('UPDATE completed_claims SET at = at - ?').run(ms)),
    names: () =>
      inDatabase(database =>
        ['claims', 'completed_claims'].flatMap(table => database.prepare(`SELECT letter_id FROM ${table}`).all()),
      ).map(({ letter_id: id }) => String(id)),
  },
  {
    config: { kind: 's3', bucket: 'letters', prefix: 'prod' },
    age: ms => {
      for (const [key, { body }] of server.objects) server.put(key, body, ms)
    },
    names: () => [...server.objects.keys()],
  },
]

function inDatabase<T>(work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file)
  try {
    return work(database)
  } finally {
    database.close()
  }
}

async function storeClaim(config: DeadLetterTargetConfig, id: string): Promise<DeadLetter> {
  const whole = deadLetterOf(id, VALUE)
  const target = createTarget(config)
  const location = (await target.storeClaim?.(whole.deadLetterId, VALUE)) ?? ''
  await target.close()
  const sha256 = createHash('sha256').update(VALUE).digest('hex')
  const claimCheck = { target: location, sha256, bytes: VALUE.length }
  return { ...whole, record: { ...whole.record, value: null }, claimCheck }
}

async function tidy(config: DeadLetterTargetConfig): Promise<void> {
  const store = await openStore(config, {
    createProducer: () => assert.fail(),
    createLogReader: () => assert.fail(),
  })
  const lease = await store.lease()
  await store.tidy()
  await lease.release()
  await store.close()
}

const unexpectedWarnings: string[] = []
const unexpected = (text: string) => void unexpectedWarnings.push(text)
afterEach(() => assert.deepEqual(unexpectedWarnings, []))

for (const { config, age, names } of KINDS) {
  test(`${config.kind}: a value is removed a day after its dead letter was sent, not before`, async () => {
    const [sent, open] = [await storeClaim(config, 'sent'), await storeClaim(config, 'open')]
    const { sendAll } = acceptingProducer()
    const result = await redrive(new MemoryDeadLetterStore([sent]), {
      producer: { sendAll },
      readClaim: claimReader([config]),
      completeClaim: claimCompleter([config], unexpected),
    })
    assert.equal(result.resent, 1)
    await tidy(config)
    await withValue(sent, [config])
    age(DAY_MS + 60_000)
    await tidy(config)
    await assert.rejects(withValue(sent, [config]), { code: 'claim-missing' })
    await withValue(open, [config])
    assert.equal(names().filter(name => name.includes(sent.deadLetterId)).length, 0)
    age(DAY_MS)
    await tidy(config)
    await withValue(open, [config])
  })

  test(`${config.kind}: a value that was stored again since is kept`, async () => {
    const deadLetter = await storeClaim(config, 'again')
    await claimCompleter([config], unexpected)(deadLetter)
    age(DAY_MS + 60_000)
    await storeClaim(config, 'again')
    await tidy(config)
    await withValue(deadLetter, [config])
    await claimCompleter([config], unexpected)(deadLetter)
    age(DAY_MS + 60_000)
    await tidy(config)
    await assert.rejects(withValue(deadLetter, [config]), { code: 'claim-missing' })
  })

  test(`${config.kind}: the value of a dead letter that was edited is removed as well`, async () => {
    const before = await storeClaim(config, 'edited')
    const letters = { kind: 'sqlite', file: join(root, `edited-${config.kind}.db`) } as const
    const target = createTarget(letters)
    await target.store([before], deadlineIn(20_000))
    await target.close()
    const producerConfig = { ...parseConfig({ bootstrapServers: ['unused:9092'] }, {}), deadLetter: [letters, config] }
    const context = { config: producerConfig, contracts: new Map(), warn: unexpected }
    const value = Buffer.from('small')
    const [result] = await replaceDeadLetters({}, context, async () =>
      editDeadLetter(await withValue(before, [config]), { value }, new Map()),
    )
    assert.deepEqual([result?.changed, result?.stopped], [1, undefined])
    await withValue(before, [config])
    age(DAY_MS + 60_000)
    await tidy(config)
    await assert.rejects(withValue(before, [config]), { code: 'claim-missing' })
  })

  test(`${config.kind}: a forged dead letter can’t end the value of another`, async () => {
    const deadLetter = await storeClaim(config, 'victim')
    const complete = claimCompleter([config], unexpected)
    for (const forged of [
      { ...deadLetter, recordId: 'forger' },
      { ...deadLetter, record: { ...deadLetter.record, topic: 'payments' } },
      { ...deadLetter, claimCheck: { ...(deadLetter.claimCheck as object), sha256: '0'.repeat(64) } },
    ])
      await complete(forged as DeadLetter)
    assert.deepEqual(
      names().filter(name => name.endsWith('.completed')),
      [],
    )
    age(DAY_MS + 60_000)
    await tidy(config)
    await withValue(deadLetter, [config])
  })
}

// The original bug: a page lists 1,000 objects, and a value that was stored again before its turn was deleted.
test('s3: a value that is stored again while completed ones are removed is kept', async t => {
  const config = { kind: 's3', bucket: 'letters', prefix: 'meanwhile' } as const
  const deadLetter = await storeClaim(config, 'meanwhile')
  const key = `meanwhile/claims/${deadLetter.deadLetterId}`
  await claimCompleter([config], unexpected)(deadLetter)
  const ageAll = () => {
    for (const name of [key, `${key}.completed`])
      server.put(name, server.objects.get(name)?.body ?? '', DAY_MS + 60_000)
  }
  t.after(() => {
    server.onRequest = () => {}
  })
  ageAll()
  server.onRequest = (method, of) => {
    if (method === 'HEAD' && of === key) server.put(key, VALUE)
  }
  await tidy(config)
  await withValue(deadLetter, [config])
  // Its ETag is another one.
  await claimCompleter([config], unexpected)(deadLetter)
  ageAll()
  server.onRequest = (method, of) => {
    if (method === 'DELETE' && of === key) server.put(key, 'stored meanwhile')
  }
  await tidy(config)
  assert.equal(server.contents()[key], 'stored meanwhile')
})

test('what the store could not complete keeps its value; a target that can’t be written to is a warning', async t => {
  const config = { kind: 'disk', folder: join(root, 'kept') } as const
  const [kept, done] = [await storeClaim(config, 'kept'), await storeClaim(config, 'done')]
  const completed: string[] = []
  const store = new MemoryDeadLetterStore([kept, done])
  store.complete = async entries => {
    throw new NotCompletedError(entries.filter(({ open }) => open.deadLetter === kept))
  }
  const result = await redrive(store, {
    producer: { sendAll: acceptingProducer().sendAll },
    readClaim: claimReader([config]),
    completeClaim: async ({ recordId }) => void completed.push(recordId),
  })
  assert.deepEqual([result.resent, result.notCompleted, completed], [2, 1, ['done']])
  const warnings: string[] = []
  const complete = claimCompleter([{ kind: 's3', bucket: 'letters', prefix: 'prod' }], text => warnings.push(text))
  server.refused.set(`prod/claims/${done.deadLetterId}`, 'AccessDenied')
  const target = `s3://letters/prod/claims/${done.deadLetterId}`
  await complete({ ...done, claimCheck: { target, sha256: '0'.repeat(64), bytes: 5 } })
  assert.match(warnings.join(), /^The value of a completed dead letter remains in its target: DeadLetterError/)
  // In a redrive it runs between a completion and the next dead letter.
  const emitted: string[] = []
  t.mock.method(process, 'emitWarning', (text: string) => void emitted.push(text))
  const throws = () => {
    throw new RangeError('of the caller')
  }
  await claimCompleter(
    [{ kind: 's3', bucket: 'letters', prefix: 'prod' }],
    throws,
  )({
    ...done,
    claimCheck: { target, sha256: '0'.repeat(64), bytes: 5 },
  })
  assert.deepEqual(emitted, ['The option "warn" failed (RangeError).'])
})

test('a dead letter without a claim check leaves no value behind, so that nothing is noted', async () => {
  const warnings: string[] = []
  await claimCompleter([], text => warnings.push(text))(deadLetterOf('plain'))
  assert.deepEqual(warnings, [])
})
