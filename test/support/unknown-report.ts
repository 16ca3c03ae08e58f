import { type Failed, toReport } from '../../lib/delivery/delivery-report.ts'
import type { ProducerRecord } from '../../lib/record/producer-record.ts'

/**
 * The report of a redriven record whose response was lost: it may be in its partition.
 * @param fromOffset the first offset at which it may be
 */
export function unknownReport(
  record: ProducerRecord,
  partition = 0,
  { fromOffset = null }: { readonly fromOffset?: bigint | null } = {},
): Failed {
  const { topic } = record
  const timestamp = record.timestamp as number | null | undefined
  const sent = {
    topic,
    partition,
    partitionFixedBy: 'partitioner',
    key: record.key as Uint8Array | null,
    value: record.value as Uint8Array | null,
    headers: [],
    wireSize: 0,
    ...(timestamp == null ? {} : { timestamp }),
  } as const
  const now = Date.now()
  return toReport(
    record,
    { record: sent, timestamp: timestamp ?? now, indexInBatch: 0 },
    {
      kind: 'unknown',
      failureKind: 'delivery-failure',
      causeCode: 'REQUEST_TIMED_OUT',
      attempts: 1,
      cause: undefined,
      firstAt: now,
      lastAt: now,
      inDoubt: {
        producerId: 9_000_000n,
        epoch: 0,
        baseSequence: 0,
        indexInBatch: 0,
        clusterId: null,
        fromOffset,
      },
    },
  ) as Failed
}
