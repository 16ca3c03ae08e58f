// A write-ahead journal in the target of the dead letters that a run is sending. If the run is killed before it has
// stored the results, the next run searches the log for these records and does not send them twice.
import { type DeadLetter, UNKNOWN_PRODUCER_ID } from '../dead-letter/dead-letter.ts'
import type { SendingPlace, Unreadable } from '../dead-letter/dead-letter-store.ts'
import { mergeDoubts } from '../dead-letter/merge-dead-letters.ts'
import { DeadLetterError } from '../errors.ts'
import { formatAttempts, parseAttempts, type SendingAttempt } from './sending-attempts.ts'

/**
 * The most dead letters without a stored result. If more results are missing, the target stores none, and the note
 * would grow with every batch.
 */
const MAX_UNSTORED = 5000

/** A record that is about to be sent. */
export interface Sending {
  readonly deadLetter: DeadLetter
  readonly topic: string
  /** The partition; null if the partitioner chooses it. */
  readonly partition: number | null
}

export interface JournalOptions {
  /** Returns the id of the cluster that the records of this run go to. */
  readonly clusterId: () => Promise<string | null>
  /** Whether this run looks for records in doubt before it sends them. */
  readonly isLookedUp: boolean
  readonly onUnreadable: (unreadable: Unreadable) => void
}

export class SendingJournal {
  readonly #note: SendingPlace
  readonly #options: JournalOptions
  #clusterId: Promise<string | null> | undefined
  /** The attempts whose results are unknown or not stored, by the id of the dead letter. */
  readonly #unstored = new Map<string, SendingAttempt>()
  /** Entries of earlier runs whose dead letters this run has not read yet. */
  readonly #unmet = new Set<string>()
  #isNoted = false

  private constructor(note: SendingPlace, options: JournalOptions) {
    this.#note = note
    this.#options = options
  }

  /** Reads the note that an earlier run left. */
  static async open(note: SendingPlace, options: JournalOptions): Promise<SendingJournal> {
    const journal = new SendingJournal(note, options)
    const text = await note.read()
    if (text === undefined) return journal
    journal.#isNoted = true
    const attempts = parseAttempts(text)
    if (attempts === undefined)
      options.onUnreadable({ location: 'the note of the last redrive', reason: 'it can’t be read', count: 1 })
    // This run holds the lease, so the earlier one has ended and sends nothing more.
    const now = new Date().toISOString()
    for (const [id, attempt] of attempts ?? []) {
      journal.#unstored.set(id, { ...attempt, to: attempt.to ?? now })
      journal.#unmet.add(id)
    }
    return journal
  }

  /** Returns the dead letter with the `inDoubt` of an attempt whose result no run has stored. */
  withDoubt(deadLetter: DeadLetter): DeadLetter {
    const { deadLetterId, inDoubt } = deadLetter
    this.#unmet.delete(deadLetterId)
    const attempt = this.#unstored.get(deadLetterId)
    if (!attempt) return deadLetter
    const { topic, partition, clusterId, from, to, isLookedUp } = attempt
    const doubt = {
      ...(topic === deadLetter.record.topic ? {} : { topic }),
      ...(partition === null ? { partition: 0, anyPartition: true as const } : { partition }),
      producerId: UNKNOWN_PRODUCER_ID,
      producerEpoch: 0,
      baseSequence: 0,
      indexInBatch: 0,
      from,
      to: to ?? new Date().toISOString(),
      clusterId,
      fromOffset: null,
    }
    // If that run searched the log, it had already cleared up an earlier unknown outcome.
    const isOver = inDoubt === null || (isLookedUp && Date.parse(inDoubt.to) < Date.parse(from))
    return { ...deadLetter, inDoubt: isOver ? doubt : mergeDoubts(inDoubt, doubt) }
  }

  /**
   * Notes a batch before its records are sent.
   * @throws DeadLetterError if it can't be noted; then the records must not be sent
   */
  async begin(batch: readonly Sending[]): Promise<void> {
    this.#clusterId ??= this.#options.clusterId()
    const clusterId = await this.#clusterId
    const { isLookedUp } = this.#options
    const from = new Date().toISOString()
    for (const [, group] of Map.groupBy(batch, ({ topic, partition }) => `${topic}/${partition}`)) {
      const [{ topic, partition }] = group as [Sending]
      const attempt = { topic, partition, clusterId, from, to: null, isLookedUp }
      for (const { deadLetter } of group) this.#unstored.set(deadLetter.deadLetterId, attempt)
    }
    if (this.#unstored.size > MAX_UNSTORED + batch.length)
      throw new DeadLetterError(
        'dead-letter',
        `More than ${MAX_UNSTORED} redriven dead letters have no result stored in the target. The redrive ends; ` +
          'check that the target can be written to, then run it again.',
        { retriable: true },
      )
    await this.#write()
  }

  /** Called after the target has stored the result of a dead letter. */
  resultStored({ deadLetterId }: DeadLetter): void {
    this.#unstored.delete(deadLetterId)
  }

  /** @param isWhole true if the run has read all dead letters of the target, so entries without one can be dropped */
  async end(isWhole: boolean): Promise<void> {
    if (isWhole) for (const id of this.#unmet) this.#unstored.delete(id)
    const now = new Date().toISOString()
    for (const [id, attempt] of this.#unstored) this.#unstored.set(id, { ...attempt, to: attempt.to ?? now })
    if (this.#unstored.size > 0) await this.#write()
    else if (this.#isNoted) await this.#note.remove()
  }

  async #write(): Promise<void> {
    await this.#note.write(formatAttempts(this.#unstored))
    this.#isNoted = true
  }
}
