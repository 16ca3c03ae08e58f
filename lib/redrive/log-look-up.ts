// Searches the topics' logs before records are sent again: for a record in doubt, which may be there already, and on a
// compacted topic for a newer record of its key. One pass per partition for all dead letters of a call.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { inParallel } from '../dead-letter/in-parallel.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import { KafkaProducerError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import type { LogBatch } from '../wire-format/record-batch-decoder.ts'
import { PartitionScan, type Sought } from './partition-scan.ts'
import { timeOf, topicInDoubt } from './retried-dead-letter.ts'

/** Reads the log of a partition. */
export interface Log {
  /** Null if the brokers don't report it. */
  clusterId(): Promise<string | null>
  /** @param ms how long to wait for the partition's leader; the same holds for `end` and `offsetAt` */
  start(topic: string, partition: number, ms: number): Promise<bigint>
  end(topic: string, partition: number, ms: number): Promise<bigint>
  offsetAt(topic: string, partition: number, timestamp: number, ms: number): Promise<bigint>
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
  /** Part of the log that may have the record can't be read. */
  | 'look-up-incomplete'
  /** Part of the log that may have had the record is deleted: no look can tell any more. */
  | 'log-deleted'
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
  /** Whether the cluster has no such topic any more, so that no log of it can have a record. Default: it has. */
  readonly isDeleted?: (topic: string) => boolean
  /** The topic that the record will be sent to. Default: its own. */
  readonly topicOf?: (deadLetter: DeadLetter) => string
  /** The partition that the record will be sent to. */
  readonly partitionOf: (deadLetter: DeadLetter) => number | undefined
  /** The offsets that this redrive wrote to the partition, with the times of their dead letters. */
  readonly written?: (topic: string, partition: number) => ReadonlyMap<bigint, number>
  /** Whether records in doubt on another cluster count as not there. */
  readonly acceptOtherCluster: boolean
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Partitions that could not be read, by `<topic>/<partition>`: they are not asked again. Give the same map to every
   * call of a run.
   */
  readonly failures?: Map<string, KafkaProducerError>
  readonly now?: () => number
}

/** How long one partition may keep the others waiting, ms. */
const ASK_MS = 5000

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

/**
 * Looks for records in doubt where they were sent, and for newer records of a key where the record will be sent.
 * @returns one result per dead letter that was looked up; the others may be sent. An error of one harms no other
 */
export async function lookUp(
  deadLetters: readonly DeadLetter[],
  options: LookUpOptions,
): Promise<ReadonlyMap<DeadLetter, LookUpResult>> {
  const results: Results = new Map()
  const inLog = deadLetters.filter(({ record }) => record.topic !== null)
  const clusterId = inLog.some(({ inDoubt }) => inDoubt?.clusterId) ? await options.log.clusterId() : null
  const tasks = new Map<string, Task>()
  for (const deadLetter of inLog) {
    const isElsewhere = isOnOtherCluster(deadLetter, clusterId)
    if (isElsewhere && !options.acceptOtherCluster) {
      results.set(deadLetter, { kind: 'keep', code: 'other-cluster', isOwnFault: false })
      continue
    }
    const inDoubt = isElsewhere ? null : deadLetter.inDoubt
    const topic = (inDoubt ? topicInDoubt(deadLetter) : destinationOf(deadLetter, options)) as string
    const isDeleted = inDoubt !== null && (options.isDeleted?.(topic) ?? false)
    if ((isElsewhere || isDeleted) && hasDoubtElsewhere(deadLetter)) {
      results.set(deadLetter, { kind: 'keep', code: 'look-up-incomplete', isOwnFault: false })
      continue
    }
    if (isDeleted) {
      results.set(deadLetter, { kind: 'not-there' })
      continue
    }
    const partition = inDoubt ? inDoubt.partition : options.partitionOf(deadLetter)
    if (partition === undefined || !(inDoubt || checksNewer(deadLetter, topic, options))) continue
    const name = `${topic}/${partition}`
    const task = tasks.get(name) ?? { topic, partition, deadLetters: [] }
    task.deadLetters.push(deadLetter)
    tasks.set(name, task)
  }
  const bounded = await inParallel([...tasks.values()], task => boundsOf(task, options))
  // The shortest passes first, so that a long one takes no time of theirs.
  for (const bounds of bounded.toSorted((a, b) => Number(lengthOf(a) - lengthOf(b))))
    await lookInPartition(bounds, clusterId, options, results)
  return results
}

