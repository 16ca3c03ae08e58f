// Watches the deadlines of records with one timer per millisecond in which deadlines pass, however many records share
// it: a call of 10,000 records needs one timer, and so do hundreds of calls of one record in the same millisecond.
import type { PendingRecord } from '../accumulate/pending-record.ts'
import type { Clock } from '../time/clock.ts'
import { patientTimer } from '../time/patient-timer.ts'

interface Watched {
  /**
   * Includes records that were completed meanwhile: removing each would cost more than keeping it until the others are
   * done.
   */
  readonly records: PendingRecord[]
  /** The number of these records that are not completed. */
  uncompleted: number
  readonly cancel: () => void
}

export class DeadlineWatch {
  readonly #clock: Clock
  readonly #onPassed: (records: readonly PendingRecord[]) => void
  /** By the first full millisecond (monotonic clock) at which the deadlines have passed. */
  readonly #watched = new Map<number, Watched>()

  /** @param onPassed called with the records whose deadline has passed and that were not `done` before */
  constructor(clock: Clock, onPassed: (records: readonly PendingRecord[]) => void) {
    this.#clock = clock
    this.#onPassed = onPassed
  }

  add(pending: PendingRecord): void {
    const at = Math.ceil(pending.deadline.at)
    let watched = this.#watched.get(at)
    if (!watched) {
      watched = this.#watch(at)
      this.#watched.set(at, watched)
    }
    watched.records.push(pending)
    watched.uncompleted++
  }

  done(pending: PendingRecord): void {
    const at = Math.ceil(pending.deadline.at)
    const watched = this.#watched.get(at)
    if (!watched) return
    watched.uncompleted--
    if (watched.uncompleted > 0) return
    watched.cancel()
    this.#watched.delete(at)
  }

  #watch(at: number): Watched {
    const records: PendingRecord[] = []
    const onTimeout = () => this.#onPassed(records.filter(({ completed }) => !completed))
    return { records, uncompleted: 0, cancel: patientTimer(this.#clock, at - this.#clock.now(), onTimeout) }
  }
}
