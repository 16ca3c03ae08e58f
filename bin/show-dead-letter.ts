// dead-letters show: prints one dead letter with everything that is known about it.
import type { Command } from 'commander'
import type { DeadLetter } from '../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../lib/dead-letter/dead-letter-store.ts'
import { topicInDoubt } from '../lib/redrive/retried-dead-letter.ts'
import { isParked, MAX_ATTEMPTS } from '../lib/redrive/select-dead-letters.ts'
import { KIND_TEXTS, withoutPayload } from './dead-letter-texts.ts'
import { stoppable } from './exit.ts'
import { addSourceOptions, type Options, requestOf } from './filter-options.ts'
import { counted, printJson, printTable, textOrBase64 } from './output.ts'
import { Reading } from './reading.ts'

/**
 * Adds the subcommand.
 * @param takeId makes it accept ids that begin with a dash
 */
export function addShow(deadLetters: Command, takeId: (command: Command) => Command): void {
  const show = deadLetters
    .command('show')
    .argument('<deadLetterId>')
    .description('Prints one dead letter: its failure, source and headers; key and value only with --payload.')
  takeId(addSourceOptions(show))
    .option('--payload', 'also print key, value and header values')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  kafka-producer dead-letters show 4mQzX0c9T2uYk1rVbN7aWg --payload')
    .action(stoppable(showOne))
}

async function showOne(deadLetterId: string, options: Options): Promise<void> {
  const reading = await Reading.begin({ ...requestOf(options, ['from', 'sourceQueue']), deadLetterIds: [deadLetterId] })
  // Several open dead letters may claim one id until the id is verified against the value.
  const open = await Array.fromAsync(reading.deadLetters())
  for (const each of open) {
    const deadLetter = options.payload ? await reading.withValueIfReadable(each.deadLetter) : each.deadLetter
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
    ['error', `${code}${causeCode ? ` (${causeCode})` : ''}, ${KIND_TEXTS[kind]}, ${outcome}`],
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
