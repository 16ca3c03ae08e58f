// Searches the topics' logs before records are sent again: for records in doubt, which may already be there, and in
// compacted topics for newer records of the same key. One pass per partition for all dead letters of a call.
import { type DeadLetter, UNKNOWN_PRODUCER_ID } from '../dead-letter/dead-letter.ts'
import { inParallel } from '../dead-letter/in-parallel.ts'
import { locationOf } from '../dead-letter/kafka/target.ts'
import { KafkaProducerError } from '../errors.ts'
import { RECORD_ID_HEADER } from '../record/record-id.ts'
import { type Bounds, boundsOf, type Refused, type Task } from './look-up-bounds.ts'
import { checksNewer, destinationOf, type KeepCode, type LookUpOptions, type LookUpResult } from './look-up-options.ts'
import { PartitionScan } from './partition-scan.ts'
import { topicInDoubt } from './retried-dead-letter.ts'

type Results = Map<DeadLetter, LookUpResult>
type InDoubt = NonNullable<DeadLetter['inDoubt']>

const ORDER: readonly LookUpResult['kind'][] = ['found', 'keep', 'not-there']

/**
 * Searches for records in doubt where they were sent, and for newer records of the key where the record will be sent.
 * @returns one result per dead letter that was looked up; the others may be sent. An error of one does not affect the
 * others
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
      results.set(deadLetter, { kind: 'keep', code: 'other-cluster', countsAsAttempt: false })
      continue
    }
    const inDoubt = isElsewhere ? null : deadLetter.inDoubt
    const topic = (inDoubt ? topicInDoubt(deadLetter) : destinationOf(deadLetter, options)) as string
    const isDeleted = inDoubt !== null && (options.isDeleted?.(topic) ?? false)
    if ((isElsewhere || isDeleted) && hasDoubtElsewhere(deadLetter)) {
      results.set(deadLetter, { kind: 'keep', code: 'look-up-incomplete', countsAsAttempt: false })
      continue
    }
    if (isDeleted) {
      results.set(deadLetter, { kind: 'not-there' })
      continue
    }
    if (!(inDoubt || checksNewer(deadLetter, topic, options))) continue
    const partitions = inDoubt ? await partitionsOf(inDoubt, topic, options) : [options.partitionOf(deadLetter)]
    if (partitions instanceof KafkaProducerError)
      results.set(deadLetter, { kind: 'keep', code: partitions.code, countsAsAttempt: false })
    else for (const partition of partitions) if (partition !== undefined) add(tasks, topic, partition, deadLetter)
  }
  const bounded = await inParallel([...tasks.values()], task => boundsOf(task, options))
  // The shortest passes run first, so that a long one does not use up their time.
  for (const bounds of bounded.toSorted((a, b) => Number(lengthOf(a) - lengthOf(b))))
    await lookInPartition(bounds, clusterId, options, results)
  return results
}

/** @returns the partitions that the record may be in, or the error if they can't be found out */
async function partitionsOf(
  { partition, anyPartition }: InDoubt,
  topic: string,
  { partitionCount }: LookUpOptions,
): Promise<readonly number[] | KafkaProducerError> {
  if (!anyPartition || !partitionCount) return [partition]
  try {
    return Array.from({ length: await partitionCount(topic) }, (_, index) => index)
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    return error
  }
}

function add(tasks: Map<string, Task>, topic: string, partition: number, deadLetter: DeadLetter): void {
  const name = `${topic}/${partition}`
  const task = tasks.get(name) ?? { topic, partition, deadLetters: [] }
  task.deadLetters.push(deadLetter)
  tasks.set(name, task)
}

/** Combines the results of several partitions: `found` takes precedence, then `keep`. */
function note(results: Results, deadLetter: DeadLetter, result: LookUpResult): void {
  const before = results.get(deadLetter)
  if (!before || ORDER.indexOf(result.kind) < ORDER.indexOf(before.kind)) results.set(deadLetter, result)
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
  const { from, end, sought } = bounds
  try {
    const scan = new PartitionScan(sought, options.written?.(topic, partition), from)
    const isWhole = await read(scan, task, from, end, options)
    for (const { deadLetter, isCut } of sought)
      note(results, deadLetter, resultOf(deadLetter, scan, { task, clusterId, isWhole, isCut, options }))
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    refuse({ task, error }, results)
  }
}

