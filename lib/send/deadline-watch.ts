// One timer per deadline, however many records share it: a call of 10,000 records has one.
import type { Rider } from '../accumulate/producer-batch.ts'
import type { Clock } from '../time/clock.ts'
import type { Deadline } from '../time/deadline.ts'
import { patientTimer } from '../time/patient-timer.ts'

export class DeadlineWatch {
  readonly #clock: Clock
  readonly #onPassed: (riders: readonly Rider[]) => void
  readonly #watched = new Map<Deadline, { riders: Set<Rider>; cancel: () => void }>()

  constructor(clock: Clock, onPassed: (riders: readonly Rider[]) => void) {
    this.#clock = clock
    this.#onPassed = onPassed
  }

  add(rider: Rider): void {
    const entry = this.#watched.get(rider.deadline)
    if (entry) entry.riders.add(rider)
    else this.#watched.set(rider.deadline, { riders: new Set([rider]), cancel: this.#start(rider.deadline) })
  }

  done(rider: Rider): void {
    const entry = this.#watched.get(rider.deadline)
    if (!entry) return
    entry.riders.delete(rider)
    if (entry.riders.size > 0) return
    entry.cancel()
    this.#watched.delete(rider.deadline)
  }

  #start(deadline: Deadline): () => void {
    return patientTimer(this.#clock, deadline.remaining, () => {
      const entry = this.#watched.get(deadline)
      if (entry) this.#onPassed([...entry.riders])
    })
  }
}
