import type { PendingRecord } from '../../lib/accumulate/pending-record.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Deadline } from '../../lib/time/deadline.ts'

/** A record of partition 0 of the topic `t`, as it is after the append; nothing is done with its outcome. */
export function pendingRecord(clock: Clock, value: string, deadline = Deadline.after(clock, 1000)): PendingRecord {
  return {
    record: {
      topic: 't',
      partition: 0,
      partitionFixedBy: 'partitioner',
      key: null,
      value: Buffer.from(value),
      headers: [],
      wireSize: 30,
    },
    timestamp: 1,
    appendedAt: 1,
    readyAt: 0,
    deadline,
    caller: { deadline, completed: () => {} },
    index: 0,
    completed: false,
    queue: undefined,
    previous: undefined,
    next: undefined,
    number: 0,
    earlierOfGroup: undefined,
    laterOfGroup: undefined,
    indexInBatch: -1,
  }
}
