// Stage 9 of 9, for every trigger: failed reports → stored letters. What no target stores stays with its source.
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import type { RecordFate } from '../delivery/record-fate.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { Deadline } from '../time/deadline.ts'
import type { DeadLetters } from './dead-letter-chain.ts'
import { type LetterSource, toDeadLetter } from './envelope.ts'

export interface LetterContext {
  readonly letters: DeadLetters
  /** The source of the record at an index of the reports. */
  readonly sourceOf: (index: number) => LetterSource
  readonly idOf: (index: number) => string
  /** Whether a failure becomes a letter; one that does not stays with its source. Default: every system fault. */
  readonly isLettered?: (failed: Failed, index: number) => boolean
  /** The key of a record that is at fault, where one can be read. */
  readonly keyOf?: (record: ProducerRecord) => Uint8Array | string | null
  readonly deadline?: Deadline
  /** A letter is not stored: its record goes back to its source. */
  readonly onFailure: (error: unknown) => void
}

/** One fate per report that failed and is the system's fault or to be lettered, keyed by its index. */
export async function letterFailures(reports: readonly DeliveryReport[], context: LetterContext): Promise<Map<number, RecordFate>> {
  const { letters, sourceOf, idOf, isLettered = ({ fault }) => fault === 'system', keyOf = () => null, deadline, onFailure } = context
  const fates = new Map<number, RecordFate>()
  const failures = [...reports.entries()].filter((entry): entry is [number, Failed] => entry[1].kind === 'failed')
  const lettered = failures.filter(([index, failed]) => isLettered(failed, index))
  for (const [index, { outcome, code }] of new Set([...failures.filter(([, { fault }]) => fault === 'system'), ...lettered])) fates.set(index, { fate: 'returned', outcome, code })
  if (!letters.isOn || lettered.length === 0) return fates
  const written = lettered.map(([index, failed]) => toDeadLetter(failed, idOf(index), sourceOf(index), keyOf(failed.record)))
  const results = await letters.store(written, deadline)
  lettered.forEach(([index, { outcome, code }], at) => {
    const receipt = results[at]
    if (typeof receipt !== 'string') return
    fates.set(index, { fate: 'dead-lettered', outcome, code, receipt, letterId: written[at]?.letterId as string })
  })
  const failure = results.find(result => typeof result !== 'string')
  if (failure !== undefined) onFailure(failure)
  return fates
}
