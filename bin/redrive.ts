// redrive: sends dead letters again, with confirmation, progress and counts.
import type { Command } from 'commander'
import { DeadLetterError } from '../lib/errors.ts'
import type { DeadLetterResult, RedriveResult } from '../lib/redrive/redrive.ts'
import type { RedriveRequest } from '../lib/redrive/redrive-request.ts'
import { DeadLetterResultCounts } from '../lib/redrive/result-counts.ts'
import { runRedrive } from '../lib/redrive/run-redrive.ts'
import { adviceFor } from './advice.ts'
import { requireTerminal } from './confirm.ts'
import { EXIT_STATUS, SOME_REMAIN, WrongUse } from './exit.ts'
import { addFilterOptions, FILTER_HELP, FILTERING, type Options, requestOf } from './filter-options.ts'
import { counted, printJson, printMessage, printTable, progress } from './output.ts'
import { MORE_MATCH, Reading } from './reading.ts'
import { stop } from './stop-redrive.ts'

const EXAMPLES = `${FILTER_HELP}

Examples:
  kafka-producer redrive --dry-run                          counts what would be sent, from KAFKA_DEAD_LETTER
  kafka-producer redrive --topic orders,invoices --not-error record-too-large --since 24h --yes
  kafka-producer redrive --from sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters --rate 100 --yes
  kafka-producer redrive --error schema --include-invalid --yes    after you fixed a contract
  kafka-producer redrive --topic old-orders --to orders --yes      after a topic was deleted
  kafka-producer redrive --stop                             asks a redrive that runs elsewhere to stop
A dead letter is deleted only after its record is acknowledged. A record of unknown outcome is looked up in its
partition first. You can interrupt or kill the command and run it again at any time.
Exit status: ${EXIT_STATUS}`

/** The options of a redrive that are not filters. */
const REDRIVE_OPTIONS = [
  'to',
  'rate',
  'concurrency',
  'dryRun',
  'includeInvalid',
  'anyTopic',
  'overwrite',
  'assumeRetained',
  'otherCluster',
  'timestamp',
  'maxAttempts',
  'verify',
]

