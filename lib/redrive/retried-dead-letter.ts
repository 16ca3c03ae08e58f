// The new version of a dead letter after a failed redrive.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { Failed } from '../delivery/delivery-report.ts'

/** The record's timestamp, or about when it would have been appended. */
export function timeOf({ record, failure }: DeadLetter): number {
  return record.timestamp ?? Date.parse(failure.firstAt)
}

export function tried(deadLetter: DeadLetter, lastCode: string): DeadLetter {
  return { ...deadLetter, redrive: { count: deadLetter.redrive.count + 1, lastAt: new Date().toISOString(), lastCode } }
}

/** After a try whose answer was lost, the record may be in the log with the identity of this try. */
export function inDoubt(deadLetter: DeadLetter, { serialized, inDoubt: doubt, firstAt, lastAt }: Failed): DeadLetter {
  if (!doubt || serialized?.partition === undefined) return deadLetter
  const { producerId, epoch, baseSequence, indexInBatch } = doubt
  const window = { from: new Date(firstAt).toISOString(), to: new Date(lastAt).toISOString() }
  return {
    ...deadLetter,
    failure: { ...deadLetter.failure, outcome: 'unknown' },
    inDoubt: {
      partition: serialized.partition,
      producerId: Number(producerId),
      producerEpoch: epoch,
      baseSequence,
      indexInBatch,
      ...window,
    },
  }
}

export function withTopic(deadLetter: DeadLetter, topic: string): DeadLetter {
  return { ...deadLetter, record: { ...deadLetter.record, topic } }
}
