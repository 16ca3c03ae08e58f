import { stopRedrive } from '../lib/redrive/stop-redrive.ts'
import { SOME_REMAIN } from './exit.ts'
import { type Options, requestOf } from './filter-options.ts'
import { printMessage, printTable } from './output.ts'
import { Reading } from './reading.ts'

const RESULT_TEXTS = {
  requested: 'asked to stop; it ends before its next batch',
  'not-running': 'no redrive is running',
  'no-lease': 'there is no lease through which to ask it: set KAFKA_REDRIVE_LEASE_QUEUE, or end the process',
  failed: 'not asked',
} as const

/** Runs `redrive --stop`: asks a redrive that runs elsewhere, e.g. in the function, to stop. */
export async function stop(options: Options): Promise<void> {
  const reading = await Reading.begin(requestOf(options, ['from', 'sourceQueue']), options)
  const results = await stopRedrive(reading.request, reading.context)
  printTable(results.map(({ target, result }) => [target, RESULT_TEXTS[result]]))
  for (const { target, error } of results) if (error !== undefined) printMessage(`${target}: ${error}`)
  if (results.some(({ result }) => result === 'failed' || result === 'no-lease')) process.exitCode = SOME_REMAIN
}
