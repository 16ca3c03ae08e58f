// dead-letters list, show, stats, export and check: what shows dead letters and changes nothing.
import type { Command } from 'commander'
import type { DeadLetter } from '../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../lib/dead-letter/dead-letter-store.ts'
import { InvalidRecordError, KafkaProducerError } from '../lib/errors.ts'
import { checkByContract } from '../lib/redrive/edit-dead-letter.ts'
import { topicInDoubt } from '../lib/redrive/retried-dead-letter.ts'
import { DeadLetterGroups, isParked, lastError, MAX_ATTEMPTS } from '../lib/redrive/select-dead-letters.ts'
import { addChanges } from './change-dead-letters.ts'
import { onInterruption, SOME_REMAIN, stoppable } from './exit.ts'
import { addFilterOptions, addSourceOptions, FILTER_HELP, type Options, requestOf } from './filter-options.ts'
import {
  counted,
  duration,
  fixedRow,
  jsonLine,
  print,
  printJson,
  printMessage,
  printTable,
  textOrBase64,
} from './output.ts'
import { Reading } from './reading.ts'

const LIST_HEAD = ['dead letter', 'failed', 'topic', 'error', 'last error', 'outcome', 'notes']
const LIST_WIDTHS = [22, 24, 24, 20, 20, 8]
const CHECK_HEAD = ['dead letter', 'topic', 'result']
const CHECK_WIDTHS = [22, 24]
const KIND = { 'invalid-record': 'invalid record', 'delivery-failure': 'delivery failure' } as const

export function addDeadLetters(program: Command): void {
  const deadLetters = program
    .command('dead-letters')
    .description('Shows and changes dead letters. list, show, stats, export and check change nothing.')
  const filtered = (name: string, description: string) =>
    addFilterOptions(deadLetters.command(name).description(description))
  filtered('list', 'Prints one line per open dead letter.')
    .option('--json', 'print one line of JSON per dead letter')
    .addHelpText('after', `${FILTER_HELP}\n\nExample:\n  kafka-producer dead-letters list --topic orders --since 7d`)
    .action(stoppable(list))
  filtered('stats', 'Counts open dead letters by topic, error and outcome, with a sample of each group.')
    .option('--json', 'print JSON')
    .addHelpText('after', FILTER_HELP)
    .action(stoppable(stats))
  filtered('export', 'Prints every open dead letter with its payload, one line of JSON each; of a queue only a sample.')
    .addHelpText(
      'after',
      `${FILTER_HELP}\n\nExample:\n  kafka-producer dead-letters export --topic orders > orders.jsonl`,
    )
    .action(stoppable(exportAll))
  filtered(
    'check',
    'Checks every open dead letter by the contract of its topic, as it is now; of a queue only a sample.',
  )
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .option('--json', 'print one line of JSON per dead letter')
    .addHelpText('after', `${FILTER_HELP}\nExits with status 1 also if a record would not pass.`)
    .action(stoppable(check))
  const show = deadLetters
    .command('show')
    .argument('<deadLetterId>')
    .description('Prints one dead letter: its failure, source and headers; key and value only with --payload.')
  takeId(addSourceOptions(show))
    .option('--payload', 'also print key, value and header values')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters show 4mQzX0c9T2uYk1rVbN7aWg --payload')
    .action(stoppable(showOne))
  addChanges(deadLetters, takeId)
}

/** Ids are base64url: one in 64 begins with a dash. */
function takeId(command: Command): Command {
  return command.allowUnknownOption().helpOption('--help', 'display help for command')
}

async function list(options: Options): Promise<void> {
  let count = 0
  onInterruption(() => `Interrupted after ${counted(count, 'open dead letter')}.`)
  const reading = await Reading.begin(requestOf(options))
  for await (const open of reading.deadLetters()) {
    if (options.json) await print(jsonLine(withoutPayload(open)))
    else {
      if (count === 0) await print(fixedRow(LIST_HEAD, LIST_WIDTHS))
      await print(fixedRow(listed(open), LIST_WIDTHS))
    }
    count++
  }
  reading.printTotal(`${counted(count, 'open dead letter')}`)
  reading.end()
}

