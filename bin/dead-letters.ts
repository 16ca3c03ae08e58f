import type { Command } from 'commander'
import type { ProducerConfig } from '../lib/config/settings.ts'
import type { DeadLetter } from '../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../lib/dead-letter/dead-letter-store.ts'
import { listDeadLetters } from '../lib/redrive/list-dead-letters.ts'
import { withClaim } from '../lib/redrive/read-claim.ts'
import { parseRedriveRequest } from '../lib/redrive/redrive-request.ts'
import { DeadLetterGroups } from '../lib/redrive/select-dead-letters.ts'
import { createSourceMessageReader } from '../lib/redrive/source-messages.ts'
import { configuration, contractsIn, environment, exportAwsVariables } from './environment.ts'
import { counted, printJson, printMessage, printTable, textOrBase64 } from './output.ts'

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
  const deadLetters = program.command('dead-letters').description('Inspects dead letters. Changes nothing.')
  const filtered = (name: string, description: string) =>
    deadLetters
      .command(name)
      .description(description)
      .option('--from <target>', 'target in the form of KAFKA_DEAD_LETTER (default: its value)')
      .option('--topic <topic>', 'only dead letters of this topic')
      .option('--error <code>', 'only dead letters with this code')
      .option('--since <time>', 'failed at or after this time, e.g. 2026-11-25T08:00:00Z or 24h')
      .option('--until <time>', 'failed at or before this time')
      .option('--json', 'print JSON')
  filtered('list', 'Prints one line per open dead letter.')
    .option('--limit <n>', 'at most this many')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters list --topic orders --since 7d')
    .action(list)
  filtered('stats', 'Counts open dead letters by topic and error, and prints the oldest of each.').action(stats)
  deadLetters
    .command('show')
    .argument('<deadLetterId>')
    // Ids are base64url: one in 64 begins with a dash.
    .allowUnknownOption()
    .helpOption('--help', 'display help for command')
    .description('Prints one dead letter: its failure, source and headers; key and value only with --payload.')
    .option('--from <target>', 'target in the form of KAFKA_DEAD_LETTER (default: its value)')
    .option('--payload', 'also print key, value and header values')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters show 4mQzX0c9T2uYk1rVbN7aWg --payload')
    .action(show)
}

async function* deadLettersOf({ from, topic, error, since, until, limit }: Options): AsyncGenerator<OpenDeadLetter> {
  const filter = Object.entries({ from, topic, error, since, until, limit }).filter(([, value]) => value !== undefined)
  const request = parseRedriveRequest(Object.fromEntries(filter))
  const config = await producerConfig()
  const readSourceMessage = createSourceMessageReader(await contractsIn('contracts', false), config)
  yield* listDeadLetters(request, { config, readSourceMessage, warn: printMessage })
}

async function producerConfig(): Promise<ProducerConfig> {
  const env = environment()
  exportAwsVariables(env)
  return configuration(env)
}

/** The dead letter with its value, which only a configured target or the one of `--from` may keep. */
async function whole(deadLetter: DeadLetter, { from }: Options): Promise<DeadLetter> {
  const requested = parseRedriveRequest(from === undefined ? {} : { from }).from ?? []
  return withClaim(deadLetter, [...requested, ...(await producerConfig()).deadLetter])
}

async function list(options: Options): Promise<void> {
  const deadLetters = await Array.fromAsync(deadLettersOf(options))
  if (options.json)
    return printJson(deadLetters.map(({ deadLetter, location }) => ({ location, ...withoutPayload(deadLetter) })))
  const rows = deadLetters.map(({ deadLetter: { deadLetterId, record, failure, redrive } }) => [
    deadLetterId,
    failure.lastAt,
    record.topic,
    failure.code,
    failure.outcome,
    redrive.count,
  ])
  if (rows.length > 0) printTable([['dead letter', 'failed', 'topic', 'error', 'outcome', 'redrives'], ...rows])
  printMessage(`${counted(rows.length, 'open dead letter')}.`)
}

async function stats(options: Options): Promise<void> {
  const deadLetters = await Array.fromAsync(deadLettersOf(options), ({ deadLetter }) => deadLetter)
  const grouping = new DeadLetterGroups()
  for (const deadLetter of deadLetters) grouping.add(deadLetter)
  const groups = grouping.list()
  if (options.json) return printJson(groups)
  if (groups.length > 0)
    printTable([
      ['topic', 'error', 'dead letters', 'oldest'],
      ...groups.map(({ topic, error, deadLetters, oldest }) => [topic, error, deadLetters, oldest]),
    ])
  printMessage(`${counted(deadLetters.length, 'open dead letter')}.`)
}

async function show(deadLetterId: string, options: Options): Promise<void> {
  let match: OpenDeadLetter | undefined
  // Reads to the end, so that the store releases the messages it has received.
  for await (const open of deadLettersOf(options)) if (open.deadLetter.deadLetterId === deadLetterId) match = open
  if (!match) throw new Error(`No open dead letter has the id ${deadLetterId}.`)
  const { location } = match
  const deadLetter = options.payload ? await whole(match.deadLetter, options) : match.deadLetter
  if (options.json) return printJson({ location, ...(options.payload ? deadLetter : withoutPayload(deadLetter)) })
  const { record, source, failure, redrive, claimCheck } = deadLetter
  const hidden = '(hidden; use --payload)'
  const payloadText = (bytes: string | null) =>
    options.payload ? textOrBase64(bytes) : bytes === null ? '(null)' : hidden
  printTable([
    ['dead letter', deadLetter.deadLetterId],
    ['location', location],
    ['record id', deadLetter.recordId],
    ['topic', record.topic],
    [
      'partition',
      record.partition === null ? '(chosen by the partitioner)' : `${record.partition} (${record.partitionFixedBy})`,
    ],
    [
      'timestamp',
      record.timestamp === null ? '(set when the record is appended)' : new Date(record.timestamp).toISOString(),
    ],
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
    ['key', payloadText(record.key)],
    ['value', claimCheck ? `${claimCheck.bytes} bytes in ${claimCheck.target}` : payloadText(record.value)],
    ...record.headers.map(header => ['header', `${header.name} = ${payloadText(header.value)}`]),
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
