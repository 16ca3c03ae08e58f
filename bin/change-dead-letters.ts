// The subcommands discard, edit and unpark of dead-letters, which end or change dead letters without sending them.
import type { Command } from 'commander'
import type { DeadLetter } from '../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../lib/dead-letter/dead-letter-store.ts'
import { InvalidRecordError } from '../lib/errors.ts'
import {
  type ChangeContext,
  type ChangeResult,
  discardDeadLetters,
  replaceDeadLetters,
  unparkDeadLetters,
} from '../lib/redrive/change-dead-letters.ts'
import { editDeadLetter } from '../lib/redrive/edit-dead-letter.ts'
import type { RedriveRequest } from '../lib/redrive/redrive-request.ts'
import { requireTerminal } from './confirm.ts'
import { readEdit } from './edit-input.ts'
import { SOME_REMAIN, stopSignal, WrongUse } from './exit.ts'
import {
  addFilterOptions,
  addSourceOptions,
  FILTER_HELP,
  hasFilter,
  type Options,
  requestOf,
} from './filter-options.ts'
import { counted, jsonLine, printMessage, violationLines } from './output.ts'
import { MORE_MATCH, Reading } from './reading.ts'

/**
 * Adds the subcommands.
 * @param takeId makes a subcommand accept ids that begin with a dash
 */
export function addChanges(deadLetters: Command, takeId: (command: Command) => Command): void {
  const discard = deadLetters
    .command('discard')
    .description('Removes dead letters for good, without sending them. Needs a filter, or --all.')
  addFilterOptions(discard)
    .option('--all', 'discard every dead letter')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print one line of JSON per dead letter')
    .addHelpText(
      'after',
      `${FILTER_HELP}\n\nExample:\n  kafka-producer dead-letters discard --topic old-orders --until 2026-11-25T08:00Z`,
    )
    .action(discardAll)
  const unpark = deadLetters
    .command('unpark')
    .description('Takes parked dead letters out of parking, so that redrive tries them again.')
  addFilterOptions(unpark)
    .option('--json', 'print one line of JSON per dead letter')
    .addHelpText('after', FILTER_HELP)
    .action(unparkAll)
  const edit = deadLetters
    .command('edit')
    .argument('<deadLetterId>')
    .description('Replaces a dead letter with one that has another value, key or headers, and a new id.')
  takeId(addSourceOptions(edit))
    .option('--file <path>', 'file with the new value (default: standard input)')
    .option('--json', 'the input is JSON with any of topic, key, value and headers, instead of only the value')
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .addHelpText('after', EDIT_HELP)
    .action(editOne)
}

const EDIT_HELP = `
With --json the input is e.g. {"key":"k-1","value":{"id":"k-1"},"headers":{"source":"web"}}. A text is used as it is,
null is null, {"base64":"…"} are bytes, and any other value is written as JSON. Missing fields stay as they are.
The new record is validated by the contract of its topic; if it is invalid, nothing changes.

Examples:
  kafka-producer dead-letters edit 4mQzX0c9T2uYk1rVbN7aWg --file corrected.json
  echo '{"key":"k-1"}' | kafka-producer dead-letters edit 4mQzX0c9T2uYk1rVbN7aWg --json`

async function discardAll(options: Options): Promise<void> {
  const request = requestOf(options)
  if (!hasFilter(options) && !options.all)
    throw new WrongUse('Add a filter that says which dead letters to discard, or --all.')
  if (!options.yes) requireTerminal('--yes')
  const reading = await Reading.begin(request)
  await reading.checkNegatedNames()
  let agreed: RedriveRequest | undefined = request
  if (!options.yes) {
    let count = 0
    for await (const _ of reading.deadLetters()) count++
    if (count === 0 && !reading.showsSample) return reading.end()
    agreed = await reading.confirm('Discard', count, 'dead letter', ', for good')
    if (!agreed) {
      printMessage('Nothing was discarded.')
      process.exitCode = SOME_REMAIN
      return reading.end()
    }
    reading.beginAgain()
  }
  report(await discardDeadLetters(agreed, changing(reading, options, 'discarded')), reading, 'discarded')
}

async function unparkAll(options: Options): Promise<void> {
  const request = requestOf(options)
  const reading = await Reading.begin(request)
  await reading.checkNegatedNames()
  report(await unparkDeadLetters(request, changing(reading, options, 'unparked')), reading, 'unparked')
}

async function editOne(deadLetterId: string, options: Options): Promise<void> {
  const request = { ...requestOf(options, ['from', 'sourceQueue']), deadLetterIds: [deadLetterId] }
  const reading = await Reading.begin(request, options)
  const change = await readEdit(options)
  if (!change) return printMessage('Interrupted. Nothing was changed.')
  const edited: DeadLetter[] = []
  try {
    const results = await replaceDeadLetters(request, reading.context, async deadLetter => {
      const after = await editDeadLetter(await reading.withValue(deadLetter), change, reading.contracts, reading)
      if (after.deadLetterId === deadLetterId) throw new WrongUse('The edited record is the same as before.')
      if (deadLetter.failure.outcome === 'unknown')
        printMessage('The outcome of the original record is unknown: its topic may contain both records.')
      edited.push(after)
      return after
    })
    report(results, reading, 'replaced')
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error
    throw new Error(`${error.message} Nothing was changed.${violationLines(error)}`)
  }
  for (const { deadLetterId: id, record, failure } of edited) {
    const hasContract = record.topic !== null && reading.contracts.has(record.topic)
    if (!hasContract)
      printMessage(`The topic ${record.topic ?? '(none)'} has no contract: the record was not validated.`)
    const options = [
      ...(failure.kind === 'invalid-record' ? [' --include-invalid'] : []),
      ...(hasContract ? [] : [' --any-topic']),
    ]
    printMessage(`To send it: kafka-producer redrive --dead-letter ${id}${options.join('')}`)
    process.stdout.write(`${id}\n`)
  }
}

function changing(reading: Reading, options: Options, result: string): ChangeContext {
  if (!options.json) return reading.context
  const onChanged = ({ deadLetter, location }: OpenDeadLetter) =>
    void process.stdout.write(jsonLine({ deadLetterId: deadLetter.deadLetterId, location, result }))
  return { ...reading.context, onChanged }
}

/** Prints what was done in each target, and sets the exit status. */
function report(results: readonly ChangeResult[], reading: Reading, verb: string): void {
  const { sources } = reading
  const changed = results.reduce((sum, result) => sum + result.changed, 0)
  printMessage(`${counted(changed, 'dead letter')} ${verb}.`)
  reading.printMoved(results.reduce((sum, { moved }) => sum + moved, 0))
  results.forEach(({ error }, index) => {
    const source = sources[index]
    if (error !== undefined && source) reading.fail(source, error)
  })
  if (stopSignal.aborted) printMessage('Interrupted. The remaining dead letters stay as they are.')
  const hasMore = results.some(result => result.hasMore)
  if (hasMore) printMessage(MORE_MATCH)
  if (hasMore || stopSignal.aborted) process.exitCode = SOME_REMAIN
  reading.end({ isComplete: !stopSignal.aborted && !hasMore && results.length === sources.length, isSample: false })
}