function listed({ deadLetter, verified }: OpenDeadLetter): string[] {
  const { deadLetterId, record, failure, redrive } = deadLetter
  const notes = [
    ...(failure.kind === 'invalid-record' ? ['invalid'] : []),
    ...(redrive.count > 0 ? [counted(redrive.count, 'attempt')] : []),
    ...(isParked(deadLetter) ? ['parked'] : []),
    ...(verified ? [] : ['not verified']),
  ]
  const { topic } = record
  const topicSent = topicInDoubt(deadLetter)
  if (topicSent !== null && topicSent !== topic) notes.push(`perhaps in ${topicSent}`)
  const errors = [failure.code, lastError(deadLetter), failure.outcome]
  return [deadLetterId, failure.lastAt, topic ?? '(none)', ...errors, notes.join(', ')]
}

async function stats(options: Options): Promise<void> {
  let count = 0
  onInterruption(() => `Interrupted after ${counted(count, 'open dead letter')}.`)
  const reading = await Reading.begin(requestOf(options))
  const groups = new DeadLetterGroups()
  for await (const { deadLetter } of reading.deadLetters()) {
    groups.add(deadLetter)
    count++
  }
  const rows = groups.list()
  if (options.json) printJson(rows)
  else if (rows.length > 0)
    printTable([
      ['topic', 'error', 'last error', 'outcome', 'kind', 'dead letters', 'parked', 'age', 'sample'],
      ...rows.map(group => [
        group.topic ?? '(none)',
        group.error,
        group.lastError,
        group.outcome,
        group.isInvalid ? KIND['invalid-record'] : KIND['delivery-failure'],
        group.deadLetters,
        group.parked,
        ageOf(group.newest, group.oldest),
        group.sample,
      ]),
    ])
  reading.printTotal(`${counted(count, 'open dead letter')}`)
  reading.end()
}

/** @returns e.g. `3 min to 2 d` */
function ageOf(newest: string, oldest: string): string {
  const [from, to] = [newest, oldest].map(at => duration(Date.now() - Date.parse(at)))
  return from === to ? `${from}` : `${from} to ${to}`
}

async function exportAll(options: Options): Promise<void> {
  let count = 0
  onInterruption(() => `Interrupted: ${counted(count, 'dead letter')} exported.`)
  const reading = await Reading.begin(requestOf(options))
  for await (const { deadLetter, location } of reading.deadLetters()) {
    await print(jsonLine({ location, ...(await withValue(deadLetter, reading)) }))
    count++
  }
  reading.printTotal(`${counted(count, 'dead letter')} exported`)
  reading.end()
}

/** Without its value, and with a message, where the claim check can't be read. */
async function withValue(deadLetter: DeadLetter, reading: Reading): Promise<DeadLetter> {
  try {
    return await reading.withValue(deadLetter)
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    printMessage(`${deadLetter.deadLetterId}: ${error.message}`)
    process.exitCode = SOME_REMAIN
    return deadLetter
  }
}

async function check(options: Options): Promise<void> {
  const counts = new Map<string, number>()
  let total = 0
  onInterruption(() => `Interrupted: ${counts.get('valid') ?? 0} of ${counted(total, 'dead letter')} would pass.`)
  const reading = await Reading.begin(requestOf(options), options)
  for await (const { deadLetter } of reading.deadLetters()) {
    const { deadLetterId, record } = deadLetter
    const error = await problemOf(deadLetter, reading)
    const result = error?.code ?? 'valid'
    counts.set(result, (counts.get(result) ?? 0) + 1)
    if (options.json) await print(jsonLine({ deadLetterId, topic: record.topic, result, ...detailsOf(error) }))
    else {
      if (total === 0) await print(fixedRow(CHECK_HEAD, CHECK_WIDTHS))
      const words = error ? `${error.code}: ${error.message}${firstViolation(error)}` : 'valid'
      await print(fixedRow([deadLetterId, record.topic ?? '(none)', words], CHECK_WIDTHS))
    }
    total++
  }
  const valid = counts.get('valid') ?? 0
  const others = [...counts].flatMap(([result, count]) => (result === 'valid' ? [] : `, ${count} ${result}`))
  reading.printTotal(`${valid} of ${counted(total, 'dead letter')} would pass${others.join('')}`)
  if (valid < total) process.exitCode = SOME_REMAIN
  reading.end()
}

async function problemOf(deadLetter: DeadLetter, reading: Reading): Promise<KafkaProducerError | undefined> {
  try {
    checkByContract(await reading.withValue(deadLetter), reading.contracts)
    return undefined
  } catch (error) {
    if (error instanceof KafkaProducerError) return error
    throw error
  }
}

