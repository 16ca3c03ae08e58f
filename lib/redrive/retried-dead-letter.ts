// A dead letter after another try: what is kept of it.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { Failed } from '../delivery/delivery-report.ts'

/** The record's own time, else about when it would have been appended. */
export function timeOf({ record, failure }: DeadLetter): number {
  return record.timestamp ?? Date.parse(failure.firstAt)
}

export function tried(deadLetter: DeadLetter, lastCode: string): DeadLetter {
  return { ...deadLetter, redrive: { count: deadLetter.redrive.count + 1, lastAt: new Date().toISOString(), lastCode } }
}

/** What kept it, where that is no fault of its own: it does not count as a try. */
export function noted(deadLetter: DeadLetter, lastCode: string): DeadLetter {
  return { ...deadLetter, redrive: { ...deadLetter.redrive, lastAt: new Date().toISOString(), lastCode } }
}

/** Its first look was for nothing, but this try's answer was lost: from now on that is where it may be. */
export function inDoubt(deadLetter: DeadLetter, { serialized, inDoubt: doubt, firstAt, lastAt }: Failed): DeadLetter {
  if (!doubt || serialized?.partition === undefined) return deadLetter
  const { producerId, epoch, baseSequence, indexInBatch, clusterId, fromOffset } = doubt
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
      clusterId,
      fromOffset: fromOffset === null ? null : Number(fromOffset),
    },
  }
}

export function withTopic(deadLetter: DeadLetter, topic: string): DeadLetter {
  return { ...deadLetter, record: { ...deadLetter.record, topic } }
}
