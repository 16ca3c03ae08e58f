// Stage 9 of 9, for every trigger: stores failed reports as dead letters. If storing fails, the record stays with its
// source.
import type { DeliveryReport, Failed } from '../delivery/delivery-report.ts'
import type { RecordFate } from '../delivery/record-fate.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { recordIdIn } from '../record/record-id.ts'
import type { Deadline } from '../time/deadline.ts'
import { guardedCallback } from '../warn.ts'
import { type DeadLetterSource, toDeadLetter, type UnencodedParts } from './dead-letter.ts'
import type { DeadLetterPublisher } from './dead-letter-publisher.ts'

export interface PublishFailuresContext {
  readonly deadLetters: DeadLetterPublisher
  /** Returns the source of the record at this index of the reports. */
  readonly sourceOf: (index: number) => DeadLetterSource
  /**
   * Returns the id of a record without the header `kp-id`, or whose header a function has set. Default: the id of its
   * source.
   */
  readonly idOf?: (index: number) => string
  /** Whether a failure becomes a dead letter; otherwise it stays with its source. Default: every delivery failure. */
  readonly shouldDeadLetter?: (failed: Failed, index: number) => boolean
  /**
   * Returns the parts of a record that was never serialized, read by its topic's contract. A delivery failure without
   * any stays with its source. Default: none; the dead letter of an invalid record then has no key.
   */
  readonly unencodedOf?: (record: ProducerRecord) => UnencodedParts | undefined
  readonly deadline?: Deadline
  /** Called if a dead letter is not stored; its record is then returned to its source. */
  readonly onFailure: (error: unknown) => void
}

/** @returns the fates of delivery failures and of all records for which `shouldDeadLetter` is true, by index */
export async function publishFailures(
  reports: readonly DeliveryReport[],
  context: PublishFailuresContext,
): Promise<Map<number, RecordFate>> {
  const {
    deadLetters,
    sourceOf,
    idOf = index => sourceOf(index).id,
    shouldDeadLetter = ({ failureKind }) => failureKind === 'delivery-failure',
    unencodedOf = () => undefined,
    deadline,
    onFailure,
  } = context
  const fates = new Map<number, RecordFate>()
  if (reports.every(({ kind }) => kind === 'delivered')) return fates
  const failures = [...reports.entries()].filter((entry): entry is [number, Failed] => entry[1].kind === 'failed')
  const toStore = failures.filter(([index, failed]) => shouldDeadLetter(failed, index))
  const unencoded = new Map(
    toStore.flatMap(([index, { serialized, record }]) => (serialized ? [] : [[index, unencodedOf(record)]])),
  )
  // A person edits an invalid record before it is redriven, so its dead letter keeps every part that can be read.
  const isKnown = (index: number, { isUnencoded }: Failed) => !isUnencoded || unencoded.get(index) !== undefined
  const deadLettered = toStore.filter(([index, failed]) => isKnown(index, failed))
  for (const [index, { outcome, code }] of new Set([
    ...failures.filter(([, { failureKind }]) => failureKind === 'delivery-failure'),
    ...deadLettered,
  ]))
    fates.set(index, { fate: 'returned', outcome, code })
  if (!deadLetters.isOn || deadLettered.length === 0) return fates
  const written = deadLettered.map(([index, failed]) =>
    toDeadLetter(failed, recordIdOf(failed, sourceOf(index)) ?? idOf(index), sourceOf(index), unencoded.get(index)),
  )
  const results = await deadLetters.store(written, deadline)
  deadLettered.forEach(([index, { outcome, code }], at) => {
    const location = results[at]
    if (typeof location !== 'string') return
    fates.set(index, {
      fate: 'dead-lettered',
      outcome,
      code,
      location,
      deadLetterId: written[at]?.deadLetterId as string,
    })
  })
  const failure = results.find(result => typeof result !== 'string')
  if (failure !== undefined) guardedCallback('onFailure', onFailure)(failure)
  return fates
}

/** A record that code sent keeps the id in its header, under which it may already be in the log. */
function recordIdOf({ serialized, record }: Failed, { trigger }: DeadLetterSource): string | undefined {
  return trigger === 'template' ? recordIdIn(serialized ? serialized.headers : record?.headers) : undefined
}
