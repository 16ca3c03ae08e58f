// One timer per deadline, however many records share it: a call of 10,000 records needs one.
import type { PendingRecord } from '../accumulate/producer-batch.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { patientTimer } from '../time/patient-timer.ts'

export class DeadlineWatch {
  readonly #clock: Clock
  readonly #onPassed: (records: readonly PendingRecord[]) => void
  readonly #watched = new Map<Deadline, { records: Set<PendingRecord>; cancel: () => void }>()

  /** @param onPassed called with the records whose deadline has passed and that were not `done` before */
  constructor(clock: Clock, onPassed: (records: readonly PendingRecord[]) => void) {
    this.#clock = clock
    this.#onPassed = onPassed
  }

  add(pending: PendingRecord): void {
    const entry = this.#watched.get(pending.deadline)
    if (entry) entry.records.add(pending)
    else this.#watched.set(pending.deadline, { records: new Set([pending]), cancel: this.#start(pending.deadline) })
  }

  done(pending: PendingRecord): void {
    const entry = this.#watched.get(pending.deadline)
    if (!entry) return
    entry.records.delete(pending)
    if (entry.records.size > 0) return
    entry.cancel()
    this.#watched.delete(pending.deadline)
  }

  #start(deadline: Deadline): () => void {
    return patientTimer(this.#clock, deadline.remaining, () => {
      const entry = this.#watched.get(deadline)
      if (entry) this.#onPassed([...entry.records])
    })
  }
}
