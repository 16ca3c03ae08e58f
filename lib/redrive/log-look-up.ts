// Searches the topics' logs before records are sent again: for a record in doubt, which may be there already, and on a
// compacted topic for a newer record of its key. One pass per partition for all dead letters of a call.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import { KafkaProducerError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import type { LogBatch } from '../wire-format/record-batch-decoder.ts'
import { PartitionScan, type Sought } from './partition-scan.ts'
import { timeOf } from './retried-dead-letter.ts'

/** Reads the log of a partition. */
export interface Log {
  /** Null if the brokers don't report it. */
  clusterId(): Promise<string | null>
  start(topic: string, partition: number): Promise<bigint>
  end(topic: string, partition: number): Promise<bigint>
  offsetAt(topic: string, partition: number, timestamp: number): Promise<bigint>
  readBatches(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogBatch>
}

export type LookUpResult =
  /** The record is in Kafka, so the dead letter can be completed. */
  | { readonly kind: 'found'; readonly location: string }
  /** The record is not in Kafka and will not arrive there any more, so it may be sent. */
  | { readonly kind: 'not-there' }
  /** The dead letter stays open. `isOwnFault`: it is the only reason, so this counts as an attempt. */
  | { readonly kind: 'keep'; readonly code: KeepCode | KafkaProducerError['code']; readonly isOwnFault: boolean }

type KeepCode =
  /** Its batch may still be appended: it is too early to decide. */
  | 'still-in-doubt'
  /** The record was sent to another cluster. */
  | 'other-cluster'
  /** Part of the log that may have the record is deleted or can't be read. */
  | 'look-up-incomplete'
  /** The deadline passed, or the signal aborted. */
  | 'look-up-stopped'
  /** Its key has a newer record. */
  | 'superseded'

export interface LookUpOptions {
  readonly log: Log
  /** How long after its last attempt a record may still reach the log, ms. */
  readonly waitMs: number
  /** Whether the topic is compacted. */
  readonly isCompacted: (topic: string) => boolean
  /** The partition that the record will be sent to. */
  readonly partitionOf: (deadLetter: DeadLetter) => number | undefined
  /** The offsets that this redrive wrote to the partition, with the times of their dead letters. */
  readonly written?: (topic: string, partition: number) => ReadonlyMap<bigint, number>
  /** Whether records in doubt on another cluster count as not there. */
  readonly acceptOtherCluster: boolean
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
  readonly now?: () => number
}

/** The largest assumed difference between the clocks of a broker, a function and a caller. */
const SKEW_MS = 5 * 60_000
/**
 * A record of the key counts as newer from this long before the dead letter's time on, because its producer's clock may
 * be behind. Short: an older record must not keep back the newest one.
 */
const NEWER_SKEW_MS = 5000

type Results = Map<DeadLetter, LookUpResult>

interface Task {
  readonly topic: string
  readonly partition: number
  readonly deadLetters: DeadLetter[]
}

/** @returns one result per dead letter that was looked up; the others may be sent. An error of one harms no other */
export async function lookUp(
  deadLetters: readonly DeadLetter[],
  options: LookUpOptions,
): Promise<ReadonlyMap<DeadLetter, LookUpResult>> {
  const results: Results = new Map()
  const inLog = deadLetters.filter(({ record }) => record.topic !== null)
  const clusterId = inLog.some(({ inDoubt }) => inDoubt?.clusterId) ? await options.log.clusterId() : null
  const tasks = new Map<string, Task>()
  for (const deadLetter of inLog) {
    const topic = deadLetter.record.topic as string
    const isElsewhere = isOnOtherCluster(deadLetter, clusterId)
    if (isElsewhere && !options.acceptOtherCluster) {
      results.set(deadLetter, { kind: 'keep', code: 'other-cluster', isOwnFault: false })
      continue
    }
    const partition =
      isElsewhere || !deadLetter.inDoubt ? options.partitionOf(deadLetter) : deadLetter.inDoubt.partition
    const isSought = (deadLetter.inDoubt !== null && !isElsewhere) || checksNewer(deadLetter, options)
    if (!isSought || partition === undefined) continue
    const name = `${topic}/${partition}`
    const task = tasks.get(name) ?? { topic, partition, deadLetters: [] }
    task.deadLetters.push(deadLetter)
    tasks.set(name, task)
  }
  for (const task of tasks.values()) await lookInPartition(task, clusterId, options, results)
  return results
}

async function lookInPartition(
  task: Task,
  clusterId: string | null,
  options: LookUpOptions,
  results: Results,
): Promise<void> {
  const { topic, partition, deadLetters } = task
  try {
    const [logStart, end] = [await options.log.start(topic, partition), await options.log.end(topic, partition)]
    const sought: Sought[] = []
    for (const deadLetter of deadLetters) {
      const from = await firstOffset(task, deadLetter, end, options)
      const newerSince =
        deadLetter.inDoubt?.fromOffset == null ? { newerSince: timeOf(deadLetter) - NEWER_SKEW_MS } : {}
      sought.push({ deadLetter, from, checkNewer: checksNewer(deadLetter, options), ...newerSince })
    }
    const scan = new PartitionScan(topic, sought, options.written?.(topic, partition))
    const from = sought.reduce((first, each) => (each.from < first ? each.from : first), end)
    const isWhole = await read(scan, task, from < logStart ? logStart : from, end, options)
    for (const { deadLetter, from: first } of sought) {
      // Without an offset: the window begins before the first record that is left, so some of it may be deleted.
      const isCut = deadLetter.inDoubt?.fromOffset != null ? first < logStart : logStart > 0n && first <= logStart
      results.set(deadLetter, resultOf(deadLetter, scan, { task, clusterId, isWhole, isCut, options }))
    }
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    // A partition that does not exist is an error of this dead letter; a cluster that does not answer is not.
    const isOwnFault = !error.retriable || error.code === 'topic-not-on-cluster'
    for (const deadLetter of deadLetters) results.set(deadLetter, { kind: 'keep', code: error.code, isOwnFault })
  }
}

/** @returns false if the deadline or the signal stopped it before the end */
async function read(
  scan: PartitionScan,
  { topic, partition }: Task,
  from: bigint,
  to: bigint,
  { log, deadline, signal }: LookUpOptions,
): Promise<boolean> {
  if (scan.isDone) return true
  if (signal?.aborted || deadline?.passed) return false
  for await (const batch of log.readBatches(topic, partition, from, to)) {
    scan.take(batch)
    if (scan.isDone) return true
    if (signal?.aborted || deadline?.passed) return false
  }
  return true
}

interface Circumstances {
  readonly task: Task
  readonly clusterId: string | null
  readonly isWhole: boolean
  /** Records at offsets where it may have been were deleted. */
  readonly isCut: boolean
  readonly options: LookUpOptions
}

function resultOf(deadLetter: DeadLetter, scan: PartitionScan, circumstances: Circumstances): LookUpResult {
  const { task, clusterId, isWhole, isCut, options } = circumstances
  const keep = (code: KeepCode, isOwnFault = false): LookUpResult => ({ kind: 'keep', code, isOwnFault })
  const proof = scan.proofOf(deadLetter)
  if (proof.kind === 'found') return { kind: 'found', location: locationOf({ ...task, offset: proof.offset }) }
  const isInDoubt = deadLetter.inDoubt !== null && !isOnOtherCluster(deadLetter, clusterId)
  if (isInDoubt && proof.kind === 'unreadable') return keep('look-up-incomplete')
  if (!isWhole && !(isInDoubt && proof.kind === 'fenced' && !checksNewer(deadLetter, options)))
    return keep('look-up-stopped')
  if (isInDoubt && isCut) return keep('look-up-incomplete')
  if (isInDoubt && proof.kind === 'not-seen' && !isOver(deadLetter, options)) return keep('still-in-doubt')
  if (checksNewer(deadLetter, options) && scan.hasNewer(deadLetter)) return keep('superseded')
  return { kind: 'not-there' }
}

/** Whether its last attempt is so long ago that no copy of its batch can still arrive. */
function isOver({ inDoubt }: DeadLetter, { waitMs, now = Date.now }: LookUpOptions): boolean {
  return inDoubt === null || now() >= Date.parse(inDoubt.to) + waitMs
}

function checksNewer({ record }: DeadLetter, { isCompacted }: LookUpOptions): boolean {
  return record.topic !== null && record.key !== null && isCompacted(record.topic)
}

function isOnOtherCluster({ inDoubt }: DeadLetter, clusterId: string | null): boolean {
  return inDoubt?.clusterId != null && clusterId !== null && inDoubt.clusterId !== clusterId
}

/** An offset before which there is no copy of the record and no newer record of its key. */
async function firstOffset(
  { topic, partition }: Task,
  { record, failure, inDoubt }: DeadLetter,
  end: bigint,
  { log }: LookUpOptions,
): Promise<bigint> {
  const { fromOffset } = inDoubt ?? {}
  // If it is beyond the end, the topic was recreated since.
  if (fromOffset != null) return BigInt(fromOffset) <= end ? BigInt(fromOffset) : 0n
  const from = inDoubt ? Date.parse(inDoubt.from) - SKEW_MS : Date.parse(failure.firstAt) - NEWER_SKEW_MS
  // Offsets are looked up by the records' timestamps, which may be long before the time of the send.
  const { timestamp } = record
  return log.offsetAt(topic, partition, timestamp === null ? from : Math.min(from, timestamp - NEWER_SKEW_MS))
}
