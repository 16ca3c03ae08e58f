import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { RedriveResult } from '../lib/redrive/redrive.ts'
import { parseRedriveRequest, type RedriveRequest } from '../lib/redrive/redrive-request.ts'
import { runRedrive } from '../lib/redrive/run-redrive.ts'
import { createSourceMessageReader } from '../lib/redrive/source-messages.ts'
import { configuration, contractsIn, environment, exportAwsVariables } from './environment.ts'
import { json, progress, table, tell } from './output.ts'

const EXAMPLES = `
Examples:
  kafka-producer redrive --dry-run                          what would be sent, from KAFKA_DEAD_LETTER
  kafka-producer redrive --topic orders --since 24h --yes
  kafka-producer redrive --from sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/letters --rate 100 --yes
  kafka-producer redrive --error schema --include-invalid --yes    after a contract was mended
A dead letter is deleted only after its record was acknowledged. One whose outcome was unknown is looked for in its
partition first. It can be interrupted, killed and run again at any time.`

type Options = Record<string, string | boolean | undefined>

export function addRedrive(program: Command): void {
  program
    .command('redrive')
    .description('Sends dead letters again, as the bytes they were, and deletes each after its acknowledgement.')
    .option(
      '--from <target>',
      'target as in KAFKA_DEAD_LETTER, or a queue that is a source DLQ or failure destination (default: KAFKA_DEAD_LETTER)',
    )
    .option('--dead-letter <deadLetterId>', 'this one alone')
    .option('--topic <topic>', 'only of this topic; with --include-invalid also dead letters that never had one')
    .option('--error <code>', 'only of this code, e.g. no-leader')
    .option('--since <time>', 'failed since: 2026-11-25T08:00:00Z, or 24h')
    .option('--until <time>', 'failed until')
    .option('--limit <n>', 'at most so many')
    .option('--rate <n>', 'records per second')
    .option('--dry-run', 'only count')
    .option('--include-invalid', 'also invalid records, by the contracts as they are now')
    .option('--no-verify', 'do not look for records of unknown outcome first')
    .option('--timestamp <which>', 'original or now', 'original')
    .option('--max-attempts <n>', 'a dead letter that was refused so often stays (default: 5)')
    .option(
      '--source-queue <queue>',
      'the queue that the messages of a source DLQ or failure destination were in, where they do not say',
    )
    .option('--contracts <folder>', 'contracts of the records', 'contracts')
    .option('--yes', 'do not ask')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { yes, json: asJson, contracts: folder, verify, deadLetter, ...asked } = options
  const request = parseRedriveRequest({
    ...asked,
    ...(deadLetter === undefined ? {} : { deadLetterId: deadLetter }),
    verify: verify !== false,
  })
  const env = environment()
  exportAwsVariables(env)
  const config = await configuration(env)
  const contracts = await contractsIn(folder as string, folder !== 'contracts')
  const readSourceMessage = createSourceMessageReader(contracts, config)
  const context = { config, contracts, readSourceMessage, warn: tell }
  let total: number | undefined
  if (!request.dryRun && !yes) {
    if (!process.stdin.isTTY) throw new Error('Expected --yes (or --dry-run), since there is no terminal to ask.')
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
    onProgress: ({ tried, resent, found }) => bar.update(tried, `${resent} sent, ${found} were there`),
  })
  bar.end()
  print(results, asJson === true)
  if (!isClean(results, request)) process.exitCode = 1
}

async function confirmed(total: number): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`Send ${total} record(s)? [y/N] `)
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

function isClean(results: readonly RedriveResult[], { dryRun }: RedriveRequest): boolean {
  return dryRun || results.every(({ failed, stopped }) => stopped === undefined && Object.keys(failed).length === 0)
}

function print(results: readonly RedriveResult[], asJson: boolean): void {
  if (asJson) return json({ results })
  const byTopic = results
    .flatMap(result => Object.entries(result.byTopic))
    .flatMap(([topic, codes]) => Object.entries(codes).map(([code, count]) => [topic || '(none)', code, count]))
  if (byTopic.length > 0) table([['topic', 'error', 'dead letters'], ...byTopic])
  const sum = (name: 'seen' | 'matched' | 'tried' | 'resent' | 'found' | 'invalid' | 'parked') =>
    results.reduce((total, result) => total + result[name], 0)
  const failed = results.flatMap(result => Object.entries(result.failed)).map(([code, count]) => `${count} ${code}`)
  tell(
    `${sum('seen')} dead letters seen, ${sum('matched')} matched, ${sum('tried')} to send, ${sum('resent')} sent, ${sum('found')} were in Kafka already, ${sum('invalid')} invalid (--include-invalid), ${sum('parked')} parked.`,
  )
  if (failed.length > 0) tell(`Still open: ${failed.join(', ')}.`)
  const stopped = results.find(result => result.stopped !== undefined)?.stopped
  if (stopped !== undefined) tell(`Stopped: ${stopped}. The other dead letters are where they were.`)
}
