import { DUPLICATE_SEQUENCE_NUMBER, errorCodeRow } from './error-codes.ts'
import type { CurrentLeader, ProduceOutcome } from './kafka-client.ts'

/** The part of a Produce answer for one partition; -1 means none. */
export interface PartitionAnswer {
  readonly errorCode: number
  readonly baseOffset: bigint
  readonly logAppendTime: bigint
  readonly recordErrors: readonly { readonly index: number }[]
  /** The leader that the broker names instead of itself (KIP-951). */
  readonly currentLeader?: CurrentLeader | undefined
}

/**
 * Returns what a broker's answer proves about one batch.
 *
 * An answer without an entry for the partition proves nothing. An error with a base offset is `unknown`: a broker that
 * appended and then lost leadership answers NOT_LEADER_OR_FOLLOWER with the offset (`DelayedProduce.tryComplete`).
 */
export function outcomeOf(answer: PartitionAnswer | undefined, proof: 'all' | 'leader' = 'all'): ProduceOutcome {
  if (!answer) return failure('unknown', 'NO_ANSWER', true)
  const { errorCode, baseOffset, logAppendTime } = answer
  if (errorCode === 0) {
    if (baseOffset < 0n) return failure('unknown', 'NO_OFFSET', true)
    return { kind: 'acked', baseOffset, logAppendTime: logAppendTime < 0n ? null : logAppendTime, proof }
  }
  if (errorCode === DUPLICATE_SEQUENCE_NUMBER) return { kind: 'acked', baseOffset: null, logAppendTime: null, proof }
  const row = errorCodeRow(errorCode)
  const mayBeWritten = row.mayBeWritten === true || baseOffset >= 0n
  return {
    ...failure(mayBeWritten ? 'unknown' : 'rejected', row.name, row.retriable === true),
    recordErrors: answer.recordErrors,
    ...(answer.currentLeader ? { currentLeader: answer.currentLeader } : {}),
  }
}

export function failure(
  kind: 'rejected' | 'not-sent' | 'unknown',
  causeCode: string,
  retriable: boolean,
  cause?: unknown,
) {
  return { kind, causeCode, retriable, recordErrors: [] as readonly { index: number }[], cause } as const
}