export function addRedrive(program: Command): void {
  const redrive = program
    .command('redrive')
    .description('Sends dead letters again, as the same bytes, and deletes each after its acknowledgement.')
  addFilterOptions(redrive)
    .option('--to <topic>', 'the topic that all records go to, in place of their own')
    .option('--rate <n>', 'records per second')
    .option('--concurrency <n>', 'records in flight at once (default: 100)')
    .option('--dry-run', 'count what would be sent, and send nothing')
    .option('--include-invalid', 'also send invalid records, validated again by the current contracts')
    .option('--any-topic', 'also send records of topics without a contract')
    .option('--overwrite', 'also send records whose key has a newer record in a compacted topic')
    .option('--assume-retained', 'also send to topics whose retention can’t be read')
    .option('--other-cluster', 'also send records of unknown outcome that another cluster may have')
    .option('--no-verify', 'skip the lookup of records of unknown outcome, and the settings of the topics')
    .option('--timestamp <which>', 'timestamp of the sent records: original or now', 'original')
    .option('--max-attempts <n>', 'skip dead letters after this many failed attempts (default: 5)')
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .option('--yes', 'do not ask for confirmation')
    .option('--stop', 'ask the redrive that is running, here or in the function, to stop')
    .option('--json', 'print a line of JSON per dead letter, then one with the counts')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(options: Options): Promise<void> {
  if (options.stop) return stop(options)
  const request = requestOf(options, [...FILTERING, ...REDRIVE_OPTIONS])
  const { dryRun } = request
  if (!dryRun && !options.yes) requireTerminal('--yes or --dry-run')
  const reading = await Reading.begin(request, options, true)
  // Without this check, every record would be kept as `unknown-topic`.
  if (request.to !== undefined && !request.anyTopic && !reading.contracts.has(request.to))
    throw new WrongUse(`--to ${request.to}: no contract has this topic. Correct it, or add --any-topic.`)
  if (!dryRun) await reading.checkNegatedNames()
  // The dry run before the question gives the total. With --yes there is none, so no time left is shown.
  let total: number | undefined
  let agreed: RedriveRequest | undefined = request
  if (!dryRun && !options.yes) {
    const planned = await runRedrive({ ...request, dryRun: true }, reading.context)
    print(planned, reading, { hasTable: true, isDryRun: true })
    total = planned.reduce((sum, { tried, found }) => sum + tried + found, 0)
    if (total === 0 && !reading.showsSample) return end(planned, reading, true)
    agreed = await reading.confirm('Send', total, 'record')
    if (!agreed) return end(planned, reading, true)
    if (reading.showsSample) total = undefined
    reading.beginAgain()
  }
  const results = await runWithProgress(agreed, reading, options, total)
  print(results, reading, { hasTable: !options.json, isDryRun: dryRun })
  if (options.json) printJson({ results })
  end(results, reading, dryRun)
}

async function runWithProgress(
  request: RedriveRequest,
  reading: Reading,
  { json }: Options,
  total: number | undefined,
): Promise<RedriveResult[]> {
  const bar = progress(total)
  const counts = new DeadLetterResultCounts()
  try {
    return await runRedrive(request, {
      ...reading.context,
      onDeadLetter: result => {
        if (json) printJson(withPlace(result))
        counts.add(result)
      },
      onProgress: () => bar.update(counts.done, `${counts.sent} sent, ${counts.found} already in Kafka`),
    })
  } finally {
    bar.end()
  }
}

/** Replaces the record by its place, as separate fields. */
function withPlace(result: DeadLetterResult): object {
  if (!('record' in result)) return result
  const place = /^kafka:(.+)-(\d+)@(\d+|\?)$/.exec(result.record)
  if (!place) return result
  const { record: _, ...rest } = result
  const offset = place[3] === '?' ? null : Number(place[3])
  return { ...rest, topic: place[1], partition: Number(place[2]), offset }
}

type Count =
  | 'seen'
  | 'matched'
  | 'tried'
  | 'resent'
  | 'found'
  | 'invalid'
  | 'parked'
  | 'unreadable'
  | 'notCompleted'
  | 'notNoted'
  | 'moved'

function sumOf(results: readonly RedriveResult[], name: Count): number {
  return results.reduce((total, result) => total + result[name], 0)
}

/** Prints the counts for people on standard error: with --json, standard output contains only JSON. */
function print(
  results: readonly RedriveResult[],
  reading: Reading,
  { hasTable, isDryRun }: { readonly hasTable: boolean; readonly isDryRun: boolean },
): void {
  const rows = tableOf(results)
  if (hasTable && rows.length > 0) printTable([['topic', 'error', 'dead letters'], ...rows])
  const sum = (name: Count) => sumOf(results, name)
  const failed = addedUp(results.flatMap(result => Object.entries(result.failed)))
  const kept = [...failed.values()].reduce((total, count) => total + count, sum('invalid') + sum('parked'))
  const untried = sum('matched') - sum('found') - sum(isDryRun ? 'tried' : 'resent') - kept
  printMessage(
    [
      `${counted(sum('seen'), 'dead letter')} seen, ${sum('matched')} matched`,
      isDryRun ? `${sum('tried')} to send` : `${sum('resent')} sent`,
      `${sum('found')} already in Kafka`,
      `${sum('invalid')} invalid (--include-invalid), ${sum('parked')} parked (dead-letters unpark).`,
    ].join(', '),
  )
  if (untried > 0)
    printMessage(`The run stopped before ${untried} of them: whether their records can be sent is not known.`)
  if (failed.size > 0) printMessage(`Still open: ${[...failed].map(([code, count]) => `${count} ${code}`).join(', ')}.`)
  for (const line of adviceFor(failed.keys(), reading.request.to)) printMessage(line)
  const notCompleted = sum('notCompleted')
  if (notCompleted > 0)
    printMessage(
      `${counted(notCompleted, 'record')} in Kafka whose dead letters could not be completed: the next run sends ` +
        'them again, with the same kp-id.',
    )
  reading.printMoved(sum('moved'))
  const notNoted = sum('notNoted')
  if (notNoted > 0)
    printMessage(`The result of this attempt could not be stored on ${counted(notNoted, 'dead letter')}.`)
}

/** The rows of the table, those with the most dead letters first. */
function tableOf(results: readonly RedriveResult[]): (readonly [string, string, number])[] {
  const entries = results
    .flatMap(({ byTopic }) => Object.entries(byTopic))
    .flatMap(([topic, codes]) =>
      Object.entries(codes).map(([code, count]) => [JSON.stringify([topic, code]), count] as const),
    )
  return [...addedUp(entries)]
    .map(([key, count]) => {
      const [topic = '', code = ''] = JSON.parse(key) as string[]
      return [topic || '(none)', code, count] as const
    })
    .sort((a, b) => b[2] - a[2])
}

function addedUp(entries: readonly (readonly [string, number])[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const [key, count] of entries) sums.set(key, (sums.get(key) ?? 0) + count)
  return sums
}

/**
 * Prints why targets were left early, and sets the exit status.
 * @param isDryRun whether the results are those of a dry run, which sees only a sample of queues
 */
function end(results: readonly RedriveResult[], reading: Reading, isDryRun: boolean): void {
  const { request, sources } = reading
  results.forEach(({ stopped, error }, index) => {
    const source = sources[index]
    if (stopped === undefined || !source) return
    if (stopped === 'not-found') reading.fail(source, new DeadLetterError('not-found', error ?? 'It does not exist.'))
    else
      printMessage(
        [`Stopped: ${stopped}.`, error, 'The remaining dead letters stay in their target.']
          .filter(text => text !== undefined)
          .join(' '),
      )
  })
  const isDone = results.every(({ stopped }) => stopped === undefined)
  const remaining = sumOf(results, 'matched') - sumOf(results, 'resent') - sumOf(results, 'found')
  const hasMore = results.some(result => result.hasMore)
  if (hasMore) printMessage(MORE_MATCH)
  const isLeft = !request.dryRun && (remaining > 0 || sumOf(results, 'notCompleted') > 0 || hasMore)
  if (!isDone || isLeft) process.exitCode = SOME_REMAIN
  // Nothing is read beyond the limit, where a name of the request may still occur.
  const isWithinLimit = !hasMore && sumOf(results, 'matched') < (request.limit ?? Number.POSITIVE_INFINITY)
  const isComplete = isDone && isWithinLimit && results.length === sources.length
  reading.end({ isComplete, ...(isDryRun ? {} : { isSample: false }) })
}