interface Bounds {
  readonly task: Task
  readonly logStart: bigint
  readonly end: bigint
  readonly sought: readonly Sought[]
}

/** Where the pass over a partition begins and ends; or why it can't be read. */
async function boundsOf(task: Task, options: LookUpOptions): Promise<Bounds | Refused> {
  const { topic, partition, deadLetters } = task
  const { log, deadline, signal, failures = new Map<string, KafkaProducerError>() } = options
  const name = `${topic}/${partition}`
  const earlier = failures.get(name)
  if (earlier) return { task, error: earlier }
  if (signal?.aborted || deadline?.passed) return { task, error: undefined }
  const ms = Math.min(ASK_MS, deadline?.remaining ?? ASK_MS)
  try {
    const logStart = await log.start(topic, partition, ms)
    const end = await log.end(topic, partition, ms)
    const sought: Sought[] = []
    const offsetAt = offsetsByTime(task, options, ms)
    for (const deadLetter of deadLetters) {
      if (signal?.aborted || deadline?.passed) return { task, error: undefined }
      const from = await firstOffset(deadLetter, end, offsetAt)
      const newerSince =
        deadLetter.inDoubt?.fromOffset == null ? { newerSince: timeOf(deadLetter) - NEWER_SKEW_MS } : {}
      sought.push({ deadLetter, from, checkNewer: checksNewer(deadLetter, topic, options), ...newerSince })
    }
    return { task, logStart, end, sought }
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    failures.set(name, error)
    return { task, error }
  }
}

/** A partition that is not read. Without an error: the deadline passed, or the signal aborted. */
interface Refused {
  readonly task: Task
  readonly error: KafkaProducerError | undefined
}

async function lookInPartition(
  bounds: Bounds | Refused,
  clusterId: string | null,
  options: LookUpOptions,
  results: Results,
): Promise<void> {
  const { task } = bounds
  const { topic, partition } = task
  if ('error' in bounds) return refuse(bounds, results)
  const { logStart, end, sought } = bounds
  try {
    const scan = new PartitionScan(sought, options.written?.(topic, partition))
    const from = sought.reduce((first, each) => (each.from < first ? each.from : first), end)
    const isWhole = await read(scan, task, from < logStart ? logStart : from, end, options)
    for (const { deadLetter, from: first } of sought) {
      // Without an offset: the window begins before the first record that is left, so some of it may be deleted.
      const isCut = deadLetter.inDoubt?.fromOffset != null ? first < logStart : logStart > 0n && first <= logStart
      results.set(deadLetter, resultOf(deadLetter, scan, { task, clusterId, isWhole, isCut, options }))
    }
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    refuse({ task, error }, results)
  }
}

function refuse({ task: { deadLetters }, error }: Refused, results: Results): void {
  const code = error?.code ?? 'look-up-stopped'
  // A partition that does not exist is an error of this dead letter; a topic or cluster that is not there is not.
  const isOwnFault = error !== undefined && !error.retriable && code !== 'topic-not-on-cluster'
  for (const deadLetter of deadLetters) results.set(deadLetter, { kind: 'keep', code, isOwnFault })
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
  const checkNewer = checksNewer(deadLetter, task.topic, options)
  const keep = (code: KeepCode, isOwnFault = false): LookUpResult => ({ kind: 'keep', code, isOwnFault })
  const proof = scan.proofOf(deadLetter)
  if (proof.kind === 'found') return { kind: 'found', location: locationOf({ ...task, offset: proof.offset }) }
  const isInDoubt = deadLetter.inDoubt !== null && !isOnOtherCluster(deadLetter, clusterId)
  if (isInDoubt && proof.kind === 'unreadable') return keep('look-up-incomplete')
  if (!isWhole && !(isInDoubt && proof.kind === 'fenced' && !checkNewer)) return keep('look-up-stopped')
  if (isInDoubt && isCut) return keep('log-deleted')
  if (isInDoubt && proof.kind === 'not-seen' && !isOver(deadLetter, options)) return keep('still-in-doubt')
  if (hasDoubtElsewhere(deadLetter)) return keep('look-up-incomplete')
  if (checkNewer && scan.hasNewer(deadLetter)) return keep('superseded')
  return { kind: 'not-there' }
}

