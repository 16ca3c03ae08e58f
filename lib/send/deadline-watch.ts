// One timer per deadline, however many records share it: a call of 10,000 records has one.
import type { PendingRecord } from '../accumulate/producer-batch.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { patientTimer } from '../time/patient-timer.ts'

export class DeadlineWatch {
  readonly #clock: Clock
  readonly #onPassed: (pendingRecords: readonly PendingRecord[]) => void
  readonly #watched = new Map<Deadline, { pendingRecords: Set<PendingRecord>; cancel: () => void }>()

  constructor(clock: Clock, onPassed: (pendingRecords: readonly PendingRecord[]) => void) {
    this.#clock = clock
    this.#onPassed = onPassed
  }

  add(pending: PendingRecord): void {
    const entry = this.#watched.get(pending.deadline)
    if (entry) entry.pendingRecords.add(pending)
    else
      this.#watched.set(pending.deadline, { pendingRecords: new Set([pending]), cancel: this.#start(pending.deadline) })
  }

  done(pending: PendingRecord): void {
    const entry = this.#watched.get(pending.deadline)
    if (!entry) return
    entry.pendingRecords.delete(pending)
    if (entry.pendingRecords.size > 0) return
    entry.cancel()
    this.#watched.delete(pending.deadline)
  }

  #start(deadline: Deadline): () => void {
    return patientTimer(this.#clock, deadline.remaining, () => {
      const entry = this.#watched.get(deadline)
      if (entry) this.#onPassed([...entry.pendingRecords])
    })
  }
}
