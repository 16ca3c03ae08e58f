import type { Command } from 'commander'
import { parseRedriveRequest } from '../functions/redrive/redrive-request.ts'
import { rawToLetters } from '../functions/redrive/to-letters.ts'
import type { OpenLetter } from '../lib/redrive/letter-store.ts'
import { openLetters } from '../lib/redrive/open-letters.ts'
import { withClaim } from '../lib/redrive/read-claim.ts'
import { groupLetters, matches } from '../lib/redrive/select-letters.ts'
import { configuration, contractsIn } from './environment.ts'
import { json, shown, table, tell } from './output.ts'

interface Options {
  readonly from?: string
  readonly topic?: string
  readonly error?: string
  readonly since?: string
  readonly until?: string
  readonly limit?: string
  readonly payload?: boolean
  readonly json?: boolean
}

export function addDeadLetters(program: Command): void {
  const letters = program.command('dead-letters').description('Looks at dead letters. Nothing is changed.')
  const filtered = (name: string, description: string) =>
    letters
      .command(name)
      .description(description)
      .option('--from <target>', 'target as in KAFKA_DEAD_LETTER (default: that)')
      .option('--topic <topic>', 'only of this topic')
      .option('--error <code>', 'only of this code')
      .option('--since <time>', 'failed since: 2026-11-25T08:00:00Z, or 24h')
      .option('--until <time>', 'failed until')
      .option('--json', 'print JSON')
  filtered('list', 'One line per open letter.')
    .option('--limit <n>', 'at most so many')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters list --topic orders --since 7d')
    .action(list)
  filtered('stats', 'How many open letters by topic and error, and the oldest of each.').action(stats)
  letters
    .command('show')
    .argument('<letterId>')
    // One letter id in 64 begins with a dash.
    .allowUnknownOption()
    .helpOption('--help', 'display help for command')
    .description('One letter: its reason, its source, its headers; its key and value only with --payload.')
    .option('--from <target>', 'target as in KAFKA_DEAD_LETTER (default: that)')
    .option('--payload', 'print key, value and header values too')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters show 4mQzX0c9T2uYk1rVbN7aWg --payload')
    .action(show)
}

async function* lettersOf({ from, topic, error, since, until, limit }: Options): AsyncGenerator<OpenLetter> {
  const given = Object.fromEntries(Object.entries({ from, topic, error, since, until, limit }).filter(([, value]) => value !== undefined))
  const request = parseRedriveRequest(given)
  const config = await configuration()
  const { defaultTopic, maxRequestSize } = config
  const toLetters = rawToLetters({ contracts: await contractsIn('contracts', false), defaultTopic, maxRequestSize })
  let left = request.limit ?? Number.POSITIVE_INFINITY
  for (const target of request.from ?? config.deadLetter) {
    const store = openLetters(target, config, toLetters)
    try {
      for await (const open of store.letters()) {
        if (!matches(open.letter, request)) continue
        yield open
        if (--left <= 0) return
      }
    } finally {
      await store.close()
    }
  }
}

async function list(options: Options): Promise<void> {
  const letters = await Array.fromAsync(lettersOf(options))
  if (options.json) return json(letters.map(({ letter, receipt }) => ({ receipt, ...withoutPayload(letter) })))
  const rows = letters.map(({ letter: { letterId, record, failure, redrive } }) => [letterId, failure.lastAt, record.topic, failure.code, failure.outcome, redrive.count])
  if (rows.length > 0) table([['letter', 'failed', 'topic', 'error', 'outcome', 'tries'], ...rows])
  tell(`${rows.length} open letter(s).`)
}

async function stats(options: Options): Promise<void> {
  const letters = await Array.fromAsync(lettersOf(options), ({ letter }) => letter)
  const groups = groupLetters(letters)
  if (options.json) return json(groups)
  if (groups.length > 0) table([['topic', 'error', 'letters', 'oldest'], ...groups.map(({ topic, error, letters, oldest }) => [topic, error, letters, oldest])])
  tell(`${letters.length} open letter(s).`)
}

async function show(letterId: string, options: Options): Promise<void> {
  let found: OpenLetter | undefined
  // To its end, so that what was received on the way is let go of.
  for await (const open of lettersOf(options)) if (open.letter.letterId === letterId) found = open
  if (!found) throw new Error(`No open letter has the id ${letterId}.`)
  const { receipt } = found
  const letter = options.payload ? await withClaim(found.letter) : found.letter
  if (options.json) return json({ receipt, ...(options.payload ? letter : withoutPayload(letter)) })
  const { record, source, failure, redrive, claimCheck } = letter
  const hidden = '(with --payload)'
  const value = (bytes: string | null) => (options.payload ? shown(bytes) : bytes === null ? '(null)' : hidden)
  table([
    ['letter', letter.letterId],
    ['lies in', receipt],
    ['record id', letter.recordId],
    ['topic', record.topic],
    ['partition', record.partition === null ? '(the partitioner’s)' : `${record.partition} (${record.partitionFixedBy})`],
    ['timestamp', record.timestamp === null ? '(set at append)' : new Date(record.timestamp).toISOString()],
    ['source', `${source.trigger} ${source.id}${source.arn ? ` ${source.arn}` : ''}`],
    ['error', `${failure.code}${failure.brokerCode ? ` (${failure.brokerCode})` : ''}, ${failure.fault} fault, ${failure.outcome}`],
    ['attempts', `${failure.attempts}, ${failure.firstAt} to ${failure.lastAt}`],
    ['redriven', redrive.count === 0 ? 'never' : `${redrive.count} times, last ${redrive.lastAt} (${redrive.lastCode})`],
    ['key', value(record.key)],
    ['value', claimCheck ? `${claimCheck.bytes} bytes in ${claimCheck.target}` : value(record.value)],
    ...record.headers.map(header => ['header', `${header.name} = ${value(header.value)}`]),
  ])
}

function withoutPayload(letter: OpenLetter['letter']): object {
  const { key: _key, value, headers, ...record } = letter.record
  return { ...letter, record: { ...record, valueBytes: value === null ? null : Buffer.byteLength(value, 'base64'), headers: headers.map(({ name }) => ({ name })) } }
}
