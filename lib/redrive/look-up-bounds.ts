// Between which offsets of a partition its log is read for the dead letters of one pass.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { KafkaProducerError, RecordBatchError } from '../errors.ts'
import type { LogBatch } from '../wire-format/record-batch-decoder.ts'
import { checksNewer, type Log, type LookUpOptions } from './look-up-options.ts'
import type { Sought } from './partition-scan.ts'
import { timeOf } from './retried-dead-letter.ts'

/** How long one partition may keep the others waiting, ms. */
const ASK_MS = 5000
/** The largest assumed difference between the clocks of a broker, a function and a caller. */
const SKEW_MS = 5 * 60_000
/**
 * A record of the key counts as newer from this long before the dead letter's time on, because its producer's clock may
 * be behind. Short: an older record must not keep back the newest one.
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
  /** Records at offsets where it may have been were deleted. */
  readonly isCut: boolean
}

/** A partition that is not read. Without an error: the deadline passed, or the signal aborted. */
export interface Refused {
  readonly task: Task
  readonly error: KafkaProducerError | undefined
}

/** Where the pass over a partition begins and ends; or why it can't be read. */
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
      // The window begins before the first record that is left, so some of it may be deleted.
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
  /** By time. */
  readonly #offsets = new Map<number, bigint>()
  /** By offset: each is read once, however many dead letters name it. */
  readonly #batches = new Map<number, LogBatch | undefined>()

  /** @param ms the longest time that one question to the log may take */
  constructor(task: Task, { log, now = Date.now }: LookUpOptions, ms: number) {
    this.#task = task
    this.#log = log
    this.#now = now
    this.#ms = ms
  }

  /**
   * The dead letter's `fromOffset`, unless this log is not the one that its producer knew: its topic was created anew,
   * or an unclean election cut it off, and others have written since. The record may then lie before that offset.
   */
  async provenOffset({ inDoubt }: DeadLetter, logStart: bigint, end: bigint): Promise<bigint | undefined> {
    const { fromOffset } = inDoubt ?? {}
    if (inDoubt === null || fromOffset == null || BigInt(fromOffset) > end) return undefined
    // The deleted part before it can't be read.
    if (BigInt(fromOffset) <= logStart) return BigInt(fromOffset)
    if (!this.#batches.has(fromOffset)) this.#batches.set(fromOffset, await this.#batchBefore(fromOffset))
    const batch = this.#batches.get(fromOffset)
    return batch !== undefined && isOwnBefore(batch, fromOffset, inDoubt) ? BigInt(fromOffset) : undefined
  }

  /**
   * An offset before which there is no copy of the record and no newer record of its key. It is that of a time shortly
   * before: thousands of dead letters of one partition ask the broker for some hundred times at most.
   */
  async offsetByTime(deadLetter: DeadLetter): Promise<bigint> {
    const { topic, partition } = this.#task
    const time = windowStart(deadLetter)
    const asked = roundedDown(time, this.#now() - time)
    const offset = this.#offsets.get(asked) ?? (await this.#log.offsetAt(topic, partition, asked, this.#ms))
    this.#offsets.set(asked, offset)
    return offset
  }

  /** Undefined also where it can't be read. */
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
 * Whether this is the batch that the producer of the record in doubt had acknowledged last before it: it ends right
 * before `fromOffset`, and comes earlier in the producer's epochs and sequence.
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
