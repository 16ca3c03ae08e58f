import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { RedriveResult } from '../lib/redrive/redrive.ts'
import { parseRedriveRequest, type RedriveRequest } from '../lib/redrive/redrive-request.ts'
import { runRedrive } from '../lib/redrive/run-redrive.ts'
import { createSourceMessageReader } from '../lib/redrive/source-messages.ts'
import { configuration, contractsIn, environment, exportAwsVariables } from './environment.ts'
import { counted, printJson, printMessage, printTable, progress } from './output.ts'

const EXAMPLES = `
Examples:
  kafka-producer redrive --dry-run                          counts what would be sent, from KAFKA_DEAD_LETTER
  kafka-producer redrive --topic orders --since 24h --yes
  kafka-producer redrive --from sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters --rate 100 --yes
  kafka-producer redrive --error schema --include-invalid --yes    after you fixed a contract
A dead letter is deleted only after its record is acknowledged. A record of unknown outcome is looked up in its
partition first. You can interrupt or kill the command and run it again at any time.`

type Options = Record<string, string | boolean | undefined>

export function addRedrive(program: Command): void {
  program
    .command('redrive')
    .description('Sends dead letters again, as the same bytes, and deletes each after its acknowledgement.')
    .option(
      '--from <target>',
      'target in the form of KAFKA_DEAD_LETTER, or a source DLQ or failure destination (default: KAFKA_DEAD_LETTER)',
    )
    .option('--dead-letter <deadLetterId>', 'only this dead letter')
    .option('--topic <topic>', 'only dead letters of this topic; with --include-invalid also those without a topic')
    .option('--error <code>', 'only dead letters with this code, e.g. no-leader')
    .option('--since <time>', 'failed at or after this time, e.g. 2026-11-25T08:00:00Z or 24h')
    .option('--until <time>', 'failed at or before this time')
    .option('--limit <n>', 'at most this many')
    .option('--rate <n>', 'records per second')
    .option('--dry-run', 'count and send nothing')
    .option('--include-invalid', 'also invalid records, validated by the current contracts')
    .option('--no-verify', 'skip the lookup of records of unknown outcome')
    .option('--timestamp <which>', 'original or now', 'original')
    .option('--max-attempts <n>', 'leave dead letters that were refused this often (default: 5)')
    .option(
      '--source-queue <queue>',
      'the original queue of messages in a source DLQ or failure destination, if they do not name it',
    )
    .option('--contracts <folder>', 'folder of the contracts', 'contracts')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { yes, json: asJson, contracts: folder, verify, deadLetter, ...filters } = options
  const request = parseRedriveRequest({
    ...filters,
    ...(deadLetter === undefined ? {} : { deadLetterId: deadLetter }),
    verify: verify !== false,
  })
  const env = environment()
  exportAwsVariables(env)
  const config = await configuration(env)
  const contracts = await contractsIn(folder as string, folder !== 'contracts')
  const readSourceMessage = createSourceMessageReader(contracts, config)
  const context = { config, contracts, readSourceMessage, warn: printMessage }
  let total: number | undefined
  if (!request.dryRun && !yes) {
    if (!process.stdin.isTTY)
      throw new Error('Expected --yes or --dry-run, because there is no terminal to ask for confirmation; got neither.')
    const planned = await runRedrive({ ...request, dryRun: true }, context)
    print(planned, false)
    total = planned.reduce((sum, { tried }) => sum + tried, 0)
    if (total === 0 || !(await confirmed(total))) return
  }
  const bar = progress(total)
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const results = await runRedrive(request, {
    ...context,
    signal: stopping.signal,
    onProgress: ({ tried, resent, found }) => bar.update(tried, `${resent} sent, ${found} already in Kafka`),
  })
  bar.end()
  print(results, asJson === true)
  if (!isClean(results, request)) process.exitCode = 1
}

async function confirmed(total: number): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`Send ${counted(total, 'record')}? [y/N] `)
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

function isClean(results: readonly RedriveResult[], { dryRun }: RedriveRequest): boolean {
  return dryRun || results.every(({ failed, stopped }) => stopped === undefined && Object.keys(failed).length === 0)
}

function print(results: readonly RedriveResult[], asJson: boolean): void {
  if (asJson) return printJson({ results })
  const byTopic = results
    .flatMap(result => Object.entries(result.byTopic))
    .flatMap(([topic, codes]) => Object.entries(codes).map(([code, count]) => [topic || '(none)', code, count]))
  if (byTopic.length > 0) printTable([['topic', 'error', 'dead letters'], ...byTopic])
  const sum = (name: 'seen' | 'matched' | 'tried' | 'resent' | 'found' | 'invalid' | 'parked') =>
    results.reduce((total, result) => total + result[name], 0)
  const failed = results.flatMap(result => Object.entries(result.failed)).map(([code, count]) => `${count} ${code}`)
  printMessage(
    [
      `${counted(sum('seen'), 'dead letter')} seen, ${sum('matched')} matched, ${sum('tried')} to send`,
      `${sum('resent')} sent, ${sum('found')} already in Kafka`,
      `${sum('invalid')} invalid (--include-invalid), ${sum('parked')} parked.`,
    ].join(', '),
  )
  if (failed.length > 0) printMessage(`Still open: ${failed.join(', ')}.`)
  const stopped = results.find(result => result.stopped !== undefined)?.stopped
  if (stopped !== undefined) printMessage(`Stopped: ${stopped}. The remaining dead letters stay in their target.`)
}