function detailsOf(error: KafkaProducerError | undefined): object {
  if (!error) return {}
  const { message } = error
  return error instanceof InvalidRecordError ? { message, violations: error.violations } : { message }
}

function firstViolation(error: KafkaProducerError): string {
  const violation = error instanceof InvalidRecordError ? error.violations[0] : undefined
  return violation ? ` At ${violation.pointer || 'the root'}: expected ${violation.expected}.` : ''
}

async function showOne(deadLetterId: string, options: Options): Promise<void> {
  const reading = await Reading.begin({ ...requestOf(options, ['from', 'sourceQueue']), deadLetterIds: [deadLetterId] })
  // Several open dead letters may have one id: an id is only a claim until it is verified.
  const open = await Array.fromAsync(reading.deadLetters())
  for (const each of open) {
    const deadLetter = options.payload ? await withValue(each.deadLetter, reading) : each.deadLetter
    if (options.json)
      printJson(options.payload ? { location: each.location, ...deadLetter } : withoutPayload({ ...each, deadLetter }))
    else printTable(details({ ...each, deadLetter }, options.payload === true))
  }
  reading.end()
}

function details({ deadLetter, location, verified }: OpenDeadLetter, payload: boolean): string[][] {
  const { record, source, failure, claimCheck } = deadLetter
  const { partition, partitionFixedBy, timestamp } = record
  const { code, causeCode, kind, outcome } = failure
  const payloadText = (bytes: string | null) =>
    payload ? textOrBase64(bytes) : bytes === null ? '(null)' : '(hidden; use --payload)'
  return [
    ['dead letter', `${deadLetter.deadLetterId}${verified ? '' : ' (not verified: its value is in a claim check)'}`],
    ...(deadLetter.editedFrom === undefined ? [] : [['edited from', deadLetter.editedFrom]]),
    ['location', location],
    ['record id', deadLetter.recordId],
    ['topic', record.topic ?? '(none)'],
    ['partition', partition === null ? '(chosen by the partitioner)' : partitionText(partition, partitionFixedBy)],
    [
      'timestamp',
      timestamp === null ? '(none: a redrive uses the time of the first failure)' : new Date(timestamp).toISOString(),
    ],
    ['source', `${source.trigger} ${source.id}${source.arn ? ` ${source.arn}` : ''}`],
    ['error', `${code}${causeCode ? ` (${causeCode})` : ''}, ${KIND[kind]}, ${outcome}`],
    ...inDoubt(deadLetter),
    ['send attempts', `${failure.attempts}, ${failure.firstAt} to ${failure.lastAt}`],
    ['redrive', redriven(deadLetter)],
    ['key', payloadText(record.key)],
    ['value', claimCheck ? `${claimCheck.bytes} bytes in ${claimCheck.target}` : payloadText(record.value)],
    ...record.headers.map(header => ['header', `${header.name} = ${payloadText(header.value)}`]),
  ]
}

function partitionText(partition: number, fixedBy: DeadLetter['record']['partitionFixedBy']): string {
  return fixedBy === 'source' ? `${partition} (fixed by the source)` : `${partition} (a redrive chooses again)`
}

function inDoubt(deadLetter: DeadLetter): string[][] {
  const { inDoubt: doubt } = deadLetter
  if (doubt === null) return []
  return [['in doubt', `perhaps in ${topicInDoubt(deadLetter)}-${doubt.partition}, sent ${doubt.from} to ${doubt.to}`]]
}

function redriven(deadLetter: DeadLetter): string {
  const { count, lastAt, lastCode } = deadLetter.redrive
  if (lastAt === null) return 'never'
  const parked = isParked(deadLetter) ? ', parked' : ''
  return `${count} of ${counted(MAX_ATTEMPTS, 'attempt')}${parked}, last ${lastAt} (${lastCode})`
}

function withoutPayload({ deadLetter, location, verified }: OpenDeadLetter): object {
  const { key: _key, value, headers, ...record } = deadLetter.record
  return {
    location,
    verified,
    ...deadLetter,
    record: {
      ...record,
      valueBytes: value === null ? null : Buffer.byteLength(value, 'base64'),
      headers: headers.map(({ name }) => ({ name })),
    },
  }
}
