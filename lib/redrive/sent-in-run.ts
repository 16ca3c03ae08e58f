// Remembers what a run has sent from all of its targets. If a target stored a dead letter but answered too late, the
// next target has it too, and its record must be sent only once.
import type { DeadLetter } from '../dead-letter/dead-letter.ts'
import { type DeadLetterHistory, mergeDeadLetters } from '../dead-letter/merge-dead-letters.ts'

/** About 25 MB. Records beyond this number are sent again if another target has them too. */
const MAX_REMEMBERED = 100_000

export class SentInRun {
  readonly #locations = new Map<string, string>()
  readonly #doubts = new Map<string, DeadLetterHistory>()

  /** @param location the location of its record in Kafka */
  noteSent({ deadLetterId }: DeadLetter, location: string): void {
    if (this.#locations.size < MAX_REMEMBERED) this.#locations.set(deadLetterId, location)
  }

  noteDoubt({ deadLetterId, failure, inDoubt, redrive }: DeadLetter): void {
    if (this.#doubts.size < MAX_REMEMBERED) this.#doubts.set(deadLetterId, { failure, inDoubt, redrive })
  }

  locationOf({ deadLetterId }: DeadLetter): string | undefined {
    return this.#locations.get(deadLetterId)
  }

  /** Returns the dead letter with the `inDoubt` of a copy that the run has read in another target. */
  withDoubt(deadLetter: DeadLetter): DeadLetter {
    const doubt = this.#doubts.get(deadLetter.deadLetterId)
    return doubt ? mergeDeadLetters(deadLetter, doubt) : deadLetter
  }
}
