// The subcommands list, stats, export and check of dead-letters, which read many dead letters and change nothing.
import type { Command } from 'commander'
import type { DeadLetter } from '../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../lib/dead-letter/dead-letter-store.ts'
import { InvalidRecordError, KafkaProducerError } from '../lib/errors.ts'
import { checkByContract } from '../lib/redrive/edit-dead-letter.ts'
import { topicInDoubt } from '../lib/redrive/retried-dead-letter.ts'
import { DeadLetterGroups, isParked, lastError } from '../lib/redrive/select-dead-letters.ts'
import { addChanges } from './change-dead-letters.ts'
import { KIND_TEXTS, withoutPayload } from './dead-letter-texts.ts'
import { onInterruption, SOME_REMAIN, stoppable } from './exit.ts'
import { addFilterOptions, FILTER_HELP, type Options, requestOf } from './filter-options.ts'
import { counted, duration, fixedRow, jsonLine, print, printJson, printTable } from './output.ts'
import { Reading } from './reading.ts'
import { addShow } from './show-dead-letter.ts'

const LIST_HEAD = ['dead letter', 'failed', 'topic', 'error', 'last error', 'outcome', 'notes']
const LIST_WIDTHS = [22, 24, 24, 20, 20, 8]
const CHECK_HEAD = ['dead letter', 'topic', 'result']
const CHECK_WIDTHS = [22, 24]

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
  filtered(
    'export',
    'Prints every open dead letter with its payload, one line of JSON each; for a queue, only a sample.',
  )
    .addHelpText(
      'after',
      `${FILTER_HELP}\n\nExample:\n  kafka-producer dead-letters export --topic orders > orders.jsonl`,
    )
    .action(stoppable(exportAll))
  filtered(
    'check',
    'Validates every open dead letter by the current contract of its topic; for a queue, only a sample.',
  )
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .option('--json', 'print one line of JSON per dead letter')
    .addHelpText('after', `${FILTER_HELP}\nExits with status 1 if a record would not pass.`)
    .action(stoppable(check))
  addShow(deadLetters, takeId)
  addChanges(deadLetters, takeId)
}

/** Makes a subcommand accept ids that begin with a dash, as one in 64 does (ids are base64url). */
function takeId(command: Command): Command {
  return command
    .allowUnknownOption()
    .helpOption('--help', 'display help for command')
    .hook('preAction', subcommand => {
      // As an option, -h would also take ids that begin with it.
      if (subcommand.args[0] === '-h') subcommand.help()
    })
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
        group.isInvalid ? KIND_TEXTS['invalid-record'] : KIND_TEXTS['delivery-failure'],
        group.deadLetters,
        group.parked,
        ageOf(group.newest, group.oldest),
        group.sample,
      ]),
    ])
  reading.printTotal(`${counted(count, 'open dead letter')}`)
  reading.end()
}

/** @returns the ages of the newest and the oldest, e.g. `3 min to 2 d` */
function ageOf(newest: string, oldest: string): string {
  const [from, to] = [newest, oldest].map(at => duration(Date.now() - Date.parse(at)))
  return from === to ? `${from}` : `${from} to ${to}`
}

async function exportAll(options: Options): Promise<void> {
  let count = 0
  onInterruption(() => `Interrupted: ${counted(count, 'dead letter')} exported.`)
  const reading = await Reading.begin(requestOf(options))
  for await (const { deadLetter, location } of reading.deadLetters()) {
    await print(jsonLine({ location, ...(await reading.withValueIfReadable(deadLetter)) }))
    count++
  }
  reading.printTotal(`${counted(count, 'dead letter')} exported`)
  reading.end()
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
    await checkByContract(await reading.withValue(deadLetter), reading.contracts, reading)
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
