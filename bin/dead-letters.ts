import type { Command } from 'commander'
import type { OpenDeadLetter } from '../lib/dead-letter/dead-letter-store.ts'
import { listDeadLetters } from '../lib/redrive/list-dead-letters.ts'
import { withClaim } from '../lib/redrive/read-claim.ts'
import { parseRedriveRequest } from '../lib/redrive/redrive-request.ts'
import { groupDeadLetters } from '../lib/redrive/select-dead-letters.ts'
import { createSourceMessageReader } from '../lib/redrive/source-messages.ts'
import { configuration, contractsIn, environment, exportAwsVariables } from './environment.ts'
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
  const deadLetters = program.command('dead-letters').description('Looks at dead letters. Nothing is changed.')
  const filtered = (name: string, description: string) =>
    deadLetters
      .command(name)
      .description(description)
      .option('--from <target>', 'target as in KAFKA_DEAD_LETTER (default: that)')
      .option('--topic <topic>', 'only of this topic')
      .option('--error <code>', 'only of this code')
      .option('--since <time>', 'failed since: 2026-11-25T08:00:00Z, or 24h')
      .option('--until <time>', 'failed until')
      .option('--json', 'print JSON')
  filtered('list', 'One line per open dead letter.')
    .option('--limit <n>', 'at most so many')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters list --topic orders --since 7d')
    .action(list)
  filtered('stats', 'How many open dead letters by topic and error, and the oldest of each.').action(stats)
  deadLetters
    .command('show')
    .argument('<deadLetterId>')
    // One dead letter id in 64 begins with a dash.
    .allowUnknownOption()
    .helpOption('--help', 'display help for command')
    .description('One dead letter: its reason, its source, its headers; its key and value only with --payload.')
    .option('--from <target>', 'target as in KAFKA_DEAD_LETTER (default: that)')
    .option('--payload', 'print key, value and header values too')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters show 4mQzX0c9T2uYk1rVbN7aWg --payload')
    .action(show)
}

async function* deadLettersOf({ from, topic, error, since, until, limit }: Options): AsyncGenerator<OpenDeadLetter> {
  const filter = Object.entries({ from, topic, error, since, until, limit }).filter(([, value]) => value !== undefined)
  const request = parseRedriveRequest(Object.fromEntries(filter))
  const env = environment()
  exportAwsVariables(env)
  const config = await configuration(env)
  const readSourceMessage = createSourceMessageReader(await contractsIn('contracts', false), config)
  yield* listDeadLetters(request, { config, readSourceMessage })
}

async function list(options: Options): Promise<void> {
  const deadLetters = await Array.fromAsync(deadLettersOf(options))
  if (options.json)
    return json(deadLetters.map(({ deadLetter, location }) => ({ location, ...withoutPayload(deadLetter) })))
  const rows = deadLetters.map(({ deadLetter: { deadLetterId, record, failure, redrive } }) => [
    deadLetterId,
    failure.lastAt,
    record.topic,
    failure.code,
    failure.outcome,
    redrive.count,
  ])
  if (rows.length > 0) table([['dead letter', 'failed', 'topic', 'error', 'outcome', 'tries'], ...rows])
  tell(`${rows.length} open letter(s).`)
}

async function stats(options: Options): Promise<void> {
  const deadLetters = await Array.fromAsync(deadLettersOf(options), ({ deadLetter }) => deadLetter)
  const groups = groupDeadLetters(deadLetters)
  if (options.json) return json(groups)
  if (groups.length > 0)
    table([
      ['topic', 'error', 'letters', 'oldest'],
      ...groups.map(({ topic, error, deadLetters, oldest }) => [topic, error, deadLetters, oldest]),
    ])
  tell(`${deadLetters.length} open letter(s).`)
}

async function show(deadLetterId: string, options: Options): Promise<void> {
  let match: OpenDeadLetter | undefined
  // To its end, so that what was received on the way is let go of.
  for await (const open of deadLettersOf(options)) if (open.deadLetter.deadLetterId === deadLetterId) match = open
  if (!match) throw new Error(`No open dead letter has the id ${deadLetterId}.`)
  const { location } = match
  const deadLetter = options.payload ? await withClaim(match.deadLetter) : match.deadLetter
  if (options.json) return json({ location, ...(options.payload ? deadLetter : withoutPayload(deadLetter)) })
  const { record, source, failure, redrive, claimCheck } = deadLetter
  const hidden = '(with --payload)'
  const value = (bytes: string | null) => (options.payload ? shown(bytes) : bytes === null ? '(null)' : hidden)
  table([
    ['dead letter', deadLetter.deadLetterId],
    ['lies in', location],
    ['record id', deadLetter.recordId],
    ['topic', record.topic],
    [
      'partition',
      record.partition === null ? '(the partitioner’s)' : `${record.partition} (${record.partitionFixedBy})`,
    ],
    ['timestamp', record.timestamp === null ? '(set at append)' : new Date(record.timestamp).toISOString()],
    ['source', `${source.trigger} ${source.id}${source.arn ? ` ${source.arn}` : ''}`],
    [
      'error',
      `${failure.code}${failure.causeCode ? ` (${failure.causeCode})` : ''}, ${failure.kind}, ${failure.outcome}`,
    ],
    ['attempts', `${failure.attempts}, ${failure.firstAt} to ${failure.lastAt}`],
    [
      'redriven',
      redrive.count === 0 ? 'never' : `${redrive.count} times, last ${redrive.lastAt} (${redrive.lastCode})`,
    ],
    ['key', value(record.key)],
    ['value', claimCheck ? `${claimCheck.bytes} bytes in ${claimCheck.target}` : value(record.value)],
    ...record.headers.map(header => ['header', `${header.name} = ${value(header.value)}`]),
  ])
}

function withoutPayload(deadLetter: OpenDeadLetter['deadLetter']): object {
  const { key: _key, value, headers, ...record } = deadLetter.record
  return {
    ...deadLetter,
    record: {
      ...record,
      valueBytes: value === null ? null : Buffer.byteLength(value, 'base64'),
      headers: headers.map(({ name }) => ({ name })),
    },
  }
}
