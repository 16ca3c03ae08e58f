// Looks into the topics' logs before records are sent again: whether a record in doubt is there already, and on a
// compacted topic whether its key has a newer record. One pass per partition for all dead letters of a call.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import { KafkaProducerError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import type { LogBatch } from '../wire-format/record-batch-decoder.ts'
import { PartitionScan, type Sought } from './partition-scan.ts'
import { timeOf } from './retried-dead-letter.ts'

/** What reads a partition's log. */
export interface Log {
  /** Null where the brokers don't say. */
  clusterId(): Promise<string | null>
  start(topic: string, partition: number): Promise<bigint>
  end(topic: string, partition: number): Promise<bigint>
  offsetAt(topic: string, partition: number, timestamp: number): Promise<bigint>
  readBatches(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<LogBatch>
}

export type LookUpResult =
  /** Its record is in Kafka: the dead letter is over. */
  | { readonly kind: 'found'; readonly location: string }
  /** Its record is not in Kafka and never will be by itself: it may be sent. */
  | { readonly kind: 'not-there' }
  /** The dead letter stays; `isOwnFault` where it alone is the reason, so that the try counts. */
  | { readonly kind: 'keep'; readonly code: KeepCode | KafkaProducerError['code']; readonly isOwnFault: boolean }

export type KeepCode =
  /** Its batch may still be appended: too early to say. */
  | 'still-in-doubt'
  /** It was sent to another cluster than this one. */
  | 'other-cluster'
  /** The part of the log that it may be in is deleted or can't be read. */
  | 'look-up-incomplete'
  /** The time was over, or somebody interrupted. */
  | 'look-up-stopped'
  /** Its key has a newer record. */
  | 'superseded'

export interface LookUpOptions {
  readonly log: Log
  /** How long after its last attempt a record that is not in the log may still come, ms. */
  readonly waitMs: number
  /** Whether the topic keeps only the newest record of a key. */
  readonly isCompacted: (topic: string) => boolean
  /** The partition that a record goes to. */
  readonly partitionOf: (deadLetter: DeadLetter) => number | undefined
  /** Whether records that were sent to another cluster are taken for those that are not there. */
  readonly acceptOtherCluster: boolean
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
  readonly now?: () => number
}

/** How far the clocks of a broker, a function and a caller may be apart. */
const SKEW_MS = 5 * 60_000

type Results = Map<DeadLetter, LookUpResult>

interface Task {
  readonly topic: string
  readonly partition: number
  readonly deadLetters: DeadLetter[]
}

/** One result per dead letter that has to be looked for; the others may be sent. Never throws for one of them. */
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
      const newerSince = deadLetter.inDoubt?.fromOffset == null ? { newerSince: timeOf(deadLetter) } : {}
      sought.push({ deadLetter, from, checkNewer: checksNewer(deadLetter, options), ...newerSince })
    }
    const scan = new PartitionScan(topic, sought)
    const from = sought.reduce((first, each) => (each.from < first ? each.from : first), end)
    const isWhole = await read(scan, task, from < logStart ? logStart : from, end, options)
    for (const { deadLetter, from: first } of sought) {
      const isCut = first < logStart && deadLetter.inDoubt?.fromOffset != null
      results.set(deadLetter, resultOf(deadLetter, scan, { task, clusterId, isWhole, isCut, options }))
    }
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    // A partition that is not there is the dead letter's own trouble; a cluster that does not answer is not.
    const isOwnFault = !error.retriable || error.code === 'topic-not-on-cluster'
    for (const deadLetter of deadLetters) results.set(deadLetter, { kind: 'keep', code: error.code, isOwnFault })
  }
}

/** @returns false when the time was over before the end */
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
  /** Records at offsets where it may have been are deleted. */
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

/** Long enough ago that no copy of its batch is still on its way. */
function isOver({ inDoubt }: DeadLetter, { waitMs, now = Date.now }: LookUpOptions): boolean {
  return inDoubt === null || now() >= Date.parse(inDoubt.to) + waitMs
}

function checksNewer({ record }: DeadLetter, { isCompacted }: LookUpOptions): boolean {
  return record.topic !== null && record.key !== null && isCompacted(record.topic)
}

function isOnOtherCluster({ inDoubt }: DeadLetter, clusterId: string | null): boolean {
  return inDoubt?.clusterId != null && clusterId !== null && inDoubt.clusterId !== clusterId
}

/** An offset that no copy of the record, and no newer record of its key, lies before. */
async function firstOffset(
  { topic, partition }: Task,
  { record, failure, inDoubt }: DeadLetter,
  end: bigint,
  { log }: LookUpOptions,
): Promise<bigint> {
  const { fromOffset } = inDoubt ?? {}
  // Beyond the end: the topic was created anew since.
  if (fromOffset != null) return BigInt(fromOffset) <= end ? BigInt(fromOffset) : 0n
  const from = inDoubt ? Date.parse(inDoubt.from) - SKEW_MS : Date.parse(failure.firstAt)
  // The log is found by the records' own times, which may lie long before they were sent.
  return log.offsetAt(topic, partition, Math.min(from, record.timestamp ?? Number.POSITIVE_INFINITY))
}