/** Whether an earlier attempt may have written the record where no look finds it: its producer is not known now. */
function hasDoubtElsewhere({ inDoubt, record }: DeadLetter): boolean {
  const hasId = record.headers.some(({ name }) => name === 'kp-id')
  return inDoubt?.earlier === 'elsewhere' || (inDoubt?.earlier === 'same-partition' && !hasId)
}

/** Whether its last attempt is so long ago that no copy of its batch can still arrive. */
function isOver({ inDoubt }: DeadLetter, { waitMs, now = Date.now }: LookUpOptions): boolean {
  return inDoubt === null || now() >= Date.parse(inDoubt.to) + waitMs
}

function destinationOf(deadLetter: DeadLetter, { topicOf }: LookUpOptions): string | null {
  return topicOf?.(deadLetter) ?? deadLetter.record.topic
}

/** Whether a newer record of its key in the topic keeps it: only in the one that it will be sent to. */
function checksNewer(deadLetter: DeadLetter, topic: string, options: LookUpOptions): boolean {
  return deadLetter.record.key !== null && destinationOf(deadLetter, options) === topic && options.isCompacted(topic)
}

function isOnOtherCluster({ inDoubt }: DeadLetter, clusterId: string | null): boolean {
  return inDoubt?.clusterId != null && clusterId !== null && inDoubt.clusterId !== clusterId
}

/** How many offsets a pass covers. */
function lengthOf(bounds: Bounds | Refused): bigint {
  if ('error' in bounds) return 0n
  const from = bounds.sought.reduce((first, each) => (each.from < first ? each.from : first), bounds.end)
  return bounds.end - from
}

/**
 * The offset of a time in the partition, or of one shortly before it: thousands of dead letters of one partition ask
 * the broker for some hundred times at most.
 */
function offsetsByTime(
  { topic, partition }: Task,
  { log, now = Date.now }: LookUpOptions,
  ms: number,
): (time: number) => Promise<bigint> {
  const known = new Map<number, bigint>()
  return async time => {
    const asked = roundedDown(time, now() - time)
    const offset = known.get(asked) ?? (await log.offsetAt(topic, partition, asked, ms))
    known.set(asked, offset)
    return offset
  }
}

/** To a whole minute; the older a time, the coarser, by 3 % of its age at most. */
function roundedDown(time: number, age: number): number {
  let step = 60_000
  while (step * 2 <= age / 32) step *= 2
  return Math.floor(time / step) * step
}

/** When the record, or a newer one of its key, can have been written at the earliest, by the records' timestamps. */
function windowStart({ record, failure, inDoubt }: DeadLetter): number {
  const from = inDoubt ? Date.parse(inDoubt.from) - SKEW_MS : Date.parse(failure.firstAt) - NEWER_SKEW_MS
  // Offsets are looked up by the records' timestamps, which may be long before the time of the send.
  const { timestamp } = record
  return timestamp === null ? from : Math.min(from, timestamp - NEWER_SKEW_MS)
}

/** An offset before which there is no copy of the record and no newer record of its key. */
async function firstOffset(
  deadLetter: DeadLetter,
  end: bigint,
  offsetAt: (time: number) => Promise<bigint>,
): Promise<bigint> {
  const { inDoubt } = deadLetter
  const { fromOffset } = inDoubt ?? {}
  // If it is beyond the end, the topic was recreated since.
  if (fromOffset != null) return BigInt(fromOffset) <= end ? BigInt(fromOffset) : 0n
  return offsetAt(windowStart(deadLetter))
}
