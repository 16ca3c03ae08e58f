// Looks whether the records of `unknown` dead letters are in Kafka: in the partition, from its time window on, by
// producer id, epoch and sequence, and by the dead letter's identity. The partition has moved to another epoch since,
// so no late copy can arrive after the look-up.
import { type DeadLetter, deadLetterId } from '../dead-letter/dead-letter.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import type { LogBatch, LogRecord } from '../wire-format/record-batch-decoder.ts'

/** Reads the log of a partition. */
export interface Log {
  start(topic: string, partition: number): Promise<bigint>
  end(topic: string, partition: number): Promise<bigint>
  offsetAt(topic: string, partition: number, timestamp: number): Promise<bigint>
  readBatches(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogBatch>
}

/** The largest difference between the clocks of a broker, a function and a caller. */
const SKEW_MS = 5 * 60_000

interface Sought {
  readonly deadLetter: DeadLetter
  readonly topic: string
  readonly inDoubt: NonNullable<DeadLetter['inDoubt']>
}

/** Locations (`kafka:<topic>-<partition>@<offset>`) of the found records by dead letter id. One pass per partition. */
export async function findInLog(deadLetters: readonly DeadLetter[], log: Log): Promise<Map<string, string>> {
  const sought = deadLetters.flatMap((deadLetter): Sought[] =>
    deadLetter.inDoubt && deadLetter.record.topic !== null
      ? [{ deadLetter, topic: deadLetter.record.topic, inDoubt: deadLetter.inDoubt }]
      : [],
  )
  const locations = new Map<string, string>()
  const byPartition = Map.groupBy(sought, ({ topic, inDoubt }) => `${topic}/${inDoubt.partition}`)
  for (const ofPartition of byPartition.values()) await findInPartition(ofPartition, log, locations)
  return locations
}

async function findInPartition(sought: readonly Sought[], log: Log, locations: Map<string, string>): Promise<void> {
  const [{ topic, inDoubt }] = sought as [Sought]
  const { partition } = inDoubt
  const since = Math.min(...sought.map(beginOf)) - SKEW_MS
  const [from, to] = [await log.offsetAt(topic, partition, since), await log.end(topic, partition)]
  const bySequence = new Map(
    sought.map(one => [
      sequenceKey(
        one.inDoubt.producerId,
        one.inDoubt.producerEpoch,
        one.inDoubt.baseSequence + one.inDoubt.indexInBatch,
      ),
      one,
    ]),
  )
  const byRecordId = Map.groupBy(sought, ({ deadLetter }) => deadLetter.recordId)
  let open = sought.length
  const isLast = (one: Sought | undefined, offset: bigint) => {
    if (!one || locations.has(one.deadLetter.deadLetterId)) return false
    locations.set(one.deadLetter.deadLetterId, locationOf({ topic, partition, offset }))
    return --open === 0
  }
  for await (const batch of log.readBatches(topic, partition, from, to)) {
    if (batch.unreadable)
      for (const one of sought) {
        const offset = offsetInUnreadable(batch, one)
        if (offset !== undefined && isLast(one, offset)) return
      }
    for (const record of batch.records) {
      const one =
        bySequence.get(sequenceKey(Number(record.producerId), record.producerEpoch, record.sequence)) ??
        sameDeadLetter(record, topic, byRecordId)
      if (isLast(one, record.offset)) return
    }
  }
}

/** The header of a batch says which sequences of a producer it holds, even if its records can't be read. */
function offsetInUnreadable(batch: LogBatch, { inDoubt }: Sought): bigint | undefined {
  const { producerId, producerEpoch, baseSequence, baseOffset, lastOffset } = batch
  if (producerId < 0n || Number(producerId) !== inDoubt.producerId || producerEpoch !== inDoubt.producerEpoch)
    return undefined
  const sequence = inDoubt.baseSequence + inDoubt.indexInBatch
  const offset = baseOffset + BigInt((sequence - baseSequence + 2 ** 31) % 2 ** 31)
  return offset <= lastOffset ? offset : undefined
}

/** The log is searched by timestamps, and a record's own may be long before it was sent. */
function beginOf({ deadLetter, inDoubt }: Sought): number {
  return Math.min(Date.parse(inDoubt.from), deadLetter.record.timestamp ?? Number.POSITIVE_INFINITY)
}

function sequenceKey(producerId: number, epoch: number, sequence: number): string {
  return `${producerId} ${epoch} ${sequence % 2 ** 31}`
}

/** Whether it is the same record: other records may have its id, too. */
function sameDeadLetter(
  record: LogRecord,
  topic: string,
  byRecordId: ReadonlyMap<string, readonly Sought[]>,
): Sought | undefined {
  const id = record.headers.find(([name]) => name === 'kp-id')?.[1]
  const candidates = id ? byRecordId.get(Buffer.from(id).toString()) : undefined
  if (!candidates) return undefined
  const identity = deadLetterId(
    { topic, key: record.key, value: record.value, headers: record.headers },
    Buffer.from(id as Uint8Array).toString(),
  )
  return candidates.find(({ deadLetter }) => deadLetter.deadLetterId === identity)
}
