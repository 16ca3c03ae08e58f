// Stage 9 of 9, for every trigger: failed reports → stored letters. What no target stores stays with its source.
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import type { RecordFate } from '../delivery/record-fate.ts'
import type { DeadLetters } from './dead-letter-chain.ts'
import { type DeadLetter, type LetterSource, toDeadLetter } from './envelope.ts'

export interface LetterContext {
  readonly letters: DeadLetters
  /** The source of the record at an index of the reports. */
  readonly sourceOf: (index: number) => LetterSource
  readonly idOf: (index: number) => string
  /** The target failed: the records it was given go back to their source. */
  readonly onFailure: (error: unknown) => void
}

/** One fate per report that failed by the system, keyed by its index. */
export async function letterFailures(reports: readonly DeliveryReport[], context: LetterContext): Promise<Map<number, RecordFate>> {
  const fates = new Map<number, RecordFate>()
  const failures = [...reports.entries()].filter((entry): entry is [number, Failed] => entry[1].kind === 'failed' && entry[1].fault === 'system')
  for (const [index, { outcome, code }] of failures) fates.set(index, { fate: 'returned', outcome, code })
  if (!context.letters.isOn) return fates
  const letters = failures.flatMap(([index, failed]): [number, Failed, DeadLetter][] => {
    const { serialized } = failed
    return serialized ? [[index, failed, toDeadLetter({ ...failed, serialized }, context.idOf(index), context.sourceOf(index))]] : []
  })
  if (letters.length === 0) return fates
  try {
    const receipts = await context.letters.store(letters.map(([, , letter]) => letter))
    letters.forEach(([index, { outcome, code }, { letterId }], at) => {
      fates.set(index, { fate: 'dead-lettered', outcome, code, receipt: receipts[at] as string, letterId })
    })
  } catch (error) {
    context.onFailure(error)
  }
  return fates
}
