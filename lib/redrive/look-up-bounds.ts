// Finds the offsets between which a partition's log is read for the dead letters of one pass.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { KafkaProducerError, RecordBatchError } from '../errors.ts'
import type { LogBatch } from '../wire-format/record-batch-decoder.ts'
import { checksNewer, type Log, type LookUpOptions } from './look-up-options.ts'
import type { Sought } from './partition-scan.ts'
import { timeOf } from './retried-dead-letter.ts'

/** How long one request about a partition may take, ms, because the others wait for it. */
const ASK_MS = 5000
/** The largest assumed difference between the clocks of a broker, a function and a caller. */
const SKEW_MS = 5 * 60_000
/**
 * How much earlier than the dead letter a record of the key may be and still count as newer, ms, because its producer's
 * clock may be behind. Kept short, so that an older record does not block the newest one.
 */
const NEWER_SKEW_MS = 5000
/** Sequences wrap from 2^31 - 1 to 0. */
const SEQUENCES = 2 ** 31

export interface Task {
  readonly topic: string
  readonly partition: number
  readonly deadLetters: DeadLetter[]
}

export interface Bounds {
  readonly task: Task
  /** Where the pass begins and ends. */
  readonly from: bigint
  readonly end: bigint
  readonly sought: readonly Bounded[]
}

interface Bounded extends Sought {
  /** Whether records were deleted at offsets where this one may have been. */
  readonly isCut: boolean
}

/** A partition that is not read. Without an error, the deadline has passed or the signal was aborted. */
export interface Refused {
  readonly task: Task
  readonly error: KafkaProducerError | undefined
}

/** Returns where the pass over a partition begins and ends, or why it can't be read. */
export async function boundsOf(task: Task, options: LookUpOptions): Promise<Bounds | Refused> {
  const { topic, partition, deadLetters } = task
  const { log, deadline, signal, failures = new Map<string, KafkaProducerError>() } = options
  const name = `${topic}/${partition}`
  const earlier = failures.get(name)
  if (earlier) return { task, error: earlier }
  if (signal?.aborted || deadline?.passed) return { task, error: undefined }
  const ms = Math.min(ASK_MS, deadline?.remaining ?? ASK_MS)
  try {
    const bounds = new PartitionBounds(task, options, ms)
    const logStart = await log.start(topic, partition, ms)
    const end = await log.end(topic, partition, ms)
    const sought: Bounded[] = []
    for (const deadLetter of deadLetters) {
      if (signal?.aborted || deadline?.passed) return { task, error: undefined }
      const checkNewer = checksNewer(deadLetter, topic, options)
      const fromOffset = await bounds.provenOffset(deadLetter, logStart, end)
      if (fromOffset !== undefined) {
        sought.push({ deadLetter, from: fromOffset, checkNewer, isCut: fromOffset < logStart })
        continue
      }
      const from = await bounds.offsetByTime(deadLetter)
      // The window begins before the first remaining record, so a part of it may be deleted.
      const isCut = logStart > 0n && from <= logStart
      sought.push({ deadLetter, from, checkNewer, isCut, newerSince: timeOf(deadLetter) - NEWER_SKEW_MS })
    }
    const from = sought.reduce((first, each) => (each.from < first ? each.from : first), end)
    return { task, from: from < logStart ? logStart : from, end, sought }
  } catch (error) {
    if (!(error instanceof KafkaProducerError)) throw error
    failures.set(name, error)
    return { task, error }
  }
}

class PartitionBounds {
  readonly #task: Task
  readonly #log: Log
  readonly #now: () => number
  readonly #ms: number
  /** Offsets by time. */
  readonly #offsets = new Map<number, bigint>()
  /** Batches by offset; each is read once, however many dead letters refer to it. */
  readonly #batches = new Map<number, LogBatch | undefined>()

  /** @param ms how long one request to the log may take, ms */
  constructor(task: Task, { log, now = Date.now }: LookUpOptions, ms: number) {
    this.#task = task
    this.#log = log
    this.#now = now
    this.#ms = ms
  }

  /**
   * Returns the dead letter's `fromOffset`, unless the log has changed: if the topic was recreated, or an unclean
   * leader election truncated it and others have written since, the record may be before that offset.
   */
  async provenOffset({ inDoubt }: DeadLetter, logStart: bigint, end: bigint): Promise<bigint | undefined> {
    const { fromOffset } = inDoubt ?? {}
    if (inDoubt === null || fromOffset == null || BigInt(fromOffset) > end) return undefined
    // Everything before it is deleted and can't be read.
    if (BigInt(fromOffset) <= logStart) return BigInt(fromOffset)
    if (!this.#batches.has(fromOffset)) this.#batches.set(fromOffset, await this.#batchBefore(fromOffset))
    const batch = this.#batches.get(fromOffset)
    return batch !== undefined && isOwnBefore(batch, fromOffset, inDoubt) ? BigInt(fromOffset) : undefined
  }

  /**
   * Returns an offset before which there is neither a copy of the record nor a newer record of its key, found by time.
   * Times are rounded down, so that thousands of dead letters need only some hundred requests.
   */
  async offsetByTime(deadLetter: DeadLetter): Promise<bigint> {
    const { topic, partition } = this.#task
    const time = windowStart(deadLetter)
    const roundedTime = roundedDown(time, this.#now() - time)
    const offset = this.#offsets.get(roundedTime) ?? (await this.#log.offsetAt(topic, partition, roundedTime, this.#ms))
    this.#offsets.set(roundedTime, offset)
    return offset
  }

  /** Returns undefined also if the batch can't be read. */
  async #batchBefore(fromOffset: number): Promise<LogBatch | undefined> {
    const { topic, partition } = this.#task
    try {
      return await this.#log.batchAt(topic, partition, BigInt(fromOffset) - 1n, this.#ms)
    } catch (error) {
      if (!(error instanceof RecordBatchError)) throw error
      return undefined
    }
  }
}

/**
 * Whether this is the producer's last acknowledged batch before the record in doubt: it ends right before `fromOffset`,
 * and has an earlier epoch or sequence of the same producer.
 */
function isOwnBefore(
  { lastOffset, producerId, producerEpoch, baseSequence }: LogBatch,
  fromOffset: number,
  inDoubt: NonNullable<DeadLetter['inDoubt']>,
): boolean {
  if (lastOffset !== BigInt(fromOffset) - 1n || producerId !== BigInt(inDoubt.producerId)) return false
  if (producerEpoch !== inDoubt.producerEpoch) return producerEpoch < inDoubt.producerEpoch
  const distance = (inDoubt.baseSequence - baseSequence + SEQUENCES) % SEQUENCES
  return distance > 0 && distance < SEQUENCES / 2
}

/** Rounds down to a whole minute or, for older times, by at most 3 % of their age. */
function roundedDown(time: number, age: number): number {
  let step = 60_000
  while (step * 2 <= age / 32) step *= 2
  return Math.floor(time / step) * step
}

/** Returns the earliest timestamp that the record, or a newer one of its key, can have in the log. */
function windowStart({ record, failure, inDoubt }: DeadLetter): number {
  const from = inDoubt ? Date.parse(inDoubt.from) - SKEW_MS : Date.parse(failure.firstAt) - NEWER_SKEW_MS
  // Offsets are looked up by record timestamps, which may be much older than the send.
  const { timestamp } = record
  return timestamp === null ? from : Math.min(from, timestamp - NEWER_SKEW_MS)
}
