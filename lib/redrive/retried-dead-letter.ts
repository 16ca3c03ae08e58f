// The new version of a dead letter after another attempt.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { mergeDoubts } from '../dead-letter/merge-dead-letters.ts'
import type { Failed } from '../delivery/delivery-report.ts'

/** Returns the record's timestamp, or the time of its first failure. */
export function timeOf({ record, failure }: DeadLetter): number {
  return record.timestamp ?? Date.parse(failure.firstAt)
}

export function tried(deadLetter: DeadLetter, lastCode: string): DeadLetter {
  return { ...deadLetter, redrive: { count: deadLetter.redrive.count + 1, lastAt: new Date().toISOString(), lastCode } }
}

/** Adds why it was kept, without counting an attempt, because the dead letter is not the reason. */
export function noted(deadLetter: DeadLetter, lastCode: string): DeadLetter {
  return { ...deadLetter, redrive: { ...deadLetter.redrive, lastAt: new Date().toISOString(), lastCode } }
}

/** Returns the topic whose log may contain the record in doubt. */
export function topicInDoubt({ inDoubt, record }: DeadLetter): string | null {
  return inDoubt?.topic ?? record.topic
}

/**
 * Adds where in the log the record may be, because the response to this attempt was lost.
 * @param wasLookedUp false if an earlier attempt in doubt was not looked up, so that it stays in doubt too
 */
export function inDoubt(
  deadLetter: DeadLetter,
  { serialized, inDoubt: doubt, firstAt, lastAt }: Failed,
  wasLookedUp: boolean,
): DeadLetter {
  if (!doubt || serialized?.partition === undefined) return deadLetter
  const { producerId, epoch, baseSequence, indexInBatch, clusterId, fromOffset } = doubt
  const window = { from: new Date(firstAt).toISOString(), to: new Date(lastAt).toISOString() }
  const latest = {
    ...(serialized.topic === deadLetter.record.topic ? {} : { topic: serialized.topic }),
    partition: serialized.partition,
    producerId: Number(producerId),
    producerEpoch: epoch,
    baseSequence,
    indexInBatch,
    ...window,
    clusterId,
    fromOffset: fromOffset === null ? null : Number(fromOffset),
  }
  const { inDoubt: earlier, failure } = deadLetter
  return {
    ...deadLetter,
    failure: { ...failure, outcome: 'unknown' },
    inDoubt: earlier && !wasLookedUp ? mergeDoubts(earlier, latest) : latest,
  }
}

export function withTopic(deadLetter: DeadLetter, topic: string): DeadLetter {
  return { ...deadLetter, record: { ...deadLetter.record, topic } }
}
