// The process that the kill sweep kills. It stores dead letters, then runs one operation on them, again and again, and
// writes what it does, and what it was promised, to its standard output: one line per event, written before it goes on.
import { writeSync } from 'node:fs'
import { parseConfig } from '../../../lib/config/parse-config.ts'
import type { Contracts } from '../../../lib/contracts/contract.ts'
import { parseContract } from '../../../lib/contracts/parse-contract.ts'
import { createDeadLetterPublisher } from '../../../lib/create-dead-letter-publisher.ts'
import type { DeadLetter } from '../../../lib/dead-letter/dead-letter.ts'
import type { DeadLetterStore, Lease, OpenDeadLetter } from '../../../lib/dead-letter/dead-letter-store.ts'
import { replaceAll } from '../../../lib/dead-letter/replace-all.ts'
import { type ChangeResult, discardDeadLetters, replaceDeadLetters } from '../../../lib/redrive/change-dead-letters.ts'
import { editDeadLetter } from '../../../lib/redrive/edit-dead-letter.ts'
import { openDeadLetterStore } from '../../../lib/redrive/open-dead-letters.ts'
import { parseRedriveRequest } from '../../../lib/redrive/redrive-request.ts'
import { redriveStore } from '../../../lib/redrive/run-redrive.ts'
import { deadLetterOf, withOwnId } from '../../support/dead-letter.ts'
import { age } from './age.ts'
import { LARGE_BYTES, TOPICS } from './ledger.ts'

const [setting = '', servers = '', topic = '', operation = '', name = '', count = '', control = ''] =
  process.argv.slice(2)

/** A killed producer's last batch is in the log, or not, long before. */
const IN_DOUBT_WAIT_MS = 1000
const config = parseConfig(
  { bootstrapServers: servers.split(','), deadLetter: setting, redriveInDoubtWaitMs: IN_DOUBT_WAIT_MS },
  {},
)
const [target] = config.deadLetter
if (!target) throw new Error('Expected a target.')
const publisher = createDeadLetterPublisher(config)
/** No record of this topic is JSON: a redrive notes an attempt, and keeps its dead letter. */
const contracts: Contracts = new Map([
  [TOPICS.kept, parseContract(TOPICS.kept, { value: { format: 'json' } }, accepting)],
])
function accepting() {
  return () => ({ violations: [], truncated: false })
}
const context = { config, contracts }

function say(event: string, ids: readonly string[] = []): void {
  writeSync(1, `${[event, ...ids].join(' ')}\n`)
}

const idsOf = (open: readonly OpenDeadLetter[]) => open.map(({ deadLetter }) => deadLetter.recordId)

function deadLetter(kind: keyof typeof TOPICS, id: string): DeadLetter {
  const isLarge = kind === 'large'
  const made = deadLetterOf(id, isLarge ? id.padEnd(LARGE_BYTES, '.') : id, TOPICS[kind] || topic)
  if (kind !== 'kept') return made
  return withOwnId({ ...made, failure: { ...made.failure, kind: 'invalid-record', outcome: 'rejected' } })
}

async function store(round: number): Promise<void> {
  const kinds = Object.keys(TOPICS) as (keyof typeof TOPICS)[]
  const few = operation === 'once:store' ? 0 : 8
  const large = setting.startsWith('dynamodb') ? 1 : 0
  const amounts = { sent: Number(count), discarded: few, edited: few, kept: 2, large }
  const deadLetters = kinds.flatMap(kind =>
    Array.from({ length: amounts[kind] }, (_, n) => deadLetter(kind, `${kind}-${name}-${round}-${n}`)),
  )
  const ids = deadLetters.map(({ recordId }) => recordId)
  say('store', ids)
  const results = await publisher.store(deadLetters)
  say(
    'stored',
    ids.filter((_, index) => typeof results[index] === 'string'),
  )
  const refused = results.find(result => typeof result !== 'string')
  if (refused) throw refused
}

async function noLease(): Promise<Lease> {
  return { check: async () => {}, renew: async () => {}, release: async () => {} }
}

/** Says what is tried, and what the store has completed. */
function watched(inner: DeadLetterStore): DeadLetterStore {
  const completesFirst = control === 'completes before it sends'
  const forgets = control === 'forgets what is completed'
  return {
    ...(inner.sending && { sending: inner.sending }),
    deadLetters: options => inner.deadLetters(options),
    get givesMoreAfterCompletion() {
      return inner.givesMoreAfterCompletion ?? false
    },
    reserve: async open => {
      await inner.reserve(open)
      say('try', idsOf(open))
      if (completesFirst) await inner.complete(open.map(each => ({ open: each, location: 'control' })))
    },
    complete: async completed => {
      if (!completesFirst && !forgets) await inner.complete(completed)
      say('completed', idsOf(completed.map(({ open }) => open)))
    },
    replace: (open, replacement) => inner.replace(open, replacement),
    replaceAll: replacements => replaceAll(inner, replacements),
    tidy: () => inner.tidy(),
    lease: () => (control === 'ignores leases' ? noLease() : inner.lease()),
    close: () => inner.close(),
  }
}

async function redriveAll(): Promise<void> {
  const request = parseRedriveRequest({
    notTopic: [TOPICS.discarded, TOPICS.edited],
    anyTopic: true,
    includeInvalid: true,
    maxAttempts: 1_000_000,
  })
  const opened = await openDeadLetterStore(target as NonNullable<typeof target>, config)
  const result = await redriveStore(watched(opened), request, context)
  await opened.close()
  if (result.stopped !== undefined) throw new Error(`The redrive stopped: ${result.stopped} (${result.error}).`)
}

async function change(run: Promise<ChangeResult[]>): Promise<void> {
  for (const { stopped, error } of await run)
    if (stopped !== undefined) throw error ?? new Error(`The change stopped: ${stopped}.`)
}

const onChanged = (event: string) => (open: OpenDeadLetter) => say(event, [open.deadLetter.recordId])

const OPERATIONS: Readonly<Record<string, () => Promise<void>>> = {
  store: () => store(-1),
  redrive: redriveAll,
  discard: () =>
    change(discardDeadLetters({ topics: [TOPICS.discarded] }, { ...context, onChanged: onChanged('discarded') })),
  edit: () =>
    change(
      replaceDeadLetters({ topics: [TOPICS.edited] }, { ...context, onChanged: onChanged('edited') }, async before => {
        say('edit', [before.recordId])
        return await editDeadLetter(before, { topic, value: Buffer.from(`edited:${before.recordId}`) }, new Map())
      }),
    ),
  tidy: async () => {
    await age(setting)
    await redriveAll()
  },
}

const run = OPERATIONS[operation.replace('once:', '')]
if (!run) throw new Error(`Unknown operation: ${operation}`)
if (operation.startsWith('once:')) await run()
else
  for (let round = 0; ; round++) {
    await store(round)
    say('begin')
    await run()
    say('end')
  }
await publisher.close()
