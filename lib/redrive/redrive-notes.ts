// Stores notes on dead letters that stay open: why, how often they were tried, and where in the log their records may
// be.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import type { OpenDeadLetter, Replacement } from '../dead-letter/dead-letter-store.ts'
import { replaceAll } from '../dead-letter/replace-all.ts'
import type { Failed } from '../delivery/delivery-report.ts'
import type { ErrorCode } from '../errors.ts'
import { doubtNotNoted, moveRefused } from './refused-notes.ts'
import { inDoubt, noted, tried } from './retried-dead-letter.ts'
import type { RunState } from './run-state.ts'
import { TOPIC_FAILURES } from './stopped-topics.ts'

export class RedriveNotes {
  readonly #run: RunState
  /** The notes of this batch. */
  readonly #notes: Replacement[] = []
  /** Notes that must be stored, because the next run would otherwise not search for the record. */
  readonly #newDoubts = new WeakSet<DeadLetter>()

  constructor(run: RunState) {
    this.#run = run
  }

  /**
   * Keeps the dead letter open.
   * @param countsAsAttempt true: this is one of the attempts after which a dead letter is parked. False, e.g. for a
   * missing topic: only a changed code is stored
   */
  keep(open: OpenDeadLetter, code: string, countsAsAttempt: boolean): void {
    this.#run.skip(open, code)
    if (this.#run.options.dryRun) return
    const { deadLetter } = open
    if (countsAsAttempt) this.#notes.push({ open, deadLetter: tried(deadLetter, code) })
    else if (deadLetter.redrive.lastCode !== code) this.#notes.push({ open, deadLetter: noted(deadLetter, code) })
  }

  /** An operator has to fix a missing topic or ACL, so that reason is stored; a missing leader recovers by itself. */
  keepUntried(open: OpenDeadLetter, code: ErrorCode): void {
    if (TOPIC_FAILURES.has(code)) this.keep(open, code, false)
    else this.#run.skip(open, code)
  }

  /** A rejected or unknown record counts as an attempt; one that was never sent does not. */
  keepFailed(open: OpenDeadLetter, failed: Failed): void {
    const { code, outcome, failureKind } = failed
    if (outcome !== 'unknown') {
      this.#run.journal?.resultStored(open.deadLetter)
      return this.keep(open, code, outcome !== 'not-sent' || failureKind !== 'delivery-failure')
    }
    this.#run.skip(open, code)
    const deadLetter = inDoubt(tried(open.deadLetter, code), failed, this.#run.options.log !== undefined)
    this.#newDoubts.add(deadLetter)
    this.#run.options.sentInRun?.noteDoubt(deadLetter)
    this.#notes.push({ open, deadLetter })
  }

  /**
   * Stores the notes of a batch. If the target refuses the note of one dead letter, e.g. for its size, the run
   * continues, unless the next run would then send a record in doubt without searching for it.
   * @throws DeadLetterError if such a note could be stored neither on the dead letter nor in the journal
   */
  async store(): Promise<void> {
    const notes = this.#notes.splice(0)
    if (notes.length === 0) return
    const { store, options, counts, journal } = this.#run
    const refusals = await replaceAll(store, notes)
    const ofDoubt = refusals.filter(({ replacement }) => this.#newDoubts.has(replacement.deadLetter))
    const left = await moveRefused(store, ofDoubt, options.deadLetterTargets)
    counts.moved += ofDoubt.length - left.length
    counts.notNoted += refusals.length - ofDoubt.length + left.length
    if (left.length > 0 && !journal) throw doubtNotNoted(left)
    const refused = new Set(left.map(({ replacement }) => replacement.deadLetter))
    for (const { deadLetter } of notes)
      if (this.#newDoubts.has(deadLetter) && !refused.has(deadLetter)) journal?.resultStored(deadLetter)
  }
}
