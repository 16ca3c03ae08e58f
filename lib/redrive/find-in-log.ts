// Whether the records of `unknown` letters are in Kafka. Each is looked for in its partition from its time window on, by the id that
// its producer gave it and by its letter's identity. Its lane has moved to another epoch since, so that no late copy can come.
import { type DeadLetter, letterId } from '../dead-letter/envelope.ts'
import { receiptOf } from '../dead-letter/kafka-dead-letter.ts'
import type { LogRecord } from '../transport/record-batch-decoder.ts'

/** What reads a partition's log. */
export interface Log {
  start(topic: string, partition: number): Promise<bigint>
  end(topic: string, partition: number): Promise<bigint>
  offsetAt(topic: string, partition: number, timestamp: number): Promise<bigint>
  read(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogRecord>
}

/** How far the clocks of a broker, a function and a caller may be apart. */
const SKEW_MS = 5 * 60_000

interface Sought {
  readonly letter: DeadLetter
  readonly topic: string
  readonly inDoubt: NonNullable<DeadLetter['inDoubt']>
}

/** Receipts (`kafka:<topic>-<partition>@<offset>`) of those that are found, by letter id. One pass per partition. */
export async function findInLog(letters: readonly DeadLetter[], log: Log): Promise<Map<string, string>> {
  const sought = letters.flatMap((letter): Sought[] => (letter.inDoubt && letter.record.topic !== null ? [{ letter, topic: letter.record.topic, inDoubt: letter.inDoubt }] : []))
  const found = new Map<string, string>()
  const byPartition = Map.groupBy(sought, ({ topic, inDoubt }) => `${topic}/${inDoubt.partition}`)
  for (const ofPartition of byPartition.values()) await findInPartition(ofPartition, log, found)
  return found
}

async function findInPartition(sought: readonly Sought[], log: Log, found: Map<string, string>): Promise<void> {
  const [{ topic, inDoubt }] = sought as [Sought]
  const { partition } = inDoubt
  const since = Math.min(...sought.map(beginOf)) - SKEW_MS
  const [from, to] = [await log.offsetAt(topic, partition, since), await log.end(topic, partition)]
  const bySequence = new Map(sought.map(one => [sequenceKey(one.inDoubt.producerId, one.inDoubt.producerEpoch, one.inDoubt.baseSequence + one.inDoubt.indexInBatch), one]))
  const byRecordId = Map.groupBy(sought, ({ letter }) => letter.recordId)
  let open = sought.length
  for await (const record of log.read(topic, partition, from, to)) {
    const one = bySequence.get(sequenceKey(Number(record.producerId), record.producerEpoch, record.sequence)) ?? sameLetter(record, topic, byRecordId)
    if (!one || found.has(one.letter.letterId)) continue
    found.set(one.letter.letterId, receiptOf({ topic, partition, offset: record.offset }))
    if (--open === 0) return
  }
}

/** A record's own timestamp may lie long before it was sent, and the log is found by it. */
function beginOf({ letter, inDoubt }: Sought): number {
  return Math.min(Date.parse(inDoubt.from), letter.record.timestamp ?? Number.POSITIVE_INFINITY)
}

function sequenceKey(producerId: number, epoch: number, sequence: number): string {
  return `${producerId} ${epoch} ${sequence % 2 ** 31}`
}

/** The same record, whoever sent it: its id alone may have been given to others. */
function sameLetter(record: LogRecord, topic: string, byRecordId: ReadonlyMap<string, readonly Sought[]>): Sought | undefined {
  const id = record.headers.find(([name]) => name === 'kp-id')?.[1]
  const candidates = id ? byRecordId.get(Buffer.from(id).toString()) : undefined
  if (!candidates) return undefined
  const identity = letterId({ topic, key: record.key, value: record.value, headers: record.headers }, Buffer.from(id as Uint8Array).toString())
  return candidates.find(({ letter }) => letter.letterId === identity)
}