function refuse({ task: { deadLetters }, error }: Refused, results: Results): void {
  const code = error?.code ?? 'look-up-stopped'
  // A missing partition counts as an attempt of this dead letter; a missing topic or an unreachable cluster does not.
  const countsAsAttempt = error !== undefined && !error.retriable && code !== 'topic-not-on-cluster'
  for (const deadLetter of deadLetters) note(results, deadLetter, { kind: 'keep', code, countsAsAttempt })
}

/** @returns false if the deadline or the signal stopped it before the end */
async function read(
  scan: PartitionScan,
  { topic, partition }: Task,
  from: bigint,
  to: bigint,
  { log, deadline, signal }: LookUpOptions,
): Promise<boolean> {
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
  /** Whether records were deleted at offsets where this one may have been. */
  readonly isCut: boolean
  readonly options: LookUpOptions
}

function resultOf(deadLetter: DeadLetter, scan: PartitionScan, circumstances: Circumstances): LookUpResult {
  const { task, clusterId, isWhole, isCut, options } = circumstances
  const checkNewer = checksNewer(deadLetter, task.topic, options)
  const keep = (code: KeepCode, countsAsAttempt = false): LookUpResult => ({ kind: 'keep', code, countsAsAttempt })
  const proof = scan.proofOf(deadLetter)
  if (proof.kind === 'found') return { kind: 'found', location: locationOf({ ...task, offset: proof.offset }) }
  const inDoubt = isOnOtherCluster(deadLetter, clusterId) ? null : deadLetter.inDoubt
  if (inDoubt && proof.kind === 'unreadable') return keep('look-up-incomplete')
  if (!isWhole && !(inDoubt && proof.kind === 'fenced' && !checkNewer)) return keep('look-up-stopped')
  if (inDoubt && (isCut || (scan.hasGap(deadLetter) && mayBeCompactedAway(inDoubt, task.topic, options))))
    return keep('log-deleted')
  if (inDoubt && proof.kind === 'not-seen' && !isOver(inDoubt, options)) return keep('still-in-doubt')
  if (hasDoubtElsewhere(deadLetter)) return keep('look-up-incomplete')
  if (checkNewer && scan.hasNewer(deadLetter)) return keep('superseded')
  return { kind: 'not-there' }
}

/** Whether compaction may have removed both the record and the tombstone that deleted it. */
function mayBeCompactedAway(
  { from }: InDoubt,
  topic: string,
  { tombstonesKeptMs, now = Date.now }: LookUpOptions,
): boolean {
  const keptMs = tombstonesKeptMs?.(topic)
  return keptMs !== undefined && now() > Date.parse(from) + keptMs
}

/** Whether an earlier attempt by an unknown producer may have written the record where a search can't find it. */
function hasDoubtElsewhere({ inDoubt, record, source }: DeadLetter): boolean {
  const hasId = record.headers.some(({ name }) => name === RECORD_ID_HEADER)
  // A redrive sends the id in a header, except for records that `template` sent.
  if (inDoubt?.producerId === UNKNOWN_PRODUCER_ID && !hasId && source.trigger === 'template') return true
  return inDoubt?.earlier === 'elsewhere' || (inDoubt?.earlier === 'same-partition' && !hasId)
}

/** Whether the last attempt is so long ago that its batch can't arrive any more. */
function isOver({ to }: InDoubt, { waitMs, now = Date.now }: LookUpOptions): boolean {
  return now() >= Date.parse(to) + waitMs
}

/** How many offsets a pass covers. */
function lengthOf(bounds: Bounds | Refused): bigint {
  return 'error' in bounds ? 0n : bounds.end - bounds.from
}

function isOnOtherCluster({ inDoubt }: DeadLetter, clusterId: string | null): boolean {
  return inDoubt?.clusterId != null && clusterId !== null && inDoubt.clusterId !== clusterId
}
